//! Whether the external ids of a run still name whom they named. In a list whose ids are row numbers, one row inserted at the top
//! moves them all: each row is then told by its names and birth date as usual, but the list as a whole is worth a look before
//! anything of it reaches the core.

use std::time::Instant;

use super::clean_rows::{self, Which};
use super::context::RunContext;
use super::gate::GateMode;
use super::report::SetVerdict;
use super::working::{Working, millis};
use super::{Anomaly, payload};
use crate::Result;
use crate::ports::{CleanRow, Identity, MapEntry, Phase, RecordId, RowId, Session};

/// How many examples are told.
const SAMPLES: usize = 3;

/// Judges the ids of a run that has landed all its rows, and stores that it was judged.
pub(super) fn judge(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &mut Working,
) -> Result<SetVerdict> {
    if let Some(verdict) = &work.metrics.ids_verdict {
        return Ok(verdict.clone());
    }
    let new = &work.run.new;
    let is_late = work.run.phase != Phase::Gate;
    // A correction is a row that was judged when it came.
    if is_late
        || context.corrections.is_some()
        || !session.seen_indexes(context.contract, &new.external_system)?.mapped
    {
        return Ok(SetVerdict::default());
    }
    let clock = Instant::now();
    let mut found = Found::default();
    clean_rows::each_batch(context, session, work, Which::Landed, &mut |session, rows| {
        found.take(context, session, &work.run.new.external_system, rows)
    })?;
    let verdict = found.verdict(context, session, &work.run.new.external_system)?;
    work.in_transaction(session, context.clock, |_, work| {
        work.metrics.ids_verdict = Some(verdict.clone());
        work.metrics.durations_ms.dedupe += millis(clock);
        Ok(())
    })?;
    Ok(verdict)
}

/// What the rows of a run say about its ids.
#[derive(Default)]
struct Found {
    /// Rows that are new versions of a known id.
    known: u64,
    /// Those of them that are another person.
    moved: u64,
    samples: Vec<(RowId, String)>,
}

impl Found {
    fn take(
        &mut self,
        context: &RunContext<'_>,
        session: &mut dyn Session,
        system: &str,
        rows: &[(RowId, CleanRow)],
    ) -> Result<()> {
        let contract = context.contract;
        let ids: Vec<&str> = rows.iter().map(|(_, row)| row.external_id.as_str()).collect();
        let entries = session.find_external(contract, system, &ids)?;
        if entries.is_empty() {
            return Ok(());
        }
        let mut people: Vec<RecordId> = entries.iter().flat_map(named).collect();
        people.sort_unstable();
        people.dedup();
        let people = session.load(contract, &people)?;
        let person =
            |id: RecordId| people.binary_search_by_key(&id, |person| person.id).ok().map(|at| &people[at]);
        let entries: rustc_hash::FxHashMap<&str, &MapEntry> =
            entries.iter().map(|entry| (entry.external_id.as_str(), entry)).collect();
        for (id, row) in rows {
            let Some(entry) = entries.get(row.external_id.as_str()) else { continue };
            if person(entry.core_id).is_none() {
                continue;
            }
            let incoming = payload::person(contract, &row.payload_json, system)?;
            let identity = |known| context.policies.resolver.identity(contract, &incoming, known);
            self.known += 1;
            // Whom an earlier row of the id turned out to be is known, too.
            if named(entry).filter_map(person).all(|known| identity(known) == Identity::Other) {
                self.moved += 1;
                if self.samples.len() < SAMPLES {
                    self.samples.push((*id, row.external_id.clone()));
                }
            }
        }
        Ok(())
    }

    fn verdict(
        self,
        context: &RunContext<'_>,
        session: &mut dyn Session,
        system: &str,
    ) -> Result<SetVerdict> {
        let gate = &context.gate;
        if self.moved < gate.min_moved_ids || self.moved * 100 < self.known * gate.max_moved_ids_percent {
            return Ok(SetVerdict::default());
        }
        let rows: Vec<RowId> = self.samples.iter().map(|(row, _)| *row).collect();
        let staged = session.staged_rows(context.contract, &rows)?;
        let samples: Vec<String> = (self.samples.iter())
            .map(|(row, id)| match staged.iter().find(|s| s.id == *row) {
                Some(staged) => format!("{system}:{id} (row {})", staged.position),
                None => format!("{system}:{id}"),
            })
            .collect();
        let message = format!(
            "{} of {} changed external ids now name somebody else, such as {}: the ids look like row numbers, which move when a \
             row is inserted, sorted or deleted. Check in the source whether its ids stay with their people. If they do not, \
             import it without its id column: rows are then known by their content. If they do, approve the run: each of these \
             rows becomes the person whom its names and birth date fit, or a new one, and nobody gets the values of another",
            self.moved,
            self.known,
            samples.join(", ")
        );
        Ok(SetVerdict {
            anomalies: vec![Anomaly { code: "ids_look_like_row_numbers".into(), message }],
            holds: gate.moved_ids == GateMode::Enforce,
        })
    }
}

/// Whom an id names, and whom rows under it turned out to be.
fn named(entry: &MapEntry) -> impl Iterator<Item = RecordId> {
    std::iter::once(entry.core_id).chain(entry.apart())
}
