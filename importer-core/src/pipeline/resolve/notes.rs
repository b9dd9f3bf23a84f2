//! What a batch remembers of its own rows, and what it writes in the end.

use super::super::hash::is_content_name;
use super::{Fate, Mapped, Person, ResolveBatch, Resolved};
use crate::contracts::Contract;
use crate::ports::{CoreRecord, Incoming, MapEntry, OtherRow, RecordId, RowId, RunRecord};

/// How many rows of one id an entry keeps beside the last one. A source that repeats an id more often says the same id of everybody;
/// its rows are processed each time they come.
const MOST_OTHER_ROWS: usize = 500;

impl ResolveBatch<'_> {
    /// Notes under which keys a record is, those of the row that is being resolved.
    pub(super) fn note_keys(&mut self, person: RecordId) {
        for place in 0..self.keys.len() {
            let key = self.keys[place];
            let ids = self.under_key.entry(key).or_default();
            let generic = ids.len() > self.policies.resolver.most_candidates(key.kind);
            if generic || !ids.contains(&person) {
                self.out.write.keys.push((key, person));
                if !generic {
                    ids.push(person);
                    let people = ids.len();
                    self.note_crowd(key, people);
                }
            }
        }
    }

    /// Notes what a row said under its id, unless the map names somebody else by it.
    pub(super) fn note_statement(&mut self, row: &Incoming, person: RecordId) {
        if self.owner_of_id.is_none() {
            self.statements.note(person, &row.external_id, &row.person);
        }
    }

    pub(super) fn note_map(&mut self, external_id: &str, core_id: RecordId, row_hash: i64, row: RowId) {
        if !is_content_name(&self.run.new.source, external_id) {
            self.own_system.insert(core_id);
        }
        if self.owner_of_id.is_some() {
            // The map names one record by this id and keeps to it; the row counts as seen all the same.
            if let Some(Mapped { entry, touched, before }) = self.map.get_mut(external_id) {
                if !*touched {
                    *before = Some(entry.clone());
                }
                let is_known = |other: &OtherRow| match *other {
                    OtherRow::Apart(hash, ..) | OtherRow::Aside(hash) => hash == row_hash,
                    OtherRow::Earlier(..) => false,
                };
                if !entry.other_rows.iter().any(is_known) {
                    entry.other_rows.push(OtherRow::Apart(row_hash, row, core_id));
                }
                *touched = true;
            }
            return;
        }
        let mapped = self.map.remove(external_id);
        let known = mapped.as_ref().is_some_and(|mapped| mapped.entry.known);
        let first = mapped.as_ref().and_then(|mapped| match mapped.touched {
            true => mapped.before.clone(),
            false => Some(self.as_before_this_run(&mapped.entry)),
        });
        let mut other_rows = Vec::new();
        if let Some(before) = mapped.map(|mapped| mapped.entry).filter(|b| b.last_run == self.run.id) {
            // The source repeats the id: each of its rows counts as seen.
            other_rows = before.other_rows;
            if before.row_hash != row_hash {
                other_rows.push(OtherRow::Earlier(before.row_hash, before.staging_id));
            }
            let too_many = other_rows.len().saturating_sub(MOST_OTHER_ROWS);
            other_rows.drain(..too_many);
        }
        let entry = MapEntry {
            external_id: external_id.into(),
            core_id,
            row_hash,
            other_rows,
            staging_id: row,
            last_run: self.run.id,
            known,
        };
        self.map.insert(external_id.into(), Mapped { entry, touched: true, before: first });
    }

    /// An entry whose row the run has seen again says so since phase 1; when the run is taken back, it has not.
    fn as_before_this_run(&self, entry: &MapEntry) -> MapEntry {
        let mut entry = entry.clone();
        if entry.last_run == self.run.id {
            entry.last_run = entry.staging_id.run();
        }
        entry
    }

    pub(super) fn finish(self) -> Resolved {
        let no_households = self.no_households();
        let mut out = self.out;
        out.write.no_households = no_households;
        for person in self.people.into_values() {
            match person.fate {
                Fate::Known => {}
                Fate::Created => out.write.inserts.push(person.record),
                Fate::Changed => {
                    out.write.images.extend(person.before);
                    out.write.updates.push(person.record);
                }
            }
        }
        // In the order of their ids: the same rows give the same database, byte for byte.
        out.write.inserts.sort_unstable_by_key(|record| record.id);
        out.write.updates.sort_unstable_by_key(|record| record.id);
        out.write.images.sort_unstable_by_key(|record| record.id);
        for mapped in self.map.into_values().filter(|mapped| mapped.touched) {
            out.write.map.push(mapped.entry);
            out.write.map_images.extend(mapped.before.filter(|before| before.known));
        }
        out.write.map_images.sort_unstable_by_key(|entry| entry.staging_id);
        out.write.map.sort_unstable_by_key(|entry| entry.staging_id);
        out
    }
}

/// Counts a row of a known record by its time: how many rows have one, where the record has one of the same system as well, and how
/// many of them are older.
pub(super) fn compare_times(
    contract: &Contract,
    run: &RunRecord,
    (dated, older): (u64, u64),
    row: &CoreRecord,
    known: &Person,
) -> (u64, u64) {
    const FIELD: &str = "source_updated_at";
    let Some(place) = contract.index(FIELD) else { return (dated, older) };
    let known = &known.record;
    let same_system = known.origin_of(FIELD).source == run.new.external_system;
    match (row.record.get(place), known.record.get(place)) {
        (Some(now), Some(before)) if same_system => (dated + 1, older + u64::from(now < before)),
        _ => (dated, older),
    }
}
