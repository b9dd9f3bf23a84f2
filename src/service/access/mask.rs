//! What a role does not see: the one place where answers for people are masked.
//!
//! A value is shown when the role sees the [`PiiClass`] of its field. A cell as received is as personal as the most personal
//! field that its run's mapping makes of it; a column that no field takes could hold anything and counts as sensitive, as do
//! fields and terms that nobody here knows.

use std::collections::BTreeMap;

use importer_core::contracts::{Contract, PiiClass};
use importer_core::ports::{ContactKind, CoreRecord, ViolationRow};
use serde_json::{Map, Value};

use super::Role;
use super::columns::{Columns, class_of};
use super::view::{ContactView, RecordView};

/// The text that replaces a value which the role does not see: `***`.
///
/// ```
/// use importer::service::{Actor, MASKED, Role};
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let desk = importer.desk(Actor::new("vera", Role::Viewer));
/// let ann = desk.record("volunteer", 1.into())?.unwrap();
/// assert_eq!((ann.values["first_name"].as_str(), ann.values["email_normalized"].as_str()), ("Ann", MASKED));
/// # Ok::<(), importer::Error>(())
/// ```
pub const MASKED: &str = importer_plugin::spreadsheet::MASKED;
/// What stands where a message would that quotes a value.
pub(crate) const MASKED_MESSAGE: &str = "(the message is about a value that this role does not see)";

/// What one role is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mask(pub(crate) Role);

impl Mask {
    pub(crate) fn hides(self, class: PiiClass) -> bool {
        !self.0.sees(class)
    }

    /// True when the role sees everything, so that nothing need be looked at.
    pub(crate) fn shows_all(self) -> bool {
        self.0.sees(PiiClass::Sensitive)
    }

    /// A value of a field, as the role sees it.
    pub(crate) fn value(self, contract: &Contract, field: &str, value: String) -> String {
        if self.hides(class_of(contract, field)) { MASKED.into() } else { value }
    }

    /// A record, as the role sees it.
    pub(crate) fn record(self, contract: &'static Contract, person: &CoreRecord) -> RecordView {
        let mut values = BTreeMap::new();
        let mut masked = Vec::new();
        for (place, field) in contract.fields.iter().enumerate() {
            let Some(value) = person.record.get(place) else { continue };
            if self.hides(field.pii) {
                masked.push(field.name);
            }
            values.insert(field.name, self.value(contract, field.name, value.to_owned()));
        }
        let hidden = self.hides(PiiClass::Contact);
        let shown = |text: &str| if hidden { MASKED.to_owned() } else { text.to_owned() };
        let contacts = (person.contacts.iter()).map(|contact| ContactView {
            kind: match contact.kind {
                ContactKind::Email => "email",
                ContactKind::Phone => "phone",
            },
            value: shown(&contact.value),
            original: contact.original.as_deref().map(shown),
            extension: contact.extension.as_deref().map(shown),
            primary: contact.primary,
            source: contact.source.to_string(),
        });
        RecordView {
            id: person.id,
            entity: contract.entity,
            values,
            masked,
            contacts: contacts.collect(),
            origin: person.origin.clone(),
            field_origins: person.field_origins.clone(),
        }
    }

    /// A finding, with the row as received and as normalised.
    pub(crate) fn violation(self, contract: Option<&Contract>, columns: &Columns, row: &mut ViolationRow) {
        if self.shows_all() {
            return;
        }
        let finding = &mut row.violation;
        let details: Value = serde_json::from_str(&finding.details_json).unwrap_or_default();
        let mut hidden = Vec::new();
        let raw = self.cells(&details["raw"], |column| columns.class(column), &mut hidden);
        let class = |field: &str| contract.map_or(PiiClass::Sensitive, |contract| class_of(contract, field));
        let normalised = self.normalised(contract, &details["normalised"], &mut hidden);
        let mut shown = Map::new();
        shown.insert("position".into(), row.position.into());
        shown.insert("raw".into(), raw.into());
        shown.insert("normalised".into(), normalised.into());
        finding.details_json = Value::Object(shown).to_string();
        let about_hidden = !finding.field.is_empty() && self.hides(class(&finding.field));
        self.message(&finding.rule_code, about_hidden, &hidden, &mut finding.message);
        let (system, id) = finding.record_key.split_once(':').unwrap_or(("", &finding.record_key));
        if self.hides_name(id, &hidden) {
            finding.record_key = format!("{system}:{MASKED}");
        }
    }

