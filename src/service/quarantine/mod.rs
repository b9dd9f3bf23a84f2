//! Rows in quarantine: seen, corrected and sent in again, let in by exemption, or given up.
//!
//! A corrected row is landed as a new row that names the one it corrects; what was landed first never changes.

mod bench;
mod bulk;
mod bulk_groups;
mod by_hand;
mod change;
mod columns;
mod decide;
mod feed;
mod file;
mod file_report;
mod file_rows;
mod fix;
mod groups;
mod known_rules;
mod list;
mod pages;
mod send_in;
mod spoilt;
mod told;
mod view;

pub use bulk::{BulkFix, BulkPreview, BulkReport, BulkRow};
pub use by_hand::NewPerson;
pub use change::BulkChange;
pub use file::FileFix;
pub use file_report::{FileProblem, FileReport, FileWarning};
pub use fix::{Fixed, RowFix};
pub use list::QuarantineTally;
pub use view::{CellChange, FindingView, Loaded, RowDetail, RowSummary};

pub(super) use columns::{columns as columns_of_run, object as raw_cells};

const OPERATION: &str = "correct a row";
