//! What stewards do, and what must hold whatever they do.

mod quarantine;
