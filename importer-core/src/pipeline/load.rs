//! Phase 2: dedupe and upsert, batch by batch.

use std::time::Instant;

use super::contact_findings;
use super::context::RunContext;
use super::host::Progress;
use super::payload::{self, set_by_hand};
use super::resolve::resolve;
use super::run_contacts;
use super::working::{Working, millis};
use crate::ports::{
    CleanRow, CoreRecord, CoreWrite, Incoming, Outcome, OutcomeKind, Phase, RecordId, RowId, Session,
};
use crate::{ErrorKind, Result, ports};

/// How many rows are resolved and written at once.
const ROWS_PER_BATCH: usize = 10_000;
/// How many batches one transaction takes. The indexes over ids and keys have no order that rows come in, so every
/// transaction writes most of their pages again: fewer transactions, less writing.
const BATCHES_PER_TRANSACTION: usize = 5;
/// About how many inserted and as many updated records of a batch are read back.
const PARITY_SAMPLE: usize = 10;

/// Loads the clean rows behind the last loaded one.
pub(super) fn load(context: &RunContext<'_>, session: &mut dyn Session, work: &mut Working) -> Result<()> {
    work.run.phase = Phase::Load;
    work.contacts = run_contacts::read(context, session, work)?;
    loop {
        let start = work.run.loaded_through;
        let result = match in_transaction(context, session, work, several) {
            Err(error) if error.kind() == ErrorKind::Refused => one_by_one(context, session, work),
            result => result,
        };
        let moved = work.run.loaded_through != start;
        if moved {
            work.retries.progressed();
        }
        match result {
            // Who was asked to stop before the first batch has not come to the end.
            Ok(()) if !moved && !context.cancel.is_requested() => return Ok(()),
            Ok(()) => {}
            Err(error) => context.wait_to_try_again(session, work, error)?,
        }
        context.poll_control(session, work.run.id)?;
        if context.cancel.is_requested() {
            return Err(context.stopped());
        }
    }
}

/// Several batches; fewer when there are no more rows, the run is cancelled or somebody waits.
fn several(context: &RunContext<'_>, session: &mut dyn Session, work: &mut Working) -> Result<()> {
    for _ in 0..BATCHES_PER_TRANSACTION {
        let rows = next_rows(context, session, work)?;
        if rows.is_empty() || context.cancel.is_requested() {
            return Ok(());
        }
        attempt(context, session, work, &rows)?;
        context.poll_control(session, work.run.id)?;
        tell(context, work);
        // Whoever waits for this transaction waits for one batch, not for all of them.
        if session.is_waited_for(context.contract)? {
            return Ok(());
        }
    }
    Ok(())
}

/// The same batches again, each in transactions of its own: one of them holds a row that the database refuses.
fn one_by_one(context: &RunContext<'_>, session: &mut dyn Session, work: &mut Working) -> Result<()> {
    for _ in 0..BATCHES_PER_TRANSACTION {
        let rows = next_rows(context, session, work)?;
        batch(context, session, work, &rows)?;
        tell(context, work);
    }
    Ok(())
}

fn next_rows(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &mut Working,
) -> Result<Vec<CleanRow>> {
    let clock = Instant::now();
    let rows = session.clean_rows(context.contract, work.run.id, work.run.loaded_through, ROWS_PER_BATCH)?;
    work.metrics.durations_ms.dedupe += millis(clock);
    Ok(rows)
}

fn tell(context: &RunContext<'_>, work: &Working) {
    let counts = &work.counts;
    let rows = counts.inserted + counts.updated + counts.unchanged + counts.skipped;
    context.observer.progress(Progress {
        run: work.run.id,
        phase: Phase::Load,
        rows,
        done: rows,
        total: counts.clean,
    });
}

