//! Takes a run from its request to its report.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use importer_plugin::{Adapter, Host, OpenRequest, Source};

use super::corrections::Corrections;
use super::dry_run::DryRun;
use super::extract::{Extraction, Working, millis};
use super::gate::{GateMode, GatePolicy};
use super::hash::RowHasher;
use super::host::{Cancel, Observer, RunHost, Secrets};
use super::report::{Metrics, PluginReport, RunReport};
use super::{Anomaly, Counts, RunRequest, load, reconcile, together};
use crate::contracts::Contract;
use crate::mapping::Mapping;
use crate::ports::{
    Asked, Clock, Knows, NewRun, Phase, Policies, Rules, RunFilter, RunRecord, RunStatus, Session, Store,
};
use crate::{Error, ErrorKind, Result};

/// Everything a run works with; the facade puts it together.
#[expect(missing_debug_implementations, reason = "made of trait objects without a useful text")]
pub struct Engine<'a> {
    /// The database.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The entity.
    pub contract: &'static Contract,
    /// From columns to fields.
    pub mapping: &'a Mapping,
    /// What a row must be like.
    pub rules: &'a dyn Rules,
    /// Who is who, and which value survives.
    pub policies: &'a Policies,
    /// What a run must be like.
    pub gate: GatePolicy,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Who may stop it.
    pub cancel: Cancel,
    /// Where plugins' secrets come from.
    pub secrets: Arc<dyn Secrets>,
    /// Who stands behind a run of corrections; none for any other run.
    pub corrections: Option<&'a dyn Corrections>,
}

