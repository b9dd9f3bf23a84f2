//! Postal code, town and state as one term, because each follows from the one before.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `code_and_city` | postal code and town, a typo in the town aside | `12345-6789 / Town / ` and `12345 / town / ` |
//! | `code` | the postal code | `12345 / Town / ` and `12345 / Elsewhere / ` |
//! | `city_and_near_code` | the town, and a typo in the postal code | `12345 / Town / ` and `12354 / town / ` |
//! | `city` | the town | `12345 / Town / ` and `98765 / Town / ` |
//! | `near_city` | the town with a typo | `12345 / Springfield / ` and `98765 / Sprngfield / ` |
//! | `near_code` | the postal code with a typo | `12345 / Town / ` and `12354 / Elsewhere / ` |
//! | `state` | the state alone | `12345 / Town / MO` and `98765 / Elsewhere / MO` |
//! | `differ` | other places | `12345 / Town / MO` and `98765 / Elsewhere / KS` |
//!
//! Examples are postal code, town and state.

use importer_core::normalise::is_no_value;

use super::words::{Words, words};
use super::{About, Feature, Level, MISSING, Term, level as l};
use crate::matching::dictionary::{Column, Dictionary};
use crate::matching::role::Role;

const LEVELS: &[Level] = &[
    l("code_and_city", 0.60, 0.002),
    l("code", 0.08, 0.002),
    l("city_and_near_code", 0.06, 0.002),
    l("city", 0.09, 0.03),
    l("near_city", 0.03, 0.005),
    l("near_code", 0.02, 0.01),
    l("state", 0.05, 0.15),
    l("differ", 0.07, 0.799),
];

/// The part of blocking keys that is the area of a postal code.
const AREA: usize = 3;

/// The area that a postal code begins with, as a hash: three digits of a US code, the outward part of a British one.
fn area(code: &Words) -> u32 {
    let text = &code.joined;
    let end = match text.len() {
        0..3 => return 0,
        3..=5 => 3,
        all => all - 3,
    };
    super::hash(&text[..end])
}

/// Where people of all records live.
pub(crate) struct Localities {
    terms: [Term; 1],
    roles: Vec<Role>,
    texts: Dictionary<Words>,
    code: Column,
    city: Column,
    state: Column,
    /// How often two records have another code, and another town, as far as they have one.
    other: [f32; 2],
}

impl Localities {
    pub(crate) fn new(roles: Vec<Role>) -> Self {
        Self {
            terms: [Term::new("locality", About::Place, LEVELS, 0.97)],
            roles,
            texts: Dictionary::default(),
            code: Column::default(),
            city: Column::default(),
            state: Column::default(),
            other: [1.0; 2],
        }
    }
}

impl Feature for Localities {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let mut ids = [0; 3];
        for (role, cell) in self.roles.iter().zip(cells) {
            let raw = cell.unwrap_or_default();
            // Of a US code with four more digits the first five are the place.
            let raw = match role {
                Role::PostalCode if raw.len() == 10 && raw.as_bytes()[5] == b'-' => &raw[..5],
                _ => raw,
            };
            let id = self
                .texts
                .intern(raw.as_bytes(), || if is_no_value(raw) { None } else { Words::new(words(raw)) });
            let place = match role {
                Role::PostalCode => 0,
                Role::City => 1,
                _ => 2,
            };
            ids[place] = id;
        }
        self.code.push(ids[0]);
        self.city.push(ids[1]);
        self.state.push(ids[2]);
    }

    fn finish(&mut self) {
        self.texts.finish();
        self.other = [&self.code, &self.city].map(|column| 1.0 - column.sameness());
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        #[derive(PartialEq, Clone, Copy)]
        enum Is {
            Missing,
            Same,
            Near,
            Other,
        }
        let (code_a, code_b) = (self.code.id(a), self.code.id(b));
        let code = match (code_a, code_b) {
            (0, _) | (_, 0) => Is::Missing,
            _ if code_a == code_b => Is::Same,
            _ if self.texts.get(code_a).one_edit(self.texts.get(code_b)) => Is::Near,
            _ => Is::Other,
        };
        let (city_a, city_b) = (self.city.id(a), self.city.id(b));
        let city = match (city_a, city_b) {
            (0, _) | (_, 0) => Is::Missing,
            _ if city_a == city_b => Is::Same,
            _ if self.texts.get(city_a).near(self.texts.get(city_b)) => Is::Near,
            _ => Is::Other,
        };
        let (state_a, state_b) = (self.state.id(a), self.state.id(b));
        let state = match (state_a, state_b) {
            (0, _) | (_, 0) => Is::Missing,
            _ if state_a == state_b => Is::Same,
            _ => Is::Other,
        };
        out[0] = match (code, city) {
            (Is::Same, Is::Same | Is::Near) => 0,
            (Is::Same, _) => 1,
            (Is::Near, Is::Same) => 2,
            (_, Is::Same) => 3,
            (_, Is::Near) => 4,
            (Is::Near, _) => 5,
            _ if state == Is::Same => 6,
            (Is::Missing, Is::Missing) if state == Is::Missing => MISSING,
            _ => 7,
        };
    }

    fn touch(&self, records: &[u32]) -> usize {
        let text = |column| self.texts.touch(column, records, |text| usize::from(text.joined[0]));
        text(&self.code).wrapping_add(text(&self.city))
    }

    fn frequency(&self, _: usize, level: u8, a: u32, _: u32) -> Option<f32> {
        // Where only one of both agrees, the other does not.
        match level {
            0 => Some(self.code.frequency(self.code.id(a))),
            1 => Some(self.code.frequency(self.code.id(a)) * self.other[1]),
            3 => Some(self.city.frequency(self.city.id(a)) * self.other[0]),
            _ => None,
        }
    }

    fn count_people(&mut self, person_of: &[u32]) {
        for column in [&mut self.code, &mut self.city, &mut self.state] {
            column.count_people(person_of);
        }
    }

    fn parts(&self) -> Vec<String> {
        ["postal_code", "city", "state", "postal_area"].map(String::from).to_vec()
    }

    fn part(&self, part: usize, record: u32) -> u32 {
        let column = [&self.code, &self.city, &self.state, &self.code][part];
        match column.id(record) {
            0 => 0,
            id if part == AREA => area(self.texts.get(id)),
            id => super::hash(&self.texts.get(id).joined),
        }
    }
}
