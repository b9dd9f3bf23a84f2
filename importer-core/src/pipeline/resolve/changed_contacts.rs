//! Rows of known ids that bring a contact of somebody else: Ada gets Ben's address. Whoever is known by an id is not compared with
//! others, so this is looked for apart.

use std::collections::{BTreeMap, BTreeSet};

use super::{MOST_SHARE, ResolveBatch};
use crate::contracts::{Contract, FieldKind};
use crate::normalise::email_match_form;
use crate::ports::{
    CandidateFacts, Contact, ContactKind, CoreRecord, Decision, Incoming, MatchKey, Policies, Record,
    RecordId, RowId, Suggestion, SuggestionKind,
};

/// A row that brings a contact of somebody else with another name.
pub(in crate::pipeline) struct TakenContact {
    pub(in crate::pipeline) row: RowId,
    pub(in crate::pipeline) external_id: String,
    pub(in crate::pipeline) kind: ContactKind,
    /// The field that the contact fills.
    pub(in crate::pipeline) field: &'static str,
    /// Whose contact it is.
    pub(in crate::pipeline) owner: RecordId,
}

/// The keys of contacts that a row brings and its record does not have.
pub(super) fn keys_of_brought(
    contract: &Contract,
    policies: &Policies,
    row: &CoreRecord,
    known: &CoreRecord,
    out: &mut Vec<MatchKey>,
) {
    for contact in brought(row, known) {
        keys_of(contract, policies, row, contact, out);
    }
}

/// Contacts of a row that its record does not have; most rows bring none.
fn brought<'r>(row: &'r CoreRecord, known: &'r CoreRecord) -> impl Iterator<Item = &'r Contact> {
    row.contacts.iter().filter(|contact| !has(known, contact))
}

fn has(person: &CoreRecord, contact: &Contact) -> bool {
    let form = |value| email_match_form(value, true);
    person.contact_values(contact.kind).any(|value| {
        *value == *contact.value || contact.kind == ContactKind::Email && form(value) == form(&contact.value)
    })
}

fn keys_of(
    contract: &Contract,
    policies: &Policies,
    row: &CoreRecord,
    contact: &Contact,
    out: &mut Vec<MatchKey>,
) {
    let alone = CoreRecord {
        id: row.id,
        record: Record::new(contract.fields.len()),
        contacts: vec![contact.clone()],
        origin: row.origin.clone(),
        field_origins: BTreeMap::new(),
    };
    policies.resolver.contact_keys(contract, &alone, out);
}

/// The field of a contract that a contact fills.
fn field(contract: &Contract, contact: &Contact) -> &'static str {
    let kind = match (contact.kind, contact.primary) {
        (ContactKind::Email, true) => FieldKind::Email,
        (ContactKind::Email, false) => FieldKind::EmailList,
        (ContactKind::Phone, true) => FieldKind::Phone,
        (ContactKind::Phone, false) => FieldKind::PhoneList,
    };
    contract.fields.iter().find(|field| field.kind == kind).map_or("", |field| field.name)
}

impl ResolveBatch<'_> {
    /// Tells of contacts that a row of a known id brings and that somebody else has, and shows people both.
    pub(super) fn compare_brought_contacts(&mut self, row: &Incoming, id: RecordId) {
        let Some(known) = self.people.get(&id) else { return };
        let brought: Vec<Contact> = brought(&row.person, &known.record).cloned().collect();
        let mut shown: BTreeMap<RecordId, Suggestion> = BTreeMap::new();
        for contact in &brought {
            for owner in self.owners(row, contact, id) {
                let Some(person) = self.people.get(&owner) else { continue };
                let resolver = &self.policies.resolver;
                let candidates = [&person.record];
                let facts = CandidateFacts::default();
                let decision = resolver.decide_known(self.contract, &row.person, &candidates, facts);
                // One person twice is for whoever looks for duplicates.
                let Decision::New { look_at } = decision else { continue };
                let Some(pair) = look_at.into_iter().next() else { continue };
                if pair.kind == SuggestionKind::Household {
                    self.out.taken.push(TakenContact {
                        row: row.row,
                        external_id: row.external_id.clone(),
                        kind: contact.kind,
                        field: field(self.contract, contact),
                        owner,
                    });
                }
                shown.entry(owner).or_insert_with(|| Suggestion {
                    row: row.row,
                    left: owner.min(id),
                    right: owner.max(id),
                    kind: pair.kind,
                    score: pair.score,
                    features_json: pair.terms,
                });
            }
        }
        let mut undecided: Vec<RecordId> = shown.keys().copied().collect();
        self.without_told_apart(row, &mut undecided);
        shown.retain(|owner, _| undecided.contains(owner));
        let homes = shown.values().any(|pair| pair.kind == SuggestionKind::Household);
        self.out.counts.needs_review += u64::from(!shown.is_empty());
        self.out.counts.households += u64::from(homes);
        self.out.write.suggestions.extend(shown.into_values());
    }

    /// Who else has a contact; nobody where very many have it.
    fn owners(&self, row: &Incoming, contact: &Contact, id: RecordId) -> BTreeSet<RecordId> {
        let mut keys = Vec::new();
        keys_of(self.contract, self.policies, &row.person, contact, &mut keys);
        let found = keys.iter().filter_map(|key| self.under_key.get(key)).flatten();
        let has_it = |id: &RecordId| self.people.get(id).is_some_and(|person| has(&person.record, contact));
        let owners: BTreeSet<RecordId> = found.copied().filter(|other| *other != id).filter(has_it).collect();
        if owners.len() > MOST_SHARE { BTreeSet::new() } else { owners }
    }
}
