//! Why a pair has the score it has.

use serde::{Deserialize, Serialize};

use super::{Likelihood, Model, NOT_COMPARED, Objection, PairVerdict, Seen, Thresholds, objections};
use crate::matching::features::MISSING;
use crate::matching::frame::{Beside, Frame};
use crate::matching::levels::Levels;

/// What one term says about a pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainedTerm {
    /// The term's name.
    pub term: String,
    /// The level of agreement; `missing` when one record has no value.
    pub level: String,
    /// Bits: how many times the odds double, or halve when negative.
    pub bits: f64,
    /// The share of people who have the value that both agree on, where the weight depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<f64>,
    /// How many have the contact or number that both agree on, where that is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_by: Option<u32>,
}

/// A score with everything it is made of. It holds no values, only how they compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Bits before anything was compared: how rare it is that two records are one person.
    pub prior_bits: f64,
    /// Term by term.
    pub terms: Vec<ExplainedTerm>,
    /// Bits taken off because a household explains the agreement as well.
    pub household_bits: f64,
    /// The sum of all bits: the logarithm of the odds to base 2.
    pub bits: f64,
    /// The probability that both records are one person.
    pub probability: f64,
    /// The probability that they are two people of one household.
    pub household: f64,
    /// What keeps it from being merged without a human.
    #[serde(default)]
    pub held_back: Vec<Objection>,
}

/// What a level weighs, and on what that depends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weighed {
    /// The logarithm of the ratio of the level.
    pub(crate) log: f64,
    pub(crate) frequency: Option<f64>,
    pub(crate) beside: Beside,
}

/// What may be done about a pair, and what speaks against merging it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What may be done.
    pub verdict: PairVerdict,
    /// What keeps it from being merged without a human.
    pub objections: Vec<Objection>,
}

const BIT: f64 = std::f64::consts::LN_2;

impl Model {
    /// What makes up the score of a pair; its bits add up to the score's.
    pub fn explain(&self, frame: &Frame, a: u32, b: u32, thresholds: &Thresholds) -> Explanation {
        self.explain_pair(frame, &frame.compare_all(a, b), a, b, thresholds)
    }

    /// The same by some of the terms alone, as if one record had no value for any other; the others are left out. Nothing of it
    /// depends on what these compare.
    pub fn explain_by(
        &self,
        frame: &Frame,
        (a, b): (u32, u32),
        thresholds: &Thresholds,
        sees: impl Fn(&str) -> bool,
    ) -> Explanation {
        self.explain_pair_by(frame, frame.compare_all(a, b), (a, b), thresholds, sees)
    }

    pub(crate) fn explain_pair_by(
        &self,
        frame: &Frame,
        mut levels: Levels,
        (a, b): (u32, u32),
        thresholds: &Thresholds,
        sees: impl Fn(&str) -> bool,
    ) -> Explanation {
        for (place, weights) in self.terms.iter().enumerate() {
            if !sees(&weights.name) {
                levels[place] = MISSING;
            }
        }
        let mut explanation = self.explain_pair(frame, &levels, a, b, thresholds);
        explanation.terms.retain(|term| sees(&term.term));
        explanation
    }

    /// The same of a pair whose levels are known.
    pub(crate) fn explain_pair(
        &self,
        frame: &Frame,
        levels: &Levels,
        a: u32,
        b: u32,
        thresholds: &Thresholds,
    ) -> Explanation {
        self.explain_levels(levels, thresholds, |term, level| self.weigh(frame, term, level, a, b))
    }

    /// What may be done about a pair.
    pub fn judge(&self, frame: &Frame, a: u32, b: u32, thresholds: &Thresholds) -> Judgement {
        self.judge_pair(frame, &frame.compare_all(a, b), a, b, thresholds)
    }

    /// The same of a pair whose levels are known.
    pub(crate) fn judge_pair(
        &self,
        frame: &Frame,
        levels: &Levels,
        a: u32,
        b: u32,
        thresholds: &Thresholds,
    ) -> Judgement {
        let likelihood = Likelihood::of(&self.score(frame, levels, a, b));
        let weigh = |term, level| self.weigh(frame, term, level, a, b);
        let objections = self.objections(levels, likelihood, thresholds, weigh);
        let Likelihood { probability, household, .. } = likelihood;
        Judgement { verdict: PairVerdict::of(probability, household, &objections, thresholds), objections }
    }

    /// What keeps a pair from being merged that is as likely as this, whatever that was worked out by.
    pub(crate) fn objections(
        &self,
        levels: &Levels,
        likelihood: Likelihood,
        thresholds: &Thresholds,
        weigh: impl Fn(usize, u8) -> Weighed,
    ) -> Vec<Objection> {
        let seen: Vec<Seen<'_>> = (self.terms.iter().enumerate())
            .map(|(place, weights)| {
                let level = levels[place];
                let Weighed { log, beside, .. } = weigh(place, level);
                let name = weights.levels.get(usize::from(level)).map_or(NOT_COMPARED, String::as_str);
                let (about, shared) = (weights.about, weights.shared);
                Seen { about, level: name, bits: log / BIT, shared, beside }
            })
            .collect();
        objections(&seen, likelihood, thresholds)
    }

    fn weigh(&self, frame: &Frame, term: usize, level: u8, a: u32, b: u32) -> Weighed {
        Weighed {
            log: self.term(frame, term, level, a, b),
            frequency: frame.frequency(term, level, a, b).map(f64::from),
            beside: frame.beside(term, level, a, b),
        }
    }

    /// The explanation from levels; `weigh` says what a term's level weighs.
    pub(crate) fn explain_levels(
        &self,
        levels: &Levels,
        thresholds: &Thresholds,
        weigh: impl Fn(usize, u8) -> Weighed,
    ) -> Explanation {
        let (mut one, mut household) = (0.0, 0.0);
        let mut terms = Vec::with_capacity(self.terms.len());
        for (place, weights) in self.terms.iter().enumerate() {
            let level = levels[place];
            let (name, weighed) = if level == MISSING {
                ("missing", Weighed::default())
            } else {
                let weighed = weigh(place, level);
                one += weighed.log;
                household += weights.in_household(weighed.log);
                (weights.levels[usize::from(level)].as_str(), weighed)
            };
            let Weighed { log, frequency, beside: Beside { shared_by, .. } } = weighed;
            let (term, level) = (weights.name.clone(), name.to_owned());
            terms.push(ExplainedTerm { term, level, bits: log / BIT, frequency, shared_by });
        }
        let score = self.posterior(one, household);
        let prior = self.matches.ln() - (1.0 - self.matches).max(1e-9).ln();
        Explanation {
            prior_bits: prior / BIT,
            terms,
            household_bits: (score.log_odds - prior - one) / BIT,
            bits: score.log_odds / BIT,
            probability: score.probability(),
            household: score.household,
            held_back: self.objections(levels, Likelihood::of(&score), thresholds, weigh),
        }
    }
}
