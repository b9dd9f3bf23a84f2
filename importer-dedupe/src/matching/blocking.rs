//! Blocking: which pairs are compared at all.

mod choice;
mod pairs;
mod sign;

use std::ops::Range;

use rayon::prelude::*;

use super::features::names::mix;
use super::frame::Frame;
use super::model::Model;
use sign::Sign;

/// Up to so many pairs everything is compared with everything.
const ALL_PAIRS: u64 = 2_000_000;
/// How many pairs per record keys may bring together, duplicates among keys included; fewer in large tables, so that memory
/// suffices.
const FOUND_PER_RECORD: u64 = 100;
const FOUND_PER_RECORD_OF_MANY: u64 = 25;
const FOUND: u64 = 50_000_000;
/// Sizes a block may have at most; the first that keeps within the budget is taken.
const CAPS: &[usize] = &[1000, 500, 300, 200, 150, 100, 70, 50, 35, 25, 15, 10];

/// In a block that is cut, records are brought together with so many that follow them in the order of names and dates.
const WINDOW: usize = 10;
/// How many pairs per record that may make; the window shrinks to keep within.
const NEIGHBOURS_PER_RECORD: u64 = 20;
/// How many pairs, duplicates among keys included, are in memory at once for each thread.
const AT_ONCE: usize = 2_000_000;

/// The keys: records that agree in all parts of one are brought together. Which of these pairs are compared is
/// [learned](choice).
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
    &["postal_code"],
    &["postal_area", "family_prefix"],
    &["postal_area", "birth_year"],
    &["postal_area", "given"],
    &["family_prefix", "birth_year"],
    &["family_sound", "given_initial"],
    &["family_sound", "city"],
    &["family_reversed_prefix", "city"],
    &["family_sound", "middle_initial"],
    &["given", "middle_initial"],
    &["house_number", "middle_initial"],
    &["house_number", "given_initial"],
    &["birth_month_day", "given_initial"],
    &["birth_month_day", "city"],
    &["birth_year", "city"],
    &["street"],
    &["street_name", "given_prefix"],
    &["street_name", "house_number"],
    &["street_prefix", "city"],
    &["street_prefix", "postal_code"],
    &["house_number", "city"],
    &["house_number", "postal_code"],
    &["external_id"],
];

/// What one key did.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyReport {
    /// Its parts, joined by `+`.
    pub key: String,
    /// Pairs it found that no key before it did.
    pub pairs: u64,
    /// The share of likely matches that agree in it, among all that some key found; nothing before that is known.
    pub matches: Option<f64>,
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

/// The pairs that keys brought together: each once, with the lower record, in the order of both.
pub(crate) struct Keys {
    parts: Vec<Partners>,
    pub(crate) report: Vec<KeyReport>,
}

/// The partners of a range of records: for each of them, the higher records it is compared with.
struct Partners {
    first: u32,
    ends: Vec<u32>,
    partners: Vec<u32>,
    /// What is known of each pair before it is compared; dropped once pairs are chosen.
    signs: Vec<Sign>,
}

impl Partners {
    fn of(&self, record: u32) -> &[u32] {
        let place = (record - self.first) as usize;
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.partners[start as usize..self.ends[place] as usize]
    }
}

impl Candidates {
    pub(crate) fn of(frame: &Frame) -> Self {
        let n = u64::from(frame.len());
        if n * n.saturating_sub(1) / 2 <= ALL_PAIRS {
            return Self::All(frame.len());
        }
        Self::Keys(Keys::of(frame))
    }

    /// Leaves out pairs that are hardly worth comparing, by a model that was learned from all of them.
    pub(crate) fn choose(&mut self, frame: &Frame, model: &Model) {
        if let Self::Keys(keys) = self {
            choice::choose(keys, frame, model);
        }
    }

    /// True when the pair is compared.
    pub(crate) fn contains(&self, a: u32, b: u32) -> bool {
        match self {
            Self::All(_) => a != b,
            Self::Keys(keys) => keys.partners_of(a.min(b)).binary_search(&a.max(b)).is_ok(),
        }
    }

    /// How many pairs there are.
    pub(crate) fn pairs(&self) -> u64 {
        match self {
            Self::All(n) => u64::from(*n) * u64::from(*n).saturating_sub(1) / 2,
            Self::Keys(keys) => keys.parts.iter().map(|part| part.partners.len() as u64).sum(),
        }
    }

    /// What each key did.
    pub(crate) fn report(&self) -> &[KeyReport] {
        match self {
            Self::All(_) => &[],
            Self::Keys(keys) => &keys.report,
        }
    }

