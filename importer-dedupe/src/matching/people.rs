//! Records of a contract in a frame.

use std::borrow::Cow;
use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::normalise::comparable;
use importer_core::ports::{ContactKind, CoreRecord, MapImage};

use super::features::EXTENSION;
use super::features::external_id::cells;
pub use super::features::external_id::tells_across_systems;
use super::frame::{ColumnSpec, Frame};
use super::plugin_terms::Compares;
use super::role::Role;

/// How many contacts of a kind of one person are compared.
const CONTACTS: usize = 4;
/// How many of them features of plugins are told as a list.
const CONTACTS_IN_A_LIST: usize = 32;
/// How many external ids of one person are compared.
const IDS: usize = 4;

/// What the fields of contracts are about; others are not compared.
const ROLES: &[(&str, Role)] = &[
    ("first_name", Role::GivenName),
    ("middle_name", Role::MiddleName),
    ("last_name", Role::FamilyName),
    ("name_suffix", Role::NameSuffix),
    ("full_name", Role::FullName),
    ("dob", Role::BirthDate),
    ("email_normalized", Role::Email),
    ("phone_e164", Role::Phone),
    ("street", Role::Street),
    ("city", Role::City),
    ("state_code", Role::State),
    ("postal_code", Role::PostalCode),
    ("employer", Role::Organisation),
    ("school_affiliation", Role::Organisation),
    ("gender", Role::Gender),
];

/// The role of a contract's field.
pub fn role_of(field: &str) -> Role {
    ROLES.iter().find(|(name, _)| *name == field).map_or(Role::Ignored, |(_, role)| *role)
}

/// The fields of a contract that are compared, by their places.
pub(crate) fn compared_fields(contract: &Contract) -> Vec<usize> {
    let fields = contract.fields.iter().enumerate();
    fields.filter(|(_, field)| role_of(field.name) != Role::Ignored).map(|(place, _)| place).collect()
}

/// What is known of an id of one of a few records.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KnownId {
    /// Another record has the same in another system; this is one of the two.
    Same(&'static str),
    /// It is one of those that a system has given to several of the records.
    OfOneSystem,
}

/// People of the core, prepared for comparison.
#[derive(Debug)]
pub struct People {
    /// The frame they are in.
    pub frame: Frame,
    /// Their ids, in the order they came.
    pub ids: Vec<i64>,
    /// Which cell of a record each column is; contacts come after them.
    fields: Vec<usize>,
    /// Of the fields that are dates, their names: a date that nobody can read is not missing.
    dates: Vec<Option<&'static str>>,
}

/// Stands for a date that nobody can read.
const UNREADABLE: &str = "unreadable";

impl People {
    /// Nobody yet.
    pub fn new(contract: &Contract) -> Self {
        let (mut columns, mut fields, mut dates) = (Vec::new(), Vec::new(), Vec::new());
        for (place, field) in contract.fields.iter().enumerate() {
            let role = role_of(field.name);
            if !matches!(role, Role::Ignored | Role::Email | Role::Phone) {
                columns.push(ColumnSpec { name: field.name.into(), role });
                fields.push(place);
                dates.push((role == Role::BirthDate).then_some(field.name));
            }
        }
        for (name, role) in [("email", Role::Email), ("phone", Role::Phone)] {
            columns.extend((0..CONTACTS).map(|_| ColumnSpec { name: name.into(), role }));
        }
        let id = ColumnSpec { name: "external_id".into(), role: Role::ExternalId };
        columns.extend((0..IDS).map(|_| id.clone()));
        Self { frame: Frame::new(&columns), ids: Vec::new(), fields, dates }
    }

    /// Nobody yet, to be compared by further terms as well.
    pub fn with_further(contract: &Contract, by: Option<&Arc<dyn Compares>>) -> Self {
        let mut people = Self::new(contract);
        if let Some(by) = by {
            people.frame = people.frame.with_further(Arc::clone(by));
        }
        people
    }

