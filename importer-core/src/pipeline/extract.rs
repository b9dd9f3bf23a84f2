//! Phase 1: extract, land, validate.

mod older;
mod recognise;
mod repeats;

use std::collections::BTreeMap;
use std::time::Instant;

use importer_plugin::{Batch, Extract, Finding, Severity, Source};

use super::RunRequest;
use super::context::RunContext;
use super::corrections::Correction;
use super::finding::About;
use super::hash::{RowHasher, content_name, text_hash};
use super::host::Progress;
use super::opening::Opener;
use super::payload::{JsonObject, corrected};
use super::report::Unmapped;
use super::working::{Working, millis};
use crate::mapping::Plan;
use crate::ports::{
    BatchVerdict, CleanRow, LandingWrite, Outcome, OutcomeKind, Phase, QuarantineRow, RowId, SeenIndexes,
    Session, StagedRow, moment_text, parse_moment,
};
use crate::{Error, ErrorKind, Result};
use recognise::{Stands, stand};
use repeats::Repeats;

/// How many rows one transaction takes. Smaller ones cost twice the time; larger ones gain nothing and lose more work
/// when the process is killed.
const ROWS_PER_TRANSACTION: i64 = 20_000;
/// How many different values of an unmapped column are shown.
const SAMPLES: usize = 3;

/// What phase 1 works with.
pub(super) struct Extraction<'a> {
    pub(super) context: &'a RunContext<'a>,
    pub(super) request: &'a RunRequest,
    pub(super) plan: &'a Plan,
    pub(super) columns: &'a [String],
    /// None between the end of a source that failed and the next try.
    pub(super) source: Option<Box<dyn Source>>,
    pub(super) opener: Opener<'a>,
    pub(super) hasher: RowHasher,
    /// Where the store knows any row of this source.
    pub(super) seen_indexes: SeenIndexes,
    /// What the run has said of ids that are known.
    pub(super) repeats: Repeats,
}

/// How a transaction of phase 1 ended.
enum Step {
    More,
    /// There are no more rows.
    End,
    /// The source failed behind the rows of this transaction, which last.
    Failed(Error),
}

