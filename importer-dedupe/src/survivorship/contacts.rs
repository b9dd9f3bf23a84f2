//! Contacts are lists: nothing is lost when another primary wins.

use importer_core::contracts::{Contract, FieldKind};
use importer_core::ports::{ContactKind, CoreRecord, FieldChange, Merged};
use importer_core::reasons::Reason;

/// Adds the incoming contacts to the merged record and marks the primaries that the fields decided on.
pub(super) fn merge(contract: &Contract, incoming: &CoreRecord, merged: &mut Merged) {
    for contact in &incoming.contacts {
        let known =
            merged.person.contacts.iter_mut().find(|c| c.kind == contact.kind && c.value == contact.value);
        if let Some(known) = known {
            if known.extension.is_none() && contact.extension.is_some() {
                known.extension.clone_from(&contact.extension);
                known.original.clone_from(&contact.original);
            }
            continue;
        }
        let mut added = contact.clone();
        added.primary = false;
        let primary_field = field_of(contract, primary_kind(contact.kind));
        let is_new_primary =
            primary_field.is_some_and(|(place, _)| merged.person.record.get(place) == Some(&*contact.value));
        // A contract without a list keeps further contacts all the same, and that is a change.
        let list = field_of(contract, list_kind(contact.kind)).or(primary_field);
        if let (false, Some((_, name))) = (is_new_primary, list) {
            merged.changes.push(FieldChange {
                field: name.into(),
                old: None,
                new: Some(contact.value.to_string()),
                reason: Reason::AddedToList,
            });
        }
        merged.person.contacts.push(added);
    }
    for kind in [ContactKind::Email, ContactKind::Phone] {
        let primary =
            field_of(contract, primary_kind(kind)).and_then(|(place, _)| merged.person.record.get(place));
        let primary = primary.map(str::to_owned);
        for contact in merged.person.contacts.iter_mut().filter(|c| c.kind == kind) {
            contact.primary = primary.as_deref() == Some(&*contact.value);
        }
    }
    // The store reads contacts in this order; an equal record must be equal in memory too.
    merged
        .person
        .contacts
        .sort_by(|a, b| (a.kind, !a.primary, &a.value).cmp(&(b.kind, !b.primary, &b.value)));
}

fn primary_kind(kind: ContactKind) -> FieldKind {
    match kind {
        ContactKind::Email => FieldKind::Email,
        ContactKind::Phone => FieldKind::Phone,
    }
}

fn list_kind(kind: ContactKind) -> FieldKind {
    match kind {
        ContactKind::Email => FieldKind::EmailList,
        ContactKind::Phone => FieldKind::PhoneList,
    }
}

fn field_of(contract: &Contract, kind: FieldKind) -> Option<(usize, &'static str)> {
    let place = contract.index_of_kind(kind)?;
    Some((place, contract.fields[place].name))
}