    /// Folds over all pairs, in parallel; each once, the lower record first.
    ///
    /// Hears of some partners before they come. What it gives depends on the pairs alone, not on how many threads there are.
    pub(crate) fn fold<T: Send>(
        &self,
        init: impl Fn() -> T + Sync + Send,
        soon: impl Fn(&[u32]) + Sync + Send,
        each: impl Fn(&mut T, u32, u32) + Sync + Send,
    ) -> Vec<T> {
        match self {
            Self::All(n) => {
                let chunk = (*n as usize / JOBS).max(1);
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
            Self::Keys(keys) => keys
                .jobs()
                .into_par_iter()
                .map(|(part, records)| {
                    let mut state = init();
                    for a in records {
                        for batch in part.of(a).chunks(BATCH) {
                            soon(batch);
                            for &b in batch {
                                each(&mut state, a, b);
                            }
                        }
                    }
                    state
                })
                .collect(),
        }
    }
}

/// How many partners of a record are heard of before they come.
const BATCH: usize = 16;
/// Into how many parts a fold is cut.
const JOBS: usize = 64;

/// Records that one key brings together, run after run.
#[derive(Default)]
struct Runs {
    records: Vec<u32>,
    ends: Vec<u32>,
}

impl Runs {
    fn push(&mut self, run: impl Iterator<Item = u32>) {
        self.records.extend(run);
        self.ends.push(u32::try_from(self.records.len()).unwrap_or(u32::MAX));
    }

    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let run = &self.records[start..*end as usize];
            start = *end as usize;
            run
        })
    }
}

/// Where a pair stands together.
#[derive(Clone, Copy)]
struct Block {
    size: usize,
    /// It was too large, and the two are neighbours in it.
    is_cut: bool,
}

/// The blocks of one key: those compared in full, and those too large, in which only neighbours are.
#[derive(Default)]
struct Blocks {
    whole: Runs,
    cut: Runs,
}

impl Blocks {
    /// Groups the records by their hashes; the smallest blocks are compared in full.
    fn of(frame: &Frame, place: u32, parts: &[(usize, usize)]) -> Self {
        let mut entries: Vec<u64> = (0..frame.len())
            .filter_map(|record| {
                key(frame, place, parts, record).map(|hash| u64::from(hash) << 32 | u64::from(record))
            })
            .collect();
        sort_by_hash(&mut entries);
        let mut blocks = Self::default();
        for block in entries.chunk_by(|a, b| a >> 32 == b >> 32).filter(|block| block.len() > 1) {
            let to = if block.len() > CAPS[0] { &mut blocks.cut } else { &mut blocks.whole };
            to.push(block.iter().map(|entry| low(*entry)));
        }
        blocks
    }

    /// Moves blocks above the cap to those cut.
    fn cut_above(&mut self, cap: usize) {
        if cap == CAPS[0] {
            return;
        }
        let whole = std::mem::take(&mut self.whole);
        for run in whole.iter() {
            let to = if run.len() > cap { &mut self.cut } else { &mut self.whole };
            to.push(run.iter().copied());
        }
    }

    /// Puts the records of cut blocks in an order in which alike ones are neighbours.
    fn order(&mut self, frame: &Frame) {
        let mut start = 0;
        for end in &self.cut.ends {
            let run = &mut self.cut.records[start..*end as usize];
            run.sort_by_cached_key(|record| (frame.order(*record), *record));
            start = *end as usize;
        }
    }

    /// Calls with the records of all pairs whose lower record is within the range.
    fn each(&self, window: usize, range: &Range<u32>, mut each: impl FnMut(u32, u32, Block)) {
        for run in self.whole.iter() {
            // Records of a block are in ascending order.
            for (i, &a) in run.iter().enumerate().skip_while(|(_, a)| **a < range.start) {
                if a >= range.end {
                    break;
                }
                for &b in &run[i + 1..] {
                    each(a, b, Block { size: run.len(), is_cut: false });
                }
            }
        }
        for run in self.cut.iter() {
            for (i, &x) in run.iter().enumerate() {
                for &y in run[i + 1..].iter().take(window) {
                    let (a, b) = (x.min(y), x.max(y));
                    if range.contains(&a) {
                        each(a, b, Block { size: run.len(), is_cut: true });
                    }
                }
            }
        }
    }
}

/// The hash of a record under a key, unless it lacks a part.
fn key(frame: &Frame, place: u32, parts: &[(usize, usize)], record: u32) -> Option<u32> {
    parts.iter().try_fold(place + 1, |all, &(feature, part)| match frame.part(feature, part, record) {
        0 => None,
        found => Some(mix(all, found)),
    })
}

fn low(entry: u64) -> u32 {
    u32::try_from(entry & 0xffff_ffff).unwrap_or(0)
}

