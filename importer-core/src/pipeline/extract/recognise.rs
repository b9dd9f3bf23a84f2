//! Rows that came before: which of a batch say nothing new, and what becomes of those.

use rustc_hash::FxHashMap;

use super::repeats::{Repeats, Said};
use super::{Extraction, Taken};
use crate::Result;
use crate::pipeline::hash::text_hash;
use crate::pipeline::working::Working;
use crate::ports::{LandingWrite, Outcome, OutcomeKind, RepeatedRow, RowId, RunId, SeenAs, SeenRow, Session};
use crate::reasons::Reason;

/// How many rows are looked up, and landed again, at a time.
const PAGE: usize = 2_048;

/// What is known of the ids of a batch.
pub(super) type KnownIds = FxHashMap<String, Vec<SeenRow>>;

/// What a batch has in common with what came before.
pub(super) struct Recognised<'k> {
    /// Of each row, the one that it is again; none when it says something new.
    pub(super) same: Vec<Option<&'k SeenRow>>,
    /// Rows of earlier batches that say something new after all.
    pub(super) news: Vec<RepeatedRow>,
}

impl Extraction<'_> {
    pub(super) fn look_up(&self, session: &mut dyn Session, system: &str, ids: &[&str]) -> Result<KnownIds> {
        let mut known = KnownIds::default();
        for (id, entry) in session.known(self.context.contract, system, ids, self.seen_indexes)? {
            known.entry(id).or_default().push(entry);
        }
        Ok(known)
    }

    /// Finds rows out that came before. What this run itself has landed is no reason to pass a row over: each row of a source is
    /// counted, landed and listed, also where two are alike.
    pub(super) fn recognise<'k>(
        &mut self,
        run: RunId,
        taken: &[Taken],
        known: &'k KnownIds,
        raw: impl Fn(&Taken) -> String,
    ) -> Recognised<'k> {
        let mut found = Recognised { same: vec![None; taken.len()], news: Vec::new() };
        let first = taken.first().map_or(0, |row| row.id.0);
        for (place, row) in taken.iter().enumerate() {
            let Some(known) = known.get(&row.external_id) else { continue };
            let id = text_hash(&row.external_id);
            let (same, waited) = self.repeats.same(run, id, row, known, || raw(row));
            found.same[place] = same;
            for waited in waited {
                match usize::try_from(waited.row.0 - first).ok().and_then(|at| found.same.get_mut(at)) {
                    Some(same) => *same = None,
                    None => found.news.push(waited),
                }
            }
            self.repeats.last(
                id,
                same.filter(|same| same.seen_as == SeenAs::Superseded).map(|same| row.again(same, true)),
            );
        }
        found
    }

    /// A row that was processed before, by the same mapping and rules.
    pub(super) fn again(
        &self,
        work: &mut Working,
        row: &Taken,
        same: &SeenRow,
        known: &[SeenRow],
        write: &mut LandingWrite,
    ) {
        let outcome = |kind, reason: Reason| Outcome {
            row: row.id,
            staging_id: same.staging_id,
            kind,
            core_id: same.core_id,
            reason: Some(reason.into()),
        };
        if same.core_id.is_some() {
            write.seen_again.extend(same.map_entry);
            work.counts.clean += 1;
            work.counts.unchanged += 1;
            work.counts.matched += 1;
            let reason = match same.payload_json {
                Some(_) => Reason::RepeatedRowAdmitted,
                None => Reason::RepeatedRow,
            };
            write.outcomes.push(outcome(OutcomeKind::Unchanged, reason));
        } else {
            let alike = known.iter().filter(|k| k.core_id.is_none() && k.row_hash == same.row_hash);
            write.held_again.extend(alike.map(|k| k.staging_id));
            work.counts.quarantined += 1;
            for code in same.rule_codes.iter().flat_map(|codes| codes.split(',')) {
                *work.metrics.dq.entry(code.into()).or_default() += 1;
                *work.metrics.dq_quarantined.entry(code.into()).or_default() += 1;
            }
            let reason = match same.seen_as {
                SeenAs::Superseded => Reason::RepeatedRowSuperseded,
                _ => Reason::RepeatedRowHeld,
            };
            write.outcomes.push(outcome(OutcomeKind::Quarantined, reason));
        }
    }

    /// Says which entries of the quarantine a row takes the place of, and which one stands because the row is that again.
    pub(super) fn replace(
        &self,
        run: RunId,
        row: &Taken,
        stands: Stands,
        same: Option<&SeenRow>,
        known: &[SeenRow],
        write: &mut LandingWrite,
    ) {
        let held = || known.iter().filter(|k| k.seen_as == SeenAs::Held);
        let Some(same) = same.filter(|same| same.seen_as == SeenAs::Held) else {
            if held().next().is_some() {
                write.replaced.push(row.external_id.clone());
            }
            return;
        };
        let (alike, ended): (Vec<&SeenRow>, Vec<&SeenRow>) =
            held().partition(|k| k.row_hash == same.row_hash);
        if !ended.is_empty() {
            write.replaced.push(row.external_id.clone());
        }
        // Only what is marked has to be unmarked: a file that comes again has nothing to write here.
        let marked = stands.repeated || !ended.is_empty() || alike.iter().any(|k| k.replaced_in == Some(run));
        if stands.last && marked {
            write.held_last.extend(alike.iter().map(|k| k.staging_id));
        }
    }

    /// Lands rows that were taken for known ones.
    pub(super) fn land_repeated(
        &self,
        session: &mut dyn Session,
        work: &mut Working,
        rows: &[RepeatedRow],
    ) -> Result<()> {
        for rows in rows.chunks(PAGE) {
            let now = self.context.clock.now();
            for (row, codes) in session.land_repeated(self.context.contract, &work.run, rows, now)? {
                if !row.held {
                    // Loading counts it again.
                    work.counts.unchanged = work.counts.unchanged.saturating_sub(1);
                    work.counts.matched = work.counts.matched.saturating_sub(1);
                }
                for code in codes {
                    *work.metrics.dq.entry(code).or_default() += 1;
                }
            }
        }
        Ok(())
    }

    /// Finds out again what a run has said that goes on after an interruption.
    pub(super) fn remember(&mut self, session: &mut dyn Session, work: &Working) -> Result<()> {
        if work.run.rows_read == 0 || !(self.seen_indexes.mapped || self.seen_indexes.held) {
            return Ok(());
        }
        let mut after = RowId::of(work.run.id, 0);
        loop {
            let rows = session.rows_read(self.context.contract, work.run.id, after, PAGE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.row;
            let ids: Vec<&str> = rows.iter().map(|row| row.external_id.as_str()).collect();
            let known = self.look_up(session, &work.run.new.external_system, &ids)?;
            for row in &rows {
                let Some(known) = known.get(&row.external_id) else { continue };
                let id = text_hash(&row.external_id);
                self.repeats.remember(work.run.id, id, row, known);
            }
        }
    }
}

