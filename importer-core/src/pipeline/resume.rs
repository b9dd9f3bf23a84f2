//! Going on with a certain stored run.

use importer_plugin::Adapter;

use super::context::RunContext;
use super::engine::Begun;
use super::interrupted::{is_resumable, loaded_since};
use super::opening::{Opened, Opener};
use super::report::{PluginReport, RunReport};
use super::request::request_of;
use super::working::Working;
use crate::ports::{Phase, RunId, RunRecord, RunStatus, Session};
use crate::{Error, ErrorKind, Result};

const RESUME: &str = "continue a run";

/// Why somebody wants a run to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeMode {
    /// It was paused or interrupted.
    Resume,
    /// It failed; the step that failed is done again.
    Retry,
    /// It was held, and somebody lets it into the core.
    Approve,
}

impl RunContext<'_> {
    /// Checks that a run may go on: it stands so, the mapping and the rules are its own, and nothing newer of its system
    /// was loaded.
    ///
    /// # Errors
    /// When it may not; the error says why and what to do.
    pub fn may_resume(&self, session: &mut dyn Session, run: &RunRecord, why: ResumeMode) -> Result<()> {
        let refuse = |message: String, hint: &'static str| {
            Err(Error::new(ErrorKind::Config, RESUME, message).at("run", run.id).hint(hint))
        };
        let stands = match why {
            ResumeMode::Resume => run.status == RunStatus::Running || is_resumable(run),
            ResumeMode::Retry => {
                matches!(run.status, RunStatus::Failed | RunStatus::Running) || is_resumable(run)
            }
            ResumeMode::Approve => run.status == RunStatus::Held,
        };
        if run.new.dry_run {
            return refuse("it is a dry run, which cannot be continued".into(), "start it again");
        }
        if !stands {
            let hint = match (run.status, why) {
                (RunStatus::Held, _) => "approve or discard it",
                (RunStatus::Failed | RunStatus::Cancelled, ResumeMode::Resume) => {
                    "retry it, or start a new run"
                }
                _ => "start a new run",
            };
            return refuse(format!("it is {}", run.status.as_str().replace('_', " ")), hint);
        }
        if run.new.mapping_checksum != self.mapping.checksum()
            || run.new.rules_checksum != self.rules_checksum()
        {
            return refuse(
                "the mapping, the rules or the policies differ from those it started with".into(),
                "use the same ones, or start a new run",
            );
        }
        match loaded_since(session, run)? {
            Some(newer) => refuse(
                format!(
                    "run {newer} of the same system was loaded since then, so the rows of this run are outdated"
                ),
                "start a new run",
            ),
            None => Ok(()),
        }
    }

    /// Goes on with a certain run, with the source where there is still something to read.
    ///
    /// # Errors
    /// When there is no such run, it may not go on, its system is at work, or its source cannot be opened. A run that goes on and
    /// fails is a report.
    pub fn resume(
        &self,
        id: RunId,
        why: ResumeMode,
        from: Option<(&dyn Adapter, PluginReport)>,
    ) -> Result<RunReport> {
        let mut session = self.store.session()?;
        let run = stored(session.as_mut(), id)?;
        let lock = self.store.lock_system(&run.new.entity, &run.new.external_system)?;
        session.work_under(&lock);
        // Whoever held the system until now may have changed how it stands.
        let run = stored(session.as_mut(), id)?;
        self.may_resume(session.as_mut(), &run, why)?;
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
                RESUME,
                "it still has rows to read, and its adapter is missing",
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
                Err(Error::new(ErrorKind::Config, RESUME, why).at("run", id).hint("start a new run"))
            }
        }
    }
}

fn stored(session: &mut dyn Session, id: RunId) -> Result<RunRecord> {
    session.run(id)?.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, RESUME, format!("there is no run {id}")).coded("run_not_found")
    })
}
