//! Clusters by average linkage: who is one person, given the scores of pairs.

use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::model::probability;

/// A scored pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The lower record.
    pub a: u32,
    /// The higher record.
    pub b: u32,
    /// Natural logarithm of the odds that they are one person.
    pub log_odds: f32,
}

impl Pair {
    /// The probability that they are one person.
    pub fn probability(&self) -> f64 {
        probability(f64::from(self.log_odds))
    }
}

/// How pairs become clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linkage {
    /// Average log-odds from which two clusters are one.
    pub cut: f32,
    /// What a pair that was never compared, or scored too low to keep, counts.
    pub unknown: f32,
    /// No pair counts more than this, for or against; one that is as much against contradicts, and is never in one cluster.
    pub most: f32,
}

impl Default for Linkage {
    fn default() -> Self {
        Self { cut: -0.5, unknown: -2.0, most: 6.0 }
    }
}

#[derive(PartialEq)]
struct Merge {
    score: f64,
    a: usize,
    b: usize,
    versions: (u32, u32),
}

impl Eq for Merge {}
impl Ord for Merge {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then_with(|| (other.a, other.b).cmp(&(self.a, self.b)))
    }
}
impl PartialOrd for Merge {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The cluster of each record, by the lowest record in it.
///
/// Clusters merge in the order of their average log-odds, the best first, as long as that is above the cut. Two clusters with a
/// pair that speaks against one person as much as a pair can are never merged: see [`Linkage::most`]. `unknown` is not above the
/// cut. The order of the pairs makes no difference; of a pair that comes twice the lower score counts.
pub fn clusters(records: u32, pairs: &[Pair], linkage: Linkage) -> Vec<u32> {
    let mut parent: Vec<u32> = (0..records).collect();
    // Only records that links above the cut connect can come together, and what connects few is soon done.
    for pair in pairs.iter().filter(|pair| pair.log_odds > linkage.cut) {
        let (a, b) = (root(&mut parent, pair.a), root(&mut parent, pair.b));
        parent[a.max(b) as usize] = a.min(b);
    }
    let mut inside: Vec<(u32, Pair)> = pairs
        .iter()
        .filter_map(|pair| {
            let group = root(&mut parent, pair.a);
            (group == root(&mut parent, pair.b)).then_some((group, *pair))
        })
        .collect();
    inside.sort_unstable_by(|(g, p), (h, q)| {
        (g, p.a, p.b).cmp(&(h, q.a, q.b)).then(q.log_odds.total_cmp(&p.log_odds))
    });
    let mut of: Vec<u32> = (0..records).collect();
    for group in inside.chunk_by(|(g, _), (h, _)| g == h) {
        if let [(_, pair)] = group {
            if pair.log_odds > linkage.cut {
                of[pair.b as usize] = pair.a;
            }
        } else {
            merge(group, linkage, &mut of);
        }
    }
    for record in 0..records {
        of[record as usize] = root(&mut of, record);
    }
    of
}

fn root(parent: &mut [u32], mut record: u32) -> u32 {
    while parent[record as usize] != record {
        let above = parent[parent[record as usize] as usize];
        parent[record as usize] = above;
        record = above;
    }
    record
}

/// What is known between two clusters.
#[derive(Clone, Copy, Default)]
struct Link {
    sum: f64,
    known: u32,
    contradicts: bool,
}

impl Link {
    fn and(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            known: self.known + other.known,
            contradicts: self.contradicts || other.contradicts,
        }
    }

    /// The average of all pairs between clusters, when they may merge.
    fn score(self, pairs: u64, linkage: Linkage) -> Option<f64> {
        let all = pairs as f64;
        let average = (self.sum + f64::from(linkage.unknown) * (all - f64::from(self.known))) / all;
        (!self.contradicts && average > f64::from(linkage.cut)).then_some(average)
    }
}

