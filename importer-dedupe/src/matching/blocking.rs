//! Blocking: which pairs are compared at all.

use rayon::prelude::*;

use super::features::names::mix;
use super::frame::Frame;

/// Up to so many pairs everything is compared with everything.
const ALL_PAIRS: u64 = 2_000_000;
/// How many pairs per record are looked at, duplicates among keys included.
const PAIRS_PER_RECORD: u64 = 60;
/// Sizes a block may have at most; the first that keeps within the budget is taken.
const CAPS: &[usize] = &[1000, 500, 300, 200, 150, 100, 70, 50, 35, 25, 15, 10];

/// The keys: records that agree in all parts of one are compared.
const KEYS: &[&[&str]] = &[
    &["name"],
    &["birth_date"],
    &["birth_day_month"],
    &["name_sound", "birth_year"],
    &["name_sound"],
    &["given_nickname", "family"],
    &["family", "birth_year"],
    &["family", "birth_month_day"],
    &["family_sound", "birth_year_month"],
    &["given", "birth_year_month"],
    &["given", "birth_month_day"],
    &["given_sound", "birth_year"],
    &["family_prefix", "given_prefix"],
    &["family", "given_initial"],
    &["family_reversed_prefix", "given"],
    &["family_prefix", "postal_code"],
    &["given", "postal_code"],
    &["given", "city"],
    &["family", "city"],
    &["family_prefix", "given_initial", "city"],
    &["birth_year", "postal_code"],
    &["street"],
    &["street_name", "given_prefix"],
    &["street_name", "house_number"],
    &["house_number", "postal_code"],
];

/// What one key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyReport {
    /// Its parts, joined by `+`.
    pub key: String,
    /// Pairs it found that no key before it did.
    pub pairs: u64,
    /// Blocks that were too large.
    pub cut_blocks: u64,
    /// Records in them.
    pub cut_records: u64,
}

/// Which pairs are compared.
pub(crate) enum Candidates {
    All(u32),
    Keys(Keys),
}

pub(crate) struct Keys {
    names: Vec<String>,
    /// Per record, its hash under each key; 0 when it has none or the block was cut.
    hashes: Vec<u32>,
    /// Per key, records in the order of their hashes; cut blocks are left out.
    sorted: Vec<Vec<u32>>,
    pub(crate) report: Vec<KeyReport>,
}

impl Candidates {
    pub(crate) fn of(frame: &Frame) -> Self {
        let n = u64::from(frame.len());
        if n * n.saturating_sub(1) / 2 <= ALL_PAIRS {
            return Self::All(frame.len());
        }
        Self::Keys(Keys::of(frame))
    }

    /// True when the pair is compared.
    pub(crate) fn contains(&self, a: u32, b: u32) -> bool {
        match self {
            Self::All(_) => a != b,
            Self::Keys(keys) => {
                let (a, b) = (keys.row(a), keys.row(b));
                a.iter().zip(b).any(|(x, y)| x == y && *x != 0)
            }
        }
    }

    /// The keys that bring a pair together, and those whose block was cut.
    pub(crate) fn report(&self) -> &[KeyReport] {
        match self {
            Self::All(_) => &[],
            Self::Keys(keys) => &keys.report,
        }
    }

    /// Folds over all pairs, in parallel; each once, the lower record first.
    pub(crate) fn fold<T: Send>(
        &self,
        init: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, u32, u32) + Sync + Send,
    ) -> Vec<T> {
        match self {
            Self::All(n) => {
                let chunk = (*n as usize / 64).max(1);
                let starts: Vec<u32> = (0..*n).collect();
                starts
                    .par_chunks(chunk)
                    .map(|starts| {
                        let mut state = init();
                        for &a in starts {
                            for b in a + 1..*n {
                                each(&mut state, a, b);
                            }
                        }
                        state
                    })
                    .collect()
            }
            Self::Keys(keys) => keys.fold(init, each),
        }
    }
}

