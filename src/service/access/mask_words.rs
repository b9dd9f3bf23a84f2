//! What is said in words about decisions and changes, without what a role does not see.

use importer_core::contracts::{Contract, PiiClass};
use importer_core::pipeline::RunReport;
use importer_core::ports::{ChangeRow, RunRecord};
use importer_core::reasons::{Part, Reason, parts};
use importer_dedupe::history::PlannedField;
use serde_json::Value;

use super::columns::class_of;
use super::mask::{MASKED, MASKED_MESSAGE, Mask, quotes_hidden};
use crate::service::merge::{MergeDone, MergeLine, MergePreview};
use crate::service::quarantine::Loaded;

/// What imports of earlier versions said of whom they took a row for, where that tells of no field.
const SAFE: [&str; 7] = [
    "the source's id is known",
    "the source has this person under another id as well",
    "the record of this id was deleted; made anew",
    "the record of this id was deleted",
    "made anew",
    "nobody known is like it",
    "like somebody known, but not the same person for certain",
];
/// The same with a number of a record in between.
const SAFE_BEGINNING: &str = "the source's id named record ";
/// The same of contacts.
const BY_CONTACT: [&str; 2] =
    ["the same email address and an agreeing name", "the same phone number and an agreeing name"];
/// What stands in place of a reason that all fields have led to.
const BY_ALL: &str = "(why is told to those who see every field)";

impl Mask {
    /// Why an import took a row for whom it did, part by part. What a resolver of the host's own says could be about anything.
    pub(crate) fn decision(self, contract: &Contract, reason: &str) -> String {
        if self.shows_all() || reason.is_empty() {
            return reason.to_owned();
        }
        let shown = |part: &str| -> Option<String> {
            if let [Part::Coded(reason, details)] = parts(part)[..] {
                return self.shows_reason(contract, reason, details).then(|| part.to_owned());
            }
            let known = SAFE.contains(&part)
                || part.starts_with(SAFE_BEGINNING)
                || part == "who is somebody else"
                || BY_CONTACT.contains(&part) && !self.hides(PiiClass::Contact);
            if known {
                return Some(part.to_owned());
            }
            // That a value was kept says that the row has another one.
            let (field, _) = part.split_once(" kept: ")?;
            let visible = contract.field(field).is_some_and(|field| !self.hides(field.pii));
            visible.then(|| part.to_owned())
        };
        let (mut told, mut hidden) = (Vec::new(), false);
        for part in reason.split("; ") {
            match shown(part) {
                Some(part) => told.push(part),
                None => hidden = true,
            }
        }
        if hidden {
            told.push(BY_ALL.to_owned());
        }
        told.join("; ")
    }

    /// Whether a role may know that this was why a row was taken for a record.
    fn shows_reason(self, contract: &Contract, reason: Reason, details: &str) -> bool {
        match reason {
            Reason::SameExternalId
            | Reason::SecondExternalId
            | Reason::RecordDeleted
            | Reason::NoMatch
            | Reason::PossibleMatch
            | Reason::RepeatedRow
            | Reason::RepeatedRowAdmitted => details.is_empty(),
            // A number of a record tells of nobody.
            Reason::ExternalIdReassigned => details.parse::<u64>().is_ok(),
            Reason::SameEmailAndName | Reason::SamePhoneAndName => {
                details.is_empty() && !self.hides(PiiClass::Contact)
            }
            // That a value was kept says that the row has another one.
            Reason::ValueKept => details.split_once(", ").is_some_and(|(field, why)| {
                Reason::find(why).is_some()
                    && contract.field(field).is_some_and(|field| !self.hides(field.pii))
            }),
            // All fields have led to a probability; other reasons are not about matches.
            _ => false,
        }
    }

    /// Where a corrected row went.
    pub(crate) fn loaded(self, contract: &Contract, loaded: &mut Loaded) {
        loaded.why = loaded.why.take().map(|why| self.decision(contract, &why));
    }

    /// Changes of a record: values that are hidden, and reasons that tell of them. What a merge did to a hidden field is left
    /// out: that there is a line says that two people's values differ.
    pub(crate) fn changes(self, contract: &Contract, changes: &mut Vec<ChangeRow>) {
        if self.shows_all() {
            return;
        }
        let hides = |change: &ChangeRow| {
            change.field.as_deref().is_some_and(|field| self.hides(class_of(contract, field)))
        };
        changes.retain(|change| !hides(change) || change.row.is_some() || !by_merge(&change.reason));
        let mut hidden = Vec::new();
        for change in &mut *changes {
            let Some(field) = change.field.as_deref() else { continue };
            for value in [&mut change.old, &mut change.new] {
                if self.hides(class_of(contract, field)) {
                    hidden.extend(value.as_deref().map(str::to_lowercase));
                    *value = value.take().map(|_| MASKED.into());
                }
            }
        }
        for change in changes {
            let about_hidden = hides(change);
            // Somebody who edits says why in words of their own; what is written with a row is the importer's.
            change.reason = match (change.row, about_hidden) {
                (Some(_), true) => MASKED.into(),
                (Some(_), false) if change.field.is_none() => self.decision(contract, &change.reason),
                _ if quotes_hidden(&change.reason, &hidden) => MASKED_MESSAGE.into(),
                _ => std::mem::take(&mut change.reason),
            };
        }
    }

    /// What merging people would come to.
    pub(crate) fn preview(self, contract: &Contract, preview: &mut MergePreview) {
        if self.shows_all() {
            return;
        }
        let hidden = self.hidden_values(contract, &preview.fields);
        for apart in &mut preview.rejected {
            if quotes_hidden(&apart.reason, &hidden) {
                apart.reason = MASKED_MESSAGE.into();
            }
        }
        for field in &mut preview.fields {
            self.planned(contract, field);
        }
    }

