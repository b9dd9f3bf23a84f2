//! Which rows of a run share a contact.

use rustc_hash::FxHashMap;

use crate::contracts::Contract;
use crate::ports::{CoreRecord, MatchKey, Policies, RowId};

/// How many different rows of a contact are told apart; a contact of more is an office's or a school's, and says nothing.
pub(in crate::pipeline) const MOST: usize = 16;

/// Which rows of a run share a contact.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct RunContacts {
    pub(in crate::pipeline) rows: FxHashMap<u64, Vec<RowId>>,
}

impl RunContacts {
    /// The rows of a contact that are not all alike, where there are several; none of one that too many have.
    pub(in crate::pipeline) fn rows(&self, contact: &MatchKey) -> &[RowId] {
        let rows = self.rows.get(&hashed(contact)).map_or(&[][..], Vec::as_slice);
        if rows.len() > MOST { &[] } else { rows }
    }

    /// Whether more rows have a contact than are told apart, and so nobody is known by it.
    pub(in crate::pipeline) fn is_crowded(&self, contact: &MatchKey) -> bool {
        self.rows.get(&hashed(contact)).is_some_and(|rows| rows.len() > MOST)
    }

    pub(in crate::pipeline) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The contacts of a record, as keys.
pub(super) fn contacts(contract: &Contract, policies: &Policies, person: &CoreRecord) -> Vec<MatchKey> {
    let mut keys = Vec::new();
    policies.resolver.contact_keys(contract, person, &mut keys);
    keys
}

/// A contact as a key of the map; that two share one makes them neighbours for nothing, and nothing else.
pub(in crate::pipeline) fn hashed(contact: &MatchKey) -> u64 {
    contact.hash.cast_unsigned() ^ u64::from(contact.kind.cast_unsigned()).rotate_right(8)
}