/// Sorts by the upper half and leaves equal ones in their order: a radix sort, because hashes are evenly spread.
fn sort_by_hash(entries: &mut Vec<u64>) {
    const BITS: u32 = 11;
    let mut other = vec![0; entries.len()];
    for round in 0..3 {
        let digit =
            |entry: u64| usize::try_from(entry >> (32 + BITS * round)).unwrap_or(0) & ((1 << BITS) - 1);
        let mut places = [0_usize; 1 << BITS];
        for &entry in &*entries {
            places[digit(entry)] += 1;
        }
        let mut sum = 0;
        for place in &mut places {
            sum += std::mem::replace(place, sum);
        }
        for &entry in &*entries {
            let place = &mut places[digit(entry)];
            other[*place] = entry;
            *place += 1;
        }
        std::mem::swap(entries, &mut other);
    }
}

/// The names and the parts of all keys that the frame has the columns for.
fn keys(frame: &Frame) -> Vec<(String, Vec<(usize, usize)>)> {
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
    let known = ["name", "given", "middle", "family", "birth", "street", "house", "postal", "city", "state"];
    for (name, _, _) in &parts {
        if known.iter().any(|k| name.starts_with(k)) {
            continue;
        }
        add(&[name]);
        add(&[name, "given"]);
        add(&[name, "family"]);
        add(&[name, "birth_year"]);
        add(&[name, "birth_month_day"]);
        add(&[name, "family_sound"]);
        add(&[name, "family_reversed_prefix"]);
        add(&[name, "given_initial", "postal_area"]);
    }
    // A pair keeps the number of the key that found it in eight bits.
    keys.truncate(256);
    keys
}

impl Keys {
    fn of(frame: &Frame) -> Self {
        let keys = keys(frame);
        let mut blocks: Vec<Blocks> = keys
            .par_iter()
            .enumerate()
            .map(|(place, (_, parts))| Blocks::of(frame, u32::try_from(place).unwrap_or(0), parts))
            .collect();
        // Pairs per size of block, over all keys.
        let mut by_size = vec![0_u64; CAPS[0] + 1];
        for run in blocks.iter().flat_map(|blocks| blocks.whole.iter()) {
            by_size[run.len()] += (run.len() * (run.len() - 1) / 2) as u64;
        }
        let records = u64::from(frame.len());
        let budget = (FOUND_PER_RECORD * records).min(FOUND.max(FOUND_PER_RECORD_OF_MANY * records));
        let whole = |cap: usize| by_size[..=cap].iter().sum::<u64>();
        let cap = CAPS.iter().copied().find(|cap| whole(*cap) <= budget).unwrap_or(CAPS[CAPS.len() - 1]);
        blocks.par_iter_mut().for_each(|blocks| {
            blocks.cut_above(cap);
            blocks.order(frame);
        });
        let cut: u64 = blocks.iter().map(|blocks| blocks.cut.records.len() as u64).sum();
        let room = (NEIGHBOURS_PER_RECORD * records).checked_div(cut).unwrap_or(0);
        let window = usize::try_from(room).unwrap_or(WINDOW).min(WINDOW);
        let report: Vec<KeyReport> = keys
            .into_iter()
            .zip(&blocks)
            .map(|((key, _), blocks)| KeyReport {
                key,
                pairs: 0,
                matches: None,
                cut_blocks: blocks.cut.ends.len() as u64,
                cut_records: blocks.cut.records.len() as u64,
            })
            .collect();
        let kinds = sign::kinds(report.iter().map(|key| key.key.as_str()));
        let parts = pairs::pairs(frame.len(), &blocks, window, &kinds);
        let mut keys = Self { parts, report };
        keys.count();
        keys
    }

    /// Counts what each key found.
    fn count(&mut self) {
        self.report.iter_mut().for_each(|report| report.pairs = 0);
        for sign in self.parts.iter().flat_map(|part| &part.signs) {
            self.report[sign.key()].pairs += 1;
        }
    }

    fn partners_of(&self, record: u32) -> &[u32] {
        let part = self.parts.partition_point(|part| part.first <= record);
        self.parts[part - 1].of(record)
    }

    /// Ranges of records with about as many pairs each.
    fn jobs(&self) -> Vec<(&Partners, Range<u32>)> {
        let all: usize = self.parts.iter().map(|part| part.partners.len()).sum();
        let size = all.div_ceil(JOBS).max(1);
        let mut jobs = Vec::new();
        for part in &self.parts {
            let starts = std::iter::once(0).chain(part.ends.iter().map(|end| *end as usize));
            let ranges = ranges(starts.take(part.ends.len()), size, part.ends.len());
            jobs.extend(ranges.into_iter().map(|r| (part, part.first + r.start..part.first + r.end)));
        }
        jobs
    }
}

/// Cuts the records where another `size` pairs have come together.
fn ranges(starts: impl Iterator<Item = usize>, size: usize, records: usize) -> Vec<Range<u32>> {
    let (mut cuts, mut next) = (vec![0], size);
    for (record, start) in (0..).zip(starts) {
        if start >= next {
            cuts.push(record);
            next = start + size;
        }
    }
    cuts.push(u32::try_from(records).unwrap_or(u32::MAX));
    cuts.windows(2).map(|cut| cut[0]..cut[1]).collect()
}
