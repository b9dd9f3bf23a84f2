//! Why two records have the score they have.

use importer_core::ports::CoreId;
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::matching::model::{Explanation, ModelDocument};
use importer_dedupe::matching::pairing::Pairing;
use importer_dedupe::matching::scan::scan_with;
use serde::Serialize;

use super::people::number_of;
use super::scan::THRESHOLDS;
use crate::Importer;

const OPERATION: &str = "score the pair";
/// Up to so many records a pair is scored within a whole scan, so that it has the very score a scan gives it.
const WHOLE: usize = 200_000;

/// A pair of records with its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairScore {
    /// The lower id.
    pub left: CoreId,
    /// The higher id.
    pub right: CoreId,
    /// What the score is made of.
    pub explanation: Explanation,
    /// Whether a scan compares the pair, and by which blocking keys.
    pub pairing: Pairing,
    /// Where the model comes from: `given`, `scan N`, or `learned now`.
    pub model: String,
    /// The checksum of the model's document.
    pub model_checksum: String,
    /// False when the core is so large that names were counted by records and not by people; a scan may give the pair a
    /// slightly different score then.
    pub as_scanned: bool,
}

impl Importer {
    /// Scores two records of the core and explains the score: by the given model, by that of the last scan, or by one that
    /// is learned for it. The whole core is read, because how telling a name is depends on all others.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from [`Desk::score`](super::Desk::score).
    ///
    /// # Errors
    /// When there is no such entity or record, both ids are the same, somebody cancels it, or the database fails.
    pub fn score(
        &self,
        entity: &str,
        one: CoreId,
        other: CoreId,
        model: Option<&ModelDocument>,
    ) -> Result<PairScore> {
        let contract = super::runs::contract(entity)?;
        let (left, right) = (one.min(other), one.max(other));
        if left == right {
            let message = "both ids are the same; a record is not compared with itself";
            return Err(Error::new(ErrorKind::Config, OPERATION, message));
        }
        let mut session = self.store()?.session()?;
        let known = session.load(contract, &[left, right])?;
        let missing = |id: CoreId| {
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
        let (model, explanation, pairing, as_scanned) = match document {
            Some(document) if people.ids.len() > WHOLE => {
                let (model, pairing) = (document.model(&people.frame), Pairing::of(&people.frame, a, b));
                let explanation = model.explain(&people.frame, a, b, &THRESHOLDS);
                (model, explanation, pairing, false)
            }
            _ => {
                let scan = scan_with(&mut people.frame, document);
                let explanation = scan.explain(&people.frame, a, b, &THRESHOLDS);
                let pairing = Pairing::in_scan(&scan, &people.frame, a, b);
                (scan.model, explanation, pairing, true)
            }
        };
        Ok(PairScore {
            left,
            right,
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