    /// What a rule says. Built-in rules never repeat a value; what plugins say about a value may hold it in another form.
    pub(super) fn message(self, rule: &str, about_hidden: bool, hidden: &[String], message: &mut String) {
        let ours = importer_dq::catalogue().iter().any(|meta| meta.code == rule);
        if (about_hidden && !ours) || quotes_hidden(message, hidden) {
            *message = MASKED_MESSAGE.into();
        }
    }

    /// Whether the name of a row in its source is hidden: it may be an address that the source uses as an id, or the hash of all
    /// its cells, from which whoever knows the others finds out a masked one by trying.
    pub(crate) fn hides_name(self, id: &str, hidden: &[String]) -> bool {
        self.hides(PiiClass::Contact) && id.contains('@')
            || !self.shows_all() && is_content_name(id)
            || quotes_hidden(id, hidden)
    }

    /// A row as normalised, by field, with what its cells were under `original`.
    pub(super) fn normalised(
        self,
        contract: Option<&Contract>,
        values: &Value,
        hidden: &mut Vec<String>,
    ) -> Map<String, Value> {
        let class = |field: &str| contract.map_or(PiiClass::Sensitive, |contract| class_of(contract, field));
        let mut shown = self.cells(values, class, hidden);
        if let Some(original) = values.get("original") {
            shown.insert("original".into(), self.cells(original, class, hidden).into());
        }
        shown
    }

    /// An object of texts, value by value; what is hidden is collected.
    pub(super) fn cells(
        self,
        cells: &Value,
        class: impl Fn(&str) -> PiiClass,
        hidden: &mut Vec<String>,
    ) -> Map<String, Value> {
        let mut shown = Map::new();
        for (name, value) in cells.as_object().into_iter().flatten() {
            let Some(text) = value.as_str() else { continue };
            // An address is one in every column, be it that of the ids.
            if self.hides(class(name)) || self.hides(PiiClass::Contact) && text.contains('@') {
                hidden.push(text.to_lowercase());
                shown.insert(name.clone(), MASKED.into());
            } else {
                shown.insert(name.clone(), text.into());
            }
        }
        shown
    }

    /// A row as received, as JSON, by the mapping of its run.
    pub(crate) fn received(self, columns: &Columns, payload: &str) -> String {
        if self.shows_all() {
            return payload.to_owned();
        }
        let cells: Value = serde_json::from_str(payload).unwrap_or_default();
        Value::Object(self.cells(&cells, |column| columns.class(column), &mut Vec::new())).to_string()
    }
}

/// Whether a name is made of what a row holds, and not the source's own.
pub(super) fn is_content_name(name: &str) -> bool {
    let hash = name.rsplit_once(':').map(|(_, hash)| hash);
    hash.is_some_and(|hash| {
        hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Whether a text holds one of the values, whatever its case. Short ones count as words of their own: every text has an `f`.
pub(super) fn quotes_hidden(text: &str, hidden: &[String]) -> bool {
    let text = text.to_lowercase();
    hidden.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).any(|value| {
        if value.chars().count() > 3 {
            return text.contains(value);
        }
        let word = |c: char| !c.is_alphanumeric();
        text.split(word).any(|part| part == value) || value.chars().all(word) && text.contains(value)
    })
}

#[cfg(test)]
#[path = "mask_laws.rs"]
pub(super) mod laws;
