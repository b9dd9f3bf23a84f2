//! What an evaluation found.

use serde::Serialize;

use super::metrics::{AtThreshold, Band, ClusterRates, Point, Rates};
use super::recognise::Column;
use super::samples::Sample;
use super::train::Trained;

/// What an evaluation found; made for people by its text, and for programs as JSON with these names.
///
/// Samples hold values of the records: they are as personal as the records are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many records there are.
    pub records: u64,
    /// What the truth says.
    pub truth: TruthFacts,
    /// What each column was taken for.
    pub columns: Vec<Column>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Which pairs were compared at all.
    pub blocking: Blocking,
    /// Pairs by threshold.
    pub thresholds: Vec<AtThreshold>,
    /// Pairs from the probability on at which records may be merged without anybody being asked.
    pub auto_merge: AtThreshold,
    /// Pairs from the probability on at which somebody is asked.
    pub review: AtThreshold,
    /// Pairs at the threshold with the best F1.
    pub best: AtThreshold,
    /// Pairs in one group, when those of `auto_merge` are merged that nothing speaks against, with whatever follows.
    pub merged: Rates,
    /// The clusters that the scan made.
    pub clusters: ClusterRates,
    /// How often a predicted probability came true.
    pub calibration: Vec<Band>,
    /// What training brings, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained: Option<Trained>,
    /// Precision and recall over all thresholds.
    pub curve: Vec<Point>,
    /// What pairs were compared by, and what it weighs.
    pub terms: Vec<TermFacts>,
    /// Pairs of one person that nobody would have been asked about.
    pub missed: Vec<Sample>,
    /// Pairs of two people that somebody would have been asked about, or not even that.
    pub wrong: Vec<Sample>,
}

/// What the truth says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TruthFacts {
    /// Pairs of records of one person, with those that follow from others.
    pub pairs: u64,
    /// People with two or more records.
    pub people: u64,
}

/// Which pairs were compared at all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Blocking {
    /// All pairs there are.
    pub pairs: u64,
    /// Those that were scored.
    pub scored: u64,
    /// Pairs of one person among those.
    pub right: u64,
    /// The share of pairs of one person that were scored.
    pub recall: f64,
    /// The keys that brought pairs together; empty when everything was compared with everything.
    pub keys: Vec<KeyFacts>,
}

/// What a blocking key cost, and what it covers; learned from the records, without the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyFacts {
    /// Its parts, joined by `+`.
    pub key: String,
    /// Scored pairs that no key before it found.
    pub pairs: u64,
    /// The share of likely matches that agree in it, among all that any key found.
    pub matches: f64,
    /// Records in blocks that were too large to be compared in full.
    pub cut_records: u64,
}

/// A term and its levels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TermFacts {
    /// Its name.
    pub term: String,
    /// Its levels, strongest agreement first.
    pub levels: Vec<LevelFacts>,
}

/// How often records agree so far in a term, as it was learned.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelFacts {
    /// Its name.
    pub level: String,
    /// The share of pairs of one person.
    pub one_person: f64,
    /// The share of pairs of two people.
    pub two_people: f64,
    /// The logarithm of the quotient of both, before it is known how frequent the value is.
    pub weight: f64,
}

impl Report {
    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        // Only a map with keys other than texts could fail, and there is none.
        serde_json::to_value(self).unwrap_or_default()
    }
}
