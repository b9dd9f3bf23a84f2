//! The Fellegi–Sunter model: how much each level of agreement speaks for one person.

mod document;
mod em;
mod explain;
mod monotone;
mod objection;
pub(crate) mod plugin_weights;
mod refine;
mod verdict;
mod waterfall;

pub use document::{DOCUMENT_VERSION, LevelDocument, ModelDocument, TermDocument};
pub(crate) use em::{Histogram, Marginals};
pub(crate) use explain::Weighed;
pub use explain::{ExplainedTerm, Explanation, Judgement};
pub use objection::Objection;
pub(crate) use objection::{GENERIC, Likelihood, NOT_COMPARED, Seen, objections};
pub use refine::Labelled;
pub(crate) use verdict::HOUSEHOLD;
pub use verdict::{PairVerdict, Thresholds};

use self::plugin_weights::careful;
use super::features::{About, MISSING};
use super::frame::Frame;
use super::levels::Levels;

/// The weights of one term.
#[derive(Debug, Clone, PartialEq)]
pub struct TermWeights {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub about: About,
    /// Its levels' names.
    pub levels: Vec<String>,
    /// How often records of one person agree so far; sums up to 1.
    pub m: Vec<f64>,
    /// How often records of two people do; sums up to 1.
    pub u: Vec<f64>,
    /// How far a household agrees in it like one person.
    pub shared: f64,
}

impl TermWeights {
    /// The logarithm of how much likelier a level is in a household, from that of one person.
    fn in_household(&self, log: f64) -> f64 {
        (self.shared * log.exp() + 1.0 - self.shared).ln()
    }
}

/// Probabilities of agreement, and how many pairs are of one person or of one household.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Term by term, in the order of the frame's.
    pub terms: Vec<TermWeights>,
    /// The share of all pairs that are one person.
    pub matches: f64,
    /// The share of all pairs that are two people of one household.
    pub households: f64,
}

/// A score with what it is made of, in natural logarithms of odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Logarithm of the odds that both records are one person.
    pub log_odds: f64,
    /// The probability that they are two people of one household.
    pub household: f64,
}

impl Score {
    /// The probability that both records are one person.
    pub fn probability(&self) -> f64 {
        probability(self.log_odds)
    }
}

/// The probability of natural log-odds.
pub(crate) fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// No single term says more than this, in natural logarithms: 1 to 10 million.
pub(crate) const MOST: f64 = 16.0;
/// No single term speaks more against a pair than this ratio.
pub(crate) const LEAST: f64 = 1e-7;

/// The logarithm of a ratio, within those bounds.
pub(crate) fn bounded_log(ratio: f64) -> f64 {
    ratio.max(LEAST).ln().clamp(-MOST, MOST)
}

impl Model {
    /// What is known before any data was seen.
    pub fn shipped(frame: &Frame) -> Self {
        let terms = frame
            .terms()
            .iter()
            .map(|term| TermWeights {
                name: term.name.clone(),
                about: term.about,
                levels: term.levels.iter().map(|l| l.name.to_owned()).collect(),
                m: term.levels.iter().map(|l| l.m).collect(),
                u: term.levels.iter().map(|l| l.u).collect(),
                shared: term.shared,
            })
            .chain(
                frame.plugin_terms().into_iter().flat_map(|plugin_terms| plugin_terms.terms()).map(careful),
            )
            .collect();
        let n = f64::from(frame.len()).max(2.0);
        Self { terms, matches: 0.3 / n, households: 0.1 / n }
    }

    /// The ratio of a term's level, before term frequency.
    fn ratio(&self, term: usize, level: u8) -> f64 {
        let weights = &self.terms[term];
        let level = usize::from(level);
        weights.m[level] / weights.u[level].max(1e-12)
    }

    /// The logarithm of the ratio of a term: positive speaks for one person.
    pub(crate) fn term(&self, frame: &Frame, term: usize, level: u8, a: u32, b: u32) -> f64 {
        if level == MISSING {
            return 0.0;
        }
        let ratio = match frame.frequency(term, level, a, b) {
            Some(frequency) => {
                let weights = &self.terms[term];
                weights.m[usize::from(level)] / f64::from(frequency).max(1e-9)
            }
            None => self.ratio(term, level),
        };
        bounded_log(ratio)
    }

    /// The score of a pair whose levels are known.
    pub fn score(&self, frame: &Frame, levels: &Levels, a: u32, b: u32) -> Score {
        self.score_levels(levels, |term, level| self.term(frame, term, level, a, b))
    }

    /// The same from levels; `weigh` gives the logarithm of the ratio of a term's level.
    pub(crate) fn score_levels(&self, levels: &Levels, weigh: impl Fn(usize, u8) -> f64) -> Score {
        let (mut one, mut household) = (0.0, 0.0);
        for (term, weights) in self.terms.iter().enumerate() {
            if levels[term] != MISSING {
                let log = weigh(term, levels[term]);
                one += log;
                household += weights.in_household(log);
            }
        }
        self.posterior(one, household)
    }

    pub(crate) fn posterior(&self, one: f64, household: f64) -> Score {
        let (one, household) = (one + self.matches.ln(), household + self.households.ln());
        let other = (1.0 - self.matches - self.households).max(1e-9).ln();
        let not = log_sum(household, other);
        let log_odds = one - not;
        let all = log_sum(one, not);
        Score { log_odds, household: (household - all).exp() }
    }
}

fn log_sum(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    high + (low - high).exp().ln_1p()
}
