//! What a stored run holds beside its columns, and changing how it stands.

use super::report::Metrics;
use crate::ports::{Moment, RunRecord, RunStatus};

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
