//! Levels in the order of their strength: what agrees more never weighs less.

use super::{Model, TermWeights};
use crate::matching::frame::Frame;

/// Levels that came out in another order than the shipped weights have them get one weight between them.
///
/// Where a level is rare, learning knows little about it, and a typo in a phone number would weigh more than an equal one.
/// What ships with more weight than equality is agreement of another kind, such as first and last name in each other's place:
/// it has no part in the order.
pub(super) fn monotone(weights: &mut TermWeights, shipped: &TermWeights) {
    let ratio = |level: usize| shipped.m[level] / shipped.u[level].max(1e-12);
    let mut order: Vec<usize> =
        (0..weights.m.len().min(shipped.m.len())).filter(|level| ratio(*level) <= ratio(0)).collect();
    order.sort_by(|a, b| ratio(*b).total_cmp(&ratio(*a)));
    // Pools of levels, the strongest first: how many there are, and the sums of their m and u.
    let mut pools: Vec<(usize, f64, f64)> = Vec::new();
    for level in &order {
        let mut pool = (1, weights.m[*level], weights.u[*level]);
        while let Some(&(levels, m, u)) = pools.last()
            && m * pool.2 < pool.1 * u
        {
            pools.pop();
            pool = (pool.0 + levels, pool.1 + m, pool.2 + u);
        }
        pools.push(pool);
    }
    let mut levels = order.into_iter();
    for (many, m, u) in pools {
        for level in levels.by_ref().take(many) {
            // A pool of one stays as it is, to the last digit.
            if many > 1 {
                weights.u[level] = weights.m[level] * u / m.max(1e-12);
            }
        }
    }
}

impl Model {
    /// Lets nothing weigh more than equality can in these records.
    ///
    /// Equality weighs as much as the value is rare, and no value is rarer than one person's own. What is only similar knows no
    /// such bound: the larger a table, the more a phone number with a typo would weigh.
    pub(crate) fn bound_by_equality(&mut self, frame: &Frame) {
        let shipped = Self::shipped(frame);
        for ((weights, shipped), rarest) in self.terms.iter_mut().zip(&shipped.terms).zip(rarest(frame)) {
            let equal = weights.m.iter().zip(&rarest).filter_map(|(m, rarest)| Some(m / rarest.as_ref()?));
            let Some(most) = equal.reduce(f64::max) else { continue };
            let ratio = |level: usize| shipped.m[level] / shipped.u[level].max(1e-12);
            for level in (1..weights.m.len()).filter(|level| ratio(*level) <= ratio(0)) {
                weights.u[level] = weights.u[level].max(weights.m[level] / most);
            }
        }
    }
}

/// How many records are asked how frequent their values are.
const ASKED: u32 = 20_000;

/// How frequent the rarest values are, by term and by the level at which a record agrees with itself.
fn rarest(frame: &Frame) -> Vec<Vec<Option<f64>>> {
    let mut rarest: Vec<Vec<Option<f64>>> =
        frame.terms().iter().map(|term| vec![None; term.levels.len()]).collect();
    let step = (frame.len() / ASKED).max(1) as usize;
    for record in (0..frame.len()).step_by(step) {
        let levels = frame.compare(record, record);
        for (term, rarest) in rarest.iter_mut().enumerate() {
            let level = levels[term];
            let Some(rarest) = rarest.get_mut(usize::from(level)) else { continue };
            let frequency = frame.frequency(term, level, record, record).map(|f| f64::from(f).max(1e-9));
            *rarest = match (*rarest, frequency) {
                (Some(known), Some(frequency)) => Some(known.min(frequency)),
                (known, frequency) => known.or(frequency),
            };
        }
    }
    rarest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matching::features::About;

    fn term(m: Vec<f64>, u: Vec<f64>) -> TermWeights {
        let levels = (0..m.len()).map(|level| format!("level {level}")).collect();
        TermWeights { name: "term".into(), about: About::Other, levels, m, u, shared: 0.0 }
    }

    fn shipped() -> TermWeights {
        // The fourth is of another kind: it ships with more weight than equality.
        term(vec![0.7, 0.1, 0.05, 0.05, 0.1], vec![0.001, 0.001, 0.002, 0.000_01, 0.995_99])
    }

    #[test]
    fn a_typo_does_not_weigh_more_than_equality() {
        let mut learned =
            term(vec![0.6, 0.2, 0.05, 0.05, 0.1], vec![0.000_1, 0.000_000_1, 0.002, 0.5, 0.497_899_9]);
        let before = learned.clone();
        monotone(&mut learned, &shipped());
        let weight = |level: usize| learned.m[level] / learned.u[level];
        assert!((weight(0) / weight(1) - 1.0).abs() < 1e-9, "one weight for both");
        assert_eq!(learned.m, before.m);
        assert_eq!(learned.u[2..], before.u[2..], "what is in order stays");
    }

    proptest! {
        #[test]
        fn weights_never_rise_and_shares_keep_their_sum(
            shares in proptest::collection::vec(1e-9_f64..1.0, 10),
        ) {
            let mut learned = term(shares[..5].to_vec(), shares[5..].to_vec());
            let sum: f64 = learned.u.iter().sum();
            monotone(&mut learned, &shipped());
            let weight = |level: usize| learned.m[level] / learned.u[level];
            for (strong, weak) in [(0, 1), (1, 2), (2, 4)] {
                prop_assert!(weight(strong) >= weight(weak) * (1.0 - 1e-9));
            }
            prop_assert!((learned.u.iter().sum::<f64>() - sum).abs() < 1e-9);
            prop_assert_eq!(learned.u[3].to_bits(), shares[8].to_bits(), "another kind");
        }
    }
}
