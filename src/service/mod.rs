//! What a user interface or a command line calls: plain data in and out.
//!
//! Each file adds one group of calls to [`Importer`](crate::Importer).

mod at_work;
mod edit;
mod plugins;
mod preview;
mod records;
mod runs;
pub mod template;
mod violations;

pub use edit::Edit;
pub use preview::RulePreview;
