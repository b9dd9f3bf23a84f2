use super::{Moment, RecordId, RowId, RunId};
use crate::Result;
use crate::contracts::Contract;

/// A stored line of the change log.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChangeRow {
    /// Its id; lines are numbered in the order in which things changed.
    pub id: i64,
    /// The record.
    pub core_id: RecordId,
    /// The run that led to it; none for an edit in the application.
    pub run_id: Option<RunId>,
    /// The row that led to it.
    pub row: Option<RowId>,
    /// What happened, such as `created` or `updated`.
    pub action: String,
    /// The field, where one changed.
    pub field: Option<String>,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Moment,
}

impl std::fmt::Debug for ChangeRow {
    // Values are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChangeRow({}: {} of {}, {:?})", self.id, self.action, self.core_id, self.field)
    }
}

/// Which changes to list.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ChangeFilter {
    /// The record.
    pub record: RecordId,
    /// Only those behind this id, for paging.
    pub after: i64,
    /// At most this many; all when 0.
    pub limit: i64,
}

/// The log of changes, for reading; it is written with the records.
pub trait ChangeLog {
    /// Changes of a record, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn changes(&mut self, contract: &Contract, filter: &ChangeFilter) -> Result<Vec<ChangeRow>>;
}
