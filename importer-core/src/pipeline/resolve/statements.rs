//! Under which ids of its source a record is known, and what the source said under each: what one of several ids says as before is
//! no correction.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::Result;
use crate::contracts::Contract;
use crate::pipeline::occasion::{KnownUnder, is_given};
use crate::pipeline::payload;
use crate::ports::{CoreRecord, Incoming, MapEntry, RecordId, RowId, Session};

/// What is known of one system's statements about the people of a batch.
#[derive(Default)]
pub(super) struct Statements {
    /// The ids that the source gave, by whose they are.
    ids: FxHashMap<RecordId, Vec<String>>,
    /// What the last row under an id said, where that can matter.
    said: FxHashMap<String, CoreRecord>,
    /// Ids that come more than once in the batch.
    repeated: FxHashSet<String>,
}

impl Statements {
    /// Reads what the rows of a batch may need; `known` are the entries of the id map for their ids, `found` all people they may be
    /// about.
    pub(super) fn load<'m>(
        core: &mut dyn Session,
        contract: &Contract,
        system: &str,
        known: impl Iterator<Item = &'m MapEntry> + Clone,
        found: impl Iterator<Item = RecordId>,
        rows: &[Incoming],
    ) -> Result<Self> {
        let mut statements = Self::default();
        let mut seen = FxHashSet::default();
        for row in rows.iter().filter(|row| !seen.insert(row.external_id.as_str())) {
            statements.repeated.insert(row.external_id.clone());
        }
        let mut people: Vec<RecordId> = known.clone().map(|entry| entry.core_id).collect();
        if !statements.repeated.is_empty() {
            // Whoever comes to be known by an id is known by it when it comes again.
            people.extend(found);
        }
        people.sort_unstable();
        people.dedup();
        if people.is_empty() {
            return Ok(statements);
        }
        for (person, id) in core.external_ids_of(contract, system, &people)? {
            statements.known_by(person, &id);
        }
        for entry in known {
            if !statements.has_others(entry.core_id, &entry.external_id) {
                continue;
            }
            let before = RowId(entry.staging_id.0 - 1);
            let row = core.clean_rows(contract, entry.staging_id.run(), before, 1)?.pop();
            // Old rows are purged.
            if let Some(row) = row.filter(|row| row.staging_id == entry.staging_id) {
                let said = payload::person(contract, &row.payload_json, system)?;
                statements.said.insert(entry.external_id.clone(), said);
            }
        }
        Ok(statements)
    }

    /// Under which ids a record is known when a row comes that is about it.
    pub(super) fn known(&self, person: RecordId, external_id: &str, this_id: bool) -> KnownUnder<'_> {
        let other_ids = self.has_others(person, external_id);
        KnownUnder { this_id, other_ids, before: self.said.get(external_id) }
    }

    /// Notes that a record is known by an id from here on, and what a row said under it.
    pub(super) fn note(&mut self, person: RecordId, external_id: &str, said: &CoreRecord) {
        self.known_by(person, external_id);
        if self.repeated.contains(external_id) {
            self.said.insert(external_id.into(), said.clone());
        }
    }

    fn known_by(&mut self, person: RecordId, id: &str) {
        let ids = self.ids.entry(person).or_default();
        if is_given(id) && !ids.iter().any(|known| known == id) {
            ids.push(id.into());
        }
    }

    fn has_others(&self, person: RecordId, id: &str) -> bool {
        self.ids.get(&person).is_some_and(|ids| ids.iter().any(|other| other != id))
    }
}
