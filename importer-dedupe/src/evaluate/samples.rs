//! Single pairs that came out other than the truth, to learn from.

use std::fmt;

use serde::Serialize;

use super::metrics::rounded;
use super::table::Table;
use super::truth::Truth;
use crate::matching::features::MISSING;
use crate::matching::frame::Frame;
use crate::matching::model::{Objection, Thresholds, probability};
use crate::matching::role::Role;
use crate::matching::scan::Scan;

/// What a term says about a pair.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TermWeight {
    /// Its name.
    pub term: String,
    /// How far the records agree in it.
    pub level: String,
    /// What that weighs, in natural logarithms: positive speaks for one person.
    pub weight: f64,
}

/// The values of both records in one column.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Values {
    /// The column.
    pub column: String,
    /// The value of the first record.
    pub a: Option<String>,
    /// The value of the second one.
    pub b: Option<String>,
}

/// Values are personal.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Values({})", self.column)
    }
}

/// A pair, with everything its score is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// The id of one record, or its line when records have none.
    pub a: String,
    /// The other's.
    pub b: String,
    /// True when blocking brought the two together.
    pub compared: bool,
    /// The probability that they are one person, also of a pair that was not compared.
    pub probability: f64,
    /// What keeps it from being merged without a human.
    pub held_back: Vec<Objection>,
    /// What speaks for and against.
    pub terms: Vec<TermWeight>,
    /// What stands in the compared columns.
    pub values: Vec<Values>,
}

/// What samples are made from.
pub(super) struct Source<'a> {
    pub(super) records: &'a Table,
    pub(super) id: Option<usize>,
    pub(super) roles: &'a [Role],
    pub(super) frame: &'a Frame,
    pub(super) scan: &'a Scan,
    pub(super) truth: &'a Truth,
}

impl Source<'_> {
    /// Pairs of one person below a probability, the least likely ones first.
    pub(super) fn missed(&self, below: f64, most: usize) -> Vec<Sample> {
        let mut pairs = Vec::new();
        for person in self.truth.people() {
            for (place, a) in person.iter().enumerate() {
                for b in &person[place + 1..] {
                    let log_odds = self.log_odds(*a, *b);
                    if !self.scan.compared(*a, *b) || probability(log_odds) < below {
                        pairs.push((log_odds, *a, *b));
                    }
                }
            }
        }
        pairs.sort_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        pairs.iter().take(most).map(|(log_odds, a, b)| self.sample(*log_odds, *a, *b)).collect()
    }

    /// Pairs of two people from a probability on, the most likely ones first.
    pub(super) fn wrong(&self, from: f64, most: usize) -> Vec<Sample> {
        let is_wrong = |pair: &&crate::matching::cluster::Pair| {
            pair.probability() >= from && !self.truth.same(pair.a, pair.b)
        };
        let mut pairs: Vec<_> = self.scan.pairs.iter().filter(is_wrong).collect();
        pairs.sort_by(|x, y| y.log_odds.total_cmp(&x.log_odds).then((x.a, x.b).cmp(&(y.a, y.b))));
        pairs.iter().take(most).map(|pair| self.sample(f64::from(pair.log_odds), pair.a, pair.b)).collect()
    }

    fn log_odds(&self, a: u32, b: u32) -> f64 {
        self.scan.model.score(self.frame, &self.frame.compare(a, b), a, b).log_odds
    }

    fn sample(&self, log_odds: f64, a: u32, b: u32) -> Sample {
        let levels = self.frame.compare(a, b);
        let model = &self.scan.model;
        let terms = model.terms.iter().enumerate().filter(|(term, _)| levels[*term] != MISSING);
        let compared = (0..self.roles.len()).filter(|column| self.roles[*column] != Role::Ignored);
        let value = |record: u32, column| self.records.cell(record as usize, column).map(str::to_owned);
        let name = |record: u32| {
            let id = self.id.and_then(|column| value(record, column));
            id.unwrap_or_else(|| format!("line {}", self.records.line(record as usize)))
        };
        Sample {
            a: name(a),
            b: name(b),
            compared: self.scan.compared(a, b),
            probability: rounded(probability(log_odds)),
            held_back: self.scan.judge(self.frame, a, b, &Thresholds::DEFAULT).objections,
            terms: terms
                .map(|(term, weights)| TermWeight {
                    term: weights.name.clone(),
                    level: weights.levels[usize::from(levels[term])].clone(),
                    weight: hundredths(model.term(self.frame, term, levels[term], a, b)),
                })
                .collect(),
            values: compared
                .map(|column| Values {
                    column: self.records.columns()[column].clone(),
                    a: value(a, column),
                    b: value(b, column),
                })
                .filter(|values| values.a.is_some() || values.b.is_some())
                .collect(),
        }
    }
}

/// Two digits behind the point; nothing below zero that is zero.
pub(super) fn hundredths(weight: f64) -> f64 {
    (weight * 100.0).round() / 100.0 + 0.0
}
