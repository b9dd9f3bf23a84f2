//! What terms of plugins weigh: little at first, then what pairs show that the other terms have judged.

use super::TermWeights;
use crate::matching::features::About;
use crate::matching::levels::Levels;
use crate::matching::plugin_terms::PluginTerm;

/// The strongest agreement makes one person this many times as likely, before anything was learned, and disagreement half.
const STRONGEST: f64 = 4.0;
const WEAKEST: f64 = 0.5;
/// A share in a model lies below 1.
const SURE: f64 = 1.0 - 1e-9;

/// What a further term weighs before anything was learned: little, because nobody knows what it repeats.
pub(crate) fn careful(term: &PluginTerm) -> TermWeights {
    let last = term.levels.len().saturating_sub(1);
    let step = (WEAKEST / STRONGEST).ln() / last.max(1) as f64;
    let ratios: Vec<f64> =
        (0..term.levels.len()).map(|level| STRONGEST * (step * level as f64).exp()).collect();
    // As many agree by chance as make both sum up to 1.
    let agreements: f64 = ratios.iter().take(last).sum();
    let by_chance = (1.0 - WEAKEST) / (agreements - WEAKEST * last as f64).max(1e-9);
    let (m, u) = if last == 0 {
        // What has one level says nothing.
        (vec![SURE; term.levels.len()], vec![SURE; term.levels.len()])
    } else {
        let mut u = vec![by_chance; last];
        u.push(1.0 - by_chance * last as f64);
        (ratios.iter().zip(&u).map(|(ratio, u)| ratio * u).collect(), u)
    };
    TermWeights {
        name: term.name.clone(),
        about: About::Plugin,
        levels: term.levels.clone(),
        m,
        u,
        shared: 0.5,
    }
}

/// As many pairs as the careful weights count beside those that were seen.
const PRIOR: f64 = 50.0;

/// Learns what further terms weigh from pairs that the frame's own terms have judged: each counts as one person as far as it
/// probably is, and as two people otherwise.
///
/// Both sides are pairs that are alike already. What a term only repeats of the others it says of both, and so weighs nothing.
pub(crate) fn learn(
    terms: &mut [TermWeights],
    start: usize,
    pairs: impl Iterator<Item = (f64, Levels)> + Clone,
) {
    for (place, weights) in terms.iter_mut().enumerate() {
        let mut m: Vec<f64> = weights.m.iter().map(|m| PRIOR * m).collect();
        let mut u: Vec<f64> = weights.u.iter().map(|u| PRIOR * u).collect();
        for (probability, levels) in pairs.clone() {
            let level = usize::from(levels[start + place]);
            if let (Some(m), Some(u)) = (m.get_mut(level), u.get_mut(level)) {
                *m += probability;
                *u += 1.0 - probability;
            }
        }
        for shares in [&mut m, &mut u] {
            let all: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share = (*share / all).min(SURE));
        }
        (weights.m, weights.u) = (m, u);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::features::MISSING;
    use crate::matching::levels::MAX_TERMS;

    fn term(levels: &[&str]) -> PluginTerm {
        let levels = levels.iter().map(|&level| level.to_owned()).collect();
        PluginTerm { name: "shirt".into(), columns: vec!["shirt".into()], levels }
    }

    fn ratios(weights: &TermWeights) -> Vec<f64> {
        weights.m.iter().zip(&weights.u).map(|(m, u)| m / u).collect()
    }

    #[test]
    fn careful_weights_fall_from_agreement_to_disagreement_and_are_probabilities() {
        for levels in [&["equal", "differ"][..], &["equal", "near", "differ"], &["a", "b", "c", "d", "e"]] {
            let weights = careful(&term(levels));
            let ratios = ratios(&weights);
            assert!(
                (ratios[0] - STRONGEST).abs() < 1e-9 && (ratios[levels.len() - 1] - WEAKEST).abs() < 1e-9
            );
            assert!(ratios.windows(2).all(|two| two[0] > two[1]), "{ratios:?}");
            for shares in [&weights.m, &weights.u] {
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9 && shares.iter().all(|s| *s > 0.0));
            }
        }
        assert_eq!(ratios(&careful(&term(&["always"]))), [1.0]);
    }

    #[test]
    fn a_term_that_tells_nothing_new_weighs_nothing_and_one_that_tells_people_apart_does() {
        let pair = |probability: f64, level: u8| {
            let mut levels = [MISSING; MAX_TERMS];
            levels[3] = level;
            (probability, levels)
        };
        let learned = |pairs: &[(f64, Levels)]| {
            let mut terms = [careful(&term(&["equal", "differ"]))];
            learn(&mut terms, 3, pairs.iter().copied());
            ratios(&terms[0])
        };
        let repeats: Vec<_> = (0..20_000).map(|i| pair(f64::from(i % 2), 0)).collect();
        assert!((learned(&repeats)[0] - 1.0).abs() < 0.05);
        let tells: Vec<_> = (0..20_000).map(|i| pair(f64::from(i % 2), u8::from(i % 2 == 0))).collect();
        let learned_weights = learned(&tells);
        assert!(learned_weights[0] > 100.0 && learned_weights[1] < 0.01, "{learned_weights:?}");
        let missing: Vec<_> = (0..100).map(|i| pair(f64::from(i % 2), MISSING)).collect();
        assert!((learned(&missing)[0] - STRONGEST).abs() < 1e-9, "missing says nothing");
    }
}
