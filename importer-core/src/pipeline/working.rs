use std::time::Instant;

use super::report::Metrics;
use super::resolve::RunContacts;
use super::retry::Retries;
use super::{Anomaly, Counts};
use crate::Result;
use crate::ports::{self, Clock, Moment, RunRecord, RunStatus, Session};

/// A run at work: its record and what it has measured.
pub(super) struct Working {
    pub(super) run: RunRecord,
    pub(super) counts: Counts,
    pub(super) metrics: Metrics,
    pub(super) hash_sum: u64,
    /// What was found out about the run before its phases.
    pub(super) anomalies: Vec<Anomaly>,
    /// Which of its rows share a contact; empty until the first is loaded.
    pub(super) contacts: RunContacts,
    /// What is left of its patience.
    pub(super) retries: Retries,
}

impl Working {
    /// A run that has just begun.
    pub(super) fn begun(run: RunRecord, notes: Vec<String>, retries: Retries) -> Self {
        let metrics = Metrics { notes, retried: retries.retried.clone(), ..Metrics::default() };
        Self {
            run,
            counts: Counts::default(),
            metrics,
            hash_sum: 0,
            anomalies: Vec::new(),
            contacts: RunContacts::default(),
            retries,
        }
    }

    /// An interrupted run, at work again.
    pub(super) fn resumed(mut run: RunRecord, notes: Vec<String>, mut retries: Retries) -> Self {
        run.status = RunStatus::Running;
        run.error_summary = None;
        run.finished_at = None;
        let mut metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
        metrics.resumed += 1;
        metrics.resumable = false;
        metrics.error_kind = None;
        metrics.notes = notes;
        metrics.retried.add(&retries.retried);
        retries.retried = metrics.retried.clone();
        let hash_sum = run.hashes.as_deref().and_then(|h| u64::from_str_radix(h, 16).ok()).unwrap_or(0);
        let counts = serde_json::from_str(&run.counts_json).unwrap_or_default();
        let contacts = RunContacts::default();
        Self { counts, metrics, hash_sum, anomalies: Vec::new(), contacts, run, retries }
    }

    /// Writes everything into the record.
    pub(super) fn settle(&mut self, now: Moment) {
        self.run.updated_at = now;
        self.run.counts_json = serde_json::to_string(&self.counts).unwrap_or_default();
        self.run.metrics_json = serde_json::to_string(&self.metrics).unwrap_or_default();
        self.run.hashes = Some(format!("{:016x}", self.hash_sum));
    }

    /// The column of the source that fills a field.
    pub(super) fn column_of(&self, field: &str) -> Option<String> {
        let assignments = self.metrics.mapping.as_array()?;
        let mapped = assignments.iter().find(|assignment| assignment["field"] == field)?;
        mapped["source"].as_str().map(Into::into)
    }

    /// Does something in one transaction that stores the run as well, or leaves everything as it was.
    pub(super) fn in_transaction<T>(
        &mut self,
        session: &mut dyn Session,
        clock: &dyn Clock,
        step: impl FnOnce(&mut dyn Session, &mut Self) -> Result<T>,
    ) -> Result<T> {
        let before = self.state();
        let result = ports::in_transaction(session, |session| {
            let done = step(session, self)?;
            self.settle(clock.now());
            session.save_run(&self.run)?;
            Ok(done)
        });
        if result.is_err() {
            self.restore(before);
        }
        result
    }

    /// What a transaction that is rolled back must not change.
    fn state(&self) -> State {
        State {
            run: self.run.clone(),
            counts: self.counts,
            metrics: self.metrics.clone(),
            hash_sum: self.hash_sum,
        }
    }

    /// Forgets what happened since.
    fn restore(&mut self, state: State) {
        State { run: self.run, counts: self.counts, metrics: self.metrics, hash_sum: self.hash_sum } = state;
    }
}

/// A run as it was before a transaction.
struct State {
    run: RunRecord,
    counts: Counts,
    metrics: Metrics,
    hash_sum: u64,
}

/// Milliseconds since a moment.
pub(super) fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
