//! Sex or gender: agreement says next to nothing, disagreement something.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same | `male` and `M` |
//! | `differ` | another one | `male` and `female` |

use super::{About, Feature, Level, MISSING, Term, level as l};

const LEVELS: &[Level] = &[l("exact", 0.97, 0.5), l("differ", 0.03, 0.5)];

/// The gender of all records.
pub(crate) struct Genders {
    terms: [Term; 1],
    codes: Vec<u8>,
}

impl Genders {
    pub(crate) fn new(name: &str) -> Self {
        Self { terms: [Term::new(name, About::Gender, LEVELS, 0.0)], codes: Vec::new() }
    }
}

impl Feature for Genders {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let first = cells[0].and_then(|c| c.trim().bytes().next()).map_or(0, |b| b.to_ascii_lowercase());
        self.codes.push(match first {
            b'm' | b'h' | b'1' => 1,
            b'f' | b'w' | b'2' => 2,
            b'n' | b'x' | b'd' => 3,
            _ => 0,
        });
    }

    fn finish(&mut self) {}

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        out[0] = match (self.codes[a as usize], self.codes[b as usize]) {
            (0, _) | (_, 0) => MISSING,
            (a, b) => u8::from(a != b),
        };
    }

    fn frequency(&self, _: usize, _: u8, _: u32, _: u32) -> Option<f32> {
        None
    }

    fn count_people(&mut self, _: &[u32]) {}

    fn parts(&self) -> Vec<String> {
        Vec::new()
    }

    fn part(&self, _: usize, _: u32) -> u32 {
        0
    }
}
