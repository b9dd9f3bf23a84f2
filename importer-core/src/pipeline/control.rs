//! What people do with runs: how a stored run stands, and going on with a certain one.

use serde_json::Value;

use super::RunRequest;
use super::engine::{Begun, Engine};
use super::interrupted::{is_resumable, loaded_since};
use super::opening::{Opened, Opener};
use super::report::{Metrics, PluginReport, RunReport};
use super::working::Working;
use crate::ports::{Asked, Moment, Phase, RunId, RunRecord, RunStatus, Session};
use crate::{Error, ErrorKind, Result};
use importer_plugin::Adapter;

const GO_ON: &str = "go on with a run";

/// Why somebody wants a run to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoOn {
    /// It was paused or interrupted.
    Resume,
    /// It failed; the step that failed is done again.
    Retry,
    /// It was held, and somebody lets it into the core.
    Approve,
}

/// The columns of the source that a run read; none when an earlier version made the run.
pub fn columns_of(run: &RunRecord) -> Vec<String> {
    serde_json::from_str::<Metrics>(&run.metrics_json).map(|metrics| metrics.columns).unwrap_or_default()
}

/// Marks a held run as let into the core: from here on it is an interrupted run that goes on behind the gate.
pub fn approve(run: &mut RunRecord, now: Moment) {
    edit(run, |metrics| metrics.approved = true);
    run.status = RunStatus::Running;
    run.updated_at = now;
}

/// How many samples of cells the report of a run holds.
pub fn samples_of(run: &RunRecord) -> u64 {
    let metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
    metrics.unmapped.iter().map(|unmapped| unmapped.samples.len() as u64).sum()
}

/// Takes the samples of cells out of the report of a run.
pub fn forget_samples(run: &mut RunRecord) {
    edit(run, |metrics| metrics.unmapped.iter_mut().for_each(|unmapped| unmapped.samples.clear()));
}

/// Ends a run that is not at work.
pub fn end(run: &mut RunRecord, status: RunStatus, why: &str, now: Moment) {
    edit(run, |metrics| metrics.resumable = status == RunStatus::Paused);
    run.status = status;
    run.error_summary = Some(why.into());
    (run.updated_at, run.finished_at) = (now, Some(now));
}

fn edit(run: &mut RunRecord, change: impl FnOnce(&mut Metrics)) {
    let mut metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
    change(&mut metrics);
    run.metrics_json = serde_json::to_string(&metrics).unwrap_or_default();
}

/// What was asked of a stored run.
///
/// # Errors
/// When it was no import, or a version that is newer asked for it.
pub fn request_of(run: &RunRecord) -> Result<RunRequest> {
    let mut request: Value = serde_json::from_str(&run.new.request_json).unwrap_or_default();
    if let Some(request) = request.as_object_mut() {
        request.insert("actor".into(), run.new.actor.clone().into());
    }
    serde_json::from_value(request).map_err(|_| {
        Error::new(ErrorKind::Config, GO_ON, "it is no import that this version can go on with")
            .at("run", run.id)
            .hint("begin it anew")
    })
}

impl Engine<'_> {
    /// Checks that a run may go on: it stands so, the mapping and the rules are its own, and nothing newer of its system
    /// was loaded.
    ///
    /// # Errors
    /// When it may not; the error says why and what to do.
    pub fn may_go_on(&self, session: &mut dyn Session, run: &RunRecord, why: GoOn) -> Result<()> {
        let refuse = |message: String, hint: &'static str| {
            Err(Error::new(ErrorKind::Config, GO_ON, message).at("run", run.id).hint(hint))
        };
        let stands = match why {
            GoOn::Resume => run.status == RunStatus::Running || is_resumable(run),
            GoOn::Retry => matches!(run.status, RunStatus::Failed | RunStatus::Running) || is_resumable(run),
            GoOn::Approve => run.status == RunStatus::Held,
        };
        if run.new.dry_run {
            return refuse("it is a dry run, which leaves nothing to go on with".into(), "begin it anew");
        }
        if !stands {
            let hint = match (run.status, why) {
                (RunStatus::Held, _) => "approve or discard it",
                (RunStatus::Failed | RunStatus::Cancelled, GoOn::Resume) => "retry it, or begin anew",
                _ => "begin a new run",
            };
            return refuse(format!("it is {}", run.status.as_str().replace('_', " ")), hint);
        }
        if run.new.mapping_checksum != self.mapping.checksum()
            || run.new.rules_checksum != self.rules_checksum()
        {
            return refuse(
                "the mapping, the rules or the policies are not those it began with".into(),
                "give the same ones, or begin a new run",
            );
        }
        match loaded_since(session, run)? {
            Some(newer) => refuse(
                format!("run {newer} of the same system was loaded since, and what this one holds is older"),
                "begin a new run",
            ),
            None => Ok(()),
        }
    }

    /// Goes on with a certain run, with the source where there is still something to read.
    ///
    /// # Errors
    /// When there is no such run, it may not go on, its system is at work, or its source cannot be opened. A run that goes on and
    /// fails is a report.
    pub fn go_on(
        &self,
        id: RunId,
        why: GoOn,
        from: Option<(&dyn Adapter, PluginReport)>,
    ) -> Result<RunReport> {
        let mut session = self.store.session()?;
        let run = stored(session.as_mut(), id)?;
        let lock = self.store.lock_system(&run.new.entity, &run.new.external_system)?;
        session.work_under(&lock);
        // Whoever held the system until now may have changed how it stands.
        let run = stored(session.as_mut(), id)?;
        self.may_go_on(session.as_mut(), &run, why)?;
        self.end_dead(session.as_mut(), &run.new, Some(id))?;
        session.ask(id, None)?;
        let request = request_of(&run)?;
        let mut retries = self.retries();
        if run.phase > Phase::Extract {
            let mut work = Working::resumed(run, Vec::new(), retries);
            if let Some((adapter, plugin)) = from {
                let opener = Opener::new(self, adapter, &plugin, &request);
                work.anomalies.extend(opener.other_source(&work.run)?);
            }
            return self.finish(session.as_mut(), work, None);
        }
        let Some((adapter, plugin)) = from else {
            return Err(Error::new(
                ErrorKind::Plugin,
                GO_ON,
                "it has rows to read, and there is no adapter for them",
            )
            .at("source", &run.new.source));
        };
        let opener = Opener::new(self, adapter, &plugin, &request);
        match self.open(&opener, Some(&run), &mut retries)? {
            Opened::Here(source) => {
                let begun = Begun { interrupted: Some(run), notes: Vec::new(), retries };
                self.read(session.as_mut(), source, opener, plugin, begun)
            }
            Opened::Other(_, why) => {
                Err(Error::new(ErrorKind::Config, GO_ON, why).at("run", id).hint("begin a new run"))
            }
        }
    }

    /// Hears what was asked of the run since the last batch.
    pub(super) fn heed(&self, session: &mut dyn Session, run: RunId) -> Result<()> {
        if let Some(asked) = session.asked(run)? {
            self.cancel.ask(asked);
        }
        Ok(())
    }

    /// The error of a run that was asked to stop.
    pub(super) fn stopped(&self) -> Error {
        let message = match self.cancel.asked() {
            Some(Asked::Pause) => "it was paused",
            Some(Asked::Cancel) => "it was cancelled for good",
            None => "it was cancelled",
        };
        Error::new(ErrorKind::Cancelled, "finish the run", message)
    }
}

fn stored(session: &mut dyn Session, id: RunId) -> Result<RunRecord> {
    session.run(id)?.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, GO_ON, format!("there is no run {id}")).hint("`runs` lists them")
    })
}
