//! Why a pair has the score it has.

use serde::{Deserialize, Serialize};

use super::Model;
use crate::matching::features::MISSING;
use crate::matching::frame::{Frame, Levels};

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
}

const BIT: f64 = std::f64::consts::LN_2;

impl Model {
    /// What makes up the score of a pair; its bits add up to the score's.
    pub fn explain(&self, frame: &Frame, a: u32, b: u32) -> Explanation {
        self.explain_levels(&frame.compare(a, b), |term, level| {
            let frequency = frame.frequency(term, level, a, b);
            (self.term(frame, term, level, a, b), frequency.map(f64::from))
        })
    }

    /// The same from levels; `weigh` gives the logarithm of the ratio of a term's level, and the frequency it depends on.
    pub(crate) fn explain_levels(
        &self,
        levels: &Levels,
        weigh: impl Fn(usize, u8) -> (f64, Option<f64>),
    ) -> Explanation {
        let (mut one, mut household) = (0.0, 0.0);
        let mut terms = Vec::with_capacity(self.terms.len());
        for (place, weights) in self.terms.iter().enumerate() {
            let level = levels[place];
            let (name, log, frequency) = if level == MISSING {
                ("missing", 0.0, None)
            } else {
                let (log, frequency) = weigh(place, level);
                one += log;
                household += weights.in_household(log);
                (weights.levels[usize::from(level)].as_str(), log, frequency)
            };
            let (term, level) = (weights.name.clone(), name.to_owned());
            terms.push(ExplainedTerm { term, level, bits: log / BIT, frequency });
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
        }
    }
}
