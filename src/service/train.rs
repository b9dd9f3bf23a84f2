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

/// A learned match model, with what to expect of it; [`Importer::train`] returns it.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let training = importer.train("volunteer", 1.0)?;
/// assert_eq!((training.pairs_scored, training.decided_same, training.decided_other), (1, 0, 0));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Training {
    /// The model, as a document to store and to use again. It holds no values of people.
    pub document: ModelDocument,
    /// The checksum of the document.
    pub checksum: String,
    /// The number of pairs that were scored.
    pub pairs_scored: u64,
    /// The number of decided pairs that are one person.
    pub decided_same: u64,
    /// The number of decided pairs that are two people.
    pub decided_other: u64,
    /// What to expect, threshold by threshold.
    pub expectations: Vec<Expectation>,
}

/// What to expect when pairs from a probability on are taken for one person, if the probabilities of the model are
/// right.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let training = importer.train("volunteer", 1.0)?;
/// let first = training.expectations[0];
/// assert!(first.threshold == 0.5 && first.expected_matches <= first.pairs as f64);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Expectation {
    /// The threshold: a probability from 0 to 1.
    pub threshold: f64,
    /// The number of pairs that reach it.
    pub pairs: u64,
    /// How many of these pairs are expected to be one person.
    pub expected_matches: f64,
    /// The share of these pairs that is expected to be one person, from 0 to 1.
    pub precision: f64,
    /// The share of all scored pairs of one person that is expected to be among these pairs, from 0 to 1.
    pub recall: f64,
}

impl Importer {
    /// Learns a match model from the core, and from decisions about suggestions. Stores nothing.
    ///
    /// Each decision counts as `weight` pairs. An accepted possible duplicate is one person. A rejected one is two
    /// people, and so is an accepted household. A rejected household tells nothing. Returns the model with what to
    /// expect of it.
    ///
    /// ```
    /// use importer::{Importer, matching::MatchModel};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let training = importer.train("volunteer", 10.0)?;
    /// let learned = MatchModel::Learned(training.document);
    /// let importer = Importer::builder().database(&url).match_model(learned).build()?;
    /// assert_eq!(training.expectations.len(), 7);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such entity, somebody cancels it, or the database fails.
    pub fn train(&self, entity: &str, weight: f64) -> Result<Training> {
        let contract = self.contract(entity)?;
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
