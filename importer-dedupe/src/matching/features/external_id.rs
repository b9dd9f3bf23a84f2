//! Ids under which several systems know a person: the id of one is often a column of another's export.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | two systems use one id | `crm:0035g00001XyZaB` and `signup:0035g00001XyZaB` |
//! | `differ` | ids of two systems, others | `crm:0035g00001XyZaB` and `signup:b1946ac92492d234` |
//!
//! Only ids that no two systems give by chance count: ten characters or more with letters and digits, or a UUID. Small numbers repeat
//! in every system. That one system has two records under two ids of any kind weighs nothing, and is a doubt where only a nickname
//! tells twins from one person.

use importer_core::ports::MapImage;
use xxhash_rust::xxh3::xxh3_64;

use super::{About, Feature, Level, MISSING, Term, level as l};
use crate::matching::dictionary::{Dictionary, ListColumn, ValueId};

const LEVELS: &[Level] = &[l("exact", 0.05, 0.000_001), l("differ", 0.95, 0.999_999)];
/// Shorter ids repeat by chance, or by counting.
const LEAST: usize = 10;
/// How often two people have one id that was given once: typing errors and systems that give ids away.
const ONCE: f32 = 0.000_001;

/// Whether it is the name that a row without an id has by its content; that is no id.
fn is_content_name(id: &str) -> bool {
    id.rsplit_once(':').is_some_and(|(_, hash)| {
        hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Whether an id is of a kind that no two systems give to two people.
///
/// ```
/// use importer_dedupe::matching::people::tells_across_systems;
/// assert!(tells_across_systems("0035g00001XyZaB"));
/// assert!(tells_across_systems("b1946ac9-2492-4d23-8f6c-1a2b3c4d5e6f"));
/// for id in ["1001", "V-1001", "20240102030405", "volunteering", "csv:0123456789abcdef"] {
///     assert!(!tells_across_systems(id), "{id}");
/// }
/// ```
pub fn tells_across_systems(id: &str) -> bool {
    let id = id.trim();
    let has = |of: fn(&u8) -> bool| id.as_bytes().iter().any(of);
    let mixed = has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit);
    !is_content_name(id) && (is_uuid(id) || (mixed && id.chars().count() >= LEAST))
}

fn is_uuid(id: &str) -> bool {
    let parts = id.split('-').map(|part| (part.len(), part.bytes().all(|b| b.is_ascii_hexdigit())));
    parts.eq([8, 4, 4, 4, 12].map(|len| (len, true))) && !id.bytes().all(|b| matches!(b, b'0' | b'-'))
}

/// The cells of people's entries in the id map, `system:id`: those that tell something across systems come first.
pub(crate) fn cells(entries: &[MapImage]) -> impl Iterator<Item = String> {
    let telling =
        |tells: bool| entries.iter().filter(move |entry| tells_across_systems(&entry.external_id) == tells);
    telling(true).chain(telling(false)).map(|entry| format!("{}:{}", entry.system, entry.external_id))
}

/// The ids of all records.
pub(crate) struct ExternalIds {
    terms: [Term; 1],
    codes: Dictionary<()>,
    column: ListColumn,
    /// The ids of each record with the hashes of their systems; 0 for one that tells nothing across systems.
    systems: Vec<(ValueId, u32)>,
    ends: Vec<u32>,
}

impl ExternalIds {
    pub(crate) fn new() -> Self {
        Self {
            terms: [Term::new("external_id", About::Other, LEVELS, 0.001)],
            codes: Dictionary::default(),
            column: ListColumn::default(),
            systems: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn of(&self, record: u32) -> &[(ValueId, u32)] {
        let record = record as usize;
        let start = if record == 0 { 0 } else { self.ends[record - 1] as usize };
        &self.systems[start..self.ends[record] as usize]
    }
}

impl Feature for ExternalIds {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let start = self.systems.len();
        for (system, id) in cells.iter().flatten().filter_map(|cell| cell.split_once(':')) {
            let id = id.trim();
            let code = if is_uuid(id) { id.to_ascii_lowercase() } else { id.to_owned() };
            let read = || tells_across_systems(id).then(|| (xxh3_64(code.as_bytes()), ()));
            let code = self.codes.intern(id.as_bytes(), read);
            if !id.is_empty() && !is_content_name(id) {
                self.systems.push((code, super::hash(system.as_bytes())));
            }
        }
        let codes: Vec<ValueId> = self.systems[start..].iter().map(|(code, _)| *code).collect();
        self.column.push(&codes);
        self.ends.push(u32::try_from(self.systems.len()).unwrap_or(u32::MAX));
    }

    fn finish(&mut self) {
        self.codes.finish();
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        out[0] = MISSING;
        for (code, system) in self.of(a).iter().filter(|(code, _)| *code != 0) {
            for (other, of) in self.of(b).iter().filter(|(code, _)| *code != 0) {
                match (system == of, code == other) {
                    (false, true) => {
                        out[0] = 0;
                        return;
                    }
                    (false, false) => out[0] = 1,
                    (true, _) => {}
                }
            }
        }
    }

    /// An id that two records have was given once, however few records have any: with few, its share of them says nothing. What
    /// more have is a placeholder, and as frequent as it is.
    fn frequency(&self, _: usize, level: u8, a: u32, b: u32) -> Option<f32> {
        match self.column.shared_by(a, b) {
            _ if level != 0 => None,
            Some(0..=2) => Some(ONCE),
            _ => self.column.frequency(a, b),
        }
    }

    /// A system has both, under two ids.
    fn is_in_doubt(&self, _: usize, a: u32, b: u32) -> bool {
        self.of(a).iter().any(|(_, system)| self.of(b).iter().any(|(_, of)| system == of))
    }

    fn shared_by(&self, a: u32, b: u32) -> Option<u32> {
        self.column.shared_by(a, b)
    }

    fn count_people(&mut self, person_of: &[u32]) {
        self.column.count_people(person_of);
    }

    fn parts(&self) -> Vec<String> {
        vec![self.terms[0].name.clone()]
    }

    /// Of several ids the one that most have: what nobody else has finds nobody.
    fn part(&self, _: usize, record: u32) -> u32 {
        let most = self.column.ids(record).iter().max_by_key(|id| self.column.count(**id));
        most.map_or(0, |id| super::hash(&id.to_le_bytes()))
    }
}
