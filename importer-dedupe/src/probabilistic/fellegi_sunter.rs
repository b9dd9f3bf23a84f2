//! The learned model at import time, when no table of frequencies is at hand.

use std::sync::Arc;

use importer_core::contracts::Contract;

use super::compared::{Candidate, Compared};
use crate::matching::features::{MISSING, common_names};
use crate::matching::model::{
    Explanation, Likelihood, Model, ModelDocument, Objection, Score, Thresholds, Weighed, bounded_log,
};
use crate::matching::people::People;
use crate::matching::plugin_terms::Compares;

/// The model for a contract, with how many people the core is taken to hold.
pub(super) struct FellegiSunter {
    model: Model,
    population: f64,
}

impl FellegiSunter {
    pub(super) fn new(
        contract: &Contract,
        document: Option<&ModelDocument>,
        population: u64,
        plugin_terms: Option<&Arc<dyn Compares>>,
    ) -> Self {
        let frame = People::with_further(contract, plugin_terms).frame;
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
        self.model
            .score_levels(&candidate.levels, |term, level| self.weigh(compared, candidate, term, level).log)
    }

    /// What keeps a candidate from being merged that is as likely as this, whatever that was worked out by.
    pub(super) fn objections(
        &self,
        compared: &Compared<'_>,
        candidate: &Candidate<'_>,
        likelihood: Likelihood,
        thresholds: &Thresholds,
    ) -> Vec<Objection> {
        let weigh = |term, level| self.weigh(compared, candidate, term, level);
        self.model.objections(&candidate.levels, likelihood, thresholds, weigh)
    }

    pub(super) fn explain(
        &self,
        compared: &Compared<'_>,
        candidate: &Candidate<'_>,
        thresholds: &Thresholds,
    ) -> Explanation {
        let weigh = |term, level| self.weigh(compared, candidate, term, level);
        self.model.explain_levels(&candidate.levels, thresholds, weigh)
    }

    fn weigh(&self, compared: &Compared<'_>, candidate: &Candidate<'_>, term: usize, level: u8) -> Weighed {
        let weights = &self.model.terms[term];
        let mut beside = compared.frame.beside(term, level, 0, candidate.number);
        if level == MISSING {
            return Weighed { beside, ..Weighed::default() };
        }
        let (level, mut frequency) = (usize::from(level), None);
        if level == 0 {
            let of = |people: usize| (people > 1).then(|| people as f64 / self.population);
            // The frame holds a few candidates; how many share a contact is known from all of them.
            let (shared_by, known) = match weights.name.as_str() {
                "given_name" => (None, common_names::given(&compared.given)),
                "family_name" => (None, common_names::family(&compared.family)),
                "email" => (Some(compared.email_shared_by), of(compared.email_shared_by)),
                "phone" => (Some(compared.phone_shared_by), of(compared.phone_shared_by)),
                _ => (None, None),
            };
            beside.shared_by = shared_by.and_then(|people| u32::try_from(people).ok());
            // Where more have the value than the model takes for granted.
            frequency = known;
        }
        let u = weights.u[level].max(frequency.unwrap_or(0.0)).max(1e-12);
        Weighed { log: bounded_log(weights.m[level] / u), frequency, beside }
    }
}
