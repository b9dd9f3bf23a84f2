use xxhash_rust::xxh3::xxh3_64;

use super::{ContactKind, CoreRecord};
use crate::contracts::Contract;
use crate::normalise::{comparable, email_without_tag, fold};

/// What a person is recognised by when the same data come again under another id: a hash of the names, the birth date and
/// all contacts in their matching forms. None when there is no name, or nothing beside it: a name alone is many people.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::ports::{CoreRecord, Origin, Record, RecordId, fingerprint};
/// let person = |first: &str, dob: Option<&str>| {
///     let mut record = Record::new(VOLUNTEER.fields.len());
///     record.set(VOLUNTEER.index("first_name").unwrap(), Some(first));
///     record.set(VOLUNTEER.index("dob").unwrap(), dob);
///     let origin = Origin::new("csv", None);
///     CoreRecord { id: RecordId(0), record, contacts: vec![], origin, field_origins: Default::default() }
/// };
/// let print = |first, dob| fingerprint(&VOLUNTEER, &person(first, dob));
/// assert_eq!(print("Zoë", Some("1990-01-02")), print("ZOE", Some("1990-01-02")));
/// assert_ne!(print("Zoë", Some("1990-01-02")), print("Zoë", Some("1990-02-01")));
/// assert_eq!(print("Zoë", None), None);
/// ```
pub fn fingerprint(contract: &Contract, person: &CoreRecord) -> Option<i64> {
    let mut text = String::new();
    let field = |name| contract.index(name).and_then(|place| person.record.get(place));
    for name in ["first_name", "middle_name", "last_name", "name_suffix"] {
        fold(&comparable(field(name).unwrap_or_default()), &mut text);
        text.push('\u{1f}');
    }
    let named = text.bytes().any(|byte| byte != 0x1f);
    let dob = field("dob");
    if !named || (dob.is_none() && person.contacts.is_empty()) {
        return None;
    }
    text.push_str(dob.unwrap_or_default());
    let mut contacts: Vec<String> = person
        .contacts
        .iter()
        .map(|contact| match contact.kind {
            ContactKind::Email => email_without_tag(&contact.value, true).to_string(),
            ContactKind::Phone => contact.value.to_string(),
        })
        .collect();
    contacts.sort_unstable();
    contacts.dedup();
    for contact in contacts {
        text.push('\u{1f}');
        text.push_str(&contact);
    }
    Some(xxh3_64(text.as_bytes()).cast_signed())
}
