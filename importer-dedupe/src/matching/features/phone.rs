//! Phone numbers.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same digits, without the country code of North America; one may have an extension | `+1 (212) 555-0187` and `2125550187` |
//! | `near` | one digit less, more or other, or two swapped | `2125550187` and `2125550178` |
//! | `last_seven` | the same without the area code | `2125550187` and `9175550187` |
//! | `last_four` | the same last four digits | `2125550187` and `9174440187` |
//! | `differ` | other numbers | `2125550187` and `9174443321` |

use importer_core::normalise::is_nobodys_phone;
use xxhash_rust::xxh3::xxh3_64;

use super::{About, EXTENSION, Feature, Level, MISSING, Term, level as l};
use crate::matching::dictionary::{Dictionary, ListColumn};
use crate::matching::similarity::one_edit;

const LEVELS: &[Level] = &[
    l("exact", 0.70, 0.000_05),
    l("near", 0.06, 0.000_02),
    l("last_seven", 0.03, 0.000_02),
    l("last_four", 0.01, 0.000_2),
    l("differ", 0.20, 0.9997),
];

/// A number; another extension is another desk, of which the number says nothing.
struct Number {
    digits: Box<[u8]>,
    extension: Option<Box<str>>,
}

/// Phone numbers of all records, of one column or several.
pub(crate) struct Phones {
    terms: [Term; 1],
    numbers: Dictionary<Number>,
    column: ListColumn,
}

impl Phones {
    pub(crate) fn new() -> Self {
        Self {
            terms: [Term::new("phone", About::Contact, LEVELS, 0.9)],
            numbers: Dictionary::default(),
            column: ListColumn::default(),
        }
    }
}

/// The digits alone, without what tells the country of a number of North America. What identifies nobody is no number.
fn read(raw: &str) -> Option<(u64, Number)> {
    let (raw, extension) = match raw.split_once(EXTENSION) {
        Some((number, extension)) => (number, Some(extension)),
        None => (raw, None),
    };
    let mut digits: Vec<u8> = raw.bytes().filter(u8::is_ascii_digit).collect();
    if digits.len() == 11 && digits[0] == b'1' {
        digits.remove(0);
    }
    if digits.len() < 4 || is_nobodys_phone(raw) {
        return None;
    }
    let hash = xxh3_64(&digits) ^ extension.map_or(0, |extension| xxh3_64(extension.as_bytes()));
    Some((hash, Number { digits: digits.into(), extension: extension.map(Into::into) }))
}

fn last(number: &[u8], digits: usize) -> Option<&[u8]> {
    number.len().checked_sub(digits).map(|start| &number[start..])
}

impl Feature for Phones {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let read = |raw: &&str| self.numbers.intern(raw.as_bytes(), || read(raw));
        let ids: Vec<_> = cells.iter().flatten().map(read).collect();
        self.column.push(&ids);
    }

    fn finish(&mut self) {
        self.numbers.finish();
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        let level = |x, y| different(self.numbers.get(x), self.numbers.get(y));
        out[0] = self.column.best(a, b, level).unwrap_or(MISSING);
    }

    fn frequency(&self, _: usize, level: u8, a: u32, b: u32) -> Option<f32> {
        if level == 0 { self.column.frequency(a, b) } else { None }
    }

    fn shared_by(&self, a: u32, b: u32) -> Option<u32> {
        self.column.shared_by(a, b)
    }

    fn count_people(&mut self, person_of: &[u32]) {
        self.column.count_people(person_of);
    }

    fn parts(&self) -> Vec<String> {
        ["phone", "phone_last_seven"].map(String::from).to_vec()
    }

    fn part(&self, part: usize, record: u32) -> u32 {
        let Some(&id) = self.column.ids(record).first() else { return 0 };
        let number = &*self.numbers.get(id).digits;
        match part {
            0 => super::hash(number),
            _ => last(number, 7).map_or(0, super::hash),
        }
    }
}

fn different(a: &Number, b: &Number) -> u8 {
    let has_two = a.extension.is_some() && b.extension.is_some();
    let (a, b) = (&*a.digits, &*b.digits);
    if a == b {
        return if has_two { MISSING } else { 0 };
    }
    let equal = |digits| matches!((last(a, digits), last(b, digits)), (Some(x), Some(y)) if x == y);
    match () {
        () if a.len().min(b.len()) >= 7 && one_edit(a, b) => 1,
        () if equal(7) => 2,
        () if equal(4) => 3,
        () => 4,
    }
}
