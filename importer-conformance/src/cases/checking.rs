//! Showing rows to a rule.

use importer_plugin::{Finding, Findings, Rule, RuleExample, RuleMeta};

use crate::case::{Stop, fail};
use crate::samples;

/// What a rule finds; it failing is a finding of the case.
pub(super) fn found(rule: &dyn Rule, rows: &[Vec<Option<String>>]) -> Result<Vec<Finding>, Stop> {
    let meta = rule.meta();
    let columns: Vec<usize> = (0..meta.columns.len()).collect();
    let mut findings = Findings::new();
    findings.of(&meta.code, meta.severity);
    let batch = samples::batch(columns.len(), rows);
    match batch.and_then(|batch| rule.check_batch(&batch, &columns, &mut findings)) {
        Ok(()) => Ok(findings.take()),
        Err(error) => fail(format!("rule `{}`: {}", meta.code, error.message)),
    }
}

/// The row of an example: its cells, and none for the other columns.
pub(super) fn example(meta: &RuleMeta, example: &RuleExample) -> Vec<Option<String>> {
    let cell = |column: &str| {
        example.cells.iter().find(|(name, _)| name == column).map(|(_, cell)| cell.to_string())
    };
    meta.columns.iter().map(|column| cell(column)).collect()
}
