//! Doing steps of a run again from what is stored: its rows as received are read like a source.

use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::pipeline::{self, PluginReport, RunReport, RunRequest};
use importer_core::ports::{RowId, RunId, RunRecord, RunStatus, StagedRow, Store};
use importer_core::{Error, ErrorKind, Result};
use importer_plugin::{Adapter, AdapterMeta, Extract, Host, OpenRequest, Options, Source};

use super::access::{Action, Desk, Note};

/// The option by which a run is known that reads the rows of another one.
pub(super) const RERUN_OF: &str = "rerun_of";
const STEP: &str = "step";
const OPERATION: &str = "repeat a step";
/// How many rows are read at a time.
const PAGE: usize = 2_048;

/// The step of a run that [`Desk::rerun`] repeats.
///
/// ```
/// use importer::service::RerunStep;
///
/// assert_eq!(RerunStep::Validate.as_str(), "validate");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RerunStep {
    /// Every row is normalised and judged by the mapping and the rules as they are now, and continues from there.
    Validate,
    /// Rows that could not be written are resolved and loaded again. Duplicates among the other rows are found by a
    /// scan.
    Dedupe,
    /// The same as `Dedupe`: a row is resolved and loaded in one step.
    Upsert,
}

impl RerunStep {
    /// Returns the name of the step: `validate`, `dedupe` or `upsert`.
    ///
    /// ```
    /// assert_eq!(importer::service::RerunStep::Upsert.as_str(), "upsert");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Dedupe => "dedupe",
            Self::Upsert => "upsert",
        }
    }

    pub(super) fn of(options: &Options) -> Self {
        match options.get(STEP).and_then(|step| step.as_str().map(str::to_owned)).as_deref() {
            Some("validate") => Self::Validate,
            Some("dedupe") => Self::Dedupe,
            _ => Self::Upsert,
        }
    }
}

impl Desk<'_> {
    /// Repeats a step of a run from its stored rows, as a new run. The source is not asked.
    ///
    /// Rows that a later run replaced are left out, so what is newer stays. Rows that are equal change nothing. Returns
    /// the report of the new run, without samples that the role does not see. Needs a steward.
    ///
    /// ```
    /// use importer::service::RerunStep;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let again = desk.rerun(report.run_id, RerunStep::Validate, "the rules are milder now")?;
    /// assert_eq!((again.counts.read, again.counts.unchanged, again.counts.quarantined), (2, 1, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such run, it did not come to its end or was a dry run,
    /// its columns were not kept, a run of its system is at work, or a rollback of the entity is unfinished.
    pub fn rerun(&self, run: RunId, step: RerunStep, reason: &str) -> Result<RunReport> {
        let mut note = Note::new(format!("run {run}"), reason);
        note.detail("what", format!("rerun {}", step.as_str()));
        self.allowed(Action::ControlRuns, &note)?;
        let of = self.stored(run)?;
        if !matches!(of.status, RunStatus::Succeeded | RunStatus::PartiallyFailed) || of.new.dry_run {
            let message = if of.new.dry_run {
                "it was a dry run".into()
            } else {
                format!("it is {}", of.status.as_str())
            };
            return Err(Error::new(ErrorKind::Config, OPERATION, message)
                .at("run", run)
                .hint("only the steps of finished runs can be repeated; resume or retry an unfinished run"));
        }
        let contract = self.importer.contract(&of.new.entity)?;
        let mut request = RunRequest::new(&of.new.source)
            .external_system(&of.new.external_system)
            .actor(&self.actor.name)
            .option(RERUN_OF, run)
            .option(STEP, step.as_str());
        request.entity.clone_from(&of.new.entity);
        request.auto_merge = pipeline::request_of(&of)?.auto_merge;
        request.label = Some(format!("{} of run {run}", step.as_str()));
        let importer = self.importer;
        importer.no_unfinished_rollback(contract.entity, OPERATION)?;
        let stored = StoredRows::new(importer.shared_store()?, contract, &of, step)?;
        self.act(Action::ControlRuns, note, |_, _| Ok(()))?;
        importer.with_context(contract, &request.external_system, request.auto_merge, |context| {
            let mut report = context.run(&stored, StoredRows::report(), &request)?;
            self.mask().report(self.importer.contracts.find(&report.entity), &mut report);
            Ok(report)
        })
    }
}

/// The stored rows of a run, as a source.
pub(super) struct StoredRows {
    store: Arc<dyn Store>,
    contract: &'static Contract,
    run: RunId,
    step: RerunStep,
    columns: Vec<String>,
}

impl StoredRows {
    pub(super) fn new(
        store: Arc<dyn Store>,
        contract: &'static Contract,
        run: &RunRecord,
        step: RerunStep,
    ) -> Result<Self> {
        let columns = pipeline::columns_of(run);
        if columns.is_empty() {
            let message = "an earlier version made it and did not store its columns";
            return Err(Error::new(ErrorKind::Config, OPERATION, message)
                .at("run", run.id)
                .hint("import the source again"));
        }
        Ok(Self { store, contract, run: run.id, step, columns })
    }

    pub(super) fn report() -> PluginReport {
        PluginReport {
            id: "stored rows".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            isolation: "in-process".into(),
            verified: true,
            verified_by: None,
        }
    }
}

impl Adapter for StoredRows {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new("stored", "Rows of an earlier run, as they were received")
    }

    fn open(
        &self,
        request: &OpenRequest,
        _: &Host,
    ) -> std::result::Result<Box<dyn Source>, importer_plugin::Error> {
        let after = request.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        Ok(Box::new(Rows {
            store: Arc::clone(&self.store),
            contract: self.contract,
            run: self.run,
            unwritten: self.step != RerunStep::Validate,
            columns: self.columns.clone(),
            after: RowId(after),
        }))
    }
}

struct Rows {
    store: Arc<dyn Store>,
    contract: &'static Contract,
    run: RunId,
    unwritten: bool,
    columns: Vec<String>,
    after: RowId,
}

impl Rows {
    fn page(&self) -> Result<Vec<StagedRow>> {
        let mut session = self.store.session()?;
        session.current_rows(self.contract, self.run, self.unwritten, self.after, PAGE)
    }
}

impl Source for Rows {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn next(&mut self, out: &mut Extract) -> std::result::Result<(), importer_plugin::Error> {
        let failed = |why: String| importer_plugin::Error::data(why);
        for row in self.page().map_err(|error| failed(error.to_string()))? {
            let cells: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&row.payload_json)
                    .map_err(|_| failed(format!("the stored row {} is not what was written", row.id)))?;
            let cells = self.columns.iter().map(|column| cells.get(column).and_then(|cell| cell.as_str()));
            out.push_row(u64::try_from(row.position).unwrap_or(0), cells)?;
            self.after = row.id;
        }
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        Some(self.after.to_string())
    }
}
