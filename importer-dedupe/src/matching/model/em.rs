//! Learning the model from the data itself: expectation maximisation over the patterns of candidates.

use rustc_hash::FxHashMap;

use super::monotone::monotone;
use super::{MISSING, Model};
use crate::matching::blocking::Candidates;
use crate::matching::features::names::mix;
use crate::matching::frame::Frame;
use crate::matching::levels::{Levels, pack, unpack};

/// How many candidates have each pattern of levels and share values of about the same rarity.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    levels: Levels,
    /// Minus the logarithm of how frequent the values are that both have, to the next whole number: those that a household has
    /// in common, and the others.
    rarity: [f64; 2],
    /// Which terms it is about, a bit each.
    rare: u16,
    count: f64,
}

/// Of more candidates than this the histogram takes a sample.
const SAMPLE: u64 = 1_500_000;

impl Histogram {
    pub(crate) fn of(frame: &Frame, candidates: &Candidates) -> Self {
        // Chosen by a hash of the pair, so that every run and any number of threads take the same ones.
        let one_in = candidates.pairs().div_ceil(SAMPLE).max(1);
        let weight = one_in as f64;
        type Map = FxHashMap<(u64, u16, [u8; 2]), f64>;
        let maps = candidates.fold(
            Map::default,
            |_| (),
            |map, a, b| {
                if one_in == 1 || u64::from(mix(a, b)) % one_in == 0 {
                    let levels = frame.compare(a, b);
                    let (rarity, rare) = rarity(frame, &levels, a, b);
                    *map.entry((pack(&levels), rare, rarity)).or_default() += weight;
                }
            },
        );
        let mut all = Map::default();
        for map in maps {
            for (pattern, count) in map {
                *all.entry(pattern).or_default() += count;
            }
        }
        let mut patterns: Vec<_> = all.into_iter().collect();
        patterns.sort_unstable_by_key(|(pattern, _)| *pattern);
        let pattern = |((packed, rare, rarity), count): ((u64, u16, [u8; 2]), f64)| Pattern {
            levels: unpack(packed),
            rarity: rarity.map(f64::from),
            rare,
            count,
        };
        Self { patterns: patterns.into_iter().map(pattern).collect() }
    }
}

/// How rare the values are that a pair shares: two people called Smith agree less than two called Lovelace, and a model that
/// does not know takes namesakes for matches when there are more of them.
fn rarity(frame: &Frame, levels: &Levels, a: u32, b: u32) -> ([u8; 2], u16) {
    let (mut sums, mut rare) = ([0.0_f32; 2], 0);
    for (term, about) in frame.terms().iter().enumerate() {
        if levels[term] != MISSING
            && let Some(frequency) = frame.frequency(term, levels[term], a, b)
        {
            sums[kind(about.shared)] -= frequency.max(1e-9).ln();
            rare |= 1 << term;
        }
    }
    // At most 16 terms of at most 21 each; two digits before the point are enough to tell patterns apart.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded, and rounding is the point"
    )]
    let whole = |sum: f32| sum.round().clamp(0.0, 255.0) as u8;
    (sums.map(whole), rare)
}

/// 0 for what a household has in common, 1 for the rest.
fn kind(shared: f64) -> usize {
    usize::from(shared < 0.5)
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
            for Pattern { levels, rarity, rare, count } in &histogram.patterns {
                let (mut one, mut household) = (0.0, 0.0);
                // The rarity is known for several terms together: they get the difference to what is usual for them.
                let mut beyond = *rarity;
                for (term, logs) in logs.iter().enumerate() {
                    let level = usize::from(levels[term]);
                    if levels[term] == MISSING {
                        continue;
                    }
                    let (m, h) = logs[level];
                    one += m;
                    household += h;
                    if rare & (1 << term) != 0 {
                        // Not its u, which a large table takes out of the bounds of ratios.
                        let own = self.terms[term].m[level].max(1e-12).ln();
                        beyond[kind(self.terms[term].shared)] += own - m;
                    }
                }
                if *rare != 0 {
                    one += beyond[0] + beyond[1];
                    household += beyond[0];
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
            for (term, weights) in self.terms.iter_mut().enumerate().take(marginals.filled.len()) {
                let prior = &shipped.terms[term];
                let seen: f64 = matched[term].iter().sum();
                let pairs = marginals.filled[term] * total;
                let (matched, random) = (&matched[term], &marginals.levels[term]);
                for (level, (matched, random)) in matched.iter().zip(random).enumerate() {
                    weights.m[level] = (matched + PRIOR_MATCHES * prior.m[level]) / (seen + PRIOR_MATCHES);
                    weights.u[level] = (random * pairs - matched).max(0.0) + PRIOR_OTHERS * prior.u[level];
                }
                bound_disagreement(&mut weights.m, &prior.m);
                let all: f64 = weights.u.iter().sum();
                weights.u.iter_mut().for_each(|u| *u /= all);
                monotone(weights, prior);
            }
            if (self.matches - before).abs() < 1e-6 * before {
                break;
            }
        }
    }
}

/// Records of one person disagree in a term at most this many times as often as the shipped model says.
const MOST_DISAGREEMENT: f64 = 1000.0;

/// Keeps the last level, disagreement, within bounds: where namesakes outnumber matches, learning drifts towards them, and the
/// first sign is that one person seems to have many birth dates.
fn bound_disagreement(m: &mut [f64], shipped: &[f64]) {
    let (Some(&differ), Some(&usual)) = (m.last(), shipped.last()) else { return };
    let most = (MOST_DISAGREEMENT * usual).min(0.6);
    if differ > most {
        let scale = (1.0 - most) / (1.0 - differ);
        let agreements = m.len() - 1;
        m[..agreements].iter_mut().for_each(|share| *share *= scale);
        m[agreements] = most;
    }
}
