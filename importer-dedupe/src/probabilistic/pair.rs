//! Judging two records of the core as an import judges a row beside a record.

use importer_core::contracts::Contract;
use importer_core::ports::{CandidateFacts, CoreRecord, SuggestionKind};

use super::compared::Compared;
use super::{Probabilistic, Scored};
use crate::matching::model::{Likelihood, Objection};

/// What is to be said about two records of the core.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::ports::{CoreRecord, Origin, Record, RecordId};
/// use importer_dedupe::{Probabilistic, ResolveOptions};
///
/// let resolver = Probabilistic::new(&VOLUNTEER, ResolveOptions::default());
/// let nobody = |id| CoreRecord {
///     id: RecordId(id),
///     record: Record::new(VOLUNTEER.fields.len()),
///     contacts: Vec::new(),
///     origin: Origin::new("csv", None),
///     field_origins: Default::default(),
/// };
/// let judged = resolver.judge(&VOLUNTEER, &nobody(1), &nobody(2));
/// assert!(judged.contradictions().is_empty() && judged.probability < 0.5);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PairJudged {
    /// The probability that both are one person, from 0 to 1.
    pub probability: f64,
    /// Everything that keeps the two from being merged without a human.
    pub objections: Vec<Objection>,
    /// The score with the terms that it is made of, as JSON, in the form of a suggestion's.
    pub terms: String,
}

impl PairJudged {
    /// What forbids that the two are merged without a human, whatever else agrees.
    pub fn contradictions(&self) -> Vec<Objection> {
        self.objections.iter().copied().filter(|objection| objection.is_contradiction()).collect()
    }
}

impl Probabilistic {
    /// Judges two records of the core as an import judges a row beside a record.
    pub fn judge(&self, contract: &Contract, one: &CoreRecord, other: &CoreRecord) -> PairJudged {
        let limits = (1, self.plugin_terms.as_ref());
        let others = [other];
        let mut compared = Compared::of(contract, self.rule, one, &others, CandidateFacts::default(), limits);
        compared.ask_further(|_, _| true);
        let Some(candidate) = compared.candidates.first() else {
            return PairJudged { probability: 0.0, objections: Vec::new(), terms: "{}".into() };
        };
        let mut pair = self.scored(contract, &compared, candidate);
        // An import asks only of who shares a contact or is likely what speaks against them; here the two are given.
        let Scored { probability, household, .. } = pair;
        let certainty = if self.is_weighted() { 0.0 } else { probability };
        let likelihood = Likelihood { probability, household, certainty };
        pair.objections = self.model.objections(&compared, candidate, likelihood, &self.options.thresholds);
        pair.objections.extend(self.beside_the_score(&compared, candidate));
        let look_at = self.look_at(&compared, &pair, SuggestionKind::PossibleDuplicate);
        PairJudged { probability: pair.probability, objections: pair.objections, terms: look_at.terms }
    }
}
