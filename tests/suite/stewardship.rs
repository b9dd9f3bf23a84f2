//! What stewards do, and what must hold whatever they do.

mod asked;
mod bulk;
mod exports;
mod histories;
mod killed;
mod known_rules;
mod masked;
mod older_rows;
mod quarantine;
mod review;
mod taken;
mod unseen;
