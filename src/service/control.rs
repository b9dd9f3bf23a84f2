//! Stopping runs, giving held ones up, labelling them, and finding those that could go on.

use importer_core::pipeline;
use importer_core::ports::{
    LONGEST_NAME, RunFilter, RunId, RunRecord, RunStatus, Session, StopRequest, within,
};
use importer_core::{Error, ErrorKind, Result};

use super::access::{Action, Desk, Note};
use super::quarantine;

pub(super) const OPERATION: &str = "control a run";
/// How often a request is tried again that a run at work keeps from being written: it writes most of the time.
const TRIES: u32 = 6;

/// What a request to stop a run led to; [`Desk::pause`] and [`Desk::cancel`] return it.
///
/// ```
/// use importer::service::StopAck;
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
/// // Nobody works on the paused run, so it is cancelled at once.
/// assert_eq!(desk.cancel(paused.run_id, "the wrong file")?, StopAck::Done);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopAck {
    /// The run is at work, in this process or in another one, and stops after its batch.
    #[serde(rename = "asked")]
    Requested,
    /// Nothing was at work on the run. Its status is already the one that was asked for.
    Done,
}

impl Desk<'_> {
    /// Pauses a run, in whatever process it is at work. It stops after its batch, and [`resume`](Self::resume)
    /// continues it.
    ///
    /// Returns whether the run was asked, or has been paused already because nothing was at work on it. Needs a
    /// steward.
    ///
    /// ```
    /// use importer::service::StopAck;
    /// use importer::{RunRequest, RunStatus};
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
    /// let handle = importer.start(&RunRequest::new("csv").file(&file))?;
    /// let run = handle.run().expect("it has begun");
    /// assert_eq!(desk.pause(run, "the office is busy")?, StopAck::Requested);
    /// # drop(go_on);
    /// handle.join()?;
    /// assert_eq!(importer.runs(&Default::default())?[0].status, RunStatus::Paused);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such run, or it has ended.
    pub fn pause(&self, run: RunId, reason: &str) -> Result<StopAck> {
        self.stop(run, StopRequest::Pause, reason)
    }

    /// Cancels a run for good, in whatever process it is at work. It stops after its batch.
    ///
    /// Rows that are loaded stay, no more are loaded, and the rows that the run holds in quarantine stay there. A
    /// paused or failed run that could still be resumed can be cancelled too. Returns whether the run was asked, or has
    /// ended already because nothing was at work on it. Needs a steward.
    ///
    /// ```
    /// use importer::service::StopAck;
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
    /// assert_eq!(desk.cancel(paused.run_id, "the wrong file")?, StopAck::Done);
    /// assert!(desk.interrupted()?.is_empty());
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such run, or it has ended.
    pub fn cancel(&self, run: RunId, reason: &str) -> Result<StopAck> {
        self.stop(run, StopRequest::Cancel, reason)
    }

    fn stop(&self, id: RunId, asked: StopRequest, reason: &str) -> Result<StopAck> {
        let mut note = Note::new(format!("run {id}"), reason);
        note.detail("what", asked.as_str());
        self.allowed(Action::ControlRuns, &note)?;
        let run = self.stored(id)?;
        if run.status != RunStatus::Running && !(asked == StopRequest::Cancel && pipeline::is_resumable(&run))
        {
            let message = format!("it is {}", run.status.as_str().replace('_', " "));
            let hint = match run.status {
                RunStatus::Held => "discard it, or approve it",
                _ => "only a run that is running or can be continued can be stopped",
            };
            return Err(Error::new(ErrorKind::Config, OPERATION, message).at("run", id).hint(hint));
        }
        // A scan hears nobody but its own process.
        pipeline::request_of(&run)?;
        // Held by whoever works on the run: then it is asked, in whatever process it is.
        let lock = match self.importer.store()?.lock_system(&run.new.entity, &run.new.external_system) {
            Ok(lock) => Some(lock),
            Err(error) if error.kind() == ErrorKind::Busy && run.status == RunStatus::Running => None,
            Err(error) => return Err(error),
        };
        if lock.is_none() {
            self.patiently(Action::ControlRuns, &note, |session| session.ask(id, Some(asked)))?;
            return Ok(StopAck::Requested);
        }
        let now = self.importer.clock.now();
        let contract = self.importer.contract(&run.new.entity)?;
        self.patiently(Action::ControlRuns, &note, |session| {
            session.lock_core(contract)?;
            let status = run.status;
            let mut run = session.run(id)?.ok_or_else(|| not_there(id))?;
            if run.status != status {
                return Err(just_changed(id));
            }
            let why = match asked {
                StopRequest::Pause => "it was paused after its process had ended",
                StopRequest::Cancel => "it was cancelled",
            };
            pipeline::end(&mut run, asked.status(), why, now);
            if asked == StopRequest::Cancel {
                session.reopen_replaced(id)?;
            }
            session.save_run(&run)
        })?;
        Ok(StopAck::Done)
    }

    /// Gives up a run that the gate holds.
    ///
    /// Its clean rows are never loaded. Its open entries in quarantine become superseded. Entries of earlier runs that
    /// it had superseded are open again. Needs an admin. [`approve`](Self::approve) does the opposite.
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
    /// desk.discard(held.run_id, "the wrong file")?;
    /// assert_eq!(importer.runs(&Default::default())?[0].status, importer::RunStatus::Cancelled);
    /// assert_eq!(importer.count("volunteer")?, 0);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such run, or it is not held.
    pub fn discard(&self, id: RunId, reason: &str) -> Result<()> {
        let mut note = Note::new(format!("run {id}"), reason);
        note.detail("what", "discard");
        self.allowed(Action::ApproveRuns, &note)?;
        let run = self.stored(id)?;
        let _lock = self.importer.store()?.lock_system(&run.new.entity, &run.new.external_system)?;
        let now = self.importer.clock.now();
        let contract = self.importer.contract(&run.new.entity)?;
        self.act(Action::ApproveRuns, note, |session, note| {
            session.lock_core(contract)?;
            let mut run = session.run(id)?.ok_or_else(|| not_there(id))?;
            if run.status != RunStatus::Held {
                let message = format!("it is {}, not held", run.status.as_str().replace('_', " "));
                return Err(Error::new(ErrorKind::Config, OPERATION, message).at("run", id));
            }
            pipeline::end(&mut run, RunStatus::Cancelled, "it was held and then discarded", now);
            // Its rows never come to anything; those that it had replaced wait again.
            note.detail("ended", session.end_held(id, &self.actor.name, &note.reason.clone(), now)?);
            note.detail("reopened", session.reopen_replaced(id)?);
            session.save_run(&run)
        })
    }

    /// Gives a run a label for people to find it by; `None` removes the label.
    ///
    /// A label has at most 200 characters. Needs a steward.
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
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// desk.label(report.run_id, Some("spring fair"), "to find it again")?;
    /// assert_eq!(importer.runs(&Default::default())?[0].new.label.as_deref(), Some("spring fair"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, the label is too long, or there is no such run.
    pub fn label(&self, run: RunId, label: Option<&str>, reason: &str) -> Result<()> {
        let mut note = Note::new(format!("run {run}"), reason);
        note.detail("label", label.unwrap_or_default());
        self.allowed(Action::ControlRuns, &note)?;
        within(LONGEST_NAME, OPERATION, "label", label.unwrap_or_default())?;
        self.stored(run)?;
        self.patiently(Action::ControlRuns, &note, |session| session.label_run(run, label))
    }

    /// Returns the runs that could be continued and that nobody works on, the newest first.
    ///
    /// These are runs that were paused, runs that failed for a reason that passes or can be repaired, runs whose
    /// process ended before they did, and runs whose rollback is unfinished. [`resume`](Self::resume) or
    /// [`retry`](Self::retry) continues them; [`roll_back`](Self::roll_back) completes a rollback. A run is left out if
    /// a newer one of its system was loaded since. Any role may call it.
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
    /// let interrupted = desk.interrupted()?;
    /// assert_eq!(interrupted[0].id, paused.run_id);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see runs, or the database fails.
    pub fn interrupted(&self) -> Result<Vec<RunRecord>> {
        let mut found = Vec::new();
        for run in self.runs(&RunFilter::default())? {
            if run.new.dry_run
                || (quarantine::is_of_corrections(&run) && run.status != RunStatus::RolledBack)
                || self.importer.contracts.find(&run.new.entity).is_none()
                || pipeline::request_of(&run).is_err()
            {
                continue;
            }
            let alone = || -> Result<bool> {
                Ok(!self.importer.store()?.is_system_locked(&run.new.entity, &run.new.external_system)?)
            };
            let half_back = || -> Result<bool> {
                let rollback = self.importer.store()?.session()?.rollback_of(run.id)?;
                Ok(rollback.is_some_and(|rollback| !rollback.done))
            };
            let up_to_date = || -> Result<bool> {
                let mut session = self.importer.store()?.session()?;
                Ok(pipeline::loaded_since(session.as_mut(), &run)?.is_none())
            };
            if (pipeline::is_resumable(&run) && up_to_date()?)
                || (run.status == RunStatus::Running && alone()?)
                || (run.status == RunStatus::RolledBack && half_back()? && alone()?)
            {
                found.push(run);
            }
        }
        Ok(found)
    }

    /// The same action again while a run at work keeps the database to itself.
    pub(super) fn patiently(
        &self,
        action: Action,
        note: &Note,
        work: impl Fn(&mut dyn Session) -> Result<()>,
    ) -> Result<()> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.act(action, note.clone(), |session, _| work(session)) {
                Err(error) if error.kind() == ErrorKind::Busy && tries < TRIES => {}
                result => return result,
            }
        }
    }
}

pub(super) fn not_there(id: RunId) -> Error {
    Error::new(ErrorKind::NotFound, OPERATION, format!("there is no run {id}")).coded("run_not_found")
}

pub(super) fn just_changed(id: RunId) -> Error {
    Error::new(ErrorKind::Busy, OPERATION, "it has just ended, or another actor has changed it")
        .at("run", id)
        .hint("check its status")
}
