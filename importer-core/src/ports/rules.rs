use importer_plugin::{Batch, Finding};

use crate::Result;

/// What the rules say about the rows of one batch.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Everything found, by row and code, with the severity that counts (a rule in mode `warn` gives no errors).
    pub findings: Vec<Finding>,
    /// For each row, whether it is held back.
    pub quarantined: Vec<bool>,
    /// Cells (row, column of the batch) that stay out of the core although their row goes in.
    pub withheld: Vec<(usize, usize)>,
}

/// A suite of rules, bound to an entity and a source.
pub trait Rules: Send + Sync {
    /// Judges normalised rows; `from_adapter` is what the adapter found about the same rows.
    ///
    /// # Errors
    /// When a rule itself failed; never because of a row.
    fn judge(&self, rows: &Batch, from_adapter: &[Finding]) -> Result<Verdict>;

    /// Changes whenever a verdict may change.
    fn checksum(&self) -> String;
}
