//! The model laid out for scoring millions of pairs: what is the same for all pairs is worked out once.

use super::features::MISSING;
use super::frame::Frame;
use super::levels::{Levels, MAX_TERMS};
use super::model::{HOUSEHOLD, LEAST, MOST, Model, Score};

/// The most levels a term has.
const MAX_LEVELS: usize = MISSING as usize;

/// How much likelier a level is among records of one person than among others, and than in a household.
#[derive(Clone, Copy, Default)]
struct Ratio {
    m: f64,
    one: f64,
    household: f64,
}

/// Scores pairs as [`Model::score`] does, with one logarithm instead of three for each term.
pub(crate) struct Scorer<'a> {
    model: &'a Model,
    frame: &'a Frame,
    ratios: Vec<[Ratio; MAX_LEVELS]>,
    most: f64,
    other: f64,
    matches: f64,
    /// From here on it may be a household.
    household: f64,
}

impl<'a> Scorer<'a> {
    pub(crate) fn new(model: &'a Model, frame: &'a Frame) -> Self {
        // The bounds of the model's logarithms; products of so many terms stay far within an `f64`.
        let most = MOST.exp();
        let of_term = |term: &super::model::TermWeights| {
            let mut levels = [Ratio::default(); MAX_LEVELS];
            for (ratio, (m, u)) in levels.iter_mut().zip(term.m.iter().zip(&term.u)) {
                let one = (m / u.max(1e-12)).clamp(LEAST, most);
                *ratio = Ratio { m: *m, one, household: term.shared * one + 1.0 - term.shared };
            }
            levels
        };
        Self {
            ratios: model.terms.iter().map(of_term).collect(),
            most,
            other: (1.0 - model.matches - model.households).max(1e-9).ln(),
            matches: model.matches.ln(),
            household: (1.0 - model.matches - model.households).max(1e-9) / model.households.max(1e-300),
            model,
            frame,
        }
    }

    /// The score of a pair, unless it is no household and its log-odds are not above the floor.
    pub(crate) fn score(&self, levels: &Levels, a: u32, b: u32, floor: f64) -> Option<Score> {
        let (mut one, mut household) = (1.0, 1.0);
        for (term, ratios) in self.ratios.iter().enumerate().take(MAX_TERMS) {
            let level = levels[term];
            if level == MISSING {
                continue;
            }
            let ratio = &ratios[usize::from(level)];
            let (own, with_household) = match self.frame.frequency(term, level, a, b) {
                Some(frequency) => {
                    let own = (ratio.m / f64::from(frequency).max(1e-9)).clamp(LEAST, self.most);
                    let shared = self.model.terms[term].shared;
                    (own, shared * own + 1.0 - shared)
                }
                None => (ratio.one, ratio.household),
            };
            one *= own;
            household *= with_household;
        }
        let one = one.ln();
        // Households only lower the odds.
        if one + self.matches - self.other <= floor && household < self.household {
            return None;
        }
        let score = self.model.posterior(one, household.ln());
        (score.log_odds > floor || score.household >= HOUSEHOLD).then_some(score)
    }
}
