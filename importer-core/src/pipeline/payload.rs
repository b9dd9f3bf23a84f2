//! Rows as JSON, and back.

use std::collections::BTreeMap;
use std::fmt;

use importer_plugin::{Batch, Row};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use crate::contracts::{Contract, FieldKind};
use crate::normalise::is_unreadable_date;
use crate::ports::{Contact, ContactKind, CoreRecord, Origin, Record, RecordId};
use crate::{Error, ErrorKind, Result};

/// Writes JSON objects of text values.
pub(super) struct JsonObject {
    text: String,
    /// The size of the last object: the next one is about as large.
    last: usize,
}

impl JsonObject {
    pub(super) fn new() -> Self {
        Self { text: String::new(), last: 512 }
    }

    fn open(&mut self) {
        self.text.push('{');
    }

    fn close(&mut self) {
        self.text.push('}');
    }

    fn key(&mut self, key: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.string(key);
        self.text.push(':');
    }

    fn string(&mut self, text: &str) {
        let plain = text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\');
        if plain {
            self.text.push('"');
            self.text.push_str(text);
            self.text.push('"');
        } else {
            self.text.push_str(&serde_json::Value::from(text).to_string());
        }
    }

    fn finish(&mut self) -> String {
        self.last = self.text.len();
        std::mem::replace(&mut self.text, String::with_capacity(self.last + 64))
    }

    /// A row as received: the cells by source column, missing ones left out.
    pub(super) fn raw(&mut self, columns: &[String], row: Row<'_>) -> String {
        self.open();
        for (column, cell) in columns.iter().zip(row.cells()) {
            if let Some(cell) = cell {
                self.key(column);
                self.string(cell);
            }
        }
        self.close();
        self.finish()
    }

    /// A normalised row: the values by field without the withheld ones, and under `original` what the source said
    /// where that differs.
    pub(super) fn normalised(
        &mut self,
        contract: &Contract,
        rows: &Batch,
        row: usize,
        withheld: &[usize],
    ) -> String {
        let n = contract.fields.len();
        self.open();
        let mut differs = false;
        for (place, field) in contract.fields.iter().enumerate() {
            let value = rows.get(row, place).filter(|_| !withheld.contains(&place));
            if let Some(value) = value {
                self.key(field.name);
                self.string(value);
            }
            differs |= rows.get(row, n + place).is_some_and(|original| value != Some(original));
        }
        if differs {
            self.key("original");
            self.open();
            for (place, field) in contract.fields.iter().enumerate() {
                let value = rows.get(row, place).filter(|_| !withheld.contains(&place));
                if let Some(original) = rows.get(row, n + place).filter(|original| value != Some(original)) {
                    self.key(field.name);
                    self.string(original);
                }
            }
            self.close();
        }
        self.close();
        self.finish()
    }
}

/// The key under which a corrected row says which fields a person set.
const SET_BY_HAND: &str = "set_by_hand";

/// The payload of a clean row with the fields that a person set, when the row was corrected.
pub(super) fn corrected(payload: &str, set: &[String]) -> String {
    let set = serde_json::json!({ SET_BY_HAND: set }).to_string();
    match payload.strip_suffix('}') {
        Some("{") | None => set,
        Some(open) => format!("{open},{}", &set[1..]),
    }
}

/// The fields that a person set, if the row of this payload was corrected.
///
/// ```
/// use importer_core::pipeline::set_by_hand;
/// assert_eq!(set_by_hand(r#"{"city":"Oslo"}"#), None);
/// let corrected = r#"{"city":"Oslo","set_by_hand":["phone_e164"]}"#;
/// assert_eq!(set_by_hand(corrected), Some(vec!["phone_e164".to_owned()]));
/// ```
pub fn set_by_hand(payload: &str) -> Option<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Corrected {
        set_by_hand: Option<Vec<String>>,
    }
    // Hardly any row is corrected, and reading one takes long.
    if !payload.contains(SET_BY_HAND) {
        return None;
    }
    serde_json::from_str::<Corrected>(payload).ok()?.set_by_hand
}

