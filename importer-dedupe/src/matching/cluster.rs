//! Clusters by average linkage: who is one person, given the scores of pairs.

use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

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

/// How pairs become clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linkage {
    /// Average log-odds from which two clusters are one.
    pub cut: f32,
    /// What a pair that was never compared, or scored too low to keep, counts.
    pub unknown: f32,
    /// No pair counts more than this, for or against.
    pub most: f32,
}

impl Default for Linkage {
    fn default() -> Self {
        Self { cut: -0.5, unknown: -2.0, most: 6.0 }
    }
}

#[derive(PartialEq)]
struct Merge {
    score: f32,
    a: u32,
    b: u32,
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
pub fn clusters(records: u32, pairs: &[Pair], linkage: Linkage) -> Vec<u32> {
    // Sum and number of known scores between clusters.
    let mut links: Vec<FxHashMap<u32, (f32, u32)>> = vec![FxHashMap::default(); records as usize];
    let mut size = vec![1_u32; records as usize];
    let mut version = vec![0_u32; records as usize];
    let mut parent: Vec<u32> = (0..records).collect();
    let average = |sum: f32, known: u32, sizes: u32| {
        let all = sizes as f32;
        (sum + linkage.unknown * (all - known as f32)) / all
    };
    let mut heap = BinaryHeap::new();
    for pair in pairs {
        let score = pair.log_odds.clamp(-linkage.most, linkage.most);
        links[pair.a as usize].insert(pair.b, (score, 1));
        links[pair.b as usize].insert(pair.a, (score, 1));
        if score > linkage.cut {
            heap.push(Merge { score, a: pair.a, b: pair.b, versions: (0, 0) });
        }
    }
    while let Some(Merge { a, b, versions, .. }) = heap.pop() {
        if version[a as usize] != versions.0 || version[b as usize] != versions.1 {
            continue;
        }
        // The one with fewer links goes into the other; the lower number stays.
        let (keep, gone) = (a.min(b), a.max(b));
        let old = std::mem::take(&mut links[gone as usize]);
        parent[gone as usize] = keep;
        version[gone as usize] = u32::MAX;
        version[keep as usize] += 1;
        size[keep as usize] += size[gone as usize];
        links[keep as usize].remove(&gone);
        for (other, (sum, known)) in old {
            if other == keep {
                continue;
            }
            links[other as usize].remove(&gone);
            let both = links[keep as usize].entry(other).or_insert((0.0, 0));
            both.0 += sum;
            both.1 += known;
        }
        let around: Vec<(u32, f32, u32)> =
            links[keep as usize].iter().map(|(o, (s, k))| (*o, *s, *k)).collect();
        for (other, sum, known) in around {
            links[other as usize].insert(keep, (sum, known));
            let score = average(sum, known, size[keep as usize] * size[other as usize]);
            if score > linkage.cut {
                let (a, b) = (keep.min(other), keep.max(other));
                heap.push(Merge { score, a, b, versions: (version[a as usize], version[b as usize]) });
            }
        }
    }
    for record in 0..records as usize {
        let mut root = parent[record];
        while parent[root as usize] != root {
            root = parent[root as usize];
        }
        parent[record] = root;
    }
    parent
}