    fn hidden_values(self, contract: &Contract, fields: &[PlannedField]) -> Vec<String> {
        let hidden = fields.iter().filter(|field| self.hides(class_of(contract, &field.field)));
        let values =
            hidden.flat_map(|field| field.values.iter().map(|(_, value)| value).chain([&field.value]));
        values.flatten().map(|value| value.to_lowercase()).collect()
    }

    /// A merge that was done: that a field changed says that two values differed.
    pub(crate) fn merged(self, contract: &Contract, done: &mut MergeDone) {
        done.changed.retain(|field| !self.hides(class_of(contract, field)));
    }

    /// A merge in a list; `before` is what is kept of the people in it.
    pub(crate) fn merge_line(self, contract: &Contract, before: &str, line: &mut MergeLine) {
        if self.shows_all() {
            return;
        }
        let before: Value = serde_json::from_str(before).unwrap_or_default();
        let mut hidden = Vec::new();
        for person in before["people"].as_array().into_iter().flatten() {
            self.cells(&person["values"], |field| class_of(contract, field), &mut hidden);
            for contact in person["contacts"].as_array().into_iter().flatten() {
                self.cells(contact, |_| PiiClass::Contact, &mut hidden);
            }
        }
        if quotes_hidden(&line.reason, &hidden) {
            line.reason = MASKED_MESSAGE.into();
        }
    }

    /// A run. Samples of columns that no field takes are cells; a cursor is the adapter's own, whatever it holds.
    pub(crate) fn run(self, contract: Option<&Contract>, run: &mut RunRecord) {
        if self.shows_all() {
            return;
        }
        // A sum over all cells of a run with one row is found out by trying, too.
        (run.cursor, run.hashes) = (None, None);
        run.error_summary = run.error_summary.take().map(|text| self.text(&text));
        if let Ok(Value::Array(mut flags)) = serde_json::from_str(&run.anomaly_flags) {
            for message in flags.iter_mut().filter_map(|flag| flag.get_mut("message")) {
                self.words(message);
            }
            run.anomaly_flags = Value::Array(flags).to_string();
        }
        let Ok(mut metrics) = serde_json::from_str::<Value>(&run.metrics_json) else { return };
        let each = |metrics: &mut Value, pointer: &str, change: &dyn Fn(&mut Value)| {
            let all = metrics.pointer_mut(pointer).and_then(Value::as_array_mut);
            all.into_iter().flatten().for_each(change);
        };
        each(&mut metrics, "/unmapped", &|unmapped| unmapped["samples"] = Value::Array(Vec::new()));
        if let Some(samples) = metrics.pointer_mut("/scan/samples") {
            *samples = Value::Array(Vec::new());
        }
        each(&mut metrics, "/told/would_merge", &|sample| {
            let reason = sample["reason"].as_str().unwrap_or_default();
            sample["reason"] =
                contract.map_or(BY_ALL.into(), |contract| self.decision(contract, reason)).into();
        });
        for (samples, names) in [
            ("/told/moved_samples", &["external_id"][..]),
            ("/told/joined_samples", &["external_id", "other_id"]),
            ("/taken_contacts/samples", &["external_id"]),
        ] {
            each(&mut metrics, samples, &|sample| {
                names
                    .iter()
                    .filter_map(|name| Some((name, sample.get(*name)?.clone())))
                    .collect::<Vec<_>>()
                    .into_iter()
                    .for_each(|(name, mut value)| {
                        self.words(&mut value);
                        sample[*name] = value;
                    });
            });
        }
        each(&mut metrics, "/notes", &|note| self.words(note));
        run.metrics_json = metrics.to_string();
    }

    /// A report of a run.
    pub(crate) fn report(self, contract: Option<&Contract>, report: &mut RunReport) {
        if self.shows_all() {
            return;
        }
        for unmapped in &mut report.unmapped {
            unmapped.samples.clear();
        }
        for sample in &mut report.would_merge {
            sample.reason =
                contract.map_or(BY_ALL.into(), |contract| self.decision(contract, &sample.reason));
        }
        for anomaly in &mut report.anomalies {
            anomaly.message = self.text(&anomaly.message);
        }
        for note in &mut report.notes {
            *note = self.text(note);
        }
        report.error = report.error.take().map(|text| self.text(&text));
    }

    fn words(self, value: &mut Value) {
        if let Some(text) = value.as_str() {
            *value = self.text(text).into();
        }
    }

    /// A text of the importer's own, which may name rows as their source does: by addresses or hashes, too.
    fn text(self, text: &str) -> String {
        if self.shows_all() {
            return text.to_owned();
        }
        let shown = |word: &str| {
            let name = word.trim_end_matches([',', ';', ':', '.', ')']);
            if self.hides_name(name, &[]) { word.replacen(name, MASKED, 1) } else { word.to_owned() }
        };
        text.split(' ').map(shown).collect::<Vec<_>>().join(" ")
    }
}

/// Whether a line of the change log was written by a merge or by taking one back; an edit whose reason begins like that may
/// be taken for one.
fn by_merge(reason: &str) -> bool {
    if matches!(parts(reason)[..], [Part::Coded(Reason::Merged | Reason::MergeUndone, _)]) {
        return true;
    }
    // As earlier versions wrote it.
    let rest =
        reason.strip_prefix("merge ").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.is_some_and(|rest| rest.starts_with(':') || rest.starts_with(" taken back"))
}

#[cfg(test)]
#[path = "mask_words_laws.rs"]
mod laws;
