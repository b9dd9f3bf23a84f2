//! Each distinct value of a column is prepared once and known by a number.

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

/// The number of a value in its [`Dictionary`]; 0 is a missing value.
pub(crate) type ValueId = u32;

/// How many prepared values a [`Dictionary`] remembers at most by what they came as.
const MEMO: usize = 1 << 14;
/// How many it remembers at first: a row that is compared with a few candidates must not cost more than they do.
const FIRST_MEMO: usize = 1 << 5;

/// Distinct values in their prepared form. Numbers start at 1.
///
/// Values are told apart by 64-bit hashes: among ten million distinct values two collide with a probability of 3 in a million.
#[derive(Debug, Clone)]
pub(crate) struct Dictionary<T> {
    /// What was prepared last, by the hash of the value as it came: frequent values are prepared seldom, and rare ones take no
    /// room twice.
    memo: Vec<(u64, ValueId)>,
    normal: FxHashMap<u64, ValueId>,
    values: Vec<T>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self { memo: Vec::new(), normal: FxHashMap::default(), values: Vec::new() }
    }
}

impl<T> Dictionary<T> {
    /// The number of what `prepare` makes of `raw`; `None` from it means that the value says nothing.
    pub(crate) fn intern(&mut self, raw: &[u8], prepare: impl FnOnce() -> Option<(u64, T)>) -> ValueId {
        if self.memo.len() < MEMO && self.values.len() >= self.memo.len() {
            // What was remembered is forgotten, which happens three times in a large column.
            self.memo = vec![(0, 0); (self.memo.len() * 8).clamp(FIRST_MEMO, MEMO)];
        }
        let key = xxh3_64(raw);
        let place = usize::try_from(key % self.memo.len() as u64).unwrap_or(0);
        if self.memo[place].0 == key {
            return self.memo[place].1;
        }
        let id = match prepare() {
            None => 0,
            Some((normal, value)) => *self.normal.entry(normal).or_insert_with(|| {
                self.values.push(value);
                ValueId::try_from(self.values.len()).unwrap_or(0)
            }),
        };
        self.memo[place] = (key, id);
        id
    }

    /// All values, in the order of their numbers, the first of which is 1.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.values.iter_mut()
    }

    /// The prepared value; `id` is not 0.
    pub(crate) fn get(&self, id: ValueId) -> &T {
        &self.values[id as usize - 1]
    }

    /// Sums something up about the values of records, each of which is fetched meanwhile.
    pub(crate) fn touch(&self, column: &Column, records: &[u32], of: impl Fn(&T) -> usize) -> usize {
        records.iter().fold(0_usize, |sum, record| {
            let value = self.values.get((column.id(*record) as usize).wrapping_sub(1));
            sum.wrapping_add(value.map_or(0, &of))
        })
    }

    /// Gives back what only reading needs.
    pub(crate) fn finish(&mut self) {
        self.memo = Vec::new();
        self.normal = FxHashMap::default();
        self.values.shrink_to_fit();
    }
}

/// A column of which a record may have several values.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListColumn {
    ids: Vec<ValueId>,
    ends: Vec<u32>,
    values: Column,
}

impl ListColumn {
    pub(crate) fn push(&mut self, ids: &[ValueId]) {
        let start = self.ids.len();
        for &id in ids {
            if id != 0 && !self.ids[start..].contains(&id) {
                self.ids.push(id);
                self.values.count_one(id);
            }
        }
        self.values.filled += u32::from(self.ids.len() > start);
        self.ends.push(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
    }

    pub(crate) fn ids(&self, record: u32) -> &[ValueId] {
        let record = record as usize;
        let start = if record == 0 { 0 } else { self.ends[record - 1] as usize };
        &self.ids[start..self.ends[record] as usize]
    }

    /// How many have a value.
    pub(crate) fn count(&self, id: ValueId) -> u32 {
        self.values.count(id)
    }

    /// How frequent the rarest value is that two records share.
    pub(crate) fn frequency(&self, a: u32, b: u32) -> Option<f32> {
        let (a, b) = (self.ids(a), self.ids(b));
        let shared = a.iter().filter(|id| b.contains(id)).map(|&id| self.values.frequency(id));
        shared.reduce(f32::min)
    }

    /// How many have the rarest value that two records share.
    pub(crate) fn shared_by(&self, a: u32, b: u32) -> Option<u32> {
        let (a, b) = (self.ids(a), self.ids(b));
        a.iter().filter(|id| b.contains(id)).map(|&id| self.values.count(id)).min()
    }

    /// The strongest level among all pairs of values; `None` when a record has none.
    pub(crate) fn best(&self, a: u32, b: u32, level: impl Fn(ValueId, ValueId) -> u8) -> Option<u8> {
        let (a, b) = (self.ids(a), self.ids(b));
        a.iter()
            .flat_map(|&x| b.iter().map(move |&y| (x, y)))
            .map(|(x, y)| if x == y { 0 } else { level(x, y) })
            .min()
    }

    pub(crate) fn count_people(&mut self, person_of: &[u32]) {
        let mut values = std::mem::take(&mut self.values);
        let seen = (0..)
            .zip(person_of)
            .flat_map(|(record, person)| self.ids(record).iter().map(|id| (*id, *person)));
        values.recount(seen, person_of);
        self.values = values;
    }
}

/// A column: each record's value and how often each value occurs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    pub(crate) ids: Vec<ValueId>,
    /// How many records, or people, have each value.
    counts: Vec<u32>,
    filled: u32,
    counts_people: bool,
}

