//! How good predictions are, by counting.

use std::collections::HashMap;

use serde::Serialize;

use super::truth::{Truth, groups, pairs_of};
use crate::matching::cluster::Pair;
use crate::matching::model::probability;

/// Predictions against the truth.
///
/// `predicted` are `right` and `wrong` ones together; `right` and `missed` are all there are. Shares are rounded to six
/// digits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rates {
    /// How many were predicted.
    pub predicted: u64,
    /// Predicted and true.
    pub right: u64,
    /// Predicted and not true.
    pub wrong: u64,
    /// True and not predicted.
    pub missed: u64,
    /// The share of predictions that is true; nothing without predictions.
    pub precision: Option<f64>,
    /// The share of the truth that was predicted; nothing without truth.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: f64,
}

impl Rates {
    pub(super) fn new(predicted: u64, right: u64, all: u64) -> Self {
        let (wrong, missed) = (predicted - right, all - right);
        Self {
            predicted,
            right,
            wrong,
            missed,
            precision: share(right, predicted),
            recall: share(right, all),
            f1: share(2 * right, predicted + all).unwrap_or(0.0),
        }
    }
}

/// A quotient, rounded to six digits; nothing when there is nothing to divide by.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| rounded(part as f64 / whole as f64))
}

/// Six digits behind the point: the same on every machine.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// Rates of the pairs from a probability on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtThreshold {
    /// The probability.
    pub threshold: f64,
    /// What holds from there on.
    #[serde(flatten)]
    pub rates: Rates,
}

/// A point of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The share of the truth that was predicted.
    pub recall: f64,
    /// The share of predictions that is true.
    pub precision: f64,
}

/// Scored pairs, best first, with how many of the first ones are true.
pub(super) struct Ranking {
    /// Probability of the last of the first n pairs, n, and how many of them are true; one entry for equal scores.
    steps: Vec<(f64, u64, u64)>,
    all: u64,
}

impl Ranking {
    pub(super) fn new(pairs: &[Pair], truth: &Truth) -> Self {
        let mut ranked: Vec<(f32, bool)> =
            pairs.iter().map(|pair| (pair.log_odds, truth.same(pair.a, pair.b))).collect();
        ranked.sort_unstable_by(|x, y| y.0.total_cmp(&x.0));
        let mut steps: Vec<(f64, u64, u64)> = Vec::new();
        let (mut count, mut right, mut last) = (0, 0, None);
        for (log_odds, is_right) in ranked {
            count += 1;
            right += u64::from(is_right);
            let step = (probability(f64::from(log_odds)), count, right);
            match steps.last_mut() {
                Some(same) if last == Some(log_odds) => *same = step,
                _ => steps.push(step),
            }
            last = Some(log_odds);
        }
        Self { steps, all: truth.pairs }
    }

    pub(super) fn at(&self, threshold: f64) -> AtThreshold {
        let first = self.steps.partition_point(|(probability, ..)| *probability >= threshold);
        let (count, right) =
            if first == 0 { (0, 0) } else { (self.steps[first - 1].1, self.steps[first - 1].2) };
        AtThreshold { threshold, rates: Rates::new(count, right, self.all) }
    }

    /// The threshold with the best F1; the highest one of several.
    pub(super) fn best(&self) -> AtThreshold {
        let mut best = AtThreshold { threshold: 1.0, rates: Rates::new(0, 0, self.all) };
        for (probability, count, right) in &self.steps {
            let rates = Rates::new(*count, *right, self.all);
            if rates.f1 > best.rates.f1 {
                best = AtThreshold { threshold: rounded(*probability), rates };
            }
        }
        best
    }

    /// At most so many points, from the left.
    pub(super) fn curve(&self, most: usize) -> Vec<Point> {
        let point = |step: &(f64, u64, u64)| Point {
            recall: share(step.2, self.all).unwrap_or(0.0),
            precision: share(step.2, step.1).unwrap_or(0.0),
        };
        let mut points: Vec<Point> = Vec::new();
        for step in &self.steps {
            let point = point(step);
            let far = |last: &Point| {
                (point.recall - last.recall).abs() + (point.precision - last.precision).abs()
                    >= 2.0 / most as f64
            };
            if points.last().is_none_or(far) && points.len() < most {
                points.push(point);
            }
        }
        let end = self.steps.last().map(point);
        if end != points.last().copied() {
            points.truncate(most.saturating_sub(1));
            points.extend(end);
        }
        points
    }
}

