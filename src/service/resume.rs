//! Going on with runs: resuming, retrying, approving.

use importer_core::pipeline::{self, ReportStatus, ResumeMode, RunReport};
use importer_core::ports::{Phase, RunId, RunRecord, RunStatus};
use importer_core::{Error, ErrorKind, Result};
use importer_plugin::Adapter;

use crate::RunRequest;

use super::access::{Action, Desk, Note};
use super::control::{OPERATION, just_changed, not_there};
use super::quarantine;
use super::rerun::{RERUN_OF, RerunStep, StoredRows};
use super::runs::plugin_report;

impl Desk<'_> {
    /// Continues a run that was paused or interrupted, under the mapping, rules and policies it began with.
    ///
    /// Returns the report of the run. A run that is continued and fails is a report, not an error. Needs a steward.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # struct Waits(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    /// # impl importer::Observer for Waits {
    /// #     fn started(&self, _: importer::RunId) {
    /// #         let _ = self.0.lock().unwrap().recv();
    /// #     }
    /// #     fn progress(&self, _: importer::Progress) {}
    /// # }
    /// # let (go_on, wait) = std::sync::mpsc::channel::<()>();
    /// # let waits = std::sync::Arc::new(Waits(std::sync::Mutex::new(wait)));
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).observer(waits).build()?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let handle = importer.start(&importer::RunRequest::new("csv").file(&file))?;
    /// # handle.run();
    /// # handle.pause();
    /// # drop(go_on);
    /// # let paused = handle.join()?;
    /// let report = desk.resume(paused.run_id, "the office is done")?;
    /// assert_eq!((report.run_id, report.status), (paused.run_id, importer::ReportStatus::Succeeded));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such run, the importer has another mapping, other rules
    /// or other policies, or the run may not be continued: it has ended, or something newer of its system was loaded
    /// since.
    pub fn resume(&self, run: RunId, reason: &str) -> Result<RunReport> {
        self.resume_as(run, ResumeMode::Resume, Action::ControlRuns, reason)
    }

    /// Repeats the step in which a run failed.
    ///
    /// Reading continues behind the last stored batch, and loading behind the last loaded row. Of a run that partially
    /// failed, the rows that could not be written are loaded again by a new run. Returns the report. Needs a steward.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # struct Waits(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    /// # impl importer::Observer for Waits {
    /// #     fn started(&self, _: importer::RunId) {
    /// #         let _ = self.0.lock().unwrap().recv();
    /// #     }
    /// #     fn progress(&self, _: importer::Progress) {}
    /// # }
    /// # let (go_on, wait) = std::sync::mpsc::channel::<()>();
    /// # let waits = std::sync::Arc::new(Waits(std::sync::Mutex::new(wait)));
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).observer(waits).build()?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let handle = importer.start(&importer::RunRequest::new("csv").file(&file))?;
    /// # handle.run();
    /// # handle.pause();
    /// # drop(go_on);
    /// # let paused = handle.join()?;
    /// let report = desk.retry(paused.run_id, "the server is back")?;
    /// assert_eq!((report.run_id, report.counts.inserted), (paused.run_id, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`resume`](Self::resume).
    pub fn retry(&self, run: RunId, reason: &str) -> Result<RunReport> {
        self.allowed(Action::ControlRuns, &Note::new(format!("run {run}"), reason))?;
        if self.stored(run)?.status == RunStatus::PartiallyFailed {
            return self.rerun(run, RerunStep::Upsert, reason);
        }
        self.resume_as(run, ResumeMode::Retry, Action::ControlRuns, reason)
    }

    /// Lets a held run into the core: it continues behind the gate.
    ///
    /// The anomalies stay recorded with the run. Returns the report. Needs an admin. [`discard`](Self::discard) does
    /// the opposite.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let mode = importer::GateMode::Enforce;
    /// # let gate = importer::GatePolicy { mode, min_rows: 2, ..Default::default() };
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).gate(gate).build()?;
    /// # let held = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let report = desk.approve(held.run_id, "checked with the fair")?;
    /// assert_eq!((report.status, report.counts.inserted), (importer::ReportStatus::Succeeded, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such run, it is not held, the importer has another
    /// mapping, other rules or other policies, or something newer of its system was loaded since.
    pub fn approve(&self, run: RunId, reason: &str) -> Result<RunReport> {
        self.resume_as(run, ResumeMode::Approve, Action::ApproveRuns, reason)
    }

    /// Runs a request to its end as the actor, or continues the interrupted run of the same request; see
    /// [`Importer::run`](crate::Importer::run).
    ///
    /// Returns the report, without samples of cells that the role does not see. Needs a steward.
    ///
    /// ```
    /// use importer::RunRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let report = desk.import(&RunRequest::new("csv").file(&file), "the monthly list")?;
    /// assert_eq!((report.counts.inserted, report.counts.quarantined), (1, 1));
    /// assert_eq!(importer.runs(&Default::default())?[0].new.actor, "ann");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, and as for [`Importer::run`](crate::Importer::run).
    pub fn import(&self, request: &RunRequest, reason: &str) -> Result<RunReport> {
        let subject = format!("{} from {}", request.entity, request.source);
        let mut note = Note::new(subject, reason).entity(&request.entity);
        note.detail("what", if request.dry_run { "dry run" } else { "import" });
        note.detail("system", request.external_system.as_str());
        self.ready(Action::ControlRuns, &note)?;
        request.check_names()?;
        self.importer.no_unfinished_rollback(&request.entity, "start a run")?;
        self.act(Action::ControlRuns, note, |_, _| Ok(()))?;
        let mut report = self.importer.run(&request.clone().actor(&self.actor.name))?;
        self.mask().report(self.importer.contracts.find(&report.entity), &mut report);
        Ok(report)
    }

    fn resume_as(&self, id: RunId, why: ResumeMode, action: Action, reason: &str) -> Result<RunReport> {
        let mut note = Note::new(format!("run {id}"), reason);
        note.detail("what", format!("{why:?}").to_lowercase());
        self.allowed(action, &note)?;
        let run = self.stored(id)?;
        if quarantine::is_of_corrections(&run) {
            let message =
                "it is a run of corrections, which do not go on: what it did not load waits in quarantine";
            return Err(Error::new(ErrorKind::Config, OPERATION, message)
                .at("run", id)
                .hint("correct the rows again"));
        }
        let request = pipeline::request_of(&run)?;
        let contract = self.importer.contract(&request.entity)?;
        let importer = self.importer;
        importer.with_context(contract, &request.external_system, request.auto_merge, |context| {
            // Behind the gate there is nothing to read; a source that is there only tells whether it has changed.
            let mut in_use = None;
            let source: Option<(Box<dyn Adapter>, _)> = if let Some(of) = request.options.get(RERUN_OF) {
                let of = self.stored(RunId(of.as_i64().unwrap_or_default()))?;
                let step = RerunStep::of(&request.options);
                Some((
                    Box::new(StoredRows::new(importer.shared_store()?, contract, &of, step)?),
                    StoredRows::report(),
                ))
            } else {
                match importer.adapter(&request.source, &request.options) {
                    Ok((adapter, plugin)) => {
                        let doing = format!("import of `{}`", request.source);
                        in_use = Some(importer.plugins_in_use(&plugin, &doing)?);
                        Some((adapter, plugin_report(&plugin)))
                    }
                    Err(error) if run.phase <= Phase::Extract => return Err(error),
                    Err(_) => None,
                }
            };
            context.may_resume(importer.store()?.session()?.as_mut(), &run, why)?;
            let now = importer.clock.now();
            let (lock, status) =
                (importer.store()?.lock_system(&run.new.entity, &run.new.external_system)?, run.status);
            self.act(action, note, |session, _| {
                let mut run = session.run(id)?.ok_or_else(|| not_there(id))?;
                if run.status != status {
                    return Err(just_changed(id));
                }
                if why == ResumeMode::Approve {
                    pipeline::approve(&mut run, now);
                    session.save_run(&run)?;
                }
                Ok(())
            })?;
            drop(lock);
            // An approved run is an interrupted one from here on, also for whoever finds it after a crash.
            let why = if why == ResumeMode::Approve { ResumeMode::Resume } else { why };
            let mut report = context.resume(
                id,
                why,
                source.as_ref().map(|(adapter, plugin)| (adapter.as_ref(), plugin.clone())),
            )?;
            if let Some(in_use) = in_use.filter(|_| report.status == ReportStatus::Succeeded) {
                in_use.succeeded();
            }
            self.mask().report(self.importer.contracts.find(&report.entity), &mut report);
            Ok(report)
        })
    }

    /// Refuses who may not, and who gives no reason.
    pub(super) fn allowed(&self, action: Action, note: &Note) -> Result<()> {
        self.authorize(action, note)?;
        self.has_reason(action, note)
    }

    pub(super) fn stored(&self, id: RunId) -> Result<RunRecord> {
        self.importer.store()?.session()?.run(id)?.ok_or_else(|| not_there(id))
    }
}
