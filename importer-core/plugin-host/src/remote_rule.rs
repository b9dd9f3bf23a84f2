//! A rule on the other side of the boundary, behind the trait all rules have.

use std::sync::{Arc, Mutex, PoisonError};

use importer_plugin::abi::{FlatHost, FlatRule, RStr, RString, RuleV1Ref, flat_severity};
use importer_plugin::{Batch, Error, Finding, Findings, Host, Options, Rule, RuleMeta, RuleRow, Severity};

use super::far_error::{bug, named};
use super::way::Way;

/// A rule of a loaded plugin.
pub(super) struct RemoteRule {
    plugin: Arc<str>,
    way: Way<RuleV1Ref>,
    meta: RuleMeta,
    /// The far side promises one call at a time and no more.
    far: Mutex<Option<Box<dyn FarRule>>>,
}

/// The configured rule of the far side.
pub(super) trait FarRule: Send {
    fn check(&mut self, rows: Batch, severity: Severity) -> Result<Vec<Finding>, Error>;
}

/// A configured rule in this process; closed when it is dropped.
struct RuleHere {
    far: FlatRule,
    plugin: Arc<str>,
}

// SAFETY: the handle is a `Box<dyn Rule>` of the far side, and `Rule` is `Send`; the mutex lets one caller use it.
#[allow(unsafe_code)]
unsafe impl Send for RuleHere {}

impl Drop for RuleHere {
    fn drop(&mut self) {
        (self.far.close)(self.far.handle);
    }
}

impl FarRule for RuleHere {
    fn check(&mut self, rows: Batch, severity: Severity) -> Result<Vec<Finding>, Error> {
        let answer = (self.far.check)(self.far.handle, rows.into(), flat_severity(severity)).into_result();
        let found = answer.map_err(|error| named(&self.plugin, error.into()))?;
        Ok(found.into_iter().map(Into::into).collect())
    }
}

impl RemoteRule {
    pub(super) fn new(plugin: Arc<str>, way: Way<RuleV1Ref>, meta: RuleMeta) -> Self {
        Self { plugin, way, meta, far: Mutex::new(None) }
    }

    fn create(&self, options: &Options, host: &Host) -> Result<Box<dyn FarRule>, Error> {
        let module = match &self.way {
            Way::Apart(plugin) => return Ok(Box::new(plugin.rule(&self.meta.code, options, host)?)),
            Way::Here(module) => module,
        };
        let (code, options) = (RStr::from(&*self.meta.code), RString::from(options.to_json()));
        let created = module.create()(code, options, FlatHost::from(host)).into_result();
        let far = created.map_err(|error| named(&self.plugin, error.into()))?;
        Ok(Box::new(RuleHere { far, plugin: Arc::clone(&self.plugin) }))
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
        let found = far.check(narrow, self.meta.severity)?;
        if let Some(outside) = found.iter().find(|finding| finding.row >= rows) {
            let (code, row) = (&self.meta.code, outside.row);
            return Err(bug(&self.plugin, format!("rule `{code}` reported row {row} of {rows} rows")));
        }
        Ok(found)
    }

    /// Reports under the code and, unless the rule chose another, with the severity the suite has set.
    fn report(&self, mut finding: Finding, findings: &mut Findings) {
        if finding.severity == self.meta.severity {
            finding.severity = findings.severity();
        }
        findings.adopt(finding);
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
        let text = batch.text_bytes() / batch.columns().max(1) * columns.len();
        let mut narrow = Batch::with_capacity(columns.len(), batch.rows(), text);
        for row in 0..batch.rows() {
            for &column in columns {
                narrow.push(batch.get(row, column))?;
            }
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
