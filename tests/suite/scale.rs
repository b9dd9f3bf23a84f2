//! Laws that hold whatever is imported, and rows that a database refuses.

mod laws;
mod naughty;
mod refused;
mod table;
