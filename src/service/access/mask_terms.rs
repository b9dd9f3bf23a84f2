//! Why two records are alike, without what a role does not see of them.

use importer_core::contracts::PiiClass;
use importer_core::ports::SuggestionRow;
use importer_dedupe::matching::model::{ExplainedTerm, Explanation};
use serde_json::{Map, Value};

use super::mask::{MASKED, Mask};
use crate::service::scan::ScanReport;
use crate::service::score::PairScore;

/// What a term, a part of a blocking key or an objection is about. What is not known here counts as sensitive.
fn about(name: &str) -> PiiClass {
    let starts = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    let personal = ["given", "family", "middle", "name", "suffix", "employer", "school"];
    let contact =
        ["email", "same_email", "phone", "same_phone", "street", "house", "postal", "city", "state"];
    match name {
        "only one thing speaks for it" => PiiClass::None,
        "locality" | "address" => PiiClass::Contact,
        _ if starts(&personal) => PiiClass::Personal,
        _ if starts(&contact) => PiiClass::Contact,
        _ => PiiClass::Sensitive,
    }
}

/// What says nothing about any field alone.
const WHOLE: [&str; 6] = ["model", "probability", "household", "prior_bits", "household_bits", "bits"];

impl Mask {
    /// An explanation in which all terms that are hidden are one, so that its bits still add up.
    pub(crate) fn explanation(self, told: &mut Explanation) {
        let (hidden, mut shown): (Vec<_>, Vec<_>) =
            told.terms.drain(..).partition(|term| self.hides(about(&term.term)));
        if !hidden.is_empty() {
            let bits = hidden.iter().map(|term| term.bits).sum();
            shown.push(ExplainedTerm {
                term: MASKED.into(),
                level: MASKED.into(),
                bits,
                frequency: None,
                shared_by: None,
            });
        }
        told.terms = shown;
    }

    /// The score of a pair.
    pub(crate) fn score(self, score: &mut PairScore) {
        self.explanation(&mut score.explanation);
        for key in &mut score.pairing.shared_keys {
            if key.split('+').any(|part| self.hides(about(part))) {
                *key = MASKED.into();
            }
        }
        score.pairing.shared_keys.dedup();
    }

    /// A suggestion: its terms lose what is about hidden fields.
    pub(crate) fn suggestion(self, row: &mut SuggestionRow) {
        if self.shows_all() {
            return;
        }
        let told: Value = serde_json::from_str(&row.features_json).unwrap_or_default();
        let mut shown = Map::new();
        for (name, value) in told.as_object().into_iter().flatten() {
            let value = match (name.as_str(), value) {
                ("terms", Value::Array(terms)) => self.terms(terms),
                ("held_back", Value::Array(reasons)) => self.reasons(reasons),
                ("features", Value::Object(features)) => features
                    .keys()
                    .map(|name| (name.clone(), Value::from(MASKED)))
                    .collect::<Map<_, _>>()
                    .into(),
                (name, _) if !WHOLE.contains(&name) && self.hides(about(name)) => MASKED.into(),
                _ => value.clone(),
            };
            shown.insert(name.clone(), value);
        }
        row.features_json = Value::Object(shown).to_string();
    }

    /// A scan: the samples lose what is about hidden fields.
    pub(crate) fn scan(self, report: &mut ScanReport) {
        for sample in &mut report.samples {
            for term in &mut sample.terms {
                if self.hides(about(term.split(' ').next().unwrap_or_default())) {
                    *term = MASKED.into();
                }
            }
            sample.held_back.retain(|objection| !self.hides(about(objection.as_str())));
        }
    }

    /// Terms in words, such as `birth_date equal +12.3`.
    pub(crate) fn told_terms(self, terms: &mut Value) {
        for term in terms.as_array_mut().into_iter().flatten() {
            let name = term.as_str().and_then(|text| text.split(' ').next()).unwrap_or_default();
            if self.hides(about(name)) {
                *term = MASKED.into();
            }
        }
    }

    fn terms(self, terms: &[Value]) -> Value {
        let hidden = |term: &&Value| self.hides(about(term["term"].as_str().unwrap_or_default()));
        let mut shown: Vec<Value> = terms.iter().filter(|term| !hidden(term)).cloned().collect();
        let hidden: Vec<&Value> = terms.iter().filter(hidden).collect();
        if !hidden.is_empty() {
            let mut one = Map::new();
            one.insert("term".into(), MASKED.into());
            one.insert("level".into(), MASKED.into());
            if hidden.iter().any(|term| term["bits"].is_number()) {
                let bits: f64 = hidden.iter().filter_map(|term| term["bits"].as_f64()).sum();
                one.insert("bits".into(), bits.into());
            }
            shown.push(one.into());
        }
        shown.into()
    }

    fn reasons(self, reasons: &[Value]) -> Value {
        let shown = reasons.iter().map(|reason| match reason.as_str() {
            Some(text) if !self.hides(about(text)) => reason.clone(),
            _ => MASKED.into(),
        });
        shown.collect()
    }
}
