//! A set-level rule on the other side of the boundary, behind the trait all set-level rules have.

use std::sync::Arc;

use importer_plugin::abi::{FlatHost, FlatSetRule, RStr, RString, SetRuleV1Ref, flat_severity, set_finding};
use importer_plugin::{Batch, Error, Host, Options, RuleMeta, SetFindings, SetRule};

use super::far_error::{bug, named};

/// A set-level rule of a loaded plugin.
pub(super) struct RemoteSetRule {
    plugin: Arc<str>,
    module: SetRuleV1Ref,
    meta: RuleMeta,
    far: Option<FarSetRule>,
    rows: u64,
}

/// The configured rule of the far side; closed when it is dropped.
struct FarSetRule(FlatSetRule);

// SAFETY: the handle is a `Box<dyn SetRule>` of the far side, and `SetRule` is `Send`; it is used by one owner at a time.
#[allow(unsafe_code)]
unsafe impl Send for FarSetRule {}

impl Drop for FarSetRule {
    fn drop(&mut self) {
        (self.0.close)(self.0.handle);
    }
}

impl RemoteSetRule {
    pub(super) fn new(plugin: Arc<str>, module: SetRuleV1Ref, meta: RuleMeta) -> Self {
        Self { plugin, module, meta, far: None, rows: 0 }
    }

    fn create(&self, options: &Options, host: &Host) -> Result<FarSetRule, Error> {
        let (code, options) = (RStr::from(&*self.meta.code), RString::from(options.to_json()));
        let created = self.module.create()(code, options, FlatHost::from(host)).into_result();
        created.map(FarSetRule).map_err(|error| named(&self.plugin, error.into()))
    }

    /// Like any other rule, it works with its defaults when nobody configured it.
    fn far(&mut self) -> Result<&FarSetRule, Error> {
        if self.far.is_none() {
            self.far = Some(self.create(&Options::default(), &Host::detached())?);
        }
        self.far.as_ref().ok_or_else(|| bug(&self.plugin, "a set-level rule was not made"))
    }
}

impl SetRule for RemoteSetRule {
    fn meta(&self) -> RuleMeta {
        self.meta.clone()
    }

    fn configure(&mut self, options: &Options, host: &Host) -> Result<(), Error> {
        self.far = Some(self.create(options, host)?);
        self.rows = 0;
        Ok(())
    }

    fn observe(&mut self, rows: &Batch) -> Result<(), Error> {
        if rows.columns() != self.meta.columns.len() {
            return Err(Error::bug(format!(
                "rule `{}` was shown other columns than its own",
                self.meta.code
            )));
        }
        let far = self.far()?;
        let answer = (far.0.observe)(far.0.handle, rows.clone().into()).into_result();
        answer.map_err(|error| named(&self.plugin, error.into()))?;
        self.rows += rows.rows() as u64;
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        let severity = flat_severity(self.meta.severity);
        let far = self.far()?;
        let answer = (far.0.finish)(far.0.handle, severity).into_result();
        let found = answer.map_err(|error| named(&self.plugin, error.into()))?;
        for finding in found.into_iter().map(set_finding) {
            if let Some(row) = finding.row.filter(|&row| row >= self.rows) {
                let (code, rows) = (&self.meta.code, self.rows);
                return Err(bug(&self.plugin, format!("rule `{code}` reported row {row} of {rows} rows")));
            }
            match finding.row {
                Some(row) => findings.report_row(row, &finding.column, finding.message),
                None if finding.severity == self.meta.severity => {
                    findings.report(&finding.column, finding.message)
                }
                None => findings.report_as(finding.severity, &finding.column, finding.message),
            }
        }
        Ok(())
    }
}
