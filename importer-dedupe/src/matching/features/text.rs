//! Any other text: an employer, a school, an occupation, a place of birth.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same letters and digits | `City Hospital` and `CITY HOSPITAL` |
//! | `near` | a typo, or very like | `City Hospital` and `City Hopsital` |
//! | `similar` | half of the words in common, or somewhat like | `City Hospital North` and `City Hospital of Leeds` |
//! | `differ` | other texts | `City Hospital` and `Harbour School` |

use importer_core::normalise::is_no_value;

use super::words::{Words, words};
use super::{About, Feature, Level, MISSING, Term, level as l};
use crate::matching::dictionary::{Column, Dictionary};

const LEVELS: &[Level] =
    &[l("exact", 0.60, 0.02), l("near", 0.08, 0.005), l("similar", 0.10, 0.03), l("differ", 0.22, 0.945)];

/// One column of text of all records.
pub(crate) struct Texts {
    terms: [Term; 1],
    texts: Dictionary<Words>,
    column: Column,
}

impl Texts {
    pub(crate) fn new(name: &str, shared: f64) -> Self {
        Self {
            terms: [Term::new(name, About::Other, LEVELS, shared)],
            texts: Dictionary::default(),
            column: Column::default(),
        }
    }
}

impl Feature for Texts {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let raw = cells[0].unwrap_or_default();
        let id = self
            .texts
            .intern(raw.as_bytes(), || if is_no_value(raw) { None } else { Words::new(words(raw)) });
        self.column.push(id);
    }

    fn finish(&mut self) {
        self.texts.finish();
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        let different = |a, b| {
            let (a, b) = (self.texts.get(a), self.texts.get(b));
            match () {
                () if a.near(b) => 1,
                () if a.overlap(b) >= 0.5 || a.similarity(b, 0.85) > 0.0 => 2,
                () => 3,
            }
        };
        out[0] = self.column.level(a, b, different).unwrap_or(MISSING);
    }

    fn touch(&self, records: &[u32]) -> usize {
        self.texts.touch(&self.column, records, |text| usize::from(text.joined.first().copied().unwrap_or(0)))
    }

    fn frequency(&self, _: usize, level: u8, a: u32, _: u32) -> Option<f32> {
        (level == 0).then(|| self.column.frequency(self.column.id(a)))
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
            id => super::hash(&self.texts.get(id).joined),
        }
    }
}
