//! Runs a rule on one row, for the tests of rules.

use importer_core::plugin::{Batch, Finding, Findings, Host, Options, Rule};

/// The day all tests of rules live in.
pub(crate) const TODAY: &str = "2025-06-01";

/// A rule with `today` and further options.
pub(crate) fn configured<R: Rule>(mut rule: R, options: &str) -> R {
    rule.configure(&Options::from_json(options).unwrap(), &Host::detached()).unwrap();
    rule
}

/// What a rule finds in one row; cells not named are missing.
pub(crate) fn check(rule: &dyn Rule, cells: &[(&str, &str)]) -> Vec<Finding> {
    let meta = rule.meta();
    for (column, _) in cells {
        assert!(meta.columns.iter().any(|c| c == column), "{}: no column `{column}`", meta.code);
    }
    let mut batch = Batch::new(meta.columns.len());
    let cell = |column: &str| cells.iter().find(|(c, _)| *c == column).map(|(_, value)| *value);
    batch.push_row(meta.columns.iter().map(|column| cell(column))).unwrap();
    let mut findings = Findings::new();
    findings.of(&meta.code, meta.severity);
    let columns: Vec<usize> = (0..meta.columns.len()).collect();
    rule.check_batch(&batch, &columns, &mut findings).unwrap();
    findings.take()
}

/// The columns and severities of what a rule finds in one row.
pub(crate) fn found(rule: &dyn Rule, cells: &[(&str, &str)]) -> Vec<(String, &'static str)> {
    check(rule, cells).into_iter().map(|f| (f.column, f.severity.as_str())).collect()
}
