//! A rule on the other side of the boundary, behind the trait all rules have.

use std::sync::{Arc, Mutex, PoisonError};

use importer_plugin::abi::{FlatHost, FlatRule, RStr, RString, RuleV1Ref, flat_severity};
use importer_plugin::{Batch, Error, Finding, Findings, Host, Options, Rule, RuleMeta, RuleRow, Severity};

use super::far_error::{bug, named};

/// A rule of a loaded plugin.
pub(super) struct RemoteRule {
    plugin: Arc<str>,
    module: RuleV1Ref,
    meta: RuleMeta,
    /// The far side promises one call at a time and no more.
    far: Mutex<Option<FarRule>>,
}

/// The configured rule of the far side; closed when it is dropped.
struct FarRule(FlatRule);

// SAFETY: the handle is a `Box<dyn Rule>` of the far side, and `Rule` is `Send`; the mutex lets one caller use it.
#[allow(unsafe_code)]
unsafe impl Send for FarRule {}

impl Drop for FarRule {
    fn drop(&mut self) {
        (self.0.close)(self.0.handle);
    }
}

impl RemoteRule {
    pub(super) fn new(plugin: Arc<str>, module: RuleV1Ref, meta: RuleMeta) -> Self {
        Self { plugin, module, meta, far: Mutex::new(None) }
    }

    fn create(&self, options: &Options, host: &Host) -> Result<FarRule, Error> {
        let (code, options) = (RStr::from(&*self.meta.code), RString::from(options.to_json()));
        let created = self.module.create()(code, options, FlatHost::from(host)).into_result();
        created.map(FarRule).map_err(|error| named(&self.plugin, error.into()))
    }

    /// Sends a batch of exactly the rule's columns and returns what the far side found.
    fn send(&self, narrow: Batch) -> Result<Vec<Finding>, Error> {
        let rows = narrow.rows();
        let mut far = self.far.lock().unwrap_or_else(PoisonError::into_inner);
        let far = match &mut *far {
            Some(far) => far,
            // Like any other rule, it works with its defaults when nobody configured it.
            empty => empty.insert(self.create(&Options::default(), &Host::detached())?),
        };
        let severity = flat_severity(self.meta.severity);
        let answer = (far.0.check)(far.0.handle, narrow.into(), severity).into_result();
        let found = answer.map_err(|error| named(&self.plugin, error.into()))?;
        let found: Vec<Finding> = found.into_iter().map(Into::into).collect();
        if let Some(outside) = found.iter().find(|finding| finding.row >= rows) {
            let (code, row) = (&self.meta.code, outside.row);
            return Err(bug(&self.plugin, format!("rule `{code}` reported row {row} of {rows} rows")));
        }
        Ok(found)
    }

    /// Reports under the code and, unless the rule chose another, with the severity the suite has set.
    fn report(&self, finding: Finding, findings: &mut Findings) {
        if finding.severity == self.meta.severity {
            findings.report(&finding.column, finding.message);
        } else {
            findings.report_as(finding.severity, &finding.column, finding.message);
        }
    }
}

impl Rule for RemoteRule {
    fn meta(&self) -> RuleMeta {
        self.meta.clone()
    }

    fn configure(&mut self, options: &Options, host: &Host) -> Result<(), Error> {
        let far = self.create(options, host)?;
        *self.far.get_mut().unwrap_or_else(PoisonError::into_inner) = Some(far);
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        let mut narrow = Batch::new(self.meta.columns.len());
        let cells = (0..self.meta.columns.len()).map(|column| row.get(column));
        match narrow.push_row(cells).and_then(|()| self.send(narrow)) {
            Ok(found) => found.into_iter().for_each(|finding| self.report(finding, findings)),
            // This way has no room for an error, and a row nobody could check must not pass for a good one.
            Err(_) => {
                let message = format!("plugin `{}` failed, so this rule could not be checked", self.plugin);
                findings.report_as(Severity::Error, "", message);
            }
        }
    }

    fn check_batch(&self, batch: &Batch, columns: &[usize], findings: &mut Findings) -> Result<(), Error> {
        if columns.len() != self.meta.columns.len() {
            return Err(Error::bug(format!(
                "rule `{}` has {} columns and was given {}",
                self.meta.code,
                self.meta.columns.len(),
                columns.len()
            )));
        }
        if batch.is_empty() {
            return Ok(());
        }
        // Only what the rule asked for leaves the host, and only that is copied.
        let mut narrow = Batch::new(columns.len());
        for row in 0..batch.rows() {
            narrow.push_row(columns.iter().map(|&column| batch.get(row, column)))?;
        }
        for finding in self.send(narrow)? {
            findings.at(finding.row);
            self.report(finding, findings);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "remote_rule_tests.rs"]
mod tests;
