//! Showing rows to a set-level rule.

use importer_plugin::{Error, SetFinding, SetFindings};

use crate::case::{Stop, fail, skip};
use crate::samples;
use crate::subject::Subject;

/// What a fresh rule says after all rows in batches of `size`; it failing is a finding of the case.
pub(super) fn said(
    subject: &Subject,
    at: usize,
    rows: &[Vec<Option<String>>],
    size: usize,
) -> Result<Vec<SetFinding>, Stop> {
    let mut rules = subject.set_rules()?;
    let Some(rule) = rules.get_mut(at) else { return skip("the rules are not always the same") };
    let meta = rule.meta();
    let mut findings = SetFindings::new(&meta.code, meta.severity);
    let mut show = || -> Result<(), Error> {
        for part in rows.chunks(size.max(1)) {
            rule.observe(&samples::batch(meta.columns.len(), part)?)?;
        }
        rule.finish(&mut findings)
    };
    match show() {
        Ok(()) => Ok(findings.take()),
        Err(error) => fail(format!("rule `{}`: {}", meta.code, error.message)),
    }
}
