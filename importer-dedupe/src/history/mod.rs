//! Changing what happened to people: edits, merges, and taking either back.

mod edit;

pub use edit::{Typed, edited};
