//! Numbers and codes that few people share: a member number, a tax number.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same letters and digits | `AB-1234` and `ab1234` |
//! | `near` | one less, more or other, or two swapped, of five or more | `1234567` and `1234576` |
//! | `differ` | others | `1234567` and `7654321` |

use importer_core::normalise::is_no_value;
use xxhash_rust::xxh3::xxh3_64;

use super::{About, Feature, Level, MISSING, Term, level as l};
use crate::matching::dictionary::{Column, Dictionary};
use crate::matching::similarity::one_edit;

const LEVELS: &[Level] = &[l("exact", 0.80, 0.000_05), l("near", 0.12, 0.000_1), l("differ", 0.08, 0.999_85)];

/// One column of identifiers of all records.
pub(crate) struct Identifiers {
    terms: [Term; 1],
    codes: Dictionary<Box<[u8]>>,
    column: Column,
}

impl Identifiers {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            terms: [Term::new(name, About::Other, LEVELS, 0.001)],
            codes: Dictionary::default(),
            column: Column::default(),
        }
    }
}

/// Letters and digits alone, small.
fn read(raw: &str) -> Option<(u64, Box<[u8]>)> {
    if is_no_value(raw) {
        return None;
    }
    let code: Vec<u8> = raw
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .into_bytes();
    // All zeros or nines stand for "unknown" in many systems.
    let filler = code.len() >= 4 && code.iter().all(|c| *c == code[0]);
    (!code.is_empty() && !filler).then(|| (xxh3_64(&code), code.into()))
}

impl Feature for Identifiers {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let raw = cells[0].unwrap_or_default();
        let id = self.codes.intern(raw.as_bytes(), || read(raw));
        self.column.push(id);
    }

    fn finish(&mut self) {
        self.codes.finish();
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        let different = |a, b| {
            let (a, b) = (self.codes.get(a), self.codes.get(b));
            if a.len().min(b.len()) >= 5 && one_edit(a, b) { 1 } else { 2 }
        };
        out[0] = self.column.level(a, b, different).unwrap_or(MISSING);
    }

    fn touch(&self, records: &[u32]) -> usize {
        self.codes.touch(&self.column, records, |code| usize::from(code.first().copied().unwrap_or(0)))
    }

    fn frequency(&self, _: usize, level: u8, a: u32, _: u32) -> Option<f32> {
        (level == 0).then(|| self.column.frequency(self.column.id(a)))
    }

    fn shared_by(&self, a: u32, _: u32) -> Option<u32> {
        Some(self.column.count(self.column.id(a)))
    }

    fn count_people(&mut self, person_of: &[u32]) {
        self.column.count_people(person_of);
    }

    fn parts(&self) -> Vec<String> {
        vec![self.terms[0].name.clone()]
    }

    fn part(&self, _: usize, record: u32) -> u32 {
        match self.column.id(record) {
            0 => 0,
            id => super::hash(self.codes.get(id)),
        }
    }
}
