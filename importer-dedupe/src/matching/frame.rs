//! Records prepared for comparison, column by column.

use std::borrow::Cow;
use std::sync::Arc;

use importer_core::normalise::{LONGEST, comparable};

use super::features::{
    BirthDates, Emails, ExternalIds, Feature, Genders, Identifiers, Localities, MISSING, Names, Phones,
    Streets, Term, Texts,
};
use super::levels::{Levels, MAX_TERMS};
use super::plugin_terms::{Compares, PluginTerms};
use super::role::Role;

/// What is known of the values of a pair beside how far they agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Beside {
    /// How many have the contact or number that both agree on, where that is counted.
    pub(crate) shared_by: Option<u32>,
    /// Both are values of different people: names that people are known to have, or birth dates that are years apart.
    pub(crate) are_distinct: bool,
    /// One says something to which the other has no answer, Jr or a date of birth that nobody can read; or one source has both
    /// under two ids.
    pub(crate) in_doubt: bool,
}

/// A column of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub role: Role,
}

/// Records in the form in which pairs of them are compared: each distinct value is prepared once.
pub struct Frame {
    features: Vec<Box<dyn Feature>>,
    /// Which cells of a row each feature takes.
    inputs: Vec<Vec<usize>>,
    /// Where the terms of each feature begin.
    starts: Vec<usize>,
    terms: Vec<Term>,
    len: u32,
    left_out: Vec<String>,
    plugin_terms: Option<PluginTerms>,
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({} records)", self.len)
    }
}

impl Frame {
    /// An empty frame for rows of these columns.
    pub fn new(columns: &[ColumnSpec]) -> Self {
        let mut frame = Self {
            features: Vec::new(),
            inputs: Vec::new(),
            starts: Vec::new(),
            terms: Vec::new(),
            len: 0,
            left_out: Vec::new(),
            plugin_terms: None,
        };
        let of = |wanted: &[Role]| -> Vec<usize> {
            (0..columns.len()).filter(|i| wanted.contains(&columns[*i].role)).collect()
        };
        let roles = |places: &[usize]| places.iter().map(|i| columns[*i].role).collect::<Vec<_>>();
        let names =
            of(&[Role::GivenName, Role::MiddleName, Role::FamilyName, Role::FullName, Role::NameSuffix]);
        if !names.is_empty() {
            frame.add(Box::new(Names::new(roles(&names))), names);
        }
        let dates = of(&[Role::BirthDate, Role::BirthYear, Role::BirthMonth, Role::BirthDay]);
        if !dates.is_empty() {
            frame.add(Box::new(BirthDates::new(roles(&dates))), dates);
        }
        let each = |role| of(&[role]).into_iter().map(|i| (i, columns[i].name.as_str())).collect::<Vec<_>>();
        let emails = of(&[Role::Email]);
        if !emails.is_empty() {
            frame.add(Box::new(Emails::new()), emails);
        }
        let phones = of(&[Role::Phone]);
        if !phones.is_empty() {
            frame.add(Box::new(Phones::new()), phones);
        }
        let street = of(&[Role::HouseNumber, Role::Street]);
        if !street.is_empty() {
            frame.add(Box::new(Streets::new()), street);
        }
        let place = of(&[Role::PostalCode, Role::City, Role::State]);
        if !place.is_empty() {
            frame.add(Box::new(Localities::new(roles(&place))), place);
        }
        for (i, name) in each(Role::Identifier) {
            frame.add(Box::new(Identifiers::new(name)), vec![i]);
        }
        for (i, name) in each(Role::Gender) {
            frame.add(Box::new(Genders::new(name)), vec![i]);
        }
        for (i, name) in each(Role::Organisation) {
            frame.add(Box::new(Texts::new(name, 0.1)), vec![i]);
        }
        for (i, name) in each(Role::Text) {
            frame.add(Box::new(Texts::new(name, 0.3)), vec![i]);
        }
        let ids = of(&[Role::ExternalId]);
        if !ids.is_empty() {
            frame.add(Box::new(ExternalIds::new()), ids);
        }
        frame
    }

    /// The frame with further terms behind its own, as many as a pattern of levels has room for. It holds no records yet.
    #[must_use]
    pub fn with_further(mut self, by: Arc<dyn Compares>) -> Self {
        let plugin_terms = PluginTerms::new(by, self.terms.len());
        self.left_out.extend(plugin_terms.left_out().iter().map(|term| term.name.clone()));
        self.plugin_terms = Some(plugin_terms);
        self
    }

    /// Terms that are compared elsewhere, behind the frame's own.
    pub(crate) fn plugin_terms(&self) -> Option<&PluginTerms> {
        self.plugin_terms.as_ref().filter(|plugin_terms| !plugin_terms.terms().is_empty())
    }

