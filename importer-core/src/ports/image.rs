use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Contact, ContactKind, CoreRecord, Moment, Origin, OtherRow, Record, RecordId, RowId, RunId};
use crate::contracts::Contract;

/// A record as it was, whole: what merges and rollbacks keep to be able to bring it back. Values are kept by the names of
/// fields, so that an image outlives a contract that gains some.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordImage {
    /// Its id.
    pub id: RecordId,
    /// The values by field.
    pub values: BTreeMap<String, String>,
    /// Every email address and phone number.
    pub contacts: Vec<ContactImage>,
    /// Where the values come from unless `field_origins` says otherwise.
    pub origin: Origin,
    /// Exceptions, by field.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_origins: BTreeMap<String, Origin>,
}

impl std::fmt::Debug for RecordImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordImage({}, {} values)", self.id, self.values.len())
    }
}

/// A contact of an image.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactImage {
    /// `email` or `phone`.
    pub kind: String,
    /// The normal form.
    pub value: String,
    /// As the source wrote it, when that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// The extension behind a phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// True for the one to use.
    pub primary: bool,
    /// The source that brought it.
    pub source: String,
}

impl RecordImage {
    /// A record as it is now.
    ///
    /// ```
    /// use importer_core::contracts::VOLUNTEER;
    /// use importer_core::ports::{CoreRecord, Origin, Record, RecordId, RecordImage};
    /// let mut record = Record::new(VOLUNTEER.fields.len());
    /// record.set(VOLUNTEER.index("city").unwrap(), Some("Oslo"));
    /// let origin = Origin::new("csv", None);
    /// let person = CoreRecord { id: RecordId(7), record, contacts: vec![], origin, field_origins: Default::default() };
    /// let image = RecordImage::of(&VOLUNTEER, &person);
    /// assert_eq!(image.record(&VOLUNTEER), person);
    /// ```
    pub fn of(contract: &Contract, person: &CoreRecord) -> Self {
        let values = contract
            .columns()
            .filter_map(|(place, field)| Some((field.name.to_owned(), person.record.get(place)?.to_owned())));
        let contacts = person.contacts.iter().map(|contact| ContactImage {
            kind: contact.kind.as_str().into(),
            value: contact.value.to_string(),
            original: contact.original.as_deref().map(Into::into),
            extension: contact.extension.as_deref().map(Into::into),
            primary: contact.primary,
            source: contact.source.to_string(),
        });
        Self {
            id: person.id,
            values: values.collect(),
            contacts: contacts.collect(),
            origin: person.origin.clone(),
            field_origins: person.field_origins.clone(),
        }
    }

    /// The record again. Fields that the contract no longer has are left out.
    pub fn record(&self, contract: &Contract) -> CoreRecord {
        let mut record = Record::new(contract.fields.len());
        for (field, value) in &self.values {
            if let Some(place) = contract.index(field) {
                record.set(place, Some(value));
            }
        }
        let contacts = self.contacts.iter().map(|contact| Contact {
            kind: if contact.kind == "email" { ContactKind::Email } else { ContactKind::Phone },
            value: contact.value.as_str().into(),
            original: contact.original.as_deref().map(Into::into),
            extension: contact.extension.as_deref().map(Into::into),
            primary: contact.primary,
            source: contact.source.as_str().into(),
        });
        CoreRecord {
            id: self.id,
            record,
            contacts: contacts.collect(),
            origin: self.origin.clone(),
            field_origins: self.field_origins.clone(),
        }
    }
}

/// An entry of the id map, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapImage {
    /// Its number.
    pub id: i64,
    /// The system.
    pub system: String,
    /// The name in the source.
    pub external_id: String,
    /// The record.
    pub core_id: RecordId,
    /// The hash of the last row seen under this id.
    pub row_hash: i64,
    /// Other rows that the same run brought under this id.
    #[serde(default, rename = "other_hashes", skip_serializing_if = "Vec::is_empty")]
    pub other_rows: Vec<OtherRow>,
    /// The last row seen under this id.
    pub staging_id: RowId,
    /// The run that saw it last.
    pub last_run: RunId,
}

/// A record and a moment of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// The record.
    pub id: RecordId,
    /// When.
    pub at: Moment,
}
