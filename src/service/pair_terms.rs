//! The stored terms of a suggestion, typed.

use std::collections::BTreeMap;

use importer_core::ports::SuggestionRow;
use serde::{Deserialize, Serialize};

/// What a suggestion says about its pair: the score with the terms that it is made of. It holds no values of the
/// records, only how they compare.
///
/// What a role may not see is [`MASKED`](super::MASKED) or left out, as in the suggestion itself.
///
/// ```
/// use importer::service::PairTerms;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let pair = importer.suggestions(&Default::default())?.remove(0);
/// let terms = PairTerms::of(&pair);
/// let email = terms.terms.iter().find(|term| term.term == "email").unwrap();
/// assert!(email.level.as_deref() == Some("exact") && email.bits.unwrap() > 1.0);
/// assert_eq!(terms.held_back, Some(vec![]), "nothing speaks against the pair");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PairTerms {
    /// The model that scored the pair, such as `fellegi_sunter`; `external_id` or `steward` where no model did.
    pub model: String,
    /// Why the pair is suggested, where no model scored it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Term by term.
    pub terms: Vec<PairTerm>,
    /// What keeps the pair from being merged without a human; empty when nothing does, and `None` where no model judged.
    pub held_back: Option<Vec<String>>,
    /// Bits before anything was compared: how rare it is that two records are one person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior_bits: Option<f64>,
    /// The sum of all bits: the logarithm of the odds to base 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<f64>,
    /// The probability that both records are one person, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What match features of plugins say, by the name of the feature.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<String, serde_json::Value>,
}

/// What one term says about a pair.
///
/// ```
/// let term: importer::service::PairTerm =
///     serde_json::from_str(r#"{ "term": "dob", "level": "missing", "bits": 0.0 }"#).unwrap();
/// assert_eq!((term.bits, term.similarity), (Some(0.0), None));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PairTerm {
    /// The name of the term, such as `given_name`.
    pub term: String,
    /// The level of agreement; `missing` when one record has no value. Only models that work by levels have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Bits: how many times the odds double, or halve when negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<f64>,
    /// The share of people who have the value that both agree on, where the weight depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<f64>,
    /// How many have the contact that both agree on, where that is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_by: Option<u32>,
    /// The weight of the term in a weighted score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// How alike the values are in a weighted score, from 0 to 1; `None` when one record has no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
}

impl PairTerms {
    /// The terms of a suggestion; empty ones where the suggestion has none.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let importer = importer::Importer::builder().database(&url).build()?;
    /// for pair in importer.suggestions(&Default::default())? {
    ///     println!("{}: {:?}", pair.id, importer::service::PairTerms::of(&pair).probability);
    /// }
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn of(suggestion: &SuggestionRow) -> Self {
        Self::read(&suggestion.features_json).unwrap_or_default()
    }

    /// The same; `None` when what is stored is unreadable.
    pub(super) fn read(stored: &str) -> Option<Self> {
        serde_json::from_str(stored).ok()
    }
}
