//! Which pairs are worth comparing: learned from a sample of all that keys bring together.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::sign::Sign;
use super::{Keys, Partners};
use crate::matching::features::names::mix;
use crate::matching::frame::Frame;
use crate::matching::model::Model;
use crate::matching::scorer::Scorer;

/// So many pairs are scored to learn from.
const SAMPLE: u64 = 300_000;
/// Pairs below these log-odds count as no match.
const UNLIKELY: f64 = -6.0;
/// As many pairs as a kind of pair counts that is like others in how much its keys tell.
const PRIOR: f64 = 20.0;

/// How many matches there are among pairs.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    pairs: f64,
    matches: f64,
}

impl Seen {
    fn add(&mut self, pairs: f64, matches: f64) {
        self.pairs += pairs;
        self.matches += matches;
    }

    /// The share of matches; `prior` is that of similar pairs.
    fn share(self, prior: f64) -> f64 {
        (self.matches + PRIOR * prior) / (self.pairs + PRIOR)
    }
}

/// How many pairs per record are compared.
const PAIRS_PER_RECORD: f64 = 14.0;
/// How many fewer for each match that a record is expected to have: records of one person reach each other by way of others.
const LESS_PER_MATCH: f64 = 0.6;
/// How many are compared in any case.
const LEAST_PER_RECORD: f64 = 8.0;

/// Keeps the pairs that are most often one person, by the kinds of values that agree and how rare these are, as many as the
/// budget allows.
pub(super) fn choose(keys: &mut Keys, frame: &Frame, model: &Model) {
    let shares = learn(keys, frame, model);
    let mut many: FxHashMap<u32, u64> = FxHashMap::default();
    for sign in keys.parts.iter().flat_map(|part| &part.signs) {
        *many.entry(sign.cell()).or_default() += 1;
    }
    let mut cells: Vec<(f64, u32, u64)> =
        many.into_iter().map(|(cell, pairs)| (shares.of(cell), cell, pairs)).collect();
    cells.sort_unstable_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
    let records = f64::from(frame.len());
    let matches = cells.iter().map(|(share, _, pairs)| share * *pairs as f64).sum::<f64>() / records;
    let per_record = (PAIRS_PER_RECORD - LESS_PER_MATCH * matches).max(LEAST_PER_RECORD);
    let (mut room, mut kept) = (per_record * records, FxHashSet::default());
    for (_, cell, pairs) in cells {
        let pairs = pairs as f64;
        if pairs <= room {
            room -= pairs;
            kept.insert(cell);
        }
    }
    keys.parts.par_iter_mut().for_each(|part| part.keep(|sign| kept.contains(&sign.cell())));
    keys.count();
    for (report, found) in keys.report.iter_mut().zip(&shares.keys) {
        report.matches = Some(found / shares.all.matches.max(1e-9));
    }
    // What is left is a list of partners.
    keys.parts.iter_mut().for_each(|part| part.signs = Vec::new());
}

/// How often pairs of each cell are matches.
struct Shares {
    cells: FxHashMap<u32, Seen>,
    by_tells: FxHashMap<u32, Seen>,
    all: Seen,
    /// How many matches agree in each key.
    keys: Vec<f64>,
}

impl Shares {
    fn of(&self, cell: u32) -> f64 {
        let alike = self.by_tells.get(&Sign::tells_of(cell)).copied().unwrap_or_default();
        let usual = alike.share(self.all.matches / self.all.pairs.max(1.0));
        self.cells.get(&cell).copied().unwrap_or_default().share(usual)
    }
}

/// What a part of the sample shows: by cell, and how many matches agree in each key.
type Part = (FxHashMap<u32, Seen>, Vec<f64>);

fn learn(keys: &Keys, frame: &Frame, model: &Model) -> Shares {
    let scorer = Scorer::new(model, frame);
    let parts = super::keys(frame);
    let pairs: u64 = keys.parts.iter().map(|part| part.partners.len() as u64).sum();
    let one_in = pairs.div_ceil(SAMPLE).max(1);
    let look = |part: &Partners| -> Part {
        let (mut cells, mut by_key) = (FxHashMap::<u32, Seen>::default(), vec![0.0; parts.len()]);
        part.each(|a, b, sign| {
            // Chosen by a hash, as in learning the model.
            if one_in > 1 && u64::from(mix(a, b)) % one_in != 0 {
                return;
            }
            let score = scorer.score(&frame.compare(a, b), a, b, UNLIKELY);
            let matches = score.map_or(0.0, |score| score.probability());
            cells.entry(sign.cell()).or_default().add(1.0, matches);
            if matches > 0.0 {
                for (place, sum) in (0..).zip(&mut by_key) {
                    let key = |record| super::key(frame, 0, &parts[place].1, record);
                    *sum += if key(a).is_some_and(|mine| key(b) == Some(mine)) { matches } else { 0.0 };
                }
            }
        });
        (cells, by_key)
    };
    let seen: Vec<Part> = keys.parts.par_iter().map(look).collect();
    let mut shares = Shares {
        cells: FxHashMap::default(),
        by_tells: FxHashMap::default(),
        all: Seen::default(),
        keys: vec![0.0; parts.len()],
    };
    for (cells, by_key) in seen {
        // In one order, so that sums come out alike.
        let mut cells: Vec<(u32, Seen)> = cells.into_iter().collect();
        cells.sort_unstable_by_key(|(cell, _)| *cell);
        for (cell, seen) in cells {
            shares.cells.entry(cell).or_default().add(seen.pairs, seen.matches);
            shares.by_tells.entry(Sign::tells_of(cell)).or_default().add(seen.pairs, seen.matches);
            shares.all.add(seen.pairs, seen.matches);
        }
        shares.keys.iter_mut().zip(by_key).for_each(|(sum, more)| *sum += more);
    }
    shares
}

impl Partners {
    fn each(&self, mut each: impl FnMut(u32, u32, Sign)) {
        let mut start = 0;
        for (a, end) in (self.first..).zip(&self.ends) {
            for place in start..*end as usize {
                each(a, self.partners[place], self.signs[place]);
            }
            start = *end as usize;
        }
    }

    fn keep(&mut self, is_kept: impl Fn(Sign) -> bool) {
        let (mut start, mut kept) = (0, 0);
        for end in &mut self.ends {
            for place in start..*end as usize {
                if is_kept(self.signs[place]) {
                    self.partners[kept] = self.partners[place];
                    self.signs[kept] = self.signs[place];
                    kept += 1;
                }
            }
            start = *end as usize;
            *end = u32::try_from(kept).unwrap_or(u32::MAX);
        }
        self.partners.truncate(kept);
        self.partners.shrink_to_fit();
        self.signs.truncate(kept);
    }
}
