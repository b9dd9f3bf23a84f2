//! Who may do what, and the desk at which people act.

mod action;
mod columns;
mod desk;
mod mask;
mod mask_rows;
mod mask_terms;
mod mask_words;
mod masked_search;
mod role;
mod view;
mod write_guard;

pub use action::{Action, roles_reference};
pub(crate) use columns::{Columns, class_of};
pub use desk::Desk;
pub(crate) use desk::Note;
pub use mask::MASKED;
pub(crate) use mask::Mask;
pub(crate) use masked_search::{MaskedSearch, Rescore};
pub use role::{Actor, Role};
pub use view::{ContactView, RecordView};
pub(crate) use write_guard::ASK;
