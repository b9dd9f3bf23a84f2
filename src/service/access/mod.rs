//! Who may do what, and the desk at which people act.

mod action;
mod desk;
mod role;

pub use action::Action;
pub use desk::Desk;
pub(crate) use desk::Note;
pub use role::{Actor, Role};