impl Extraction<'_> {
    /// Reads the source to its end; every transaction stores the cursor behind its rows. What fails in passing is tried
    /// again from there.
    pub(super) fn run(&mut self, session: &mut dyn Session, work: &mut Working) -> Result<()> {
        self.remember(session, work)?;
        let mut rows = Extract::new(self.columns.len());
        loop {
            let before = work.run.rows_read;
            let step = self.open_again(work).and_then(|()| self.step(session, work, &mut rows));
            if work.run.rows_read > before {
                work.retries.progressed();
            }
            match step {
                Ok(Step::End) => break,
                Ok(Step::More) => {}
                Ok(Step::Failed(error)) | Err(error) => self.fail(session, work, error)?,
            }
            self.stop_if_asked(session, work)?;
        }
        self.stop_if_asked(session, work)
    }

    fn stop_if_asked(&self, session: &mut dyn Session, work: &Working) -> Result<()> {
        self.context.poll_control(session, work.run.id)?;
        if self.context.cancel.is_requested() { Err(self.context.stopped()) } else { Ok(()) }
    }

    /// One transaction.
    fn step(&mut self, session: &mut dyn Session, work: &mut Working, rows: &mut Extract) -> Result<Step> {
        let context = self.context;
        work.in_transaction(session, context.clock, |session, work| {
            let step = self.transaction(session, work, rows)?;
            if matches!(step, Step::End) {
                let left = self.repeats.left();
                self.land_repeated(session, work, &left)?;
                session.lock_core(context.contract)?;
                session.end_replaced(&work.run)?;
                work.run.phase = Phase::Gate;
            }
            Ok(step)
        })
    }

    /// Waits until the source may be asked again, unless that is no use. What a source handed over after what is stored is
    /// lost with its transaction, so it is opened again in any case.
    fn fail(&mut self, session: &mut dyn Session, work: &mut Working, error: Error) -> Result<()> {
        if work.run.cursor.is_none() && work.run.rows_read > 0 {
            // It would begin anew, and bring rows again that the run has.
            return Err(error);
        }
        self.source = None;
        self.context.wait_to_try_again(session, work, error)
    }

    /// Opens a source again that failed, behind the last stored row.
    fn open_again(&mut self, work: &Working) -> Result<()> {
        if self.source.is_none() {
            self.source = Some(self.opener.open_again(work.run.cursor.clone(), self.columns)?);
        }
        Ok(())
    }

    fn transaction(
        &mut self,
        session: &mut dyn Session,
        work: &mut Working,
        rows: &mut Extract,
    ) -> Result<Step> {
        let start = work.run.rows_read;
        while work.run.rows_read - start < ROWS_PER_TRANSACTION && !self.context.cancel.is_requested() {
            let Some(source) = &mut self.source else { break };
            let clock = Instant::now();
            rows.reset(self.columns.len());
            if let Err(error) = source.next(rows) {
                return Ok(Step::Failed(self.opener.failed("read the source", error)));
            }
            let cursor = source.cursor();
            work.metrics.durations_ms.extract += millis(clock);
            if rows.batch().is_empty() {
                return Ok(Step::End);
            }
            let end = self.batch(session, work, rows)?;
            self.context.poll_control(session, work.run.id)?;
            work.run.cursor = cursor;
            self.context.observer.progress(Progress {
                run: work.run.id,
                phase: Phase::Extract,
                rows: work.counts.read,
                done: self.opener.host.done.load(std::sync::atomic::Ordering::Relaxed),
                total: self.opener.host.total.load(std::sync::atomic::Ordering::Relaxed),
            });
            if end {
                return Ok(Step::End);
            }
            // Rows that came again are noted behind the lock of the core.
            if session.is_waited_for(self.context.contract)? {
                break;
            }
        }
        Ok(Step::More)
    }

    fn batch(&mut self, session: &mut dyn Session, work: &mut Working, rows: &Extract) -> Result<bool> {
        let clock = Instant::now();
        let mut looked_at = Batch::new(2 * self.context.contract.fields.len());
        let (taken, end) = self.take(work, rows, &mut looked_at)?;
        let ids: Vec<&str> = taken.iter().map(|row| row.external_id.as_str()).collect();
        let known = self.look_up(session, &work.run.new.external_system, &ids)?;
        let columns = self.columns;
        let raw = |row: &Taken| JsonObject::new().raw(columns, rows.batch().row(row.index));
        let found = self.recognise(work.run.id, &taken, &known, raw);
        self.land_repeated(session, work, &found.news)?;
        let stand = stand(&taken);
        let (mut fresh, mut exempt, mut write) = (Vec::new(), Vec::new(), LandingWrite::default());
        for ((row, same), stands) in taken.iter().zip(&found.same).zip(stand) {
            let known = known.get(row.external_id.as_str()).map_or(&[][..], Vec::as_slice);
            self.replace(work.run.id, row, stands, *same, known, &mut write);
            match same {
                Some(same) => self.again(work, row, same, known, &mut write),
                None => {
                    let passed = known.iter().filter(|k| k.core_id.is_some());
                    exempt.extend(passed.filter_map(|k| Some((fresh.len(), k.rule_codes.as_deref()?))));
                    fresh.push((row, stands));
                }
            }
        }
        if self.context.corrections.is_none() {
            let fresh = fresh.iter().map(|(row, _)| *row);
            self.compare_with_earlier(session, work, fresh, &known, raw)?;
        }
        work.counts.read += taken.len() as u64;
        work.counts.staged += taken.len() as u64;
        work.run.rows_read += i64::try_from(taken.len()).unwrap_or(i64::MAX);
        work.metrics.durations_ms.land += millis(clock);

        let clock = Instant::now();
        self.sample_unmapped(work, rows.batch());
        let mut normalised = Batch::new(2 * self.context.contract.fields.len());
        let mut normaliser = self.plan.normaliser();
        let mut from_adapter = Vec::new();
        for (place, (row, _)) in fresh.iter().enumerate() {
            match row.normalised {
                Some(at) => normalised.push_row(looked_at.row(at).cells()),
                None => normaliser.row(rows.batch().row(row.index), &mut normalised),
            }
            .map_err(|e| self.opener.failed("normalise a row", e))?;
            let about = rows.findings().iter().filter(|f| f.row == row.index);
            from_adapter.extend(about.map(|f| Finding { row: place, ..f.clone() }));
        }
        if self.context.corrections.is_none() {
            work.metrics.dates.observe(self.context.contract, &normalised);
        }
        let mut verdict = self.context.rules.judge(&normalised, &from_adapter)?;
        // Whoever let a record in by exemption would have to do it again after every change at its source.
        for (place, codes) in exempt {
            verdict.exempt(place, |code| codes.split(',').any(|exempt| exempt == code));
        }
        work.metrics.durations_ms.validate += millis(clock);

        let clock = Instant::now();
        self.sort(work, rows, &fresh, &normalised, &verdict, &mut write);
        session.land(self.context.contract, &work.run, &write, self.context.clock.now())?;
        // From here on there is something to know, as there is for a run that goes on after an interruption.
        let asks = self.context.corrections.is_none() && !work.run.new.dry_run;
        self.seen_indexes.held |= asks && !write.quarantined.is_empty();
        work.metrics.durations_ms.land += millis(clock);
        Ok(end)
    }

    /// The rows of a batch that the run takes, with their names and hashes; true when the limit is reached. Rows that had
    /// to be normalised for that are put into `looked_at`.
    fn take(
        &mut self,
        work: &mut Working,
        rows: &Extract,
        looked_at: &mut Batch,
    ) -> Result<(Vec<Taken>, bool)> {
        let limit = self.request.limit.map_or(u64::MAX, |limit| limit.saturating_sub(work.counts.read));
        let since = self.request.since.as_deref();
        let updated_at = self.context.contract.index("source_updated_at");
        let mut normaliser = self.plan.normaliser();
        let mut taken: Vec<Taken> = Vec::with_capacity(rows.batch().rows());
        for index in 0..rows.batch().rows() {
            if taken.len() as u64 >= limit {
                return Ok((taken, true));
            }
            let row = rows.batch().row(index);
            let mut normalised = None;
            if let (Some(since), Some(place)) = (since, updated_at) {
                let at = looked_at.rows();
                normaliser.row(row, looked_at).map_err(|e| self.opener.failed("normalise a row", e))?;
                normalised = Some(at);
                if looked_at.get(at, place).is_some_and(|updated| updated < since) {
                    work.metrics.before_since += 1;
                    continue;
                }
            }
            self.hasher.take(row);
            // Postgres has no NUL in texts, so it cannot be part of a name.
            let number = work.run.rows_read + i64::try_from(taken.len()).unwrap_or(i64::MAX) + 1;
            let number = u32::try_from(number).map_err(|_| {
                Error::new(ErrorKind::Source, "land rows", "one run takes at most 4,294,967,295 rows")
                    .hint("split the source")
            })?;
            let id = RowId::of(work.run.id, number);
            let correction = self.context.corrections.and_then(|corrections| corrections.about(index));
            let corrects = correction.as_ref().and_then(|correction| correction.corrects);
            let (external_id, set) =
                correction.map_or((None, None), |Correction { external_id, set, .. }| {
                    (Some(external_id.unwrap_or_else(|| format!("T-{id}"))), Some(set))
                });
            let external_id = match external_id {
                Some(external_id) => external_id,
                None => match normaliser.external_id(row).filter(|id| !id.contains('\0')) {
                    Some(id) => id.to_owned(),
                    // A position would name another person as soon as a line is inserted above; the content does not.
                    None => content_name(&self.request.source, self.hasher.content_hash()),
                },
            };
            let row_hash = self.hasher.row_hash();
            work.hash_sum = work.hash_sum.wrapping_add(row_hash.cast_unsigned());
            let position = i64::try_from(rows.position(index)).unwrap_or(i64::MAX);
            taken.push(Taken { index, id, external_id, corrects, set, row_hash, position, normalised });
        }
        let end = limit == taken.len() as u64;
        Ok((taken, end))
    }

    /// Turns the verdict about fresh rows into what is written.
    fn sort(
        &self,
        work: &mut Working,
        rows: &Extract,
        fresh: &[(&Taken, Stands)],
        normalised: &Batch,
        verdict: &BatchVerdict,
        write: &mut LandingWrite,
    ) {
        let contract = self.context.contract;
        let system = work.run.new.external_system.as_str();
        let updated_at = contract.index("source_updated_at");
        let mut json = JsonObject::new();
        let mut findings = verdict.findings.iter().peekable();
        let mut withheld_cells = verdict.withheld.iter().peekable();
        let mut freshest = work.run.freshness.map(moment_text);
        let mut withheld = Vec::new();
        for (place, (row, stands)) in fresh.iter().enumerate() {
            let raw = json.raw(self.columns, rows.batch().row(row.index));
            withheld.clear();
            while let Some(&&(_, column)) = withheld_cells.peek().filter(|w| w.0 == place) {
                withheld.push(column);
                withheld_cells.next();
            }
            let payload = json.normalised(contract, normalised, place, &withheld);
            let quarantined = verdict.quarantined.get(place).copied().unwrap_or(false);
            let about = About {
                system,
                external_id: &row.external_id,
                staging_id: row.id,
                position: row.position,
                raw: &raw,
                normalised: &payload,
            };
            let mut codes: Vec<&str> = Vec::new();
            let mut counted: BTreeMap<&str, bool> = BTreeMap::new();
            while let Some(finding) = findings.next_if(|f| f.row == place) {
                *counted.entry(&finding.code).or_default() |= finding.severity == Severity::Error;
                if finding.severity == Severity::Error && !codes.contains(&finding.code.as_str()) {
                    codes.push(&finding.code);
                }
                write.violations.push(about.violation(
                    &finding.code,
                    finding.severity,
                    &finding.column,
                    &finding.message,
                ));
            }
            for (code, holds) in counted {
                *work.metrics.dq.entry(code.into()).or_default() += 1;
                if holds {
                    *work.metrics.dq_quarantined.entry(code.into()).or_default() += 1;
                }
            }
            if let Some(updated) = updated_at.and_then(|at| normalised.get(place, at))
                && freshest.as_deref().is_none_or(|before| before < updated)
            {
                freshest = Some(updated.to_owned());
            }
            if quarantined {
                work.counts.quarantined += 1;
                write.outcomes.push(Outcome {
                    row: row.id,
                    staging_id: row.id,
                    kind: OutcomeKind::Quarantined,
                    core_id: None,
                    reason: Some(codes.join(",").into()),
                });
                write.quarantined.push(QuarantineRow {
                    staging_id: row.id,
                    external_id: row.external_id.clone(),
                    row_hash: row.row_hash,
                    rule_codes: codes.join(","),
                    replaced: !stands.last,
                });
            } else {
                work.counts.clean += 1;
                let payload = match &row.set {
                    Some(set) => corrected(&payload, set),
                    None => payload,
                };
                write.clean.push(CleanRow {
                    staging_id: row.id,
                    external_id: row.external_id.clone(),
                    checksum: text_hash(&payload),
                    payload_json: payload,
                    row_hash: row.row_hash,
                });
            }
            write.staged.push(StagedRow {
                id: row.id,
                external_id: row.external_id.clone(),
                payload_json: raw,
                row_hash: row.row_hash,
                position: row.position,
                corrects: row.corrects,
            });
        }
        work.run.freshness = freshest.as_deref().and_then(parse_moment);
    }

    fn sample_unmapped(&self, work: &mut Working, rows: &Batch) {
        if work.metrics.unmapped.is_empty() {
            let names = self.plan.unmapped().iter();
            work.metrics.unmapped =
                names.map(|name| Unmapped { column: name.clone(), samples: Vec::new() }).collect();
        }
        for unmapped in work.metrics.unmapped.iter_mut().filter(|u| u.samples.len() < SAMPLES) {
            let Some(column) = self.columns.iter().position(|c| *c == unmapped.column) else { continue };
            // A column that is always blank must not be searched to the end in every batch.
            for row in 0..rows.rows().min(100) {
                let Some(value) = rows.get(row, column).filter(|v| !v.trim().is_empty()) else { continue };
                let sample: String = value.chars().take(40).collect();
                if unmapped.samples.len() < SAMPLES && !unmapped.samples.contains(&sample) {
                    unmapped.samples.push(sample);
                }
            }
        }
    }
}

/// A row of a batch that the run takes.
pub(super) struct Taken {
    index: usize,
    pub(super) id: RowId,
    pub(super) external_id: String,
    /// The row that this one corrects.
    corrects: Option<RowId>,
    /// The fields that the person set who corrected it.
    set: Option<Vec<String>>,
    pub(super) row_hash: i64,
    pub(super) position: i64,
    /// Which of the rows that were looked at it is.
    normalised: Option<usize>,
}
