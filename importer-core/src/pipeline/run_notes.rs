//! What loading has to say beside its counts: what a dry run would merge, and ids that do not name whom they named.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Anomaly;
use super::hash::is_content_name;
use super::resolve::{IdMoved, Joined, Merge, Resolved};
use super::shared_contacts::SharedContacts;
use crate::Result;
use crate::contracts::Contract;
use crate::normalise::LONGEST;
use crate::ports::{Outcome, RecordId, RowId, RunRecord, Session};
use crate::reasons::Reason;

/// How many examples of each kind a run keeps.
const SAMPLES: usize = 5;

/// A row that a dry run would merge with somebody known, without any value of either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeSample {
    /// Where the row stands in its source; 0 when unknown.
    pub row: i64,
    /// The record it would be merged with.
    pub record: RecordId,
    /// True when no run has written that record yet: it would be made by an earlier row of the same source.
    pub new_record: bool,
    /// Why they are one person.
    pub reason: String,
}

/// A row whose external id names somebody else in the core.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct MovedSample {
    row: i64,
    external_id: String,
    before: RecordId,
    now: RecordId,
}

/// A row that became a record which its system knows under another id.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct JoinedSample {
    row: i64,
    external_id: String,
    other_id: String,
    record: RecordId,
}

/// Stored with the run, so that a resumed one goes on counting.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RunNotes {
    pub(super) would_merge: Vec<MergeSample>,
    moved: u64,
    moved_samples: Vec<MovedSample>,
    joined: u64,
    joined_samples: Vec<JoinedSample>,
    pub(super) shared: SharedContacts,
    /// How many rows have a value of which little is compared, by field.
    long: BTreeMap<String, u64>,
}

impl RunNotes {
    /// Takes what a batch of rows came to; the outcomes of rows that were joined say so afterwards.
    pub(super) fn take(
        &mut self,
        session: &mut dyn Session,
        contract: &Contract,
        run: &RunRecord,
        resolved: &mut Resolved,
    ) -> Result<()> {
        let joined = joined(session, contract, run, resolved)?;
        say_joined(&mut resolved.outcomes, &joined);
        self.shared = resolved.shared;
        for (field, rows) in &resolved.long {
            *self.long.entry((*field).into()).or_default() += rows;
        }
        self.moved += resolved.moved.len() as u64;
        self.joined += joined.len() as u64;
        let merges: &[Merge] = if run.new.dry_run { &resolved.merges } else { &[] };
        let merges = first(merges, SAMPLES - self.would_merge.len().min(SAMPLES));
        let moved = first(&resolved.moved, SAMPLES - self.moved_samples.len().min(SAMPLES));
        let joined = first(&joined, SAMPLES - self.joined_samples.len().min(SAMPLES));
        let mut rows: Vec<RowId> = merges.iter().map(|m| m.row).collect();
        rows.extend(moved.iter().map(|m| m.row).chain(joined.iter().map(|j| j.row)));
        if rows.is_empty() {
            return Ok(());
        }
        // Of a dry run: what is behind the core's last record would be made by the run itself.
        let last = session.last_id(contract)?;
        let staged = session.staged_rows(contract, &rows)?;
        let place = |row| staged.iter().find(|s| s.id == row).map_or(0, |s| s.position);
        self.would_merge.extend(merges.iter().map(|merge| MergeSample {
            row: place(merge.row),
            record: merge.record,
            new_record: merge.record > last,
            reason: merge.reason.clone(),
        }));
        self.moved_samples.extend(moved.iter().map(|IdMoved { row, external_id, before, now }| {
            MovedSample { row: place(*row), external_id: external_id.clone(), before: *before, now: *now }
        }));
        self.joined_samples.extend(joined.iter().map(|j| JoinedSample {
            row: place(j.row),
            external_id: j.external_id.clone(),
            other_id: j.other_id.clone(),
            record: j.record,
        }));
        Ok(())
    }

    /// What is not as it should be.
    pub(super) fn anomalies(&self, system: &str) -> impl Iterator<Item = Anomaly> {
        self.given_away(system).into_iter().chain(self.shared.anomaly())
    }

