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
        let rows = session.clean_rows(
            engine.contract,
            work.run.id,
            work.run.loaded_through,
            ROWS_PER_TRANSACTION,
        )?;
        if rows.is_empty() {
            return Ok(());
        }
        work.metrics.durations_ms.dedupe += millis(clock);
        batch(engine, session, work, &rows)?;
        let counts = &work.counts;
        engine.observer.progress(Progress {
            phase: Phase::Load,
            rows: counts.inserted + counts.updated + counts.unchanged + counts.skipped,
            done: counts.inserted + counts.updated + counts.unchanged + counts.skipped,
            total: counts.clean,
        });
    }
}

/// Writes rows in one transaction. When the database refuses them, halves them until the refused row stands alone, and
/// skips that one. (Savepoints would do it in one transaction, at twice the cost of every row that is fine.)
fn batch(
    engine: &Engine<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    rows: &[CleanRow],
) -> Result<()> {
    match in_transaction(engine, session, work, rows, attempt) {
        Err(error) if error.kind() == ErrorKind::Refused && rows.len() > 1 => {
            let (first, second) = rows.split_at(rows.len() / 2);
            batch(engine, session, work, first)?;
            batch(engine, session, work, second)
        }
        Err(error) if error.kind() == ErrorKind::Refused => {
            in_transaction(engine, session, work, rows, |_, session, work, rows| {
                work.counts.skipped += 1;
                let skipped = rows.iter().map(|row| Outcome {
                    row: row.staging_id,
                    staging_id: row.staging_id,
                    kind: OutcomeKind::Skipped,
                    core_id: None,
                    reason: Some(error.message().to_owned()),
                });
                session.write_outcomes(work.run.id, &skipped.collect::<Vec<_>>())
            })
        }
        result => result,
    }
}

/// Does `step` about rows and stores that they are done, or leaves everything as it was.
fn in_transaction(
    engine: &Engine<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    rows: &[CleanRow],
    step: impl FnOnce(&Engine<'_>, &mut dyn Session, &mut Working, &[CleanRow]) -> Result<()>,
) -> Result<()> {
    let before = (work.run.clone(), work.counts, work.metrics.clone());
    session.begin()?;
    let result = step(engine, session, work, rows).and_then(|()| {
        work.run.loaded_through = rows.last().map_or(work.run.loaded_through, |row| row.staging_id);
        work.settle(engine.clock.now());
        session.save_run(&work.run)?;
        session.commit()
    });
    if result.is_err() {
        // The first error tells more than a failing rollback.
        let _ = session.rollback();
        (work.run, work.counts, work.metrics) = before;
    }
    result
}

fn attempt(
    engine: &Engine<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    rows: &[CleanRow],
) -> Result<()> {
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
    work.counts.add(&resolved.counts);
    Ok(())
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