impl Keys {
    fn of(frame: &Frame) -> Self {
        let parts = frame.parts();
        let find = |name: &str| parts.iter().find(|(n, _, _)| n == name).map(|&(_, f, p)| (f, p));
        let mut keys: Vec<(String, Vec<(usize, usize)>)> = Vec::new();
        let mut add = |names: &[&str]| {
            let found: Option<Vec<_>> = names.iter().map(|n| find(n)).collect();
            if let Some(found) = found {
                keys.push((names.join("+"), found));
            }
        };
        for names in KEYS {
            add(names);
        }
        let known = ["name", "given", "family", "birth", "street", "house", "postal", "city", "state"];
        for (name, _, _) in &parts {
            if known.iter().any(|k| name.starts_with(k)) {
                continue;
            }
            add(&[name]);
            add(&[name, "given"]);
            add(&[name, "family"]);
            add(&[name, "birth_year"]);
        }
        let n = frame.len() as usize;
        let width = keys.len();
        let mut hashes = vec![0_u32; n * width];
        hashes.par_chunks_mut(width.max(1)).enumerate().for_each(|(record, row)| {
            let record = u32::try_from(record).unwrap_or(u32::MAX);
            for (place, ((_, parts), hash)) in keys.iter().zip(row).enumerate() {
                let mut all = u32::try_from(place).unwrap_or(0) + 1;
                for &(feature, part) in parts {
                    match frame.part(feature, part, record) {
                        0 => {
                            all = 0;
                            break;
                        }
                        found => all = mix(all, found),
                    }
                }
                *hash = all;
            }
        });
        let mut sorted: Vec<Vec<u64>> = (0..width)
            .into_par_iter()
            .map(|key| {
                let mut of_key: Vec<u64> = (0..n)
                    .filter(|r| hashes[r * width + key] != 0)
                    .map(|r| (u64::from(hashes[r * width + key]) << 32) | r as u64)
                    .collect();
                of_key.sort_unstable();
                of_key
            })
            .collect();
        // Pairs per size of block, over all keys.
        let mut by_size = vec![0_u64; CAPS[0] + 1];
        for of_key in &sorted {
            for block in of_key.chunk_by(|a, b| a >> 32 == b >> 32) {
                if block.len() <= CAPS[0] {
                    by_size[block.len()] += (block.len() * (block.len() - 1) / 2) as u64;
                }
            }
        }
        let budget = PAIRS_PER_RECORD * n as u64;
        let cap = CAPS
            .iter()
            .copied()
            .find(|cap| by_size[..=*cap].iter().sum::<u64>() <= budget)
            .unwrap_or(CAPS[CAPS.len() - 1]);
        let mut report = Vec::new();
        let mut records = Vec::new();
        for (key, of_key) in sorted.iter_mut().enumerate() {
            let (mut cut_blocks, mut cut_records) = (0, 0);
            let mut kept = Vec::new();
            for block in of_key.chunk_by(|a, b| a >> 32 == b >> 32) {
                if block.len() > cap {
                    cut_blocks += 1;
                    cut_records += block.len() as u64;
                    for entry in block {
                        hashes[(entry & 0xffff_ffff) as usize * width + key] = 0;
                    }
                } else if block.len() > 1 {
                    kept.extend(block.iter().map(|e| u32::try_from(e & 0xffff_ffff).unwrap_or(0)));
                }
            }
            *of_key = Vec::new();
            records.push(kept);
            report.push(KeyReport { key: keys[key].0.clone(), pairs: 0, cut_blocks, cut_records });
        }
        Self { names: keys.into_iter().map(|(n, _)| n).collect(), hashes, sorted: records, report }
    }

    fn row(&self, record: u32) -> &[u32] {
        let width = self.names.len();
        &self.hashes[record as usize * width..(record as usize + 1) * width]
    }

    fn fold<T: Send>(
        &self,
        init: impl Fn() -> T + Sync + Send,
        each: impl Fn(&mut T, u32, u32) + Sync + Send,
    ) -> Vec<T> {
        let row = |record: u32| self.row(record);
        let mut jobs: Vec<(usize, &[u32])> = Vec::new();
        for (key, records) in self.sorted.iter().enumerate() {
            let mut rest = records.as_slice();
            while !rest.is_empty() {
                let mut end = rest.len().min(16_384);
                while end < rest.len() && row(rest[end])[key] == row(rest[end - 1])[key] {
                    end += 1;
                }
                jobs.push((key, &rest[..end]));
                rest = &rest[end..];
            }
        }
        jobs.par_iter()
            .map(|&(key, records)| {
                let mut state = init();
                for block in records.chunk_by(|a, b| row(*a)[key] == row(*b)[key]) {
                    for (i, &a) in block.iter().enumerate() {
                        let mine = &row(a)[..key];
                        for &b in &block[i + 1..] {
                            let theirs = &row(b)[..key];
                            // An earlier key has it.
                            let mut seen = 0_u32;
                            for (x, y) in mine.iter().zip(theirs) {
                                seen |= u32::from(*x == *y && *x != 0);
                            }
                            if seen == 0 {
                                each(&mut state, a.min(b), a.max(b));
                            }
                        }
                    }
                }
                state
            })
            .collect()
    }
}
