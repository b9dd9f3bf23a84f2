//! Takes a run from its request to its report.

use std::time::Instant;

use importer_plugin::{Adapter, Source};

use super::context::RunContext;
use super::dry_run::DryRun;
use super::extract::Extraction;
use super::gate::GateMode;
use super::hash::RowHasher;
use super::opening::{Opened, Opener};
use super::report::{PluginReport, RunReport};
use super::retry::Retries;
use super::working::{Working, millis};
use super::{RunRequest, ending, load, moved_ids, reconcile, set_rules};
use crate::Result;
use crate::ports::{Phase, RunRecord, RunStatus, SeenIndexes, Session, StopRequest, in_transaction};

impl RunContext<'_> {
    /// Runs a request, or goes on with the interrupted run of the same request.
    ///
    /// # Errors
    /// When no run can be begun: the source cannot be opened, its columns do not fit, another run of the system is at
    /// work, the database cannot be reached. A run that begins and fails is a report with the status `failed`.
    pub fn run(
        &self,
        adapter: &dyn Adapter,
        plugin: PluginReport,
        request: &RunRequest,
    ) -> Result<RunReport> {
        let new = self.new_run(request);
        new.check_names()?;
        let lock = self.store.lock_system(&request.entity, &request.external_system)?;
        let mut session = self.session(request)?;
        session.work_under(&lock);
        let opener = Opener::new(self, adapter, &plugin, request);
        let (mut interrupted, mut notes) = self.interrupted(session.as_mut(), request)?;
        self.end_dead(session.as_mut(), &new, interrupted.as_ref().map(|run| run.id))?;
        if let Some(run) = &interrupted {
            // What was asked of the process that is gone.
            session.ask(run.id, None)?;
        }
        let mut retries = self.retries();
        let went_on = |run: &RunRecord| {
            format!("continued run {}, which had stopped after {} rows", run.id, run.rows_read)
        };
        if let Some(run) = interrupted.take_if(|run| run.phase > Phase::Extract) {
            notes.push(went_on(&run));
            let mut work = Working::resumed(run, notes, retries);
            work.anomalies.extend(opener.other_source(&work.run)?);
            return self.finish(session.as_mut(), work, None);
        }
        let source = match self.open(&opener, interrupted.as_ref(), &mut retries)? {
            Opened::Here(source) => source,
            Opened::Other(source, why) => {
                // What the interrupted run landed stays, and a new run begins.
                if let Some(run) = interrupted.take() {
                    notes.push(format!("run {} was interrupted and cannot be continued: {why}", run.id));
                    self.abandon(session.as_mut(), run)?;
                }
                source
            }
        };
        notes.extend(interrupted.as_ref().map(went_on));
        let begun = Begun { interrupted, notes, retries };
        self.read(session.as_mut(), source, opener, plugin, begun)
    }

    /// Reads an open source, for a new run or for an interrupted one, and takes the run to its end.
    pub(super) fn read(
        &self,
        session: &mut dyn Session,
        source: Box<dyn Source>,
        opener: Opener<'_>,
        plugin: PluginReport,
        begun: Begun,
    ) -> Result<RunReport> {
        let request = opener.request;
        let columns = source.columns();
        let plan = self.mapping.plan(self.contract, &columns)?;
        let Begun { interrupted, notes, retries } = begun;
        let mut work = match interrupted {
            Some(run) => Working::resumed(run, notes, retries),
            None => {
                let run = session.create_run(&self.new_run(request), self.clock.now())?;
                Working::begun(run, notes, retries)
            }
        };
        work.metrics.plugins = vec![plugin];
        work.metrics.mapping = serde_json::to_value(plan.describe()).unwrap_or_default();
        work.metrics.columns.clone_from(&columns);
        let fingerprint =
            format!("{}\n{}\n{}", self.rules_checksum(), self.mapping.checksum(), columns.join("\n"));
        let seen_indexes = match self.corrections {
            None => session.seen_indexes(self.contract, &request.external_system)?,
            Some(_) => SeenIndexes { mapped: false, held: false },
        };
        let extraction = Extraction {
            context: self,
            request,
            plan: &plan,
            columns: &columns,
            source: Some(source),
            opener,
            hasher: RowHasher::new(&fingerprint),
            seen_indexes,
            repeats: Default::default(),
        };
        self.finish(session, work, Some(extraction))
    }

    fn session(&self, request: &RunRequest) -> Result<Box<dyn Session>> {
        let real = self.store.session()?;
        if request.dry_run {
            return Ok(Box::new(DryRun { real, scratch: self.store.scratch(self.contract)?, last_id: None }));
        }
        Ok(real)
    }

    /// Drives the run to its end and stores how it ended, whatever happens.
    pub(super) fn finish(
        &self,
        session: &mut dyn Session,
        mut work: Working,
        extraction: Option<Extraction<'_>>,
    ) -> Result<RunReport> {
        let clock = Instant::now();
        self.observer.started(work.run.id);
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
                let ending = ending::after(&error, self.cancel.asked(), &work.run);
                work.metrics.resumable = ending.resumable;
                work.metrics.error_kind = Some(error.kind());
                work.run.status = ending.status;
                let again = match error.hint_text() {
                    None if ending.resumable => {
                        format!("; the same request continues where it stopped{}", ending.once)
                    }
                    _ => String::new(),
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
            work.run.error_summary =
                Some(format!("{first}\nits final state could not be stored either: {error}"));
        }
        Ok(RunReport::of(&work.run))
    }

    /// Stores how a run ended, and that what was asked of it is done.
    fn ended(&self, session: &mut dyn Session, run: &RunRecord) -> Result<()> {
        session.save_run(run)?;
        match self.cancel.asked() {
            None => Ok(()),
            Some(StopRequest::Pause) => session.ask(run.id, None),
            Some(StopRequest::Cancel) => {
                in_transaction(session, |session| {
                    session.lock_core(self.contract)?;
                    session.reopen_replaced(run.id)
                })?;
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
        let dates = work.metrics.dates.anomalies(&|field| work.column_of(field));
        let holds = holds || !dates.is_empty() && self.gate.unreadable_dates == GateMode::Enforce;
        anomalies.extend(dates);
        let older = work.metrics.older.by_content();
        let holds = holds || older.is_some() && self.gate.older_file == GateMode::Enforce;
        let tells_of_times = older.is_none();
        anomalies.extend(older);
        // Set-level rules have a mode of their own in the suite, and so have moved ids in the policy.
        let verdicts = [set_rules::judge(self, session, work)?, moved_ids::judge(self, session, work)?];
        let holds = holds || verdicts.iter().any(|verdict| verdict.holds);
        anomalies.extend(verdicts.into_iter().flat_map(|verdict| verdict.anomalies));
        if holds && work.run.phase == Phase::Gate && !work.metrics.approved {
            work.run.anomaly_flags = serde_json::to_string(&anomalies).unwrap_or_default();
            return Ok(RunStatus::Held);
        }
        load::load(self, session, work)?;
        let system = &work.run.new.external_system;
        anomalies.extend(work.metrics.run_notes.anomalies(system));
        anomalies.extend(work.metrics.taken_contacts.anomaly(system));
        anomalies.extend(work.metrics.older.by_time().filter(|_| tells_of_times));
        let mut notes: Vec<String> = work.metrics.run_notes.notes(system).collect();
        notes.extend(work.metrics.dates.notes(&|field| work.column_of(field)));
        work.metrics.notes.extend(notes);
        anomalies.extend(self.missing_people(session, work)?);
        let observed = work.run.freshness;
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
            session.advance_watermark(&work.run, observed, self.clock.now())?;
        }
        work.metrics.durations_ms.reconcile += millis(clock);
        if work.counts.read == 0 {
            work.metrics.notes.push("the source has no rows".into());
        }
        Ok(if work.counts.skipped > 0 { RunStatus::PartiallyFailed } else { RunStatus::Succeeded })
    }
}

/// What a run has before its source is read.
pub(super) struct Begun {
    /// The run that goes on; a new one begins without.
    pub(super) interrupted: Option<RunRecord>,
    pub(super) notes: Vec<String>,
    pub(super) retries: Retries,
}