/// How good clusters are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClusterRates {
    /// Of the pairs that stand in one cluster.
    pub pairs: Rates,
    /// Of whole clusters of two or more records: right ones have exactly the records of one person.
    pub exact: Rates,
}

impl ClusterRates {
    pub(super) fn new(cluster_of: &[u32], truth: &Truth) -> Self {
        let predicted = groups(cluster_of);
        let mut together: HashMap<(u32, u32), u64> = HashMap::new();
        for pair in cluster_of.iter().zip(&truth.person_of) {
            *together.entry((*pair.0, *pair.1)).or_default() += 1;
        }
        let sum = |counts: &mut dyn Iterator<Item = u64>| counts.map(pairs_of).sum::<u64>();
        let people = truth.people();
        let known: std::collections::HashSet<&[u32]> = people.iter().map(Vec::as_slice).collect();
        let exact = predicted.iter().filter(|cluster| known.contains(cluster.as_slice())).count() as u64;
        Self {
            pairs: Rates::new(
                sum(&mut predicted.iter().map(|cluster| cluster.len() as u64)),
                sum(&mut together.values().copied()),
                truth.pairs,
            ),
            exact: Rates::new(predicted.len() as u64, exact, people.len() as u64),
        }
    }
}

/// How often pairs of similar probability are one person.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// From this probability on.
    pub from: f64,
    /// Up to this one, which belongs to the next band.
    pub to: f64,
    /// Scored pairs.
    pub pairs: u64,
    /// Those of one person.
    pub right: u64,
    /// The mean probability that was predicted.
    pub predicted: Option<f64>,
    /// The share that is one person.
    pub observed: Option<f64>,
}

const EDGES: [f64; 8] = [0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0];

