//! What two records are compared by: one file per feature, each with its levels, strongest agreement first.

mod birth_date;
pub(crate) mod common_names;
mod email;
pub(crate) mod external_id;
pub(crate) mod family_name;
mod gender;
mod given_name;
mod identifier;
mod locality;
mod middle_name;
pub(crate) mod names;
mod nicknames;
mod phone;
pub(crate) mod sound;
mod street;
pub(crate) mod suffix;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub(crate) use birth_date::BirthDates;
pub(crate) use email::Emails;
pub(crate) use external_id::ExternalIds;
pub(crate) use gender::Genders;
pub(crate) use identifier::Identifiers;
pub(crate) use locality::Localities;
pub(crate) use names::Names;
pub(crate) use phone::Phones;
pub(crate) use street::Streets;
pub(crate) use text::Texts;

use xxhash_rust::xxh3::xxh3_64;

/// The level of a term that one of the two records has no value for: it says nothing, either way.
pub(crate) const MISSING: u8 = 15;
/// What stands between a phone number and its extension (RFC 3966).
pub(crate) const EXTENSION: &str = ";ext=";

/// One degree of agreement of a term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Its name in models and explanations.
    pub name: &'static str,
    /// How often records of one person agree so far, before any data was seen.
    pub m: f64,
    /// How often records of two people do, before any data was seen.
    pub u: f64,
}

pub(crate) const fn level(name: &'static str, m: f64, u: f64) -> Level {
    Level { name, m, u }
}

/// What a term is about, as far as merging without a human depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum About {
    /// First names.
    GivenName,
    /// Middle names and initials.
    MiddleName,
    /// Last names, and first names in their place.
    FamilyName,
    /// Jr and Sr.
    NameSuffix,
    /// Dates of birth.
    BirthDate,
    /// Email addresses and phone numbers.
    Contact,
    /// Street addresses.
    Street,
    /// Towns, states and postal codes.
    Place,
    /// Sex or gender.
    Gender,
    /// Any other value.
    Other,
    /// What a plugin compares, whatever that is: it scores, and is no evidence of its own.
    Plugin,
}

/// One thing that two records agree or disagree in; its weight is learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Its name, unique in a frame.
    pub name: String,
    /// What it is about.
    pub about: About,
    /// Degrees of agreement, strongest first; the last is disagreement.
    pub levels: &'static [Level],
    /// How far two people of one household agree in it like one person does, 0 to 1.
    pub shared: f64,
}

impl Term {
    pub(crate) fn new(name: impl Into<String>, about: About, levels: &'static [Level], shared: f64) -> Self {
        Self { name: name.into(), about, levels, shared }
    }
}

/// A group of terms that are prepared and compared together.
pub(crate) trait Feature: Send + Sync {
    fn terms(&self) -> &[Term];

    /// Takes the cells of one more record, one per column the feature was made for.
    fn push(&mut self, cells: &[Option<&str>]);

    /// No more records come.
    fn finish(&mut self);

    /// Writes the level of each term.
    fn compare(&self, a: u32, b: u32, out: &mut [u8]);

    /// Reads what comparing with these records will, all at once: waiting for memory that is far away takes most of the time,
    /// and waiting for many places together takes no longer than for one.
    fn touch(&self, _records: &[u32]) -> usize {
        0
    }

    /// How frequent the value is that the records agree on, where the level knows one.
    fn frequency(&self, term: usize, level: u8, a: u32, b: u32) -> Option<f32>;

    /// How many have the contact or number that the records agree on, where that is counted: what many share is nobody's own.
    fn shared_by(&self, _a: u32, _b: u32) -> Option<u32> {
        None
    }

    /// True when both have a name that people are known to have: Maria and Marie are twins as often as one of them is misspelt.
    fn are_distinct(&self, _term: usize, _a: u32, _b: u32) -> bool {
        false
    }

    /// True when one record says something that the other leaves open, a generation or a date of birth that nobody can read; or
    /// when a source has both under two ids.
    fn is_in_doubt(&self, _term: usize, _a: u32, _b: u32) -> bool {
        false
    }

    /// Counts people instead of records from now on.
    fn count_people(&mut self, person_of: &[u32]);

    /// The parts that blocking keys are made of.
    fn parts(&self) -> Vec<String>;

    /// A part of a record, as a hash; 0 when there is none.
    fn part(&self, part: usize, record: u32) -> u32;

    /// Something by which alike records are near each other.
    fn order(&self, _record: u32) -> u64 {
        0
    }
}

/// A hash for blocking that is never 0.
pub(crate) fn hash(text: &[u8]) -> u32 {
    let wide = xxh3_64(text);
    u32::try_from((wide ^ (wide >> 32)) & 0xffff_ffff).unwrap_or(0).max(1)
}
