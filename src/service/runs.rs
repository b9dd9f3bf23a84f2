//! Starting runs and looking at them.

use std::sync::Arc;

use importer_core::contracts::{Contract, Contracts};
use importer_core::mapping::{Mapping, batch_columns};
#[cfg(doc)]
use importer_core::pipeline::RunContext;
use importer_core::pipeline::{self, PluginReport, ReportStatus, RunReport};
use importer_core::plugins::{PluginInfo, check_declared, check_secrets};
use importer_core::ports::{AutoMerge, Resolver, RunFilter, RunId};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::{MatchModel, PluginFeatures, Probabilistic, ResolveOptions, WithFeatures};
use importer_dq::{Binding, CompiledSuite, SuiteBuilder};
use importer_plugin::{Adapter, Options};

use crate::{Importer, RunRequest};

impl Importer {
    /// Runs a request to its end, or continues the interrupted run of the same request.
    ///
    /// A run reads the source, judges its rows, and loads the clean ones into the core. Rows that rules hold back are
    /// in quarantine. Returns the report. A run that begins and fails is a report with the status `failed`, not an
    /// error.
    ///
    /// ```
    /// use importer::{ReportStatus, RunRequest};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let request = RunRequest::new("csv").file(&file).actor("nightly job");
    /// let report = importer.run(&request)?;
    /// assert_eq!(report.status, ReportStatus::Succeeded);
    /// assert_eq!((report.counts.inserted, report.counts.quarantined), (1, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When no run can be begun; see [`RunContext::run`].
    pub fn run(&self, request: &RunRequest) -> Result<RunReport> {
        self.as_asked(request).run_as_built(request)
    }

    fn run_as_built(&self, request: &pipeline::RunRequest) -> Result<RunReport> {
        let contract = self.contract(&request.entity)?;
        let (adapter, plugin) = self.adapter(&request.source, &request.options)?;
        let in_use = self.plugins_in_use(&plugin, &format!("import of `{}`", request.source))?;
        // What holds for the run is recorded with it, whoever said it.
        let mut recorded = request.clone();
        if self.resolver.is_none() {
            recorded.auto_merge = Some(self.auto_merge_of(&self.mapping(contract)?, request.auto_merge));
        }
        let report =
            self.with_context(contract, &request.external_system, recorded.auto_merge, |context| {
                context.run(adapter.as_ref(), plugin_report(&plugin), &recorded)
            })?;
        if report.status == ReportStatus::Succeeded {
            in_use.succeeded();
        }
        tracing::info!(
            run_id = report.run_id.0,
            source = report.source,
            status = report.status.as_str(),
            "run ended"
        );
        Ok(report)
    }

