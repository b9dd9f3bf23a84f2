//! Runs whose rows people corrected: they go the same way as any other, and take the place of rows in quarantine.

use crate::Result;
use crate::ports::{RowId, RunRecord, Session};

/// What a run of corrections knows of a row beside its cells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correction {
    /// The landed row that this one corrects; none for a person made by hand.
    pub corrects: Option<RowId>,
    /// Its name in its source; a temporary one is made when there is none.
    pub external_id: Option<String>,
    /// The rules that it is exempt from.
    pub exempt: Vec<String>,
    /// The fields that the person set who corrected it. Others fill what a known record lacks, and replace nothing.
    pub set: Vec<String>,
}

/// Stands behind a run of corrections. Such a run processes every row, whether it was seen before or not, and never goes on
/// after an interruption: what was not loaded is still in quarantine.
pub trait Corrections: Send + Sync {
    /// About a row of the batch that the source handed over last.
    fn about(&self, row: usize) -> Option<Correction>;

    /// Rows were loaded, those the database refused left out; called in the same transaction. `last` says that the run has
    /// no further rows.
    ///
    /// # Errors
    /// When it cannot be kept; the rows are not loaded then. An error of kind `Refused` is about single rows.
    fn loaded(&self, session: &mut dyn Session, run: &RunRecord, rows: &[RowId], last: bool) -> Result<()>;
}
