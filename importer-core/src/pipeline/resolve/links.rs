//! The other rows of the run at the contacts of a batch's rows, read back beforehand.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::ResolveBatch;
use super::in_run::{RunContacts, contacts};

use crate::Result;
use crate::contracts::Contract;
use crate::pipeline::payload;
use crate::ports::{
    CoreRecord, Identity, Incoming, MapEntry, MatchKey, Policies, RecordId, RowId, RunRecord, Session,
};

/// From how many rows to the next one is gone.
const ROUNDS: usize = 4;
/// More rows that hang together are no home; of them only those that share a contact with a row are looked at.
const MOST: usize = 32;

/// Another row of the run.
struct Linked {
    external_id: String,
    person: CoreRecord,
    contacts: Vec<MatchKey>,
}

/// The rows of the run at the contacts of a batch.
#[derive(Default)]
pub(super) struct Links {
    rows: FxHashMap<RowId, Linked>,
    /// The rows at the contacts of each row of the batch that has any, itself left out.
    of: FxHashMap<RowId, Vec<RowId>>,
    /// Whom the map names by the ids of rows that are not of the batch.
    named: FxHashMap<String, RecordId>,
}

impl Links {
    /// Reads those of these rows.
    pub(super) fn load(
        core: &mut dyn Session,
        contract: &Contract,
        policies: &Policies,
        run: &RunRecord,
        in_run: &RunContacts,
        (batch, places): (&[Incoming], &[usize]),
    ) -> Result<Self> {
        let mut links = Self::default();
        if in_run.is_empty() {
            return Ok(links);
        }
        let by_id: FxHashMap<RowId, usize> =
            batch.iter().enumerate().map(|(at, row)| (row.row, at)).collect();
        let own: Vec<(RowId, Vec<MatchKey>)> = (places.iter())
            .map(|place| (batch[*place].row, contacts(contract, policies, &batch[*place].person)))
            .filter(|(_, keys)| keys.iter().any(|key| !in_run.rows(key).is_empty()))
            .collect();
        let mut frontier: Vec<MatchKey> = own.iter().flat_map(|(_, keys)| keys).copied().collect();
        let mut asked: FxHashSet<MatchKey> = FxHashSet::default();
        for _ in 0..ROUNDS {
            frontier.retain(|key| asked.insert(*key));
            let mut wanted: Vec<RowId> = frontier
                .iter()
                .flat_map(|key| in_run.rows(key))
                .copied()
                .filter(|row| !links.rows.contains_key(row))
                .collect();
            wanted.sort_unstable();
            wanted.dedup();
            if wanted.is_empty() || links.rows.len() > 4 * batch.len() + MOST {
                break;
            }
            frontier.clear();
            let (here, elsewhere): (Vec<RowId>, Vec<RowId>) =
                wanted.into_iter().partition(|row| by_id.contains_key(row));
            for row in here {
                let incoming = &batch[by_id[&row]];
                let linked = Linked {
                    external_id: incoming.external_id.clone(),
                    contacts: contacts(contract, policies, &incoming.person),
                    person: incoming.person.clone(),
                };
                frontier.extend(&linked.contacts);
                links.rows.insert(row, linked);
            }
            for row in core.clean_rows_of(contract, &elsewhere)? {
                let person = payload::person(contract, &row.payload_json, &run.new.external_system)?;
                let contacts = contacts(contract, policies, &person);
                frontier.extend(&contacts);
                links.rows.insert(row.staging_id, Linked { external_id: row.external_id, person, contacts });
            }
        }
        for (row, keys) in own {
            let found = links.together(in_run, row, &keys);
            if !found.is_empty() {
                links.of.insert(row, found);
            }
        }
        let ids: Vec<&str> = links
            .rows
            .iter()
            .filter(|(row, _)| !by_id.contains_key(row))
            .map(|(_, l)| l.external_id.as_str())
            .collect();
        let entries: Vec<MapEntry> = if ids.is_empty() {
            Vec::new()
        } else {
            core.find_external(contract, &run.new.external_system, &ids)?
        };
        links.named = entries.into_iter().map(|entry| (entry.external_id, entry.core_id)).collect();
        Ok(links)
    }

    /// The rows that hang together with one by their contacts.
    fn together(&self, in_run: &RunContacts, row: RowId, keys: &[MatchKey]) -> Vec<RowId> {
        let direct: Vec<RowId> = keys.iter().flat_map(|key| in_run.rows(key)).copied().collect();
        let mut found = direct.clone();
        let mut next = 0;
        while let Some(linked) = found.get(next).and_then(|row| self.rows.get(row)) {
            for other in linked.contacts.iter().flat_map(|key| in_run.rows(key)) {
                if self.rows.contains_key(other) && !found.contains(other) {
                    found.push(*other);
                }
            }
            next += 1;
            if found.len() > MOST {
                found = direct;
                break;
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|other| *other != row && self.rows.contains_key(other));
        found
    }

    /// The contacts of all these rows.
    pub(super) fn contacts(&self) -> impl Iterator<Item = &MatchKey> {
        self.of.values().flatten().filter_map(|row| self.rows.get(row)).flat_map(|linked| &linked.contacts)
    }

    /// Whom ids of the rows name that are not of the batch.
    pub(super) fn named(&self) -> impl Iterator<Item = RecordId> {
        self.named.values().copied()
    }

    /// The rows at the contacts of a row.
    pub(super) fn rows(&self, row: RowId) -> impl Iterator<Item = Other<'_>> {
        let of = self.of.get(&row).map_or(&[][..], Vec::as_slice);
        of.iter().filter_map(|row| self.rows.get(row)).map(|linked| Other {
            person: &linked.person,
            external_id: &linked.external_id,
            contacts: &linked.contacts,
            named: self.named.get(&linked.external_id).copied(),
        })
    }
}

impl ResolveBatch<'_> {
    /// Who else may be the person of a row because other rows of the run link their contacts, beside these candidates; and these rows.
    /// Whom the map names by the id of such a row has its contacts, whether that row is loaded or not.
    pub(super) fn by_link(
        &self,
        row: &Incoming,
        ids: &[RecordId],
    ) -> (BTreeMap<RecordId, Option<CoreRecord>>, Vec<&CoreRecord>) {
        let (mut found, mut in_run) = (BTreeMap::new(), Vec::new());
        let resolver = &self.policies.resolver;
        for other in self.links.rows(row.row) {
            in_run.push(other.person);
            let under = other.contacts.iter().filter_map(|key| Some((key, self.under_key.get(key)?)));
            let few = under
                .filter(|(key, found)| found.len() <= self.most(key.kind) && !self.in_run.is_crowded(key));
            for id in few.flat_map(|(_, found)| found).filter(|id| !ids.contains(id)) {
                found.entry(*id).or_insert(None);
            }
            let named = self.map.get(other.external_id).map(|mapped| mapped.entry.core_id).or(other.named);
            let Some(known) = named.filter(|id| !ids.contains(id)).and_then(|id| self.people.get(&id)) else {
                continue;
            };
            if resolver.identity(self.contract, other.person, &known.record) == Identity::Same {
                let mut known = known.record.clone();
                known.contacts.extend(other.person.contacts.iter().cloned());
                found.insert(known.id, Some(known));
            }
        }
        (found, in_run)
    }
}

/// A row at the contacts of another.
pub(super) struct Other<'a> {
    pub(super) person: &'a CoreRecord,
    pub(super) external_id: &'a str,
    pub(super) contacts: &'a [MatchKey],
    /// Whom the map names by its id, when the row is not of the batch.
    pub(super) named: Option<RecordId>,
}
