//! What a role does not see: the one place where answers for people are masked.
//!
//! A value is shown when the role sees the [`PiiClass`] of its field. A cell as received is as personal as the most personal
//! field that its run's mapping makes of it; a column that no field takes could hold anything and counts as sensitive, as do
//! fields and terms that nobody here knows.

use std::collections::BTreeMap;

use importer_core::contracts::{Contract, PiiClass};
use importer_core::pipeline::RunReport;
use importer_core::ports::{ContactKind, CoreRecord, RunRecord, ViolationRow};
use serde_json::{Map, Value};

use super::Role;
use super::view::{ContactView, RecordView};

/// What stands where a value would.
pub const MASKED: &str = "***";
/// What stands where a message would that quotes a value.
const MASKED_MESSAGE: &str = "(the message is about a value that this role does not see)";

/// How personal the columns of a source are, by the mapping of the run that read it.
#[derive(Debug, Default)]
pub(crate) struct Columns(BTreeMap<String, PiiClass>);

impl Columns {
    pub(crate) fn of(contract: &Contract, run: &RunRecord) -> Self {
        let metrics: Value = serde_json::from_str(&run.metrics_json).unwrap_or_default();
        let mut classes: BTreeMap<String, PiiClass> = BTreeMap::new();
        for assignment in metrics["mapping"].as_array().into_iter().flatten() {
            let (Some(column), Some(field)) = (assignment["source"].as_str(), assignment["field"].as_str())
            else {
                continue;
            };
            let class = class_of(contract, field);
            let known = classes.entry(column.to_owned()).or_insert(class);
            *known = (*known).max(class);
        }
        Self(classes)
    }

    fn class(&self, column: &str) -> PiiClass {
        self.0.get(column).copied().unwrap_or(PiiClass::Sensitive)
    }
}

fn class_of(contract: &Contract, field: &str) -> PiiClass {
    contract.field(field).map_or(PiiClass::Sensitive, |field| field.pii)
}

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
        let mut normalised = self.cells(&details["normalised"], class, &mut hidden);
        if let Some(original) = details["normalised"].get("original") {
            normalised.insert("original".into(), self.cells(original, class, &mut hidden).into());
        }
        let mut shown = Map::new();
        shown.insert("position".into(), row.position.into());
        shown.insert("raw".into(), raw.into());
        shown.insert("normalised".into(), normalised.into());
        finding.details_json = Value::Object(shown).to_string();
        // Built-in rules never repeat a value; what plugins say about a value may hold it in another form.
        let ours = importer_dq::catalogue().iter().any(|meta| meta.code == finding.rule_code);
        let about_hidden = !finding.field.is_empty() && self.hides(class(&finding.field));
        if (about_hidden && !ours) || quotes(&finding.message, &hidden) {
            finding.message = MASKED_MESSAGE.into();
        }
        finding.record_key = self.record_key(&finding.record_key, &hidden);
    }

    /// The name of a row in its source, which may be an address that the source uses as an id.
    fn record_key(self, key: &str, hidden: &[String]) -> String {
        let (system, id) = key.split_once(':').unwrap_or(("", key));
        let reaches = self.hides(PiiClass::Contact) && id.contains('@');
        if reaches || quotes(id, hidden) { format!("{system}:{MASKED}") } else { key.to_owned() }
    }

    /// An object of texts, value by value; what is hidden is collected.
    fn cells(
        self,
        cells: &Value,
        class: impl Fn(&str) -> PiiClass,
        hidden: &mut Vec<String>,
    ) -> Map<String, Value> {
        let mut shown = Map::new();
        for (name, value) in cells.as_object().into_iter().flatten() {
            let Some(text) = value.as_str() else { continue };
            if self.hides(class(name)) {
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

    /// A run. Samples of columns that no field takes are cells; a cursor is the adapter's own, whatever it holds.
    pub(crate) fn run(self, run: &mut RunRecord) {
        if self.shows_all() {
            return;
        }
        run.cursor = None;
        if let Ok(mut metrics) = serde_json::from_str::<Value>(&run.metrics_json) {
            for unmapped in metrics.get_mut("unmapped").and_then(Value::as_array_mut).into_iter().flatten() {
                unmapped["samples"] = Value::Array(Vec::new());
            }
            let samples = metrics.pointer_mut("/scan/samples").and_then(Value::as_array_mut);
            for terms in samples.into_iter().flatten().filter_map(|sample| sample.get_mut("terms")) {
                self.told_terms(terms);
            }
            run.metrics_json = metrics.to_string();
        }
    }

    /// A report of a run.
    pub(crate) fn report(self, report: &mut RunReport) {
        if !self.shows_all() {
            for unmapped in &mut report.unmapped {
                unmapped.samples.clear();
            }
        }
    }
}

/// Whether a text holds one of the values, whatever its case. Short ones count as words of their own: every text has an `f`.
fn quotes(text: &str, hidden: &[String]) -> bool {
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
mod laws;