impl Engine<'_> {
    /// Runs a request, or goes on with the interrupted run of the same request.
    ///
    /// # Errors
    /// When no run can be begun: the source cannot be opened, its columns do not fit, another run of the source is at
    /// work, the database cannot be reached. A run that begins and fails is a report with the status `failed`.
    pub fn run(
        &self,
        adapter: &dyn Adapter,
        plugin: PluginReport,
        request: &RunRequest,
    ) -> Result<RunReport> {
        let _lock = self.store.lock_source(&request.entity, &request.source)?;
        let mut session = self.session(request)?;
        let host = self.host(&plugin);
        let (interrupted, mut notes) = self.interrupted(session.as_mut(), request)?;
        if let Some(run) = &interrupted {
            // What was asked of the process that is gone.
            session.ask(run.id, None)?;
        }
        let loading = interrupted.as_ref().is_some_and(|run| run.phase > Phase::Extract);
        if let Some(run) = interrupted.as_ref().filter(|_| loading) {
            let mut work = resumed(run.clone(), notes);
            work.anomalies.extend(self.other_source(adapter, &host, request, &work.run)?);
            return self.finish(session.as_mut(), work, None);
        }
        let cursor = interrupted.as_ref().and_then(|run| run.cursor.clone());
        let mut interrupted = interrupted;
        let source = match self.open(adapter, &host, request, cursor) {
            Ok(source) => source,
            Err(error) if interrupted.is_some() && error.kind() == ErrorKind::Config => {
                // The source is not what it was; what the interrupted run landed stays, and a new run begins.
                if let Some(run) = interrupted.take() {
                    notes.push(format!(
                        "run {} was interrupted and cannot go on: {}",
                        run.id,
                        error.message()
                    ));
                    self.abandon(session.as_mut(), run)?;
                }
                self.open(adapter, &host, request, None)?
            }
            Err(error) => return Err(error),
        };
        self.read(session.as_mut(), source, &host, plugin, request, interrupted, notes)
    }

    pub(super) fn host(&self, plugin: &PluginReport) -> Arc<RunHost> {
        Arc::new(RunHost {
            plugin: plugin.id.clone(),
            cancel: self.cancel.clone(),
            secrets: Arc::clone(&self.secrets),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
        })
    }

    /// Reads an open source, for a new run or for an interrupted one, and takes the run to its end.
    #[expect(clippy::too_many_arguments, reason = "all of them make up one run")]
    pub(super) fn read(
        &self,
        session: &mut dyn Session,
        mut source: Box<dyn Source>,
        host: &Arc<RunHost>,
        plugin: PluginReport,
        request: &RunRequest,
        interrupted: Option<RunRecord>,
        notes: Vec<String>,
    ) -> Result<RunReport> {
        let columns = source.columns();
        let plan = self.mapping.plan(self.contract, &columns)?;
        let mut work = match interrupted {
            Some(run) => resumed(run, notes),
            None => {
                let run = session.create_run(&self.new_run(request), self.clock.now())?;
                let metrics = Metrics { notes, ..Metrics::default() };
                Working { run, counts: Counts::default(), metrics, hash_sum: 0, anomalies: Vec::new() }
            }
        };
        work.metrics.plugins = vec![plugin];
        work.metrics.mapping = serde_json::to_value(plan.describe()).unwrap_or_default();
        work.metrics.columns.clone_from(&columns);
        let fingerprint =
            format!("{}\n{}\n{}", self.rules_checksum(), self.mapping.checksum(), columns.join("\n"));
        let knows = match self.corrections {
            None => session.knows(self.contract, &request.external_system)?,
            Some(_) => Knows { mapped: false, held: false },
        };
        let extraction = Extraction {
            engine: self,
            request,
            plan: &plan,
            columns: &columns,
            source: source.as_mut(),
            host,
            hasher: RowHasher::new(&fingerprint),
            knows,
        };
        self.finish(session, work, Some(extraction))
    }

    fn session(&self, request: &RunRequest) -> Result<Box<dyn Session>> {
        let real = self.store.session()?;
        if request.dry_run {
            return Ok(Box::new(DryRun { real, scratch: self.store.scratch()?, last_id: None }));
        }
        Ok(real)
    }

    pub(super) fn open(
        &self,
        adapter: &dyn Adapter,
        host: &Arc<RunHost>,
        request: &RunRequest,
        cursor: Option<String>,
    ) -> Result<Box<dyn Source>> {
        let open = OpenRequest { options: request.options.clone(), cursor, since: request.since.clone() };
        let handle = Host::new(Arc::clone(host) as Arc<dyn importer_plugin::HostCalls>);
        adapter.open(&open, &handle).map_err(|e| Error::from_plugin(&host.plugin, "open the source", e))
    }

    /// Everything was read; the source is asked only whether it still is what was read, for the user to know.
    pub(super) fn other_source(
        &self,
        adapter: &dyn Adapter,
        host: &Arc<RunHost>,
        request: &RunRequest,
        run: &RunRecord,
    ) -> Result<Option<Anomaly>> {
        if run.cursor.is_none() {
            return Ok(None);
        }
        let (code, error) = match self.open(adapter, host, request, run.cursor.clone()) {
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
            Err(error) if error.kind() == ErrorKind::Config => ("source_changed", error),
            Err(error) => ("source_unavailable", error),
        };
        let message = format!(
            "only what the interrupted run had read is loaded, the source was not read again: {}; run the same command \
             once more to import the source as it is now",
            error.message()
        );
        Ok(Some(Anomaly { code: code.into(), message }))
    }

    fn new_run(&self, request: &RunRequest) -> NewRun {
        NewRun {
            entity: request.entity.clone(),
            source: request.source.clone(),
            external_system: request.external_system.clone(),
            label: request.label.clone(),
            dry_run: request.dry_run,
            actor: request.actor.clone(),
            ingest_version: self.contract.version.into(),
            mapping_name: self.mapping.name().into(),
            mapping_version: self.mapping.version().into(),
            mapping_checksum: self.mapping.checksum(),
            rules_checksum: self.rules_checksum(),
            // Whoever asks, it is the same request.
            request_json: RunRequest { actor: String::new(), ..request.clone() }.to_json(),
        }
    }

    pub(super) fn rules_checksum(&self) -> String {
        let parts =
            [self.rules.checksum(), self.policies.resolver.checksum(), self.policies.survivorship.checksum()]
                .join("+");
        format!("{:016x}", super::hash::text_hash(&parts))
    }

    /// The interrupted run that the request goes on with. We hold the source's lock, so a run that says it is running is
    /// not. An interrupted run of another request cannot go on and is closed.
    fn interrupted(
        &self,
        session: &mut dyn Session,
        request: &RunRequest,
    ) -> Result<(Option<RunRecord>, Vec<String>)> {
        let mut notes = Vec::new();
        let filter = RunFilter { source: Some(request.source.clone()), limit: 20, ..RunFilter::default() };
        let new = self.new_run(request);
        for run in session.runs(&filter)? {
            if (&run.new.entity, &run.new.external_system) != (&request.entity, &request.external_system) {
                continue;
            }
            let metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
            let stopped = run.status == RunStatus::Running || metrics.resumable;
            if !stopped {
                // Whatever was interrupted before a run that ended is history.
                return Ok((None, notes));
            }
            let same = self.corrections.is_none()
                && run.new.request_json == new.request_json
                && run.new.mapping_checksum == new.mapping_checksum
                && run.new.rules_checksum == new.rules_checksum;
            // A dry run's scratch store died with it.
            if same && !run.new.dry_run {
                notes.push(format!(
                    "went on with run {}, which had stopped after {} rows",
                    run.id, run.rows_read
                ));
                return Ok((Some(run), notes));
            }
            if run.status == RunStatus::Running {
                notes.push(format!(
                    "run {} was interrupted and was asked for something else; it is closed",
                    run.id
                ));
                self.abandon(session, run)?;
            }
        }
        Ok((None, notes))
    }

    fn abandon(&self, session: &mut dyn Session, mut run: RunRecord) -> Result<()> {
        let mut metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
        metrics.resumable = false;
        run.metrics_json = serde_json::to_string(&metrics).unwrap_or_default();
        run.status = RunStatus::Failed;
        run.error_summary = Some("it was interrupted and did not go on".into());
        run.finished_at = Some(self.clock.now());
        session.save_run(&run)
    }

    /// Drives the run to its end and stores how it ended, whatever happens.
    pub(super) fn finish(
        &self,
        session: &mut dyn Session,
        mut work: Working,
        extraction: Option<Extraction<'_>>,
    ) -> Result<RunReport> {
        let clock = Instant::now();
        let result = self.phases(session, &mut work, extraction);
        work.metrics.elapsed_us += u64::try_from(clock.elapsed().as_micros()).unwrap_or(u64::MAX);
        let now = self.clock.now();
        match result {
            Ok(RunStatus::Held) => work.run.status = RunStatus::Held,
            Ok(status) => {
                work.run.status = status;
                work.run.phase = Phase::Done;
                work.run.finished_at = Some(now);
            }
            Err(error) => {
                let asked = self.cancel.asked().filter(|_| error.kind() == ErrorKind::Cancelled);
                work.metrics.resumable = matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Store | ErrorKind::Busy)
                        && asked != Some(Asked::Cancel)
                        // What was not loaded of corrections is still in quarantine, where they begin anew.
                        && self.corrections.is_none()
                        && !work.run.new.dry_run;
                work.run.status = match (error.kind(), asked) {
                    (ErrorKind::Cancelled, Some(Asked::Pause)) if work.metrics.resumable => RunStatus::Paused,
                    (ErrorKind::Cancelled, _) => RunStatus::Cancelled,
                    _ => RunStatus::Failed,
                };
                let again = if work.metrics.resumable && error.hint_text().is_none() {
                    "; the same command goes on where it stopped"
                } else {
                    ""
                };
                work.run.error_summary = Some(format!("{error}{again}"));
                work.run.finished_at = Some(now);
            }
        }
        work.settle(now);
        if let Err(error) = self.ended(session, &work.run) {
            // The run stays `running` in the database and is found as interrupted; the report tells both errors.
            let first = work.run.error_summary.take().unwrap_or_default();
            work.run.status = RunStatus::Failed;
            work.run.error_summary = Some(format!("{first}\nits end could not be stored either: {error}"));
        }
        Ok(RunReport::of(&work.run))
    }

    /// Stores how a run ended, and that what was asked of it is done.
    fn ended(&self, session: &mut dyn Session, run: &RunRecord) -> Result<()> {
        session.save_run(run)?;
        match self.cancel.asked() {
            None => Ok(()),
            Some(Asked::Pause) => session.ask(run.id, None),
            Some(Asked::Cancel) => {
                session.reopen_replaced(run.id)?;
                session.ask(run.id, None)
            }
        }
    }

    fn phases(
        &self,
        session: &mut dyn Session,
        work: &mut Working,
        extraction: Option<Extraction<'_>>,
    ) -> Result<RunStatus> {
        if let Some(mut extraction) = extraction {
            extraction.run(session, work)?;
        }
        let mut anomalies = work.anomalies.clone();
        anomalies.extend(self.gate.judge(&work.counts));
        let holds = !anomalies.is_empty() && self.gate.mode == GateMode::Enforce;
        let together = together::judge(self, session, work)?;
        // A set-level rule has a mode of its own in the suite.
        let holds = holds || together.holds;
        anomalies.extend(together.anomalies);
        if holds && work.run.phase == Phase::Gate && !work.metrics.approved {
            work.run.anomaly_flags = serde_json::to_string(&anomalies).unwrap_or_default();
            return Ok(RunStatus::Held);
        }
        load::load(self, session, work)?;
        let system = &work.run.new.external_system;
        anomalies.extend(work.metrics.told.anomaly(system));
        let note = work.metrics.told.note(system);
        work.metrics.notes.extend(note);
        let told = work.run.freshness;
        if work.counts.unchanged > 0 {
            // Rows that came again were not read again; what they told then still holds.
            let new = &work.run.new;
            let known = session.watermark(&new.entity, &new.source, &new.external_system)?;
            work.run.freshness = work.run.freshness.max(known);
        }
        let clock = Instant::now();
        work.run.phase = Phase::Reconcile;
        anomalies.extend(reconcile::reconcile(session, work)?);
        work.run.anomaly_flags = serde_json::to_string(&anomalies).unwrap_or_default();
        if work.counts.skipped == 0 {
            session.advance_watermark(&work.run, told, self.clock.now())?;
        }
        work.metrics.durations_ms.reconcile += millis(clock);
        if work.counts.read == 0 {
            work.metrics.notes.push("the source has no rows".into());
        }
        Ok(if work.counts.skipped > 0 { RunStatus::PartiallyFailed } else { RunStatus::Succeeded })
    }
}

/// An interrupted run, at work again.
pub(super) fn resumed(mut run: RunRecord, notes: Vec<String>) -> Working {
    run.status = RunStatus::Running;
    run.error_summary = None;
    run.finished_at = None;
    let mut metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
    metrics.resumed += 1;
    metrics.resumable = false;
    metrics.notes = notes;
    let hash_sum = run.hashes.as_deref().and_then(|h| u64::from_str_radix(h, 16).ok()).unwrap_or(0);
    let counts = serde_json::from_str(&run.counts_json).unwrap_or_default();
    Working { counts, metrics, hash_sum, anomalies: Vec::new(), run }
}
