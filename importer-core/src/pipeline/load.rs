//! Phase 2: dedupe and upsert, batch by batch.

use std::time::Instant;

use super::engine::Engine;
use super::extract::{Working, millis};
use super::host::Progress;
use super::payload;
use super::resolve::resolve;
use crate::ports::{CleanRow, CoreId, CoreRecord, CoreWrite, Incoming, Outcome, OutcomeKind, Phase, Session};
use crate::{Error, ErrorKind, Result};

/// How many rows are resolved and written at once, in one transaction.
const ROWS_PER_TRANSACTION: usize = 10_000;
/// About how many inserted and as many updated records of a batch are read back.
const PARITY_SAMPLE: usize = 10;

/// Loads the clean rows behind the last loaded one.
pub(super) fn load(engine: &Engine<'_>, session: &mut dyn Session, work: &mut Working) -> Result<()> {
    work.run.phase = Phase::Load;
    loop {
        if engine.cancel.is_requested() {
            return Err(Error::new(ErrorKind::Cancelled, "finish the run", "it was cancelled"));
        }
        let clock = Instant::now();
        let rows = session.clean_rows(engine.contract, work.run.id, work.run.loaded_through, ROWS_PER_TRANSACTION)?;
        let Some(last) = rows.last().map(|row| row.staging_id) else { return Ok(()) };
        work.metrics.durations_ms.dedupe += millis(clock);
        let before = (work.run.clone(), work.counts, work.metrics.clone());
        session.begin()?;
        let result = batch(engine, session, work, &rows).and_then(|()| {
            work.run.loaded_through = last;
            work.settle(engine.clock.now());
            session.save_run(&work.run)?;
            session.commit()
        });
        if let Err(error) = result {
            // The first error tells more than a failing rollback.
            let _ = session.rollback();
            (work.run, work.counts, work.metrics) = before;
            return Err(error);
        }
        let counts = &work.counts;
        engine.observer.progress(Progress {
            phase: Phase::Load,
            rows: counts.inserted + counts.updated + counts.unchanged + counts.skipped,
            done: counts.inserted + counts.updated + counts.unchanged + counts.skipped,
            total: counts.clean,
        });
    }
}

/// Writes rows. When the database refuses them, halves them until the refused row stands alone, and skips that one.
fn batch(engine: &Engine<'_>, session: &mut dyn Session, work: &mut Working, rows: &[CleanRow]) -> Result<()> {
    session.savepoint()?;
    match attempt(engine, session, work, rows) {
        Ok(counts) => {
            session.end_savepoint(true)?;
            work.counts.add(&counts);
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::Refused => {
            session.end_savepoint(false)?;
            let [row] = rows else {
                let (first, second) = rows.split_at(rows.len() / 2);
                batch(engine, session, work, first)?;
                return batch(engine, session, work, second);
            };
            work.counts.skipped += 1;
            let skipped = Outcome {
                row: row.staging_id,
                staging_id: row.staging_id,
                kind: OutcomeKind::Skipped,
                core_id: None,
                reason: Some(error.message().to_owned()),
            };
            session.write_outcomes(work.run.id, &[skipped])
        }
        Err(error) => Err(error),
    }
}

fn attempt(
    engine: &Engine<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    rows: &[CleanRow],
) -> Result<super::Counts> {
    let clock = Instant::now();
    let incoming = rows.iter().map(|row| incoming(engine, work, row)).collect::<Result<Vec<_>>>()?;
    let resolved = resolve(session, engine.contract, engine.policies, &work.run, incoming)?;
    work.metrics.durations_ms.dedupe += millis(clock);
    let clock = Instant::now();
    let actor = work.run.new.actor.clone();
    session.write(engine.contract, Some(&work.run), &actor, &resolved.write, engine.clock.now())?;
    session.write_outcomes(work.run.id, &resolved.outcomes)?;
    work.metrics.durations_ms.upsert += millis(clock);
    work.metrics.parity_misses += parity_misses(engine, session, &resolved.write)?;
    Ok(resolved.counts)
}

/// Reads some of the written records back: what is stored must be what was decided.
fn parity_misses(engine: &Engine<'_>, session: &mut dyn Session, write: &CoreWrite) -> Result<u64> {
    let mut sample: Vec<&CoreRecord> = Vec::new();
    for records in [&write.inserts, &write.updates] {
        sample.extend(records.iter().step_by(records.len() / PARITY_SAMPLE + 1));
    }
    let ids: Vec<CoreId> = sample.iter().map(|person| person.id).collect();
    let stored = session.load(engine.contract, &ids)?;
    let misses = sample.iter().filter(|person| {
        let Some(stored) = stored.iter().find(|s| s.id == person.id) else { return true };
        let mut contacts: Vec<&str> = person.contacts.iter().map(|c| &*c.value).collect();
        let mut stored_contacts: Vec<&str> = stored.contacts.iter().map(|c| &*c.value).collect();
        contacts.sort_unstable();
        stored_contacts.sort_unstable();
        stored.record != person.record || stored_contacts != contacts
    });
    Ok(misses.count() as u64)
}

/// A clean row in the core's form.
fn incoming(engine: &Engine<'_>, work: &Working, row: &CleanRow) -> Result<Incoming> {
    Ok(Incoming {
        row: row.staging_id,
        external_id: row.external_id.clone(),
        row_hash: row.row_hash,
        person: payload::person(engine.contract, &row.payload_json, &work.run.new.external_system)?,
    })
}
