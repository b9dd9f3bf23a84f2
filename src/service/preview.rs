//! What the rules would do to a source, before anybody runs it.

use std::sync::Arc;

use importer_core::pipeline::DateColumns;
use importer_core::{Error, Result};
use importer_dq::{Preview, Previewer};
use importer_plugin::{Batch, Extract, Host, HostCalls, LogLevel, OpenRequest};

use crate::{Importer, RunRequest};

/// What the rules would do to a source; [`Importer::preview`] returns it.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// let preview = importer.preview(&importer::RunRequest::new("csv").file(&file))?;
/// let rule = &preview.rules.by_rule[0];
/// assert_eq!((rule.code.as_str(), rule.quarantines), ("FMT-101", 1));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct RulePreview {
    /// The number of rows, how many would be held back, and the counts of each rule.
    pub rules: Preview,
    /// The columns of the source that no field takes.
    pub unmapped: Vec<String>,
    /// Columns of dates that cannot be read, in sentences that say what to write into the mapping. A run of them is held.
    pub unreadable_dates: Vec<String>,
}

impl Importer {
    /// Reads a source and counts, rule by rule, how many rows *would* be held back. It writes nothing anywhere.
    ///
    /// It needs no database. Rules about single rows are asked, set-level rules are not. The request's `limit` holds.
    /// Its `since` is passed to the adapter, but unlike in a run, rows that are older all the same are counted too.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let preview = importer.preview(&importer::RunRequest::new("csv").file(&file))?;
    /// assert_eq!((preview.rules.rows, preview.rules.quarantined), (2, 1));
    /// assert!(importer.runs(&Default::default())?.is_empty());
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the source cannot be read or its columns do not fit.
    pub fn preview(&self, request: &RunRequest) -> Result<RulePreview> {
        self.as_asked(request).preview_as_built(request)
    }

    fn preview_as_built(&self, request: &RunRequest) -> Result<RulePreview> {
        let contract = self.contract(&request.entity)?;
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
        let mut dates = DateColumns::default();
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
            dates.observe(contract, &normalised);
            let findings: Vec<_> = rows.findings().iter().filter(|f| f.row < take).cloned().collect();
            previewer.add(&normalised, &findings)?;
        }
        let mapped = plan.describe();
        let column_of = |field: &str| mapped.iter().find(|mapped| mapped.field == field)?.source.clone();
        let told = dates.anomalies(&column_of).into_iter().map(|anomaly| anomaly.message);
        let unreadable_dates = told.chain(dates.notes(&column_of)).collect();
        Ok(RulePreview { rules: previewer.finish(), unmapped: plan.unmapped().to_vec(), unreadable_dates })
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
