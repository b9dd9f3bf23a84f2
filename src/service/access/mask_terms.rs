//! Why two records are alike, without what a role does not see of them.
//!
//! A sum tells of its parts: who knows all terms of a score but one, and the model, knows that one, too. So where a term is
//! hidden, whatever was worked out with it is hidden as well (the probability, the bits in all, what holds a pair back), and the
//! score is that of the other terms alone. Nothing of an answer depends on hidden terms, not even how many there are.

use importer_core::contracts::{Contract, PiiClass};
use importer_core::ports::SuggestionRow;
use importer_dedupe::matching::people::role_of;
use importer_dedupe::matching::role::Role as Of;
use serde_json::{Map, Value};

use super::mask::{MASKED, Mask};
use crate::service::scan::ScanReport;

const NAMES: [Of; 5] = [Of::GivenName, Of::MiddleName, Of::FamilyName, Of::FullName, Of::NameSuffix];

/// What a term, or a part of a blocking key, compares: its name begins like this. The most telling beginning comes first.
const COMPARED: &[(&str, &[Of])] = &[
    ("given", &[Of::GivenName, Of::FullName]),
    ("middle", &[Of::MiddleName, Of::FullName]),
    // First names in the place of last names are compared, too.
    ("family", &[Of::FamilyName, Of::GivenName, Of::FullName]),
    ("name_suffix", &[Of::NameSuffix, Of::FullName]),
    ("suffix", &[Of::NameSuffix, Of::FullName]),
    ("name", &NAMES),
    ("birth", &[Of::BirthDate, Of::BirthYear, Of::BirthMonth, Of::BirthDay]),
    ("dob", &[Of::BirthDate, Of::BirthYear, Of::BirthMonth, Of::BirthDay]),
    ("email", &[Of::Email]),
    ("same_email", &[Of::Email]),
    ("phone", &[Of::Phone]),
    ("same_phone", &[Of::Phone]),
    ("street", &[Of::Street, Of::HouseNumber]),
    ("house_number", &[Of::HouseNumber, Of::Street]),
    ("address", &[Of::Street, Of::HouseNumber, Of::PostalCode, Of::City, Of::State]),
    ("locality", &[Of::PostalCode, Of::City, Of::State]),
    ("postal", &[Of::PostalCode]),
    ("city", &[Of::City]),
    ("state", &[Of::State]),
    ("employer_or_school", &[Of::Organisation]),
];

/// How personal a term is: like the most personal field that it compares. What is not known here counts as sensitive.
fn about(contract: &Contract, term: &str) -> PiiClass {
    // A field that is compared as it is gives its own name to the term.
    let own = contract.field(term).map(|field| field.pii);
    let known = COMPARED.iter().find(|(beginning, _)| term.starts_with(beginning));
    let fields = contract
        .fields
        .iter()
        .filter(|field| known.is_some_and(|(_, roles)| roles.contains(&role_of(field.name))));
    fields.map(|field| field.pii).chain(own).max().unwrap_or(PiiClass::Sensitive)
}

impl Mask {
    /// Whether a role is shown how a term compares two records.
    pub(crate) fn sees_term(self, contract: &Contract, term: &str) -> bool {
        self.shows_all() || !self.hides(about(contract, term))
    }

    fn hides_term(self, contract: Option<&Contract>, term: &str) -> bool {
        contract.is_none_or(|contract| !self.sees_term(contract, term))
    }

    /// A suggestion: its terms lose what is about hidden fields, and with them whatever was worked out of all of them. That
    /// the pair is suggested, and as what, stays.
    pub(crate) fn suggestion(self, contract: Option<&Contract>, row: &mut SuggestionRow) {
        if self.shows_all() {
            return;
        }
        let features: Value = serde_json::from_str(&row.features_json).unwrap_or_default();
        let mut shown = Map::new();
        row.score = None;
        // That a record has changed may be about what is hidden.
        row.rescored = false;
        for (name, value) in features.as_object().into_iter().flatten() {
            let value = match (name.as_str(), value) {
                ("model" | "prior_bits", _) => value.clone(),
                ("terms", Value::Array(terms)) => self.terms(contract, terms),
                ("held_back", _) => vec![MASKED].into(),
                ("features", Value::Object(features)) => features
                    .keys()
                    .map(|name| (name.clone(), Value::from(MASKED)))
                    .collect::<Map<_, _>>()
                    .into(),
                (name, _) if self.hides_term(contract, name) => MASKED.into(),
                _ => value.clone(),
            };
            shown.insert(name.clone(), value);
        }
        if let Some((bits, probability)) = scored(&shown) {
            if let Some(bits) = bits {
                shown.insert("bits".into(), bits.into());
            }
            shown.insert("probability".into(), probability.into());
            row.score = Some(probability);
        }
        row.features_json = Value::Object(shown).to_string();
    }

    /// A scan. Its samples say of two people what a careful person would make of all that is known of them.
    pub(crate) fn scan(self, report: &mut ScanReport) {
        if !self.shows_all() {
            report.samples.clear();
        }
    }

    fn terms(self, contract: Option<&Contract>, terms: &[Value]) -> Value {
        let visible = |term: &&Value| !self.hides_term(contract, term["term"].as_str().unwrap_or_default());
        let mut shown: Vec<Value> = terms.iter().filter(visible).cloned().collect();
        // Always there, so that nobody can tell whether there was anything to hide.
        shown.push(serde_json::json!({ "term": MASKED, "level": MASKED }));
        shown.into()
    }
}

/// The bits and the probability of the terms that are shown; none where terms are no numbers. A household, which explains
/// agreement as well as one person does, is left out: how likely it is depends on all terms.
fn scored(features: &Map<String, Value>) -> Option<(Option<f64>, f64)> {
    let terms = features.get("terms")?.as_array()?;
    let number = |term: &Value, name: &str| term.get(name).and_then(Value::as_f64);
    if let Some(prior) = features.get("prior_bits").and_then(Value::as_f64) {
        let bits = prior + terms.iter().filter_map(|term| number(term, "bits")).sum::<f64>();
        return Some((Some(bits), 1.0 / (1.0 + (-bits).exp2())));
    }
    // A mean of similarities.
    let known =
        || terms.iter().filter_map(|term| Some((number(term, "weight")?, number(term, "similarity")?)));
    let weights: f64 = known().map(|(weight, _)| weight).sum();
    let sum: f64 = known().map(|(weight, similarity)| weight * similarity).sum();
    (weights > 0.0).then(|| (None, sum / weights))
}

#[cfg(test)]
#[path = "mask_terms_laws.rs"]
mod laws;