/// How much of one person a value loses that others are expected to have as often. All of it would make what nobody else has a
/// proof; nothing of it makes small tables doubt what is plain. On labelled sets recall rises with it, and the precision of
/// merges stays.
const OWN_SHARE: f32 = 0.5;

impl Column {
    pub(crate) fn push(&mut self, id: ValueId) {
        self.ids.push(id);
        if id != 0 {
            self.count_one(id);
            self.filled += 1;
        }
    }

    fn count_one(&mut self, id: ValueId) {
        let place = id as usize - 1;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
    }

    pub(crate) fn id(&self, record: u32) -> ValueId {
        self.ids[record as usize]
    }

    /// The level of two records' values, of equal ones 0, of different ones what `different` says; `None` when one is missing.
    pub(crate) fn level(&self, a: u32, b: u32, different: impl Fn(ValueId, ValueId) -> u8) -> Option<u8> {
        match (self.id(a), self.id(b)) {
            (0, _) | (_, 0) => None,
            (a, b) if a == b => Some(0),
            (a, b) => Some(different(a, b)),
        }
    }

    /// How often a value occurs.
    pub(crate) fn count(&self, id: ValueId) -> u32 {
        self.counts.get(id as usize - 1).copied().unwrap_or(0)
    }

    /// The share of filled records that have the value; of people once these are counted.
    pub(crate) fn frequency(&self, id: ValueId) -> f32 {
        // Whoever has a value is one of those who have it. How many others do is known of people, not of records.
        let own = if self.counts_people { OWN_SHARE } else { 0.0 };
        (self.count(id).max(1) as f32 - own) / self.filled.max(1) as f32
    }

    /// How often two records have one value.
    pub(crate) fn sameness(&self) -> f32 {
        let all = self.ids.len().max(1) as f32;
        self.counts.iter().map(|count| (*count as f32 / all).powi(2)).sum()
    }

    /// Counts people instead of records: a value that one person repeats counts once.
    pub(crate) fn count_people(&mut self, person_of: &[u32]) {
        let ids = std::mem::take(&mut self.ids);
        self.recount(
            ids.iter().copied().zip(person_of.iter().copied()).filter(|(id, _)| *id != 0),
            person_of,
        );
        self.ids = ids;
    }

    /// Of the values that people go by, each counts once for each of them.
    fn recount(&mut self, seen: impl Iterator<Item = (ValueId, u32)>, person_of: &[u32]) {
        // People go by the number of their first record: who has another one may repeat a value.
        let mut several = vec![false; person_of.len()];
        for (record, &person) in (0_u32..).zip(person_of) {
            if record != person {
                several[person as usize] = true;
            }
        }
        self.counts_people = true;
        self.counts.iter_mut().for_each(|c| *c = 0);
        let (mut repeated, mut filled) = (Vec::new(), 0_usize);
        for (id, person) in seen {
            if several[person as usize] {
                repeated.push((id, person));
            } else {
                self.counts[id as usize - 1] += 1;
                filled += 1;
            }
        }
        repeated.sort_unstable();
        repeated.dedup();
        for (id, _) in &repeated {
            self.counts[*id as usize - 1] += 1;
        }
        self.filled = u32::try_from(filled + repeated.len()).unwrap_or(u32::MAX);
    }
}