    /// What else is worth knowing.
    pub(super) fn notes(&self, system: &str) -> impl Iterator<Item = String> {
        self.several_ids(system).into_iter().chain(self.shared.note()).chain(self.long_values())
    }

    /// Values of which little is compared.
    fn long_values(&self) -> Option<String> {
        let fields: Vec<String> =
            self.long.iter().map(|(field, rows)| format!("{field} in {rows} rows")).collect();
        (!fields.is_empty()).then(|| {
            format!(
                "values of more than {LONGEST} bytes are kept whole and compared as a whole, so that a typo in one makes it another: {}",
                fields.join(", ")
            )
        })
    }

    /// Ids that were given away.
    fn given_away(&self, system: &str) -> Option<Anomaly> {
        if self.moved == 0 {
            return None;
        }
        let samples = self.moved_samples.iter().map(|m| {
            format!(
                "{system}:{} (row {}) named record {} and is record {} now",
                m.external_id, m.row, m.before, m.now
            )
        });
        let message = format!(
            "{} external ids now refer to a different person, as after a merge or a split in the source, or where the ids are row \
             numbers: {}. The id map is unchanged, and nobody got the values of another person. Where a row became a new record, \
             the pair is among the suggestions",
            self.moved,
            listed(samples, self.moved)
        );
        Some(Anomaly { code: "external_id_moved".into(), message })
    }

    /// People whom the source has under several ids.
    fn several_ids(&self, system: &str) -> Option<String> {
        let samples = self.joined_samples.iter().map(|j| {
            format!(
                "{system}:{} (row {}) is {system}:{}, record {}",
                j.external_id, j.row, j.other_id, j.record
            )
        });
        (self.joined > 0).then(|| {
            let people = match self.joined {
                1 => "1 external id is a person".to_owned(),
                many => format!("{many} external ids are people"),
            };
            format!("{people} whom {system} has under another id as well: {}", listed(samples, self.joined))
        })
    }
}

fn first<T>(all: &[T], most: usize) -> &[T] {
    &all[..all.len().min(most)]
}

fn listed(samples: impl Iterator<Item = String>, of: u64) -> String {
    let mut text: Vec<String> = samples.collect();
    let more = of.saturating_sub(text.len() as u64);
    if more > 0 {
        text.push(format!("and {more} more"));
    }
    text.join(", ")
}

/// Which of the merged rows have an id of their own, and became a record that has another id of the same system.
fn joined(
    session: &mut dyn Session,
    contract: &Contract,
    run: &RunRecord,
    resolved: &Resolved,
) -> Result<Vec<Joined>> {
    let own = |id: &str| !is_content_name(&run.new.source, id);
    let merges: Vec<&Merge> =
        resolved.merges.iter().filter(|m| !m.id_is_known && own(&m.external_id)).collect();
    let mut records: Vec<RecordId> = merges.iter().filter(|m| !m.new_record).map(|m| m.record).collect();
    records.sort_unstable();
    records.dedup();
    let mut known = session.external_ids_of(contract, &run.new.external_system, &records)?;
    // Those of this batch are not in the database yet; they come in the order of their rows.
    if !merges.is_empty() {
        known.extend(resolved.write.map.iter().map(|entry| (entry.core_id, entry.external_id.clone())));
    }
    known.retain(|(_, id)| own(id));
    let mut first_of: rustc_hash::FxHashMap<RecordId, &str> = rustc_hash::FxHashMap::default();
    for (record, id) in &known {
        first_of.entry(*record).or_insert(id);
    }
    let found = merges.into_iter().filter_map(|merge| {
        let other = first_of.get(&merge.record).filter(|other| **other != merge.external_id)?;
        Some(Joined {
            row: merge.row,
            external_id: merge.external_id.clone(),
            other_id: (*other).to_owned(),
            record: merge.record,
        })
    });
    Ok(found.collect())
}

/// Outcomes and joined rows are both in the order of the rows.
fn say_joined(outcomes: &mut [Outcome], joined: &[Joined]) {
    let mut joined = joined.iter().peekable();
    for outcome in outcomes {
        if joined.next_if(|j| j.row == outcome.row).is_some() {
            let reason = outcome.reason.take().unwrap_or_default();
            outcome.reason = Some(format!("{reason}; {}", Reason::SecondExternalId).into());
        }
    }
}