/// Bands of probability; scored pairs too unlikely to be kept count as 0.
pub(super) fn calibration(pairs: &[Pair], truth: &Truth, scored: u64, compared: u64) -> Vec<Band> {
    let mut sums = [(0_u64, 0_u64, 0.0_f64); EDGES.len() - 1];
    for pair in pairs {
        let probability = pair.probability();
        let band = EDGES.partition_point(|edge| *edge <= probability).clamp(1, sums.len()) - 1;
        sums[band].0 += 1;
        sums[band].1 += u64::from(truth.same(pair.a, pair.b));
        sums[band].2 += probability;
    }
    let kept: (u64, u64) = sums.iter().fold((0, 0), |all, band| (all.0 + band.0, all.1 + band.1));
    sums[0].0 += scored.saturating_sub(kept.0);
    sums[0].1 += compared.saturating_sub(kept.1);
    let band = |(edges, (pairs, right, sum)): (&[f64], (u64, u64, f64))| Band {
        from: edges[0],
        to: edges[1],
        pairs,
        right,
        predicted: (pairs > 0).then(|| rounded(sum / pairs as f64)),
        observed: share(right, pairs),
    };
    EDGES.windows(2).zip(sums).map(band).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::table::Table;
    use super::*;

    fn truth(labels: &[&str]) -> Truth {
        let mut table = Table::new(["label"]);
        labels.iter().zip(2..).for_each(|(label, line)| table.push(line, [Some(*label)]));
        Truth::labels(&table, 0).unwrap()
    }

    fn pair(a: u32, b: u32, probability: f64) -> Pair {
        #[expect(clippy::cast_possible_truncation, reason = "six digits do")]
        let log_odds = (probability / (1.0 - probability)).ln() as f32;
        Pair { a, b, log_odds }
    }

    /// Two people with three and two records and one alone: four true pairs.
    fn six() -> Truth {
        truth(&["x", "x", "x", "y", "y", ""])
    }

    #[test]
    fn pairs_are_counted_from_a_threshold_on() {
        let pairs = [pair(0, 1, 0.99), pair(3, 4, 0.9), pair(2, 5, 0.85), pair(1, 2, 0.6), pair(0, 5, 0.1)];
        let ranking = Ranking::new(&pairs, &six());
        let at = ranking.at(0.8).rates;
        assert_eq!((at.predicted, at.right, at.wrong, at.missed), (3, 2, 1, 2));
        assert_eq!((at.precision, at.recall, at.f1), (Some(0.666667), Some(0.5), 0.571429));
        let none = ranking.at(0.999).rates;
        assert_eq!((none.predicted, none.precision, none.recall, none.f1), (0, None, Some(0.0), 0.0));
        // Three of four pairs with one wrong: 2 · 3 / (4 + 4).
        let best = ranking.best();
        assert_eq!((best.threshold, best.rates.predicted, best.rates.f1), (0.6, 4, 0.75));
    }

    #[test]
    fn equal_scores_stand_or_fall_together() {
        let pairs = [pair(0, 1, 0.9), pair(0, 5, 0.9), pair(1, 5, 0.9), pair(3, 4, 0.9)];
        let ranking = Ranking::new(&pairs, &six());
        assert_eq!(ranking.steps.len(), 1);
        assert_eq!((ranking.best().rates.predicted, ranking.best().rates.right), (4, 2));
        assert_eq!(ranking.curve(10), [Point { recall: 0.5, precision: 0.5 }]);
    }

    #[test]
    fn clusters_are_counted_by_pairs_and_whole() {
        // {0, 1} is a part of a person; {3, 4} is exactly one; {2, 5} is nobody.
        let rates = ClusterRates::new(&[0, 0, 2, 3, 3, 2], &six());
        assert_eq!((rates.pairs.predicted, rates.pairs.right, rates.pairs.missed), (3, 2, 2));
        assert_eq!((rates.exact.predicted, rates.exact.right, rates.exact.missed), (3, 1, 1));
        let perfect = ClusterRates::new(&[0, 0, 0, 3, 3, 5], &six());
        assert_eq!((perfect.pairs.f1, perfect.exact.f1), (1.0, 1.0));
    }

    #[test]
    fn bands_say_how_often_a_prediction_was_right() {
        let pairs = [pair(0, 1, 0.99), pair(0, 2, 0.97), pair(2, 5, 0.96), pair(3, 4, 0.5), pair(0, 5, 0.01)];
        // Ten were scored, with all four true pairs among them; one true pair was too unlikely to be kept.
        let bands = calibration(&pairs, &six(), 10, 4);
        let of = |band: &Band| (band.pairs, band.right);
        assert_eq!(
            bands.iter().map(of).collect::<Vec<_>>(),
            [(6, 1), (0, 0), (0, 0), (1, 1), (0, 0), (0, 0), (3, 2)]
        );
        assert_eq!(bands[6].predicted, Some(0.973333));
        assert_eq!(bands[6].observed, Some(0.666667));
        assert_eq!(bands[1].observed, None);
    }

    proptest! {
        #[test]
        fn counts_add_up(
            people in proptest::collection::vec(0_u8..4, 8),
            clusters in proptest::collection::vec(0_u32..5, 8),
            scores in proptest::collection::vec((0_u32..8, 0_u32..8, 0.01_f64..0.99), 0..30),
        ) {
            let labels: Vec<String> = people.iter().map(|p| format!("p{p}")).collect();
            // Eight records of four people: at least two are one.
            let truth = truth(&labels.iter().map(String::as_str).collect::<Vec<_>>());
            let mut pairs: Vec<Pair> =
                scores.iter().filter(|(a, b, _)| a < b).map(|(a, b, p)| pair(*a, *b, *p)).collect();
            pairs.sort_by_key(|pair| (pair.a, pair.b));
            pairs.dedup_by_key(|pair| (pair.a, pair.b));
            let ranking = Ranking::new(&pairs, &truth);
            let best = ranking.best().rates;
            let mut before = u64::MAX;
            for threshold in [0.0, 0.3, 0.5, 0.8, 0.95, 1.0] {
                let at = ranking.at(threshold).rates;
                prop_assert_eq!(at.right + at.wrong, at.predicted);
                prop_assert_eq!(at.right + at.missed, truth.pairs);
                prop_assert!(at.predicted <= before && at.f1 <= best.f1);
                before = at.predicted;
            }
            let right = pairs.iter().filter(|p| truth.same(p.a, p.b)).count() as u64;
            let bands = calibration(&pairs, &truth, 28, truth.pairs);
            prop_assert_eq!(bands.iter().map(|b| b.pairs).sum::<u64>(), 28);
            prop_assert_eq!(bands.iter().map(|b| b.right).sum::<u64>(), truth.pairs);
            prop_assert_eq!(ranking.at(0.0).rates.right, right);
            let rates = ClusterRates::new(&clusters, &truth);
            prop_assert_eq!(rates.pairs.right + rates.pairs.missed, truth.pairs);
            prop_assert_eq!(rates.exact.right + rates.exact.wrong, rates.exact.predicted);
            prop_assert_eq!(rates.exact.right + rates.exact.missed, truth.people().len() as u64);
            prop_assert!(ranking.curve(8).len() <= 8);
        }
    }
}
