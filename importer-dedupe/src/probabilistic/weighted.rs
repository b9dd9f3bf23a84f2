//! A plain weighted mean of similarities, for who wants a score that can be checked with a pencil.

use serde::Serialize;

use super::compared::{Candidate, Compared};
use super::fields::Fields;

/// A field of the mean and its weight.
const WEIGHTS: &[(&str, f64)] = &[
    ("email", 0.70),
    ("phone", 0.60),
    ("name", 0.20),
    ("birth_date", 0.20),
    ("address", 0.15),
    ("employer_or_school", 0.05),
];

/// What one field adds to a weighted score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeightedTerm {
    /// The field.
    pub term: &'static str,
    /// Its weight, before fields that a record lacks are left out.
    pub weight: f64,
    /// How alike the values are, 0 to 1; `None` when a record lacks one.
    pub similarity: Option<f64>,
}

/// A weighted score with everything it is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeightedExplanation {
    /// Field by field.
    pub terms: Vec<WeightedTerm>,
    /// Σ weight · similarity / Σ weight, over the fields that both records have.
    pub probability: f64,
}

pub(super) fn explain(
    fields: &Fields,
    compared: &Compared<'_>,
    candidate: &Candidate<'_>,
) -> WeightedExplanation {
    let exact = |term: &str| match compared.level(candidate, term) {
        "missing" => None,
        level => Some(f64::from(u8::from(level == "exact"))),
    };
    let terms: Vec<WeightedTerm> = WEIGHTS
        .iter()
        .map(|&(term, weight)| {
            let similarity = match term {
                // What many share is a value of nobody.
                "email" if candidate.email => Some(f64::from(u8::from(compared.own_email(candidate)))),
                "phone" if candidate.phone => Some(f64::from(u8::from(compared.own_phone(candidate)))),
                "name" => name(fields, compared, candidate),
                "address" => address(compared, candidate),
                "employer_or_school" => match (exact("employer"), exact("school")) {
                    (Some(a), Some(b)) => Some(a.max(b)),
                    (a, b) => a.or(b),
                },
                _ => exact(term),
            };
            WeightedTerm { term, weight, similarity }
        })
        .collect();
    let (mut sum, mut weights) = (0.0, 0.0);
    for term in &terms {
        if let Some(similarity) = term.similarity {
            sum += term.weight * similarity;
            weights += term.weight;
        }
    }
    WeightedExplanation { terms, probability: if weights > 0.0 { sum / weights } else { 0.0 } }
}

/// The mean similarity of first and last name (Jaro–Winkler), swapped or not, whichever is higher.
fn name(fields: &Fields, compared: &Compared<'_>, candidate: &Candidate<'_>) -> Option<f64> {
    let given = super::fields::folded(fields.given(candidate.record));
    let family = super::fields::folded(fields.family(candidate.record));
    if given.is_empty() || family.is_empty() || compared.given.is_empty() || compared.family.is_empty() {
        return None;
    }
    let mean = |g: &str, f: &str| {
        (strsim::jaro_winkler(&compared.given, g) + strsim::jaro_winkler(&compared.family, f)) / 2.0
    };
    Some(mean(&given, &family).max(mean(&family, &given)))
}

/// The street line; the place alone is no address.
fn address(compared: &Compared<'_>, candidate: &Candidate<'_>) -> Option<f64> {
    Some(match compared.level(candidate, "street") {
        "missing" => return None,
        "exact" => 1.0,
        "number_and_street" => 0.9,
        "street" => 0.6,
        "part" => 0.3,
        _ => 0.0,
    })
}
