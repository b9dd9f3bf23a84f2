//! Why two records have the score they have.

use importer_core::contracts::Contract;
use importer_core::ports::RecordId;
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::matching::model::{Explanation, Model, ModelDocument};
use importer_dedupe::matching::pairing::Pairing;
use importer_dedupe::matching::scan::scan_with;
use serde::Serialize;

use super::people::number_of;
use super::scan::THRESHOLDS;
use crate::Importer;

const OPERATION: &str = "score the pair";
/// Up to so many records a pair is scored within a whole scan, so that it has the very score a scan gives it.
const WHOLE: usize = 200_000;

/// The explained score of two records; [`Importer::score`] returns it.
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
/// let score = importer.score("volunteer", 2.into(), 1.into(), None)?;
/// assert_eq!((score.left.0, score.right.0, score.left_out), (1, 2, 0));
/// assert!(score.pairing.unwrap().compared);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PairScore {
    /// The lower id.
    pub left: RecordId,
    /// The higher id.
    pub right: RecordId,
    /// The probability and the terms it is made of, in bits.
    pub explanation: Explanation,
    /// The number of terms that are left out because they are about fields that the role does not see. The score is of
    /// the others alone, as if neither record had a value there, and nothing of it tells how these fields compare.
    pub left_out: usize,
    /// Whether a scan compares the pair, and by which blocking keys; `None` where terms are left out.
    pub pairing: Option<Pairing>,
    /// The origin of the model: `given`, `scan N`, or `learned now`.
    pub model: String,
    /// The checksum of the model's document.
    pub model_checksum: String,
    /// False when the core has more than 200,000 records, so that names were counted by records and not by people; a
    /// scan may give the pair a slightly different score then.
    pub as_scanned: bool,
}

impl Importer {
    /// Scores two records of the core and explains the score.
    ///
    /// The model is the given one, else that of the last scan, else one that is learned for this call. The whole core
    /// is read, because how much a name says depends on all other names. Returns the probability with every term of it.
    /// Terms say how values agree, never the values.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from
    /// [`Desk::score`](super::Desk::score).
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
    /// let score = importer.score("volunteer", 1.into(), 2.into(), None)?;
    /// assert_eq!(score.model, "learned now");
    /// assert!(score.explanation.terms.iter().any(|term| term.term == "email"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such entity or record, both ids are the same, somebody cancels it, or the database fails.
    pub fn score(
        &self,
        entity: &str,
        one: RecordId,
        other: RecordId,
        model: Option<&ModelDocument>,
    ) -> Result<PairScore> {
        self.score_by(entity, one, other, model, |_, _| true)
    }

    /// The same by the terms that somebody sees.
    pub(super) fn score_by(
        &self,
        entity: &str,
        one: RecordId,
        other: RecordId,
        model: Option<&ModelDocument>,
        sees: impl Fn(&Contract, &str) -> bool,
    ) -> Result<PairScore> {
        let contract = self.contract(entity)?;
        let (left, right) = (one.min(other), one.max(other));
        if left == right {
            let message = "both ids are the same; a record is not compared with itself";
            return Err(Error::new(ErrorKind::Config, OPERATION, message));
        }
        let mut session = self.store()?.session()?;
        let known = session.load(contract, &[left, right])?;
        let missing = |id: RecordId| {
            Error::new(ErrorKind::NotFound, OPERATION, format!("there is no {} {id}", contract.entity))
        };
        for id in [one, other] {
            if !known.iter().any(|person| person.id == id) {
                return Err(missing(id));
            }
        }
        let last = if model.is_none() { self.last_scan(session.as_mut(), contract)? } else { None };
        let origin = match (model, &last) {
            (Some(_), _) => "given".into(),
            (None, Some(last)) => format!("scan {}", last.id),
            (None, None) => "learned now".into(),
        };
        let document = model.or(last.as_ref().map(|last| &last.model));
        let mut people = self.people(session.as_mut(), contract, OPERATION)?;
        let a = number_of(&people, left).ok_or_else(|| missing(left))?;
        let b = number_of(&people, right).ok_or_else(|| missing(right))?;
        let sees = |term: &str| sees(contract, term);
        let all = |model: &Model| model.terms.iter().all(|term| sees(&term.name));
        let (model, explanation, pairing, as_scanned) = match document {
            Some(document) if people.ids.len() > WHOLE => {
                let model = document.model(&people.frame);
                let pairing = all(&model).then(|| Pairing::of(&people.frame, &model, a, b));
                let explanation = model.explain_by(&people.frame, (a, b), &THRESHOLDS, sees);
                (model, explanation, pairing, false)
            }
            _ => {
                let scan = scan_with(&mut people.frame, document);
                let whole = all(&scan.model);
                let explanation = match whole {
                    true => scan.explain(&people.frame, a, b, &THRESHOLDS),
                    false => scan.explain_by(&people.frame, (a, b), &THRESHOLDS, sees),
                };
                let pairing = whole.then(|| Pairing::in_scan(&scan, &people.frame, a, b));
                (scan.model, explanation, pairing, true)
            }
        };
        Ok(PairScore {
            left,
            right,
            left_out: model.terms.len() - explanation.terms.len(),
            explanation,
            pairing,
            model: origin,
            model_checksum: document
                .cloned()
                .unwrap_or_else(|| ModelDocument::of(&model, people.ids.len() as u64))
                .checksum(),
            as_scanned,
        })
    }
}