    /// Takes one more, with what further terms look at; returns its number in the frame.
    pub fn push_whole(&mut self, contract: &Contract, person: &CoreRecord) -> u32 {
        self.push_known(contract, person, &[])
    }

    /// The same with the person's entries in the id map.
    pub fn push_known(&mut self, contract: &Contract, person: &CoreRecord, known: &[MapImage]) -> u32 {
        self.frame.push_further(|column| value(contract, person, column));
        let ids: Vec<String> = cells(known).take(IDS).collect();
        self.push_cells(person, &ids)
    }

    /// The same of a few records of which it is known who has one and the same id in different systems, and who is known to one
    /// system; which ids these are does not matter.
    pub(crate) fn push_with_ids(&mut self, contract: &Contract, person: &CoreRecord, ids: &[KnownId]) -> u32 {
        self.frame.push_further(|column| value(contract, person, column));
        let cell = |id: &KnownId| match id {
            KnownId::Same(system) => format!("{system}:0000000000-the-same-1"),
            KnownId::OfOneSystem => "one:id".to_owned(),
        };
        let ids: Vec<String> = ids.iter().map(cell).collect();
        self.push_cells(person, &ids)
    }

    /// Takes one more; returns its number in the frame.
    pub fn push(&mut self, person: &CoreRecord) -> u32 {
        self.push_cells(person, &[])
    }

    fn push_cells(&mut self, person: &CoreRecord, ids: &[String]) -> u32 {
        let mut cells: Vec<Option<&str>> = (self.fields.iter().zip(&self.dates))
            .map(|(&place, dated)| {
                let unreadable =
                    || dated.filter(|field| person.is_unreadable(place, field)).map(|_| UNREADABLE);
                person.record.get(place).or_else(unreadable)
            })
            .collect();
        let phones: Vec<Cow<'_, str>> = phones(person).take(CONTACTS).collect();
        for contacts in
            [person.contact_values(ContactKind::Email).collect(), phones.iter().map(|p| &**p).collect()]
        {
            let contacts: Vec<&str> = contacts;
            let start = cells.len();
            cells.extend(contacts.into_iter().take(CONTACTS).map(Some));
            cells.resize(start + CONTACTS, None);
        }
        let start = cells.len();
        cells.extend(ids.iter().map(|id| Some(id.as_str())));
        cells.resize(start + IDS, None);
        let number = self.frame.len();
        self.frame.push(&cells);
        self.ids.push(person.id.0);
        number
    }
}

/// The phone numbers of a person, each with its extension; the primary one first.
fn phones(person: &CoreRecord) -> impl Iterator<Item = Cow<'_, str>> {
    let of = |primary: bool| {
        person.contacts.iter().filter(move |c| c.kind == ContactKind::Phone && c.primary == primary)
    };
    of(true).chain(of(false)).map(|contact| match &contact.extension {
        Some(extension) => Cow::from(format!("{}{EXTENSION}{extension}", contact.value)),
        None => Cow::from(&*contact.value),
    })
}

/// The value of a field; contacts are kept beside the record, lists among them one per line.
pub(crate) fn value(contract: &Contract, person: &CoreRecord, column: &str) -> Option<String> {
    let contacts = |kind| {
        let all: Vec<_> = person.contact_values(kind).take(CONTACTS_IN_A_LIST).map(comparable).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    };
    match column {
        "alt_emails" => contacts(ContactKind::Email),
        "alt_phones" => contacts(ContactKind::Phone),
        _ => person.record.get(contract.index(column)?).map(|value| comparable(value).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use importer_core::contracts::VOLUNTEER;

    use super::*;

    #[test]
    fn every_field_that_is_compared_is_one_of_the_contract() {
        for (field, _) in ROLES {
            assert!(VOLUNTEER.index(field).is_some(), "{field}");
        }
    }
}
