use super::{Moment, RecordId, RowId, RunId};
use crate::Result;
use crate::contracts::Contract;

/// Which matches to list.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct MatchFilter {
    /// Only those with this record, or with one that went into it.
    pub record: Option<RecordId>,
    /// Only those that this run made.
    pub run: Option<RunId>,
    /// Only those behind this row, for paging.
    pub after: RowId,
    /// At most this many; all when 0.
    pub limit: i64,
}

/// A row that an import took for somebody known by another id.
#[derive(Debug, Clone)]
pub struct MatchRow {
    /// The row.
    pub row: RowId,
    /// The run that read it.
    pub run: RunId,
    /// The system that it comes from.
    pub system: String,
    /// Its id there; a row without one has an id made of its content.
    pub external_id: String,
    /// The record that it was matched with.
    pub record: RecordId,
    /// Why, as it is stored.
    pub reason: String,
    /// When the run began.
    pub at: Moment,
}

/// Matches that imports made.
pub trait MatchStore {
    /// Matches in the order of their rows; those of runs that were rolled back are left out.
    ///
    /// # Errors
    /// When the database fails.
    fn matches(&mut self, contract: &Contract, filter: &MatchFilter) -> Result<Vec<MatchRow>>;
}
