//! Laws that hold whatever is imported and however much, and rows that a database refuses.

mod awkward;
mod candidates;
mod laws;
#[path = "../../benches/made_up/mod.rs"]
mod made_up;
mod refused;
mod table;