    /// Returns runs, the newest first. To page, set [`RunFilter::before`] to the id of the last run.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from
    /// [`Desk::runs`](super::Desk::runs).
    ///
    /// ```
    /// use importer::{RunFilter, RunStatus};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let filter = RunFilter { status: Some(RunStatus::Succeeded), limit: 10, ..RunFilter::default() };
    /// assert_eq!(importer.runs(&filter)?[0].id, report.run_id);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    pub fn runs(&self, filter: &RunFilter) -> Result<Vec<importer_core::ports::RunRecord>> {
        self.store()?.session()?.runs(filter)
    }

    /// Returns the report of a stored run.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from
    /// [`Desk::report`](super::Desk::report).
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// assert_eq!(importer.report(report.run_id)?.counts, report.counts);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such run, or the database fails.
    pub fn report(&self, run: RunId) -> Result<RunReport> {
        match self.store()?.session()?.run(run)? {
            Some(run) => Ok(RunReport::of(&run)),
            None => Err(Error::new(ErrorKind::NotFound, "show the run", format!("there is no run {run}"))),
        }
    }

    /// A fresh adapter that can be opened with these options: every way to a source leads through here.
    pub(crate) fn adapter(&self, name: &str, options: &Options) -> Result<(Box<dyn Adapter>, PluginInfo)> {
        let (adapter, plugin) = self.lock_plugins().adapter(name)?;
        let meta = adapter.meta();
        check_declared(&plugin.id, &format!("the adapter `{}`", meta.name), &meta.options, options)?;
        check_secrets(&plugin.id, &meta, self.secrets.as_ref())?;
        Ok((adapter, plugin))
    }

    /// A contract that ships, or one of the host's.
    pub(crate) fn contract(&self, entity: &str) -> Result<&'static Contract> {
        contract_of(&self.contracts, entity)
    }

    pub(crate) fn mapping(&self, contract: &'static Contract) -> Result<Mapping> {
        match &self.mapping {
            None => Ok(Mapping::automatic(contract)),
            Some(mapping) if mapping.entity() == contract.entity => Ok(mapping.clone()),
            Some(mapping) => Err(Error::new(
                ErrorKind::Mapping,
                "start a run",
                format!("the mapping is for `{}`, the run for `{}`", mapping.entity(), contract.entity),
            )),
        }
    }

    /// Who decides who is who; by default with what the mapping says about email tags.
    pub(crate) fn resolver_of(
        &self,
        contract: &Contract,
        mapping: &Mapping,
        auto_merge: Option<AutoMerge>,
    ) -> Arc<dyn Resolver> {
        self.resolver_with(contract, mapping, auto_merge, None)
    }

    /// The same with match features: they score where the resolver is the importer's and works by probability, and are told
    /// beside a pair where not.
    pub(super) fn resolver_with(
        &self,
        contract: &Contract,
        mapping: &Mapping,
        auto_merge: Option<AutoMerge>,
        features: Option<Arc<PluginFeatures>>,
    ) -> Arc<dyn Resolver> {
        let scores = self.resolver.is_none() && self.match_model != MatchModel::Weighted;
        let (scoring, shown) = if scores { (features, None) } else { (None, features) };
        let resolver = self.resolver.clone().unwrap_or_else(|| {
            let options = ResolveOptions {
                auto_merge: self.auto_merge_of(mapping, auto_merge),
                model: self.match_model.clone(),
                strip_email_tags: mapping.defaults().strip_email_tags,
                role_addresses_identify: mapping.defaults().role_addresses_identify,
                ..ResolveOptions::default()
            };
            Arc::new(Probabilistic::with_features(contract, options, scoring))
        });
        match shown {
            Some(features) => Arc::new(WithFeatures::new(resolver, features)),
            None => resolver,
        }
    }

    /// How far rows are merged: what a request says, else the mapping of its source, else what the importer was built with.
    fn auto_merge_of(&self, mapping: &Mapping, asked: Option<AutoMerge>) -> AutoMerge {
        asked.or(mapping.defaults().auto_merge).unwrap_or(self.auto_merge)
    }

    pub(crate) fn compile_suite(
        &self,
        mapping: &Mapping,
        contract: &Contract,
        source: &str,
    ) -> Result<CompiledSuite> {
        let columns = batch_columns(contract);
        let mut builder = SuiteBuilder::new(self.suite.clone());
        let plugins = self.lock_plugins();
        for (rule, plugin) in plugins.rules() {
            builder = builder.with_rule_of(&plugin.id, rule);
        }
        for (rule, plugin) in plugins.set_rules() {
            builder = builder.with_set_rule_of(&plugin.id, rule);
        }
        drop(plugins);
        #[cfg(feature = "mx")]
        let builder = match importer_dq::DnsMailDomains::from_system() {
            Ok(domains) => builder.with_mail_domains(Arc::new(domains)),
            // Without name servers nobody can be asked; a suite that wants it is refused with the reason.
            Err(_) => builder,
        };
        builder
            .with_mode(self.rules_mode)
            .with_option("default_country", mapping.defaults().country.clone())
            .compile(&Binding {
                entity: contract.entity,
                source,
                today: self.clock.now().date_naive(),
                columns: &columns,
            })
    }
}

/// A shipped contract.
pub(super) fn shipped_contract(entity: &str) -> Result<&'static Contract> {
    contract_of(&Contracts::default(), entity)
}

fn contract_of(contracts: &Contracts, entity: &str) -> Result<&'static Contract> {
    contracts.find(entity).ok_or_else(|| {
        let known: Vec<&str> = contracts.entities().collect();
        Error::new(ErrorKind::Config, "start a run", format!("there is no entity `{entity}`"))
            .hint(format!("the entities are: {}", known.join(", ")))
    })
}

pub(super) fn plugin_report(info: &PluginInfo) -> PluginReport {
    PluginReport {
        id: info.id.clone(),
        version: info.version.clone(),
        isolation: info.isolation.to_string(),
        verified: info.verified,
        verified_by: info.verified_by.clone(),
    }
}
