//! What a bulk fix would do, or did.

use importer_core::ports::RowId;
use serde::Serialize;

use super::view::CellChange;

/// What would become of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BulkRow {
    /// The row.
    pub row: RowId,
    /// Its name in its source.
    pub external_id: String,
    /// The cells that change; what the role does not see is masked.
    pub cells: Vec<CellChange>,
    /// The rules that would hold it back all the same, or could not read a value any more; without any, it would go in.
    pub still: Vec<String>,
}

/// What a bulk fix would do, or did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BulkReport {
    /// Open rows that the filter finds.
    pub matched: u64,
    /// Rows among them whose source has no column of the name that is sought; they are left as they are.
    pub without_column: u64,
    /// Rows among them that the change is about.
    pub changed: u64,
    /// Rows that pass the rules then, and go in.
    pub loaded: u64,
    /// Rows that the rules hold back all the same; nothing changes about them.
    pub still_held: u64,
    /// Rows that pass but that the database refused; they stay in quarantine.
    pub skipped: u64,
    /// How many runs of corrections took them in.
    pub runs: u64,
}

/// What a bulk fix would do, with the first rows it would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BulkPreview {
    /// All rows, counted.
    pub counts: BulkReport,
    /// The first ones.
    pub rows: Vec<BulkRow>,
}

impl BulkReport {
    /// Counts rows that the change leaves alone for want of a column.
    pub(super) fn leave(&mut self, rows: u64) {
        self.matched += rows;
        self.without_column += rows;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.matched += other.matched;
        self.changed += other.changed;
        self.loaded += other.loaded;
        self.still_held += other.still_held;
    }
}
