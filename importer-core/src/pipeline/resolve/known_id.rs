//! Rows whose external id is known. The id names a record, but it proves nothing: lists whose ids are row numbers give each id to
//! somebody else when a row is inserted, and some sources give ids away again.

use super::{Fate, ResolveBatch};
use crate::Result;
use crate::ports::{Identity, Incoming, RecordId};
use crate::reasons::Reason;

impl ResolveBatch<'_> {
    /// Takes a row whose id names a record that is there.
    pub(super) fn known_id(&mut self, row: Incoming, named: RecordId) -> Result<()> {
        let identity = self.identity(named, &row);
        if identity == Identity::Same {
            self.compare_brought_contacts(&row, named);
            self.update(row, named, Reason::SameExternalId.into());
            return Ok(());
        }
        self.owner_of_id = Some(named);
        let result = self.not_for_certain(row, named, identity);
        self.owner_of_id = None;
        result
    }

    fn not_for_certain(&mut self, row: Incoming, named: RecordId, identity: Identity) -> Result<()> {
        self.find_keys(&row);
        if let Some(other) = self.moved_before(&row) {
            self.moved(&row, other);
            self.update(row, other, Reason::SameExternalId.into());
            return Ok(());
        }
        match (&self.others_exactly(&row, named)[..], identity) {
            (&[other], _) => {
                self.moved(&row, other);
                self.update(row, other, Reason::SameNameAndBirthDate.into());
                Ok(())
            }
            ([], Identity::Doubtful) => {
                self.owner_of_id = None;
                self.compare_brought_contacts(&row, named);
                self.update(row, named, Reason::SameExternalId.into());
                Ok(())
            }
            _ => self.decide(row),
        }
    }

    fn identity(&self, named: RecordId, row: &Incoming) -> Identity {
        let Some(known) = self.people.get(&named) else { return Identity::Other };
        if self.is_certain && known.fate == Fate::Known {
            return Identity::Same;
        }
        self.policies.resolver.identity(self.contract, &row.person, &known.record)
    }

    /// Whom an earlier row of the id turned out to be, when this one is the same person.
    fn moved_before(&self, row: &Incoming) -> Option<RecordId> {
        let mut latest_first = self.map.get(&row.external_id)?.entry.apart().rev();
        latest_first.find(|id| {
            self.people.get(id).is_some_and(|known| {
                let resolver = &self.policies.resolver;
                resolver.identity(self.contract, &row.person, &known.record) == Identity::Same
            })
        })
    }

    /// Whom else of the source the row is beyond doubt.
    fn others_exactly(&self, row: &Incoming, named: RecordId) -> Vec<RecordId> {
        let resolver = &self.policies.resolver;
        let mut found: Vec<RecordId> =
            self.keys.iter().filter_map(|key| self.under_key.get(key)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|id| {
            *id != named
                && self.people.get(id).is_some_and(|other| {
                    (other.fate != Fate::Known || self.own_system.contains(id))
                        && resolver.is_exactly(self.contract, &row.person, &other.record)
                })
        });
        found
    }
}
