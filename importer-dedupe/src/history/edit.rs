use importer_core::contracts::{Contract, FieldKind};
use importer_core::ports::{
    Contact, ContactKind, CoreRecord, Moment, Origin, Record, Survivorship, moment_text,
};

/// A value that somebody typed, in its normal form; `None` empties the field.
pub type Typed = (String, Option<String>);

/// A record after somebody edited it: the values are there, they are known to be an edit, and contacts are in line with them.
/// Fields the contract does not have are left out.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::ports::{CoreRecord, Origin, Record, RecordId, parse_moment};
/// use importer_dedupe::{Survivorship, edited};
/// let person = CoreRecord {
///     id: RecordId(1),
///     record: Record::new(VOLUNTEER.fields.len()),
///     contacts: vec![],
///     origin: Origin::new("csv", None),
///     field_origins: Default::default(),
/// };
/// let typed = [("city".to_owned(), Some("Oslo".to_owned()))];
/// let at = parse_moment("2025-01-31T08:00:00Z").unwrap();
/// let person = edited(&VOLUNTEER, &Survivorship::default(), &person, &typed, at);
/// assert_eq!(person.record.get(VOLUNTEER.index("city").unwrap()), Some("Oslo"));
/// assert_eq!(person.origin_of("city").source, Origin::MANUAL);
/// ```
pub fn edited(
    contract: &Contract,
    survivorship: &dyn Survivorship,
    person: &CoreRecord,
    values: &[Typed],
    at: Moment,
) -> CoreRecord {
    let origin = Origin::new(Origin::MANUAL, Some(&moment_text(at)));
    let mut person = person.clone();
    let mut typed = CoreRecord {
        id: person.id,
        record: Record::new(contract.fields.len()),
        contacts: Vec::new(),
        origin: origin.clone(),
        field_origins: Default::default(),
    };
    for (field, value) in values {
        let Some(place) = contract.index(field) else { continue };
        person.record.set(place, value.as_deref());
        person.field_origins.insert(field.clone(), origin.clone());
        typed.record.set(place, value.as_deref());
        let kind = match contract.fields[place].kind {
            FieldKind::Email => ContactKind::Email,
            FieldKind::Phone => ContactKind::Phone,
            _ => continue,
        };
        typed.contacts.extend(value.as_deref().map(|value| Contact {
            kind,
            value: value.into(),
            original: None,
            extension: None,
            primary: true,
            source: Origin::MANUAL.into(),
        }));
    }
    // The fields are decided; merging brings the lists of contacts and their primaries in line with them.
    survivorship.merge(contract, &person, &typed).person
}
