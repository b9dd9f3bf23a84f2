use importer_plugin::{Batch, Finding, SetFinding, Severity};

use crate::Result;

/// What the rules say about the rows of one batch.
#[derive(Debug, Clone, Default)]
pub struct BatchVerdict {
    /// Everything found, by row and code, with the severity that counts (a rule in mode `warn` gives no errors).
    pub findings: Vec<Finding>,
    /// For each row, whether it is held back.
    pub quarantined: Vec<bool>,
    /// Cells (row, column of the batch) that stay out of the core although their row goes in.
    pub withheld: Vec<(usize, usize)>,
}

impl BatchVerdict {
    /// Lets a row pass that is exempt from rules: what they found is told as a warning.
    ///
    /// ```
    /// use importer_core::plugin::{Finding, Severity};
    /// use importer_core::ports::BatchVerdict;
    /// let finding = |code: &str| Finding {
    ///     row: 0, code: code.into(), column: String::new(), severity: Severity::Error, message: "No.".into(),
    /// };
    /// let mut verdict = BatchVerdict {
    ///     findings: vec![finding("REQ-001"), finding("REQ-002")], quarantined: vec![true], withheld: Vec::new(),
    /// };
    /// verdict.exempt(0, |code| code == "REQ-001");
    /// assert_eq!((verdict.findings[0].severity, verdict.quarantined[0]), (Severity::Warning, true));
    /// verdict.exempt(0, |code| code == "REQ-002");
    /// assert!(!verdict.quarantined[0]);
    /// ```
    pub fn exempt(&mut self, row: usize, is_exempt: impl Fn(&str) -> bool) {
        let mut held = false;
        for finding in self.findings.iter_mut().filter(|finding| finding.row == row) {
            if finding.severity == Severity::Error && is_exempt(&finding.code) {
                finding.severity = Severity::Warning;
            }
            held |= finding.severity == Severity::Error;
        }
        if let Some(quarantined) = self.quarantined.get_mut(row) {
            *quarantined = held;
        }
    }
}

/// A suite of rules, bound to an entity and a source.
pub trait Rules: Send + Sync {
    /// Judges normalised rows; `from_adapter` is what the adapter found about the same rows.
    ///
    /// # Errors
    /// When a rule itself failed; never because of a row.
    fn judge(&self, rows: &Batch, from_adapter: &[Finding]) -> Result<BatchVerdict>;

    /// Begins to judge all rows of a run together; `None` when no rule does that, and then it costs nothing.
    ///
    /// # Errors
    /// When the rules about all rows were begun before: they are made for one run.
    fn judge_set(&self) -> Result<Option<Box<dyn SetJudge>>> {
        Ok(None)
    }

    /// Changes whenever a verdict may change.
    fn checksum(&self) -> String;
}

/// Judges all clean rows of one run together: is shown them batch by batch, and says at the end what it found.
pub trait SetJudge {
    /// Takes normalised rows, with the columns [`Rules::judge`] is given.
    ///
    /// # Errors
    /// When a rule itself failed; never because of a row.
    fn observe(&mut self, rows: &Batch) -> Result<()>;

    /// Everything found, with the severity that counts (a rule in mode `warn` gives no errors). Rows are counted over all
    /// rows shown, from 0.
    ///
    /// # Errors
    /// When a rule itself failed.
    fn finish(&mut self) -> Result<Vec<SetFinding>>;
}
