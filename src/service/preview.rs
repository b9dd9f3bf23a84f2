//! What the rules would do to a source, before anybody runs it.

use std::sync::Arc;

use importer_core::pipeline::RunRequest;
use importer_core::{Error, Result};
use importer_dq::{Preview, Previewer};
use importer_plugin::{Batch, Extract, Host, HostCalls, LogLevel, OpenRequest};

use crate::Importer;

/// What the rules would do to a source.
#[derive(Debug)]
#[non_exhaustive]
pub struct RulePreview {
    /// Counts by rule.
    pub rules: Preview,
    /// Columns that no field takes.
    pub unmapped: Vec<String>,
}

impl Importer {
    /// Reads a source and says, rule by rule, how many rows it *would* quarantine. Writes nothing anywhere.
    ///
    /// # Errors
    /// When the source cannot be read or its columns do not fit.
    pub fn preview(&self, request: &RunRequest) -> Result<RulePreview> {
        let contract = super::runs::contract(&request.entity)?;
        let (adapter, plugin) = self.adapter(&request.source, &request.options)?;
        let _in_use = self.plugins_in_use(&plugin, &format!("preview of `{}`", request.source))?;
        let failed = |e| Error::from_plugin(&plugin.id, "preview the source", e);
        let open =
            OpenRequest { options: request.options.clone(), cursor: None, since: request.since.clone() };
        let mut source = adapter.open(&open, &self.host()).map_err(failed)?;
        let columns = source.columns();
        let mapping = self.mapping(contract)?;
        let plan = mapping.plan(contract, &columns)?;
        let suite = self.compile_suite(&mapping, contract, &request.external_system)?;
        let mut previewer = Previewer::new(&suite);
        let (mut rows, mut normalised) = (Extract::new(columns.len()), Batch::new(2 * contract.fields.len()));
        let mut normaliser = plan.normaliser();
        let mut left = request.limit.unwrap_or(u64::MAX);
        while left > 0 {
            rows.reset(columns.len());
            source.next(&mut rows).map_err(failed)?;
            if rows.batch().is_empty() {
                break;
            }
            normalised.clear();
            let take = rows.batch().rows().min(usize::try_from(left).unwrap_or(usize::MAX));
            for row in 0..take {
                normaliser.row(rows.batch().row(row), &mut normalised).map_err(failed)?;
            }
            left -= take as u64;
            let findings: Vec<_> = rows.findings().iter().filter(|f| f.row < take).cloned().collect();
            previewer.add(&normalised, &findings)?;
        }
        Ok(RulePreview { rules: previewer.finish(), unmapped: plan.unmapped().to_vec() })
    }
}

impl Importer {
    /// The host of plugins that are asked something outside a run.
    pub(super) fn host(&self) -> Host {
        Host::new(Arc::new(Calls { cancel: self.cancel.clone(), secrets: Arc::clone(&self.secrets) }))
    }
}

struct Calls {
    cancel: importer_core::pipeline::Cancel,
    secrets: Arc<dyn importer_core::pipeline::Secrets>,
}

impl HostCalls for Calls {
    fn log(&self, _: LogLevel, message: &str) {
        tracing::debug!("{message}");
    }

    fn progress(&self, _: u64, _: u64) {}

    fn cancelled(&self) -> bool {
        self.cancel.is_requested()
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.secrets.secret(name)
    }
}
