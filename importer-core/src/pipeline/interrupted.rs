//! Runs that stopped before their end: finding the one that a request goes on with, and closing those that cannot go on.

use super::RunRequest;
use super::context::RunContext;
use super::ending::can_go_on;
use super::report::Metrics;
use super::request::{is_correction, request_of};
use crate::Result;
use crate::ports::{NewRun, RowId, RunFilter, RunId, RunRecord, RunStatus, Session};

/// How many runs are read at a time.
const PAGE: i64 = 20;

/// Whether a run stopped in a way that the same request goes on with it.
pub fn is_resumable(run: &RunRecord) -> bool {
    serde_json::from_str::<Metrics>(&run.metrics_json).is_ok_and(|metrics| metrics.resumable)
}

/// The import of the same system that was loaded after this run, which is older then and cannot go on. What people corrected
/// meanwhile is none.
///
/// # Errors
/// When the database fails.
pub fn loaded_since(session: &mut dyn Session, run: &RunRecord) -> Result<Option<RunId>> {
    let mut found = None;
    each_of_system(session, &run.new, None, &mut |_, other| {
        if other.id <= run.id {
            return Ok(false);
        }
        found = Some(other.id).filter(|_| is_outdated_by(run, &other));
        Ok(found.is_none())
    })?;
    Ok(found)
}

/// Whether another run is an import of the same system that was loaded after this one.
pub fn is_outdated_by(run: &RunRecord, other: &RunRecord) -> bool {
    let system = |run: &RunRecord| (run.new.entity.clone(), run.new.external_system.clone());
    other.id > run.id && has_loaded(other) && system(other) == system(run)
}

fn has_loaded(run: &RunRecord) -> bool {
    !run.new.dry_run && run.loaded_through > RowId(0) && !is_correction(run)
}

/// Shows the runs of a system, the newest first, until `visit` has seen enough.
fn each_of_system(
    session: &mut dyn Session,
    of: &NewRun,
    status: Option<RunStatus>,
    visit: &mut dyn FnMut(&mut dyn Session, RunRecord) -> Result<bool>,
) -> Result<()> {
    let mut filter = RunFilter {
        entity: Some(of.entity.clone()),
        external_system: Some(of.external_system.clone()),
        status,
        limit: PAGE,
        ..RunFilter::default()
    };
    loop {
        let page = session.runs(&filter)?;
        let Some(last) = page.last() else { return Ok(()) };
        filter.before = Some(last.id);
        for run in page {
            if !visit(session, run)? {
                return Ok(());
            }
        }
    }
}

impl RunContext<'_> {
    /// The interrupted run that the request goes on with. We hold the lock of its system, so a run that says it is running
    /// is not. An interrupted run of another request cannot go on and is closed.
    pub(super) fn interrupted(
        &self,
        session: &mut dyn Session,
        request: &RunRequest,
    ) -> Result<(Option<RunRecord>, Vec<String>)> {
        let (mut found, mut notes) = (None, Vec::new());
        let new = self.new_run(request);
        each_of_system(session, &new, None, &mut |session, run| {
            if run.new.source != new.source {
                // Through another adapter; what that has loaded is newer than whatever an earlier run holds.
                return Ok(!has_loaded(&run));
            }
            let stopped = run.status == RunStatus::Running || is_resumable(&run);
            if !stopped && run.new.dry_run {
                // A rehearsal that ended says nothing about a real run.
                return Ok(true);
            }
            if !stopped {
                // Whatever was interrupted before a run that ended is history.
                return Ok(false);
            }
            let same = self.corrections.is_none()
                && run.new.request_json == new.request_json
                && run.new.mapping_checksum == new.mapping_checksum
                && run.new.rules_checksum == new.rules_checksum;
            // A dry run's scratch store died with it.
            if same && !run.new.dry_run {
                found = Some(run);
                return Ok(false);
            }
            // What it has loaded is newer than whatever an earlier run holds.
            let last = has_loaded(&run);
            if run.status == RunStatus::Running {
                notes.push(format!(
                    "run {} was interrupted and was asked for something else; it is closed",
                    run.id
                ));
                self.abandon(session, run)?;
            }
            Ok(!last)
        })?;
        Ok((found, notes))
    }

    /// Ends the runs of the system that were left by processes that are gone, for whoever looks for runs that could go on;
    /// `but` is ours. We hold the lock of the system, so nobody else works on any of them.
    pub(super) fn end_dead(&self, session: &mut dyn Session, of: &NewRun, but: Option<RunId>) -> Result<()> {
        each_of_system(session, of, Some(RunStatus::Running), &mut |session, mut run| {
            // What is no import has a lock of its own.
            if but != Some(run.id) && request_of(&run).is_ok() {
                let mut metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
                metrics.resumable = can_go_on(&run);
                run.metrics_json = serde_json::to_string(&metrics).unwrap_or_default();
                run.status = RunStatus::Failed;
                run.error_summary = Some("its process ended before it did".into());
                run.finished_at = Some(self.clock.now());
                session.save_run(&run)?;
            }
            Ok(true)
        })
    }

    /// Closes a run that does not go on.
    pub(super) fn abandon(&self, session: &mut dyn Session, mut run: RunRecord) -> Result<()> {
        let mut metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
        metrics.resumable = false;
        run.metrics_json = serde_json::to_string(&metrics).unwrap_or_default();
        run.status = RunStatus::Failed;
        run.error_summary = Some("it was interrupted and did not go on".into());
        run.finished_at = Some(self.clock.now());
        session.save_run(&run)
    }
}