impl Taken {
    /// This row as one that came before.
    pub(super) fn again(&self, same: &SeenRow, held: bool) -> RepeatedRow {
        RepeatedRow { row: self.id, staging_id: same.staging_id, position: Some(self.position), held }
    }
}

/// The rows that were loaded under an id, in the order in which one run brought them.
fn loaded(known: &[SeenRow]) -> Vec<&SeenRow> {
    known.iter().filter(|k| matches!(k.seen_as, SeenAs::Earlier | SeenAs::Current)).collect()
}

impl Repeats {
    /// The row that this one is again, and rows that waited and say something new.
    fn same<'k>(
        &mut self,
        run: RunId,
        id: i64,
        row: &Taken,
        known: &'k [SeenRow],
        raw: impl FnOnce() -> String,
    ) -> (Option<&'k SeenRow>, Vec<RepeatedRow>) {
        let loaded = loaded(known);
        let mut waited = Vec::new();
        if let Some(same) = loaded.iter().rev().find(|k| k.row_hash == row.row_hash) {
            let hashes: Vec<i64> = loaded.iter().map(|k| k.row_hash).collect();
            match self.say(id, row.row_hash, row.again(same, false), &hashes) {
                Said::Nothing | Said::Waits => return (Some(same), waited),
                Said::New(rows) => waited = rows,
            }
        }
        let of_others = |k: &&SeenRow| {
            !matches!(k.seen_as, SeenAs::Earlier | SeenAs::Current) && k.staging_id.run() != run
        };
        let alike =
            known.iter().filter(of_others).filter(|k| k.row_hash == row.row_hash && !k.payload_purged);
        // One that is open says more than one that has ended.
        let same = alike.min_by_key(|k| k.seen_as == SeenAs::Superseded);
        let same = same.or_else(|| decided(known, raw));
        if same.is_none() && !loaded.is_empty() {
            waited.extend(self.news(id));
        }
        (same, waited)
    }

    /// A row of an interrupted run, once more.
    fn remember(&mut self, run: RunId, id: i64, row: &crate::ports::ReadRow, known: &[SeenRow]) {
        let loaded = loaded(known);
        let again = |held| RepeatedRow { row: row.row, staging_id: row.staging_id, position: None, held };
        if row.staging_id.run() == run {
            if !loaded.is_empty() {
                self.news(id);
            }
            return self.last(id, None);
        }
        let same = known.iter().find(|k| k.staging_id == row.staging_id);
        if same.is_some_and(|k| matches!(k.seen_as, SeenAs::Earlier | SeenAs::Current)) {
            let hashes: Vec<i64> = loaded.iter().map(|k| k.row_hash).collect();
            self.say(id, row.row_hash, again(false), &hashes);
        }
        let ended = same.filter(|k| k.seen_as == SeenAs::Superseded).map(|_| again(true));
        self.last(id, ended);
    }
}

/// A row somebody decided about in quarantine, which is the same whatever processes it now.
fn decided(known: &[SeenRow], raw: impl FnOnce() -> String) -> Option<&SeenRow> {
    let mut decided = known.iter().filter(|k| k.payload_json.is_some()).peekable();
    decided.peek()?;
    let raw = raw();
    decided.find(|k| k.payload_json.as_deref() == Some(&raw))
}

/// How a row stands among those of its id in a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stands {
    pub(super) last: bool,
    pub(super) repeated: bool,
}

/// The same for every row of a batch.
pub(super) fn stand(taken: &[Taken]) -> Vec<Stands> {
    let mut of_id: FxHashMap<&str, usize> = FxHashMap::default();
    let mut stand = vec![Stands { last: true, repeated: false }; taken.len()];
    for (place, row) in taken.iter().enumerate() {
        if let Some(before) = of_id.insert(&row.external_id, place) {
            stand[before] = Stands { last: false, repeated: true };
            stand[place].repeated = true;
        }
    }
    stand
}
