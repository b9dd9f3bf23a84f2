//! What became of rows.

use std::borrow::Cow;

use super::{RecordId, RowId};

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutcomeKind {
    /// A new record.
    Inserted,
    /// An existing record changed.
    Updated,
    /// An existing record stayed as it was.
    Unchanged,
    /// It could not be written; the reason says why.
    Skipped,
    /// The rules hold it back.
    Quarantined,
}

impl OutcomeKind {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Quarantined => "quarantined",
        }
    }
}

/// What became of a row, and why.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The row's id in this run.
    pub row: RowId,
    /// Where its bytes are.
    pub staging_id: RowId,
    /// What became of it.
    pub kind: OutcomeKind,
    /// The record it belongs to.
    pub core_id: Option<RecordId>,
    /// Why.
    pub reason: Option<Cow<'static, str>>,
}

/// How many rows of a run had an outcome.
pub type OutcomeTally = std::collections::BTreeMap<String, i64>;