/// Average linkage within one connected group; writes the lower cluster that each one went into.
fn merge(group: &[(u32, Pair)], linkage: Linkage, of: &mut [u32]) {
    let mut records: Vec<u32> = group.iter().flat_map(|(_, pair)| [pair.a, pair.b]).collect();
    records.sort_unstable();
    records.dedup();
    let place = |record: u32| records.partition_point(|r| *r < record);
    let mut links: Vec<FxHashMap<usize, Link>> = vec![FxHashMap::default(); records.len()];
    let mut size = vec![1_u64; records.len()];
    let mut version = vec![0_u32; records.len()];
    let mut heap = BinaryHeap::new();
    for (_, pair) in group {
        let (a, b) = (place(pair.a), place(pair.b));
        let sum = f64::from(pair.log_odds.clamp(-linkage.most, linkage.most));
        let link = Link { sum, known: 1, contradicts: pair.log_odds <= -linkage.most };
        links[a].insert(b, link);
        links[b].insert(a, link);
    }
    for (a, of_a) in links.iter().enumerate() {
        for (&b, link) in of_a.iter().filter(|(b, _)| **b > a) {
            if let Some(score) = link.score(1, linkage) {
                heap.push(Merge { score, a, b, versions: (0, 0) });
            }
        }
    }
    while let Some(Merge { a, b, versions, .. }) = heap.pop() {
        if (version[a], version[b]) != versions {
            continue;
        }
        // The lower record stays.
        let gone = std::mem::take(&mut links[b]);
        of[records[b] as usize] = records[a];
        version[b] = u32::MAX;
        version[a] += 1;
        size[a] += size[b];
        links[a].remove(&b);
        for (other, link) in gone.into_iter().filter(|(other, _)| *other != a) {
            links[other].remove(&b);
            let both = links[a].entry(other).or_default();
            *both = both.and(link);
        }
        let around: Vec<(usize, Link)> = links[a].iter().map(|(other, link)| (*other, *link)).collect();
        for (other, link) in around {
            links[other].insert(a, link);
            if let Some(score) = link.score(size[a] * size[other], linkage) {
                let (a, b) = (a.min(other), a.max(other));
                heap.push(Merge { score, a, b, versions: (version[a], version[b]) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RECORDS: u32 = 9;

    fn pairs() -> impl Strategy<Value = Vec<Pair>> {
        prop::collection::btree_map((0..RECORDS, 0..RECORDS), -8.0_f32..12.0, 0..25).prop_map(|pairs| {
            let pairs = pairs.into_iter().filter(|((a, b), _)| a < b);
            pairs.map(|((a, b), log_odds)| Pair { a, b, log_odds }).collect()
        })
    }

    fn of(pairs: &[(u32, u32, f32)]) -> Vec<u32> {
        let pairs: Vec<_> = pairs.iter().map(|&(a, b, log_odds)| Pair { a, b, log_odds }).collect();
        clusters(4, &pairs, Linkage::default())
    }

    #[test]
    fn the_average_decides() {
        assert_eq!(of(&[(0, 1, 5.0), (1, 2, 5.0), (0, 2, 1.0)]), [0, 0, 0, 3]);
        assert_eq!(of(&[(0, 1, 5.0), (1, 2, 0.5)]), [0, 0, 2, 3], "one weak link of two");
        assert_eq!(of(&[(0, 1, 5.0), (1, 2, 4.0), (0, 2, -9.0)]), [0, 0, 2, 3], "a contradiction");
        assert_eq!(of(&[(0, 1, 5.0), (2, 3, -1.0)]), [0, 0, 2, 3]);
    }

    proptest! {
        #[test]
        fn clusters_are_a_partition_without_contradictions(pairs in pairs(), seed in any::<u64>()) {
            let linkage = Linkage::default();
            let of = clusters(RECORDS, &pairs, linkage);
            for (record, cluster) in (0..).zip(&of) {
                prop_assert!(*cluster <= record);
                prop_assert_eq!(of[*cluster as usize], *cluster);
            }
            for pair in pairs.iter().filter(|pair| pair.log_odds <= -linkage.most) {
                prop_assert_ne!(of[pair.a as usize], of[pair.b as usize]);
            }
            let mut shuffled = pairs;
            shuffled.sort_by_key(|pair| seed.rotate_left(pair.a * 7 + pair.b * 11) ^ seed);
            prop_assert_eq!(of, clusters(RECORDS, &shuffled, linkage));
        }
    }
}
