//! A set-level rule on the other side of the boundary, behind the trait all set-level rules have.

use std::sync::Arc;

use importer_plugin::abi::{FlatHost, FlatSetRule, RStr, RString, SetRuleV1Ref, flat_severity, set_finding};
use importer_plugin::{Batch, Error, Host, Options, RuleMeta, SetFinding, SetFindings, SetRule, Severity};

use super::far_error::{bug, named};
use super::way::Way;

/// A set-level rule of a loaded plugin.
pub(super) struct RemoteSetRule {
    plugin: Arc<str>,
    way: Way<SetRuleV1Ref>,
    meta: RuleMeta,
    far: Option<Box<dyn FarSetRule>>,
    rows: u64,
}

/// The configured rule of the far side.
pub(super) trait FarSetRule: Send {
    fn observe(&mut self, rows: Batch) -> Result<(), Error>;
    fn finish(&mut self, severity: Severity) -> Result<Vec<SetFinding>, Error>;
}

/// A configured rule in this process; closed when it is dropped.
struct SetRuleHere {
    far: FlatSetRule,
    plugin: Arc<str>,
}

// SAFETY: the handle is a `Box<dyn SetRule>` of the far side, and `SetRule` is `Send`; it is used by one owner at a time.
#[allow(unsafe_code)]
unsafe impl Send for SetRuleHere {}

impl Drop for SetRuleHere {
    fn drop(&mut self) {
        (self.far.close)(self.far.handle);
    }
}

impl FarSetRule for SetRuleHere {
    fn observe(&mut self, rows: Batch) -> Result<(), Error> {
        let answer = (self.far.observe)(self.far.handle, rows.into()).into_result();
        answer.map(drop).map_err(|error| named(&self.plugin, error.into()))
    }

    fn finish(&mut self, severity: Severity) -> Result<Vec<SetFinding>, Error> {
        let answer = (self.far.finish)(self.far.handle, flat_severity(severity)).into_result();
        let found = answer.map_err(|error| named(&self.plugin, error.into()))?;
        Ok(found.into_iter().map(set_finding).collect())
    }
}

impl RemoteSetRule {
    pub(super) fn new(plugin: Arc<str>, way: Way<SetRuleV1Ref>, meta: RuleMeta) -> Self {
        Self { plugin, way, meta, far: None, rows: 0 }
    }

    fn create(&self, options: &Options, host: &Host) -> Result<Box<dyn FarSetRule>, Error> {
        let module = match &self.way {
            Way::Apart(plugin) => return Ok(Box::new(plugin.set_rule(&self.meta.code, options, host)?)),
            Way::Here(module) => module,
        };
        let (code, options) = (RStr::from(&*self.meta.code), RString::from(options.to_json()));
        let created = module.create()(code, options, FlatHost::from(host)).into_result();
        let far = created.map_err(|error| named(&self.plugin, error.into()))?;
        Ok(Box::new(SetRuleHere { far, plugin: Arc::clone(&self.plugin) }))
    }

    /// Like any other rule, it works with its defaults when nobody configured it.
    fn far(&mut self) -> Result<&mut Box<dyn FarSetRule>, Error> {
        if self.far.is_none() {
            self.far = Some(self.create(&Options::default(), &Host::detached())?);
        }
        self.far.as_mut().ok_or_else(|| bug(&self.plugin, "a set-level rule was not made"))
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
        self.far()?.observe(rows.clone())?;
        self.rows += rows.rows() as u64;
        Ok(())
    }

    fn finish(&mut self, findings: &mut SetFindings) -> Result<(), Error> {
        let severity = self.meta.severity;
        for finding in self.far()?.finish(severity)? {
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
