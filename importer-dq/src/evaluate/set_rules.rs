//! Set-level rules: all rows of a run together.

use std::sync::PoisonError;

use importer_core::plugin::{Batch, Error as SdkError, SetFinding, SetFindings};
use importer_core::ports::SetJudge;
use importer_core::{Error, ErrorKind, Result};

use super::bind::{BoundSet, CompiledSuite};
use super::collect::{counted, rule_failed};
use super::guard::guarded;

const JUDGE: &str = "judge all rows together";

impl CompiledSuite {
    /// The enabled set-level rules, ready to be shown the rows of one run.
    pub(super) fn set_rules(&self) -> Result<Option<Box<dyn SetJudge>>> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        match sets.take() {
            Some(rules) if rules.is_empty() => {
                *sets = Some(rules);
                Ok(None)
            }
            Some(rules) => Ok(Some(Box::new(Together { rules, columns: self.columns.len(), rows: 0 }))),
            // They have seen rows already, and would count those of two runs as one.
            None => Err(Error::new(ErrorKind::Invariant, JUDGE, "a suite judges the rows of one run")
                .hint("compile it anew for every run")),
        }
    }
}

struct Together {
    rules: Vec<BoundSet>,
    columns: usize,
    rows: u64,
}

impl SetJudge for Together {
    fn observe(&mut self, rows: &Batch) -> Result<()> {
        if rows.columns() != self.columns {
            let message =
                format!("the rows have {} cells, the suite expects {}", rows.columns(), self.columns);
            return Err(Error::new(ErrorKind::Invariant, JUDGE, message));
        }
        for bound in &mut self.rules {
            observe(bound, rows)?;
        }
        self.rows += rows.rows() as u64;
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<SetFinding>> {
        let mut all = Vec::new();
        for bound in &mut self.rules {
            let mut findings = SetFindings::new(&bound.meta.code, bound.severity);
            let rule = bound.rule.as_mut();
            guarded(|| rule.finish(&mut findings)).map_err(|error| failed(bound, error))?;
            for finding in findings.take() {
                if let Some(row) = finding.row.filter(|row| *row >= self.rows) {
                    let what = format!("it reports row {row} of {} rows", self.rows);
                    return Err(failed(bound, SdkError::bug(what)));
                }
                all.push(SetFinding { severity: counted(finding.severity, bound.mode), ..finding });
            }
        }
        Ok(all)
    }
}

/// Shows a rule exactly the columns it asked for.
fn observe(bound: &mut BoundSet, rows: &Batch) -> Result<()> {
    bound.shown.reset(bound.columns.len());
    for row in 0..rows.rows() {
        let cells = bound.columns.iter().map(|&column| rows.get(row, column));
        bound.shown.push_row(cells).map_err(|error| rule_failed(&bound.meta.code, None, JUDGE, error))?;
    }
    let (rule, shown) = (bound.rule.as_mut(), &bound.shown);
    guarded(|| rule.observe(shown)).map_err(|error| failed(bound, error))
}

fn failed(bound: &BoundSet, error: SdkError) -> Error {
    rule_failed(&bound.meta.code, bound.plugin.as_deref(), JUDGE, error)
}

#[cfg(test)]
#[path = "set_rules_tests.rs"]
mod tests;
