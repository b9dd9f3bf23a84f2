//! Learning from pairs that people have decided about.

use super::monotone::monotone;
use super::{MISSING, Model};
use crate::matching::levels::Levels;

/// A pair whose truth is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labelled {
    /// How far its records agree.
    pub levels: Levels,
    /// True when both are one person.
    pub same: bool,
}

/// As many decided matches as the learned m weighs.
const LEARNED_MATCHES: f64 = 200.0;
/// As many decided pairs of two people as the learned u weighs. People decide about pairs that look alike, which are a small
/// and untypical part of all pairs of two people; so u moves a hundred times slower than m.
const LEARNED_OTHERS: f64 = 20_000.0;

impl Model {
    /// Moves m and u towards pairs that people have decided about.
    ///
    /// Each decision counts as `weight` pairs beside what the model has learned so far, which counts as 200 matches and as
    /// 20,000 pairs of two people. How many pairs are matches at all stays: people decide about pairs they are shown.
    pub fn refine(&mut self, decided: &[Labelled], weight: f64) {
        for (term, weights) in self.terms.iter_mut().enumerate() {
            let before = weights.clone();
            for (same, learned, shares) in
                [(true, LEARNED_MATCHES, &mut weights.m), (false, LEARNED_OTHERS, &mut weights.u)]
            {
                let mut counts = vec![0.0; shares.len()];
                for pair in decided.iter().filter(|pair| pair.same == same) {
                    let level = pair.levels[term];
                    if level != MISSING
                        && let Some(count) = counts.get_mut(usize::from(level))
                    {
                        *count += weight;
                    }
                }
                let all = learned + counts.iter().sum::<f64>();
                for (share, count) in shares.iter_mut().zip(counts) {
                    *share = (*share * learned + count) / all;
                }
            }
            // The order is that of what was learned before: decisions move weights and turn nothing round.
            monotone(weights, &before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::frame::{ColumnSpec, Frame};
    use crate::matching::levels::MAX_TERMS;
    use crate::matching::role::Role;

    fn model() -> Model {
        let column = |name: &str, role| ColumnSpec { name: name.into(), role };
        Model::shipped(&Frame::new(&[column("first", Role::GivenName), column("last", Role::FamilyName)]))
    }

    fn pairs(level: u8, same: bool, count: usize) -> Vec<Labelled> {
        let mut levels = [MISSING; MAX_TERMS];
        levels[0] = level;
        vec![Labelled { levels, same }; count]
    }

    #[test]
    fn accepted_pairs_raise_the_weight_of_their_levels() {
        let (before, mut after) = (model(), model());
        let last = u8::try_from(before.terms[0].m.len() - 1).unwrap();
        after.refine(&pairs(last, true, 100), 1.0);
        let last = usize::from(last);
        let expected = (before.terms[0].m[last] * 200.0 + 100.0) / 300.0;
        assert!((after.terms[0].m[last] - expected).abs() < 1e-12);
        assert!(after.terms[0].m[0] < before.terms[0].m[0], "the other levels give way");
        assert_eq!(after.terms[0].u, before.terms[0].u, "u is about rejected pairs");
        assert_eq!(after.terms[1], before.terms[1], "a missing value says nothing");
        assert_eq!(after.matches.to_bits(), before.matches.to_bits());
    }

    #[test]
    fn rejected_pairs_lower_it_slowly() {
        let (before, mut after) = (model(), model());
        after.refine(&pairs(0, false, 100), 1.0);
        let expected = (before.terms[0].u[0] * 20_000.0 + 100.0) / 20_100.0;
        assert!((after.terms[0].u[0] - expected).abs() < 1e-12);
        assert_eq!(after.terms[0].m, before.terms[0].m);
    }

    #[test]
    fn shares_still_sum_up_to_one_and_no_decision_changes_nothing() {
        let (before, mut after) = (model(), model());
        after.refine(&[], 5.0);
        for (old, new) in before.terms.iter().zip(&after.terms) {
            assert!(old.m.iter().zip(&new.m).all(|(x, y)| (x - y).abs() < 1e-12));
        }
        after.refine(&[pairs(0, true, 3), pairs(1, false, 7)].concat(), 5.0);
        let mass = |shares: &[f64]| shares.iter().sum::<f64>();
        for (old, new) in before.terms.iter().zip(&after.terms) {
            assert!((mass(&new.m) - mass(&old.m)).abs() < 0.02 && (mass(&new.u) - mass(&old.u)).abs() < 0.02);
        }
    }
}
