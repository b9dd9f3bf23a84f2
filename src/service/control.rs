//! Stopping runs, giving held ones up, labelling them, and finding those that could go on.

use importer_core::contracts;
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

/// What became of a request to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopAck {
    /// The run is at work and stops after its batch.
    #[serde(rename = "asked")]
    Requested,
    /// Nothing was at work on it; it stands as asked now.
    Done,
}

impl Desk<'_> {
    /// Pauses a run: wherever it is at work, it stops after its batch, and [`resume`](Self::resume) goes on with it.
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such run, or it has ended.
    pub fn pause(&self, run: RunId, reason: &str) -> Result<StopAck> {
        self.stop(run, StopRequest::Pause, reason)
    }

    /// Cancels a run for good: what is loaded stays, nothing more is, and what it holds in quarantine stays there.
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
                _ => "only what is at work, or could go on, can be stopped",
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
        let contract = super::runs::contract(&run.new.entity)?;
        self.patiently(Action::ControlRuns, &note, |session| {
            session.lock_core(contract)?;
            let status = run.status;
            let mut run = session.run(id)?.ok_or_else(|| not_there(id))?;
            if run.status != status {
                return Err(just_changed(id));
            }
            let why = match asked {
                StopRequest::Pause => "it was paused after its process had ended",
                StopRequest::Cancel => "it was cancelled for good",
            };
            pipeline::end(&mut run, asked.status(), why, now);
            if asked == StopRequest::Cancel {
                session.reopen_replaced(id)?;
            }
            session.save_run(&run)
        })?;
        Ok(StopAck::Done)
    }

    /// Gives a held run up: its clean rows are never loaded, what it holds in quarantine is superseded, and what it had
    /// superseded there waits again.
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
        let contract = super::runs::contract(&run.new.entity)?;
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

    /// Gives a run a word for people; none takes it away.
    ///
    /// # Errors
    /// When the actor may not, no reason is given, or there is no such run.
    pub fn label(&self, run: RunId, label: Option<&str>, reason: &str) -> Result<()> {
        let mut note = Note::new(format!("run {run}"), reason);
        note.detail("label", label.unwrap_or_default());
        self.allowed(Action::ControlRuns, &note)?;
        within(LONGEST_NAME, OPERATION, "label", label.unwrap_or_default())?;
        self.stored(run)?;
        self.patiently(Action::ControlRuns, &note, |session| session.label_run(run, label))
    }

    /// Runs that could go on and on which nobody works: paused ones, those that failed for a reason that passes or can be mended,
    /// those whose process ended before they did, and those that are half taken back. A run is left out when a newer one of its
    /// source was loaded since.
    ///
    /// # Errors
    /// When the actor may not see runs, or the database fails.
    pub fn interrupted(&self) -> Result<Vec<RunRecord>> {
        let mut found = Vec::new();
        for run in self.runs(&RunFilter::default())? {
            if run.new.dry_run
                || (quarantine::is_of_corrections(&run) && run.status != RunStatus::RolledBack)
                || contracts::find(&run.new.entity).is_none()
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
    Error::new(ErrorKind::NotFound, OPERATION, format!("there is no run {id}")).hint("`runs` lists them")
}

pub(super) fn just_changed(id: RunId) -> Error {
    Error::new(ErrorKind::Busy, OPERATION, "it has just ended, or somebody else has changed it")
        .at("run", id)
        .hint("look how it stands")
}