/// Writes rows in one transaction. When the database refuses them, halves them until the refused row stands alone, and
/// skips that one. (Savepoints would do it in one transaction, at twice the cost of every row that is fine.)
fn batch(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    rows: &[CleanRow],
) -> Result<()> {
    let result = in_transaction(context, session, work, |context, session, work| {
        attempt(context, session, work, rows)
    });
    match result {
        Err(error) if error.kind() == ErrorKind::Refused && rows.len() > 1 => {
            let (first, second) = rows.split_at(rows.len() / 2);
            batch(context, session, work, first)?;
            batch(context, session, work, second)
        }
        Err(error) if error.kind() == ErrorKind::Refused => {
            in_transaction(context, session, work, |_, session, work| {
                work.counts.skipped += 1;
                let skipped = rows.iter().map(|row| Outcome {
                    row: row.staging_id,
                    staging_id: row.staging_id,
                    kind: OutcomeKind::Skipped,
                    core_id: None,
                    reason: Some(error.message().to_owned().into()),
                });
                session.write_outcomes(work.run.id, &skipped.collect::<Vec<_>>())?;
                loaded(work, rows);
                notify_corrections(context, session, work, &[])
            })
        }
        result => result,
    }
}

fn loaded(work: &mut Working, rows: &[CleanRow]) {
    work.run.loaded_through = rows.last().map_or(work.run.loaded_through, |row| row.staging_id);
}

/// Does `step` and stores how far the run is, or leaves everything as it was.
fn in_transaction(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    step: impl FnOnce(&RunContext<'_>, &mut dyn Session, &mut Working) -> Result<()>,
) -> Result<()> {
    work.in_transaction(session, context.clock, |session, work| {
        session.lock_core(context.contract)?;
        // A rollback may have begun since the run did; the run goes on where it is once that is done.
        ports::no_unfinished_rollback(session, context.contract.entity, "load rows")?;
        step(context, session, work)
    })
}

fn attempt(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    rows: &[CleanRow],
) -> Result<()> {
    let clock = Instant::now();
    let incoming = rows.iter().map(|row| incoming(context, work, row)).collect::<Result<Vec<_>>>()?;
    let mut resolved = resolve(
        session,
        context.contract,
        context.policies,
        &work.run,
        incoming,
        (&work.contacts, work.metrics.run_notes.shared),
    )?;
    work.metrics.run_notes.take(session, context.contract, &work.run, &mut resolved)?;
    contact_findings::tell(context, session, work, rows, &resolved.taken)?;
    work.metrics.older.note_times(resolved.times.0, resolved.times.1);
    work.metrics.durations_ms.dedupe += millis(clock);
    let clock = Instant::now();
    let actor = work.run.new.actor.clone();
    session.write(context.contract, Some(&work.run), &actor, &resolved.write, context.clock.now())?;
    session.write_outcomes(work.run.id, &resolved.outcomes)?;
    work.metrics.durations_ms.upsert += millis(clock);
    work.metrics.parity_misses += parity_misses(context, session, &resolved.write)?;
    work.counts.add(&resolved.counts);
    loaded(work, rows);
    notify_corrections(context, session, work, rows)
}

/// Tells whoever stands behind a run of corrections, within the transaction.
fn notify_corrections(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &Working,
    rows: &[CleanRow],
) -> Result<()> {
    let Some(corrections) = context.corrections else { return Ok(()) };
    let counts = &work.counts;
    let last = counts.inserted + counts.updated + counts.unchanged + counts.skipped == counts.clean;
    let rows: Vec<RowId> = rows.iter().map(|row| row.staging_id).collect();
    corrections.loaded(session, &work.run, &rows, last)
}

/// Reads some of the written records back: what is stored must be what was decided.
fn parity_misses(context: &RunContext<'_>, session: &mut dyn Session, write: &CoreWrite) -> Result<u64> {
    let mut sample: Vec<&CoreRecord> = Vec::new();
    for records in [&write.inserts, &write.updates] {
        sample.extend(records.iter().step_by(records.len() / PARITY_SAMPLE + 1));
    }
    let ids: Vec<RecordId> = sample.iter().map(|person| person.id).collect();
    let stored = session.load(context.contract, &ids)?;
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
fn incoming(context: &RunContext<'_>, work: &Working, row: &CleanRow) -> Result<Incoming> {
    Ok(Incoming {
        row: row.staging_id,
        external_id: row.external_id.clone(),
        row_hash: row.row_hash,
        person: payload::person(context.contract, &row.payload_json, &work.run.new.external_system)?,
        set: set_by_hand(&row.payload_json),
    })
}
