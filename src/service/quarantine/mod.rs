//! Rows in quarantine: seen, corrected and sent in again, let in by exemption, or given up.
//!
//! A corrected row is landed as a new row that names the one it corrects; what was landed first never changes.

mod bulk;
mod bulk_groups;
mod bulk_report;
mod by_hand;
mod change;
mod columns;
mod correction_source;
mod decide;
mod effect;
mod file;
mod file_report;
mod file_rows;
mod findings_view;
mod fix;
mod groups;
mod known_rules;
mod list;
mod pages;
mod reprocess;
mod revalidator;
mod value_regression;
mod view;

pub use bulk::BulkFix;
pub use bulk_report::{BulkPreview, BulkReport, BulkRow};
pub use by_hand::NewPerson;
pub use change::BulkChange;
pub use effect::{FieldEffect, KeptField, RecordEffect};
pub use file::FileFix;
pub use file_report::{FileProblem, FileReport, FileWarning};
pub use fix::{FixPreview, Fixed, RowFix};
pub use list::QuarantineTally;
pub use view::{CellChange, FindingView, Loaded, RowDetail, RowSummary};

pub(super) use columns::{columns as columns_of_run, object as raw_cells};

use importer_core::pipeline;
use importer_core::ports::{Origin, RunRecord};

use super::rerun::RERUN_OF;

const OPERATION: &str = "correct a row";
/// The source of runs of rows that people corrected; those of people made by hand have [`Origin::MANUAL`].
const CORRECTIONS: &str = "corrections";

/// Whether a run took in what people corrected or typed. Nobody else can go on with it: what stands behind it, such as the
/// entries that it ends, was known to the call that made it alone.
pub(super) fn is_of_corrections(run: &RunRecord) -> bool {
    [CORRECTIONS, Origin::MANUAL].contains(&run.new.source.as_str())
        && pipeline::request_of(run).is_ok_and(|request| request.options.get(RERUN_OF).is_none())
}
