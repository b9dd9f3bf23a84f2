//! The street address: house number, street and unit.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same words in any order, abbreviations written out | `12 High St.` and `12 high street` |
//! | `number_and_street` | number and street, another unit or spelling | `12 High St Apt 3` and `12 High St` |
//! | `street` | the street, another number | `12 High St` and `14 High Street` |
//! | `part` | two words of the street in common, or a name somewhat like it | `12 Upper Mill Lane` and `14 Mill Lane East` |
//! | `number` | the number, another street | `12 High St` and `12 Elm Road` |
//! | `differ` | other addresses | `12 High St` and `99 Elm Road` |

use importer_core::normalise::is_no_value;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::words::{Words, words};
use super::{About, Feature, Level, MISSING, Term, level as l};
use crate::matching::dictionary::{Column, Dictionary, ValueId};

const LEVELS: &[Level] = &[
    l("exact", 0.55, 0.000_1),
    l("number_and_street", 0.15, 0.000_1),
    l("street", 0.10, 0.001),
    l("part", 0.05, 0.01),
    l("number", 0.02, 0.01),
    l("differ", 0.13, 0.9788),
];

/// An address: what of it is compared as a whole is a hash, because nearly every one is another.
#[derive(Debug, Clone)]
struct Street {
    /// Hash of the words in any order.
    words: u64,
    /// Hash of everything but the gaps.
    joined: u32,
    /// The words that are no numbers; many addresses share them.
    names: ValueId,
    /// Hash of the first number.
    number: u32,
}

impl Street {
    fn read(raw: &str, names: &mut Dictionary<Words>) -> Option<(u64, Self)> {
        if is_no_value(raw) {
            return None;
        }
        let usual =
            |word: &str| long_form(&word.to_lowercase()).map_or_else(|| word.to_owned(), str::to_owned);
        let all: Vec<String> = words(raw).map(usual).collect();
        let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        let number = all.iter().find(|w| is_number(w)).map_or(0, |w| super::hash(w.as_bytes()));
        let name: Vec<&str> = all.iter().map(String::as_str).filter(|w| !is_number(w)).collect();
        let names = names.intern(name.join(" ").as_bytes(), || Words::new(name.iter().copied()));
        let (hash, all) = Words::new(all.iter().map(String::as_str))?;
        let words = all.words.iter().fold(0, |all, word| xxh3_64_with_seed(&word.to_ne_bytes(), all));
        Some((hash, Self { words, joined: super::hash(&all.joined), names, number }))
    }
}

/// The long form of words that addresses cut short (USPS Publication 28, appendix C).
fn long_form(word: &str) -> Option<&'static str> {
    Some(match word {
        "st" | "str" => "street",
        "ave" | "av" => "avenue",
        "rd" => "road",
        "dr" => "drive",
        "ln" => "lane",
        "ct" => "court",
        "pl" => "place",
        "blvd" => "boulevard",
        "hwy" => "highway",
        "pkwy" => "parkway",
        "ter" | "terr" => "terrace",
        "cir" => "circle",
        "sq" => "square",
        "cres" | "cr" => "crescent",
        "cl" => "close",
        "apt" => "apartment",
        "ste" => "suite",
        "n" => "north",
        "s" => "south",
        "e" => "east",
        "w" => "west",
        "ne" => "northeast",
        "nw" => "northwest",
        "se" => "southeast",
        "sw" => "southwest",
        "mt" => "mount",
        "ft" => "fort",
        _ => return None,
    })
}

/// Street addresses of all records; several columns make one address.
pub(crate) struct Streets {
    terms: [Term; 1],
    streets: Dictionary<Street>,
    names: Dictionary<Words>,
    column: Column,
}

impl Streets {
    pub(crate) fn new() -> Self {
        Self {
            terms: [Term::new("street", About::Street, LEVELS, 0.95)],
            streets: Dictionary::default(),
            names: Dictionary::default(),
            column: Column::default(),
        }
    }
}

impl Feature for Streets {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let parts: Vec<&str> = cells.iter().flatten().map(|c| c.trim()).filter(|c| !c.is_empty()).collect();
        let raw = parts.join(" ");
        let names = &mut self.names;
        let id = self.streets.intern(raw.as_bytes(), || Street::read(&raw, names));
        self.column.push(id);
    }

    fn finish(&mut self) {
        self.streets.finish();
        self.names.finish();
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        let different = |a, b| self.different(self.streets.get(a), self.streets.get(b));
        out[0] = self.column.level(a, b, different).unwrap_or(MISSING);
    }

    fn touch(&self, records: &[u32]) -> usize {
        self.streets.touch(&self.column, records, |street| street.names as usize)
    }

    fn frequency(&self, _: usize, level: u8, a: u32, _: u32) -> Option<f32> {
        (level == 0).then(|| self.column.frequency(self.column.id(a)))
    }

    fn count_people(&mut self, person_of: &[u32]) {
        self.column.count_people(person_of);
    }

    fn parts(&self) -> Vec<String> {
        ["street", "street_name", "house_number", "street_prefix"].map(String::from).to_vec()
    }

    fn part(&self, part: usize, record: u32) -> u32 {
        let id = self.column.id(record);
        if id == 0 {
            return 0;
        }
        let street = self.streets.get(id);
        match part {
            0 => street.joined,
            2 => street.number,
            _ if street.names == 0 => 0,
            1 => super::hash(&self.names.get(street.names).joined),
            _ => {
                let name = &self.names.get(street.names).joined;
                super::hash(&name[..name.len().min(5)])
            }
        }
    }
}

impl Streets {
    fn different(&self, a: &Street, b: &Street) -> u8 {
        if a.words == b.words {
            return 0;
        }
        let number = a.number != 0 && a.number == b.number;
        let names = match (a.names, b.names) {
            (0, _) | (_, 0) => 0,
            (a, b) if a == b => 2,
            (a, b) => {
                let (a, b) = (self.names.get(a), self.names.get(b));
                if a.near(b) { 2 } else { u8::from(a.common(b) >= 2 || a.similarity(b, 0.88) > 0.0) }
            }
        };
        match (names, number) {
            (2 | 1, true) => 1,
            (2, false) => 2,
            (1, false) => 3,
            (_, true) => 4,
            _ => 5,
        }
    }
}
