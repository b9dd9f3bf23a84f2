//! The learned model at import time, when no table of frequencies is at hand.

use importer_core::contracts::Contract;

use super::common_names;
use super::compared::{Candidate, Compared};
use crate::matching::model::{Explanation, Model, ModelDocument, Score, bounded_log};
use crate::matching::people::People;

/// The model for a contract, with how many people the core is taken to hold.
pub(super) struct FellegiSunter {
    model: Model,
    population: f64,
}

impl FellegiSunter {
    pub(super) fn new(contract: &Contract, document: Option<&ModelDocument>, population: u64) -> Self {
        let frame = People::new(contract).frame;
        let mut model = document.map_or_else(|| Model::shipped(&frame), |document| document.model(&frame));
        let population = population.max(2) as f64;
        // A pair is a match the more rarely the more people there are; the document tells how many it was learned from.
        let (matches, households) = match document {
            None => (0.3, 0.1),
            Some(d) => (d.matches * d.records.max(2) as f64, d.households * d.records.max(2) as f64),
        };
        model.matches = (matches / population).min(0.2);
        model.households = (households / population).min(0.05);
        Self { model, population }
    }

    /// The score alone; most candidates are never shown to anybody.
    pub(super) fn score(&self, compared: &Compared<'_>, candidate: &Candidate<'_>) -> Score {
        self.model.score_levels(&candidate.levels, |term, level| self.weigh(compared, term, level).0)
    }

    pub(super) fn explain(&self, compared: &Compared<'_>, candidate: &Candidate<'_>) -> Explanation {
        self.model.explain_levels(&candidate.levels, |term, level| self.weigh(compared, term, level))
    }

    /// The logarithm of the ratio of a term's level, and the frequency it depends on.
    fn weigh(&self, compared: &Compared<'_>, term: usize, level: u8) -> (f64, Option<f64>) {
        let (weights, level) = (&self.model.terms[term], usize::from(level));
        let frequency = (level == 0).then(|| self.frequency(&weights.name, compared)).flatten();
        let u = weights.u[level].max(frequency.unwrap_or(0.0)).max(1e-12);
        (bounded_log(weights.m[level] / u), frequency)
    }

    /// The share of people who have the value that both agree on, where more have it than the model takes for granted.
    fn frequency(&self, term: &str, compared: &Compared<'_>) -> Option<f64> {
        let of = |people: usize| (people > 1).then(|| people as f64 / self.population);
        match term {
            "given_name" => common_names::given(&compared.given),
            "family_name" => common_names::family(&compared.family),
            "email" => of(compared.email_shared_by),
            "phone" => of(compared.phone_shared_by),
            _ => None,
        }
    }
}