/// Reads the payload of a clean row into the core's form, with the id 0.
///
/// # Errors
/// When it is not what was written.
pub fn person(contract: &Contract, payload: &str, source: &str) -> Result<CoreRecord> {
    let mut read = Read {
        contract,
        values: Record::with_capacity(contract.fields.len(), payload.len()),
        originals: Record::new(contract.fields.len()),
    };
    let mut json = serde_json::Deserializer::from_str(payload);
    Object { read: &mut read, original: false }.deserialize(&mut json).map_err(|e| {
        Error::new(ErrorKind::Store, "read a clean row", "its payload is not what was written").caused_by(e)
    })?;
    Ok(read.into_person(source))
}

/// Reads a normalised row into a batch of the contract's columns, as rules see it. What was the same before it was
/// normalised was stored once.
pub(super) fn row(contract: &Contract, payload: &str, rows: &mut Batch) -> Result<()> {
    let wrong = |e: Box<dyn std::error::Error + Send + Sync>| {
        Error::new(ErrorKind::Store, "read a clean row", "its payload is not what was written").caused_by(e)
    };
    let fields = contract.fields.len();
    let mut read = Read {
        contract,
        values: Record::with_capacity(fields, payload.len()),
        originals: Record::new(fields),
    };
    let mut json = serde_json::Deserializer::from_str(payload);
    Object { read: &mut read, original: false }.deserialize(&mut json).map_err(|e| wrong(e.into()))?;
    let Read { values, originals, .. } = &read;
    let before = (0..fields).map(|place| originals.get(place).or_else(|| values.get(place)));
    rows.push_row((0..fields).map(|place| values.get(place)).chain(before)).map_err(|e| wrong(e.into()))
}

/// What a source wrote, as the core keeps it beside a value: Postgres has no NUL in texts, and the landed row has it.
fn original(text: &str, value: &str) -> Option<Box<str>> {
    if !text.contains('\0') {
        return Some(text.into());
    }
    let text = text.replace('\0', "");
    if text == value { None } else { Some(text.into()) }
}

struct Read<'a> {
    contract: &'a Contract,
    values: Record,
    originals: Record,
}

impl Read<'_> {
    fn into_person(mut self, source: &str) -> CoreRecord {
        let mut contacts = Vec::new();
        let extension = self.contract.index_of_kind(FieldKind::PhoneExtension);
        for (place, field) in self.contract.fields.iter().enumerate() {
            let kind = match field.kind {
                FieldKind::Email | FieldKind::EmailList => ContactKind::Email,
                FieldKind::Phone | FieldKind::PhoneList => ContactKind::Phone,
                _ => continue,
            };
            let primary = !field.kind.is_list();
            for value in self.values.get(place).into_iter().flat_map(str::lines) {
                contacts.push(Contact {
                    kind,
                    value: value.into(),
                    original: self
                        .originals
                        .get(place)
                        .filter(|_| primary)
                        .and_then(|text| original(text, value)),
                    extension: match (field.kind, extension) {
                        (FieldKind::Phone, Some(extension)) => self.values.get(extension).map(Into::into),
                        _ => None,
                    },
                    primary,
                    source: source.into(),
                });
            }
        }
        let verified = self.contract.index("source_updated_at").and_then(|place| self.values.get(place));
        let origin = Origin::new(source, verified);
        let mut field_origins = BTreeMap::new();
        for (place, field) in self.contract.fields.iter().enumerate() {
            let unread = self.originals.get(place).filter(|_| self.values.get(place).is_none());
            if field.kind == FieldKind::Date && unread.is_some_and(is_unreadable_date) {
                field_origins.insert(field.name.to_owned(), origin.clone());
            }
            if !field.kind.is_column() {
                self.values.set(place, None);
            }
        }
        CoreRecord { id: RecordId(0), record: self.values, contacts, origin, field_origins }
    }
}

struct Object<'r, 'a> {
    read: &'r mut Read<'a>,
    original: bool,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // Fields were written in the contract's order, so the next one is near.
        let mut near = 0;
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let key = key.0;
            if key == "original" && !self.original {
                map.next_value_seed(Object { read: &mut *self.read, original: true })?;
                continue;
            }
            let fields = self.read.contract.fields;
            let place = (near..fields.len()).chain(0..near).find(|&place| fields[place].name == key);
            let Some(place) = place else {
                // A field of a newer contract.
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            near = place + 1;
            let value = map.next_value::<Text<'de>>()?;
            let target = if self.original { &mut self.read.originals } else { &mut self.read.values };
            target.set(place, Some(&value.0));
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);
