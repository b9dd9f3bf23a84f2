//! Who may do what, and the desk at which people act.

mod action;
mod desk;
mod mask;
mod mask_terms;
mod role;
mod view;

pub use action::{Action, roles_reference};
pub use desk::Desk;
pub(crate) use desk::Note;
pub use mask::MASKED;
pub(crate) use mask::{Columns, Mask};
pub use role::{Actor, Role};
pub use view::{ContactView, RecordView};
