//! Laws that hold whatever is imported, and rows that a database refuses.

mod awkward;
mod laws;
mod refused;
mod table;
