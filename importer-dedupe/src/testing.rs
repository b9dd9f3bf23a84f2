//! People for tests.

use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{Contact, ContactKind, CoreRecord, Origin, Record, RecordId};

/// A person with these values; an email address and a phone number are contacts too.
pub(crate) fn person(values: &[(&str, &str)], source: &str, verified: Option<&str>) -> CoreRecord {
    let mut record = Record::new(VOLUNTEER.fields.len());
    let mut contacts = Vec::new();
    for (field, value) in values {
        record.set(VOLUNTEER.index(field).unwrap(), Some(value));
        let kind = match *field {
            "email_normalized" => ContactKind::Email,
            "phone_e164" => ContactKind::Phone,
            _ => continue,
        };
        contacts.push(Contact {
            kind,
            value: (*value).into(),
            original: None,
            extension: None,
            primary: true,
            source: source.into(),
        });
    }
    CoreRecord {
        id: RecordId(1),
        record,
        contacts,
        origin: Origin::new(source, verified),
        field_origins: Default::default(),
    }
}