    /// Takes what further terms look at of the record that was pushed last.
    pub(crate) fn push_further(&mut self, value: impl Fn(&str) -> Option<String>) {
        if let Some(plugin_terms) = &mut self.plugin_terms {
            plugin_terms.push(value);
        }
    }

    /// The levels of a pair, those of further terms among them.
    pub fn compare_all(&self, a: u32, b: u32) -> Levels {
        let mut pair = [(a, b, self.compare(a, b))];
        if let Some(plugin_terms) = self.plugin_terms() {
            plugin_terms.compare(&mut pair);
        }
        pair[0].2
    }

    fn add(&mut self, feature: Box<dyn Feature>, inputs: Vec<usize>) {
        let terms = feature.terms();
        if self.terms.len() + terms.len() > MAX_TERMS {
            self.left_out.extend(terms.iter().map(|t| t.name.clone()));
            return;
        }
        self.starts.push(self.terms.len());
        self.terms.extend_from_slice(terms);
        self.features.push(feature);
        self.inputs.push(inputs);
    }

    /// Takes a record; the cells stand in the order of the columns. Of a cell that is too long a short one is compared: see
    /// [`comparable`](importer_core::normalise::comparable).
    pub fn push(&mut self, cells: &[Option<&str>]) {
        let short: Vec<Option<Cow<'_, str>>>;
        let cells = if cells.iter().flatten().any(|cell| cell.len() > LONGEST) {
            short = cells.iter().map(|cell| cell.map(comparable)).collect();
            &short.iter().map(Option::as_deref).collect::<Vec<_>>()
        } else {
            cells
        };
        let mut own: [Option<&str>; 32] = [None; 32];
        for (feature, inputs) in self.features.iter_mut().zip(&self.inputs) {
            let inputs = &inputs[..inputs.len().min(own.len())];
            for (to, from) in own.iter_mut().zip(inputs) {
                *to = cells[*from].filter(|c| !c.trim().is_empty());
            }
            feature.push(&own[..inputs.len()]);
        }
        self.len += 1;
    }

    /// No more records come.
    pub fn finish(&mut self) {
        for feature in &mut self.features {
            feature.finish();
        }
    }

    /// How many records it holds.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// True when it holds no records.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What pairs are compared by.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Columns for which no term was free.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// The levels of a pair.
    pub fn compare(&self, a: u32, b: u32) -> Levels {
        let mut levels = [MISSING; MAX_TERMS];
        for (feature, start) in self.features.iter().zip(&self.starts) {
            feature.compare(a, b, &mut levels[*start..]);
        }
        levels
    }

    /// Fetches what comparing with these records needs.
    pub(crate) fn touch(&self, records: &[u32]) {
        for feature in &self.features {
            std::hint::black_box(feature.touch(records));
        }
    }

    /// How frequent the value is that a pair agrees on.
    pub(crate) fn frequency(&self, term: usize, level: u8, a: u32, b: u32) -> Option<f32> {
        if term >= self.terms.len() {
            return None;
        }
        let feature = self.starts.partition_point(|start| *start <= term) - 1;
        self.features[feature].frequency(term - self.starts[feature], level, a, b)
    }

    /// What is known of the values of a pair beside the level of a term.
    pub(crate) fn beside(&self, term: usize, level: u8, a: u32, b: u32) -> Beside {
        if term >= self.terms.len() {
            return Beside::default();
        }
        let place = self.starts.partition_point(|start| *start <= term) - 1;
        let feature = &self.features[place];
        Beside {
            shared_by: if level == 0 { feature.shared_by(a, b) } else { None },
            are_distinct: level != 0 && feature.are_distinct(term - self.starts[place], a, b),
            in_doubt: feature.is_in_doubt(term - self.starts[place], a, b),
        }
    }

    /// Frequencies count people from now on, not records.
    pub(crate) fn count_people(&mut self, person_of: &[u32]) {
        for feature in &mut self.features {
            feature.count_people(person_of);
        }
    }

    /// The parts of blocking keys: their names, and which feature makes them.
    pub(crate) fn parts(&self) -> Vec<(String, usize, usize)> {
        let mut parts = Vec::new();
        for (i, feature) in self.features.iter().enumerate() {
            parts.extend(feature.parts().into_iter().enumerate().map(|(part, name)| (name, i, part)));
        }
        parts
    }

    /// A record's place among others by what its first features say; alike records are near each other.
    pub(crate) fn order(&self, record: u32) -> [u64; 2] {
        let mut order = [0; 2];
        for (to, feature) in order.iter_mut().zip(&self.features) {
            *to = feature.order(record);
        }
        order
    }

    pub(crate) fn part(&self, feature: usize, part: usize, record: u32) -> u32 {
        self.features[feature].part(part, record)
    }
}
