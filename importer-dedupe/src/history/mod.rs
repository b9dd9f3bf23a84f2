//! Changing what happened to people: edits, merges, and taking them back.
//!
//! The change log is the history: what imports and edits said about a person stands in it line by line. Taking a merge back is
//! saying again, to each of the people, what was said since the merge; so everybody is who they would be without it.

mod edit;
mod merge;
mod merge_order;
mod plan;
mod replay;
mod rollback;
mod undo;
mod undo_match;

pub use edit::{Typed, edited};
pub use merge::{merge, preview_merge};
pub use merge_order::{FieldWinner, MergeContext, MergeOrder};
pub use plan::{MergePlan, PlannedField};
pub use replay::Conflict;
pub use rollback::{ROLLBACK_PAGE, roll_back_records, roll_back_rows};
pub use undo::{Undone, redo, undo};
pub use undo_match::undo_match;
