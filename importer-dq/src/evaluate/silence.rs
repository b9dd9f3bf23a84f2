use importer_core::plugin::{Finding, Severity};

use super::bind::CompiledSuite;

impl CompiledSuite {
    /// Leaves out what rules find on rows that one of the rules they yield to holds back already: a row whose only email
    /// address is malformed is one problem for a steward, not two.
    ///
    /// `found` is sorted by row. Quarantine does not depend on this: a rule is silenced only where another one holds the
    /// row back.
    pub(crate) fn without_silenced(&self, found: Vec<Finding>) -> Vec<Finding> {
        if !self.rules.iter().any(|bound| bound.enabled && !bound.meta.yields_to.is_empty()) {
            return found;
        }
        let silenced: Vec<bool> = found
            .chunk_by(|a, b| a.row == b.row)
            .flat_map(|row| row.iter().map(|finding| self.is_silenced(finding, row)))
            .collect();
        found
            .into_iter()
            .zip(silenced)
            .filter(|(_, silenced)| !silenced)
            .map(|(finding, _)| finding)
            .collect()
    }

    fn is_silenced(&self, finding: &Finding, row: &[Finding]) -> bool {
        let Some(bound) = self.rules.iter().find(|bound| bound.meta.code == finding.code) else {
            return false;
        };
        let yields_to = &bound.meta.yields_to;
        let holds = |other: &Finding| {
            other.severity == Severity::Error
                && other.code != finding.code
                && yields_to.iter().any(|code| *code == other.code)
        };
        row.iter().any(holds)
    }
}
