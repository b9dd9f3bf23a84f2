//! Learning the model from the data itself: expectation maximisation over the patterns of candidates.

use rustc_hash::FxHashMap;

use super::{MISSING, Model};
use crate::matching::blocking::Candidates;
use crate::matching::features::names::mix;
use crate::matching::frame::{Frame, Levels, pack, unpack};

/// How many candidates have each pattern of levels.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    patterns: Vec<(Levels, f64)>,
}

/// Of more candidates than this the histogram takes a sample.
const SAMPLE: u64 = 1_500_000;

impl Histogram {
    pub(crate) fn of(frame: &Frame, candidates: &Candidates) -> Self {
        // Chosen by a hash of the pair, so that every run and any number of threads take the same ones.
        let one_in = candidates.pairs().div_ceil(SAMPLE).max(1);
        let weight = one_in as f64;
        let maps = candidates.fold(
            FxHashMap::<u64, f64>::default,
            |_| (),
            |map, a, b| {
                if one_in == 1 || u64::from(mix(a, b)) % one_in == 0 {
                    *map.entry(pack(&frame.compare(a, b))).or_default() += weight;
                }
            },
        );
        let mut all: FxHashMap<u64, f64> = FxHashMap::default();
        for map in maps {
            for (pattern, count) in map {
                *all.entry(pattern).or_default() += count;
            }
        }
        let mut patterns: Vec<_> = all.into_iter().collect();
        patterns.sort_unstable_by_key(|(pattern, _)| *pattern);
        Self { patterns: patterns.into_iter().map(|(p, c)| (unpack(p), c)).collect() }
    }
}

/// How often random pairs agree so far: the share of each level among pairs that have the term, and the share that have it.
#[derive(Debug)]
pub(crate) struct Marginals {
    levels: Vec<Vec<f64>>,
    filled: Vec<f64>,
}

/// How many random pairs are looked at.
const RANDOM_PAIRS: u64 = 1_000_000;

impl Marginals {
    pub(crate) fn of(frame: &Frame) -> Self {
        let terms = frame.terms();
        let mut counts: Vec<Vec<f64>> = terms.iter().map(|t| vec![0.0; t.levels.len()]).collect();
        let mut seen = 0.0;
        let mut take = |a, b| {
            let levels = frame.compare(a, b);
            seen += 1.0;
            for (term, counts) in counts.iter_mut().enumerate() {
                if levels[term] != MISSING {
                    counts[usize::from(levels[term])] += 1.0;
                }
            }
        };
        let n = u64::from(frame.len());
        if n * n.saturating_sub(1) / 2 <= RANDOM_PAIRS {
            for a in 0..frame.len() {
                for b in a + 1..frame.len() {
                    take(a, b);
                }
            }
        } else {
            // The same pairs in every run: a generator with a fixed seed (SplitMix64).
            let mut state = 0x2545_f491_4f6c_dd1d_u64;
            let mut next = || {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut z = state;
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                u32::try_from((z ^ (z >> 31)) % n).unwrap_or(0)
            };
            for _ in 0..RANDOM_PAIRS {
                let (a, b) = (next(), next());
                if a != b {
                    take(a, b);
                }
            }
        }
        let filled = counts.iter().map(|c| c.iter().sum::<f64>() / f64::max(seen, 1.0)).collect();
        for counts in &mut counts {
            let all = counts.iter().sum::<f64>().max(1.0);
            counts.iter_mut().for_each(|c| *c /= all);
        }
        Self { levels: counts, filled }
    }
}

/// As many matches as the shipped model weighs against the data's.
const PRIOR_MATCHES: f64 = 30.0;
/// As many pairs as the shipped model weighs against random ones.
const PRIOR_OTHERS: f64 = 2_000.0;
const ROUNDS: usize = 40;

impl Model {
    /// Refines the model by what the candidates look like, without labels.
    ///
    /// m is learned among candidates; u is what all pairs look like without those that are matches. Pairs that no key brought
    /// together count as two people.
    pub(crate) fn learn(&mut self, frame: &Frame, histogram: &Histogram, marginals: &Marginals) {
        let n = f64::from(frame.len());
        let total = (n * (n - 1.0) / 2.0).max(1.0);
        let shipped = Self::shipped(frame);
        for _ in 0..ROUNDS {
            let logs: Vec<Vec<(f64, f64)>> = self
                .terms
                .iter()
                .enumerate()
                .map(|(i, t)| {
                    (0..t.m.len())
                        .map(|l| {
                            let ratio = self.ratio(i, u8::try_from(l).unwrap_or(0)).clamp(1e-7, 9e6);
                            (ratio.ln(), (t.shared * ratio + 1.0 - t.shared).ln())
                        })
                        .collect()
                })
                .collect();
            let mut matched: Vec<Vec<f64>> = self.terms.iter().map(|t| vec![0.0; t.m.len()]).collect();
            let (mut matches, mut households) = (0.0, 0.0);
            for (levels, count) in &histogram.patterns {
                let (mut one, mut household) = (0.0, 0.0);
                for (term, logs) in logs.iter().enumerate() {
                    if levels[term] != MISSING {
                        let (m, h) = logs[usize::from(levels[term])];
                        one += m;
                        household += h;
                    }
                }
                let score = self.posterior(one, household);
                let weight = score.probability() * count;
                matches += weight;
                households += score.household * count;
                for (term, matched) in matched.iter_mut().enumerate() {
                    if levels[term] != MISSING {
                        matched[usize::from(levels[term])] += weight;
                    }
                }
            }
            let before = self.matches;
            self.matches = ((matches + 1.0) / total).min(0.2);
            self.households = ((households + 1.0) / total).min(0.05);
            for (term, weights) in self.terms.iter_mut().enumerate() {
                let prior = &shipped.terms[term];
                let seen: f64 = matched[term].iter().sum();
                let pairs = marginals.filled[term] * total;
                let (matched, random) = (&matched[term], &marginals.levels[term]);
                for (level, (matched, random)) in matched.iter().zip(random).enumerate() {
                    weights.m[level] = (matched + PRIOR_MATCHES * prior.m[level]) / (seen + PRIOR_MATCHES);
                    weights.u[level] = (random * pairs - matched).max(0.0) + PRIOR_OTHERS * prior.u[level];
                }
                let all: f64 = weights.u.iter().sum();
                weights.u.iter_mut().for_each(|u| *u /= all);
            }
            if (self.matches - before).abs() < 1e-6 * before {
                break;
            }
        }
    }
}
