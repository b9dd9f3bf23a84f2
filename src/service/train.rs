//! Learning a model from the core.

use importer_core::Result;
use importer_core::pipeline::ScanPhase;
use importer_core::ports::{SuggestionDecision, SuggestionFilter, SuggestionKind, SuggestionRow};
use importer_dedupe::matching::model::{Labelled, ModelDocument};
use importer_dedupe::matching::scan::scan_with;
use serde::Serialize;

use super::people::number_of;
use crate::Importer;

const OPERATION: &str = "train a model";
/// The thresholds that are told of.
const THRESHOLDS: [f64; 7] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/// A learned model with what is to be expected of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Training {
    /// The model.
    pub document: ModelDocument,
    /// The checksum of its document.
    pub checksum: String,
    /// How many pairs were scored.
    pub pairs_scored: u64,
    /// Decided pairs that are one person.
    pub decided_same: u64,
    /// Decided pairs that are two people.
    pub decided_other: u64,
    /// What to expect, threshold by threshold.
    pub expectations: Vec<Expectation>,
}

/// What to expect when pairs from a probability on are taken for one person, if the model's probabilities are right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Expectation {
    /// The probability.
    pub threshold: f64,
    /// How many pairs have it.
    pub pairs: u64,
    /// How many of them are one person.
    pub expected_matches: f64,
    /// The share of them that is one person.
    pub precision: f64,
    /// The share of all scored pairs of one person that they are.
    pub recall: f64,
}

impl Importer {
    /// Learns a model from the core, and from what people decided about suggestions: each decision counts as `weight` pairs.
    /// Stores nothing.
    ///
    /// An accepted possible duplicate is one person, a rejected one is two people, and so is an accepted household; a
    /// rejected household tells neither.
    ///
    /// # Errors
    /// When there is no such entity, somebody cancels it, or the database fails.
    pub fn train(&self, entity: &str, weight: f64) -> Result<Training> {
        let contract = super::runs::contract(entity)?;
        let mut session = self.store()?.session()?;
        let mut people = self.people(session.as_mut(), contract, OPERATION)?;
        self.phase(ScanPhase::Scoring, people.ids.len(), OPERATION)?;
        let mut scan = scan_with(&mut people.frame, None);
        let mut decided = Vec::new();
        for decision in [SuggestionDecision::Accepted, SuggestionDecision::Rejected] {
            let filter = SuggestionFilter {
                entity: Some(contract.entity.into()),
                decision: Some(decision),
                ..SuggestionFilter::default()
            };
            decided.extend(session.suggestions(&filter)?.iter().filter_map(|row| {
                let (a, b) = (number_of(&people, row.left)?, number_of(&people, row.right)?);
                Some(Labelled { levels: people.frame.compare_all(a, b), same: same(row)? })
            }));
        }
        scan.model.refine(&decided, weight);
        let scores = scan.pairs.iter().map(|pair| {
            let levels = people.frame.compare(pair.a, pair.b);
            scan.model.score(&people.frame, &levels, pair.a, pair.b).probability()
        });
        let document = ModelDocument::of(&scan.model, people.ids.len() as u64);
        let decided_same = decided.iter().filter(|pair| pair.same).count() as u64;
        Ok(Training {
            checksum: document.checksum(),
            document,
            pairs_scored: scan.scored,
            decided_same,
            decided_other: decided.len() as u64 - decided_same,
            expectations: expectations(&scores.collect::<Vec<f64>>()),
        })
    }
}

fn same(row: &SuggestionRow) -> Option<bool> {
    match (row.kind, row.decision) {
        (SuggestionKind::Household, SuggestionDecision::Accepted) => Some(false),
        (SuggestionKind::Household, _) => None,
        (_, decision) => Some(decision == SuggestionDecision::Accepted),
    }
}

fn expectations(scores: &[f64]) -> Vec<Expectation> {
    // The sum of no numbers is -0, which nobody wants to read.
    let all = scores.iter().sum::<f64>() + 0.0;
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
    let at = |threshold: f64| {
        let taken: Vec<f64> = scores.iter().copied().filter(|score| *score >= threshold).collect();
        let expected_matches = taken.iter().sum::<f64>() + 0.0;
        #[expect(clippy::cast_precision_loss, reason = "a count of pairs")]
        let precision = share(expected_matches, taken.len() as f64);
        Expectation {
            threshold,
            pairs: taken.len() as u64,
            expected_matches,
            precision,
            recall: share(expected_matches, all),
        }
    };
    THRESHOLDS.map(at).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_and_recall_follow_from_probabilities() {
        let expected = expectations(&[0.99, 0.9, 0.5, 0.01]);
        let at = |threshold: f64| *expected.iter().find(|e| e.threshold == threshold).unwrap();
        assert_eq!((at(0.5).pairs, at(0.9).pairs, at(0.95).pairs), (3, 2, 1));
        assert!((at(0.9).precision - 0.945).abs() < 1e-9);
        assert!((at(0.9).recall - 1.89 / 2.4).abs() < 1e-9);
        assert!(
            expected
                .windows(2)
                .all(|two| two[0].precision <= two[1].precision && two[0].recall >= two[1].recall)
        );
        assert_eq!(expectations(&[])[0].precision, 1.0);
    }
}
