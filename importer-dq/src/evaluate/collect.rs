use importer_core::plugin::{self as sdk, Batch, Finding, Findings, Severity};
use importer_core::{Error, ErrorKind, Result};

use super::bind::{Bound, CompiledSuite};
use super::guard::guarded;
use crate::suite::Mode;

const JUDGE: &str = "judge a batch of rows";

impl CompiledSuite {
    /// Everything that rules and adapter found, with the severities that count, by row and code.
    pub(crate) fn collect(&self, rows: &Batch, from_adapter: &[Finding]) -> Result<Vec<Finding>> {
        if rows.columns() != self.columns.len() {
            let message =
                format!("the rows have {} cells, the suite expects {}", rows.columns(), self.columns.len());
            return Err(Error::new(ErrorKind::Invariant, JUDGE, message));
        }
        let mut found = self.of_adapter(from_adapter);
        let mut findings = Findings::new();
        for bound in self.rules.iter().filter(|bound| bound.enabled) {
            findings.of(&bound.meta.code, bound.severity);
            guarded(|| bound.rule.check_batch(rows, &bound.columns, &mut findings))
                .map_err(|error| rule_failed(&bound.meta.code, bound.plugin.as_deref(), JUDGE, error))?;
            found.extend(findings.take().into_iter().map(|finding| Finding {
                // A rule speaks for itself alone, whatever code it writes.
                code: bound.meta.code.clone().into_owned(),
                severity: counted(finding.severity, bound.mode),
                ..finding
            }));
        }
        if let Some(stray) = found.iter().find(|finding| finding.row >= rows.rows()) {
            let message = format!("{} reports a row that is not in the batch", stray.code);
            return Err(Error::new(ErrorKind::Plugin, JUDGE, message)
                .at("row", stray.row)
                .at("rows", rows.rows()));
        }
        found.sort_by(|a, b| (a.row, &a.code).cmp(&(b.row, &b.code)));
        Ok(found)
    }

    /// What the adapter found, under the settings its codes have in the suite.
    fn of_adapter(&self, findings: &[Finding]) -> Vec<Finding> {
        let counts = |finding: &Finding| {
            let settings = self.document.settings(&finding.code, &self.source);
            let severity = settings.severity.unwrap_or(finding.severity);
            let mode = self.mode.or(settings.mode).unwrap_or(Mode::Enforce);
            let counts = settings.enabled != Some(false);
            counts.then(|| Finding { severity: counted(severity, mode), ..finding.clone() })
        };
        findings.iter().filter_map(counts).collect()
    }

    /// The cell that a warning keeps out of the core, if its rule does so.
    pub(crate) fn withheld(&self, warning: &Finding) -> Result<Option<(usize, usize)>> {
        let withholds = |bound: &&Bound| bound.meta.withholds && bound.meta.code == warning.code;
        if self.rules.iter().find(withholds).is_none() || warning.column.is_empty() {
            return Ok(None);
        }
        match self.columns.iter().position(|column| *column == warning.column) {
            Some(column) => Ok(Some((warning.row, column))),
            // Going on would let a value into the core that a rule wants kept out.
            None => Err(Error::new(
                ErrorKind::Plugin,
                JUDGE,
                format!("{} withholds a column that is not there", warning.code),
            )
            .at("column", &warning.column)),
        }
    }
}

pub(super) fn counted(severity: Severity, mode: Mode) -> Severity {
    if mode == Mode::Warn { severity.min(Severity::Warning) } else { severity }
}

/// The rule itself failed: which one it is, and who brings it.
#[cold]
pub(super) fn rule_failed(
    code: &str,
    plugin: Option<&str>,
    operation: &'static str,
    error: sdk::Error,
) -> Error {
    let kind = if error.kind == sdk::ErrorKind::Cancelled { ErrorKind::Cancelled } else { ErrorKind::Plugin };
    let retryable = error.kind.is_retryable();
    let mut out =
        Error::new(kind, operation, format!("the rule itself failed: {}", error.message)).at("rule", code);
    if let Some(plugin) = plugin {
        out = out.at("plugin", plugin);
    }
    let out = out.hint("switch the rule off in the suite, or update the plugin that brings it");
    if retryable { out.temporary() } else { out }
}
