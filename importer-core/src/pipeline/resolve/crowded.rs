//! Contacts that so many people have by now that they are no household's. What was suggested because of them is withdrawn.

use super::{CROWD, MOST_SHARE, ResolveBatch};
use crate::ports::{CandidateFacts, CoreRecord, Decision, MatchKey, RecordId, SuggestionKind};

impl ResolveBatch<'_> {
    /// Notes that one more has a contact.
    pub(super) fn note_crowd(&mut self, key: MatchKey, people: usize) {
        if people == MOST_SHARE + 1 && self.policies.resolver.is_shared_by_homes(key.kind) {
            self.crowded.push(key);
        }
    }

    /// The pairs that are no household without the contacts that too many came to have in this batch.
    pub(super) fn no_households(&self) -> Vec<(RecordId, RecordId)> {
        let mut pairs = Vec::new();
        for key in &self.crowded {
            let ids = self.under_key.get(key).map_or(&[][..], Vec::as_slice);
            let people: Vec<&CoreRecord> =
                ids.iter().filter_map(|id| self.people.get(id)).map(|person| &person.record).collect();
            for (place, one) in people.iter().enumerate() {
                for other in &people[place + 1..] {
                    if !self.are_at_home(one, other, key.kind) {
                        pairs.push((one.id.min(other.id), one.id.max(other.id)));
                    }
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Whether two people are of one household by anything but contacts of this kind.
    fn are_at_home(&self, one: &CoreRecord, other: &CoreRecord, kind: i16) -> bool {
        let facts = CandidateFacts { passed_over: &[(kind, CROWD)], ..CandidateFacts::default() };
        match self.policies.resolver.decide_known(self.contract, one, &[other], facts) {
            Decision::Same { .. } => false,
            Decision::New { look_at } => look_at.iter().any(|pair| pair.kind == SuggestionKind::Household),
        }
    }
}
