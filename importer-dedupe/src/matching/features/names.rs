//! The parts of a name, compared together so that swapped first and last names are seen.

use importer_core::normalise::{
    cut_generation, fold, generation, is_no_name, split_full_name, without_title,
};
use xxhash_rust::xxh3::xxh3_64;

use super::nicknames;
use super::sound::soundex;
use super::words::words;
use super::{Feature, MISSING, Term, common_names, family_name, given_name, middle_name, suffix};
use crate::matching::dictionary::{Column, Dictionary, ValueId};
use crate::matching::role::Role;
use crate::matching::similarity::{jaro_winkler_from, letters};

/// A name in matching form.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) text: Box<[u8]>,
    pub(crate) words: Box<[Word]>,
    /// Which letters occur, a bit each.
    pub(crate) letters: u64,
    pub(crate) nicknames: [u16; nicknames::GROUPS_OF_A_NAME],
    /// People are known to have it as their given name; one letter off it may be another such name.
    pub(crate) is_known: bool,
    sound: u32,
}

/// A word of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    hash: u32,
    first: u8,
    pub(crate) is_initial: bool,
}

impl Word {
    fn of(folded: &[u8]) -> Self {
        Self { hash: super::hash(folded), first: folded[0], is_initial: folded.len() == 1 }
    }

    /// The same word.
    pub(crate) fn is(self, other: Self) -> bool {
        self.hash == other.hash
    }

    /// The same word, or its initial.
    pub(crate) fn fits(self, other: Self) -> bool {
        self.hash == other.hash || ((self.is_initial || other.is_initial) && self.first == other.first)
    }
}

impl Name {
    pub(crate) fn new(raw: &str) -> Option<(u64, Self)> {
        let (mut text, mut all, mut first) = (String::new(), Vec::new(), 0);
        for word in words(raw) {
            let start = text.len();
            fold(word, &mut text);
            if text.len() > start {
                all.push(Word::of(&text.as_bytes()[start..]));
                if first == 0 {
                    first = text.len();
                }
            }
        }
        if text.is_empty() {
            return None;
        }
        let bytes = text.as_bytes();
        let letters = letters(bytes);
        // Of "Bill John" the first word is what people go by.
        let is_known = nicknames::groups(&text).is_some() || common_names::is_given(&text);
        let nicknames =
            nicknames::groups(&text).or_else(|| nicknames::groups(&text[..first])).unwrap_or_default();
        let name = Self {
            letters,
            nicknames,
            is_known,
            sound: soundex(bytes),
            words: all.into(),
            text: bytes.into(),
        };
        Some((xxh3_64(bytes), name))
    }

    /// It has several words.
    pub(crate) fn is_compound(&self) -> bool {
        self.words.len() > 1
    }

    /// False when Jaro–Winkler cannot reach 0.8: too few letters in common.
    pub(crate) fn may_be_similar(&self, other: &Self) -> bool {
        let common = (self.letters & other.letters).count_ones();
        let distinct = self.letters.count_ones().min(other.letters.count_ones());
        2 * common >= distinct
    }

    /// The Jaro–Winkler similarity, or 0 when it is below `least`.
    pub(crate) fn similarity(&self, other: &Self, least: f64) -> f64 {
        jaro_winkler_from(least, (&self.text, self.letters), (&other.text, other.letters))
    }

    /// True when one edit may make one of the other: it takes one letter away and brings one.
    pub(crate) fn may_be_one_edit(&self, other: &Self) -> bool {
        (self.letters ^ other.letters).count_ones() <= 2
    }

    /// The same letters in another order, one more or less: fingers that were too fast.
    pub(crate) fn is_scrambled(&self, other: &Self) -> bool {
        self.letters == other.letters
            && self.text.len().min(other.text.len()) >= 4
            && self.text.len().abs_diff(other.text.len()) <= 1
    }
}

/// First, middle and last names and suffixes of all records.
pub(crate) struct Names {
    terms: Vec<Term>,
    roles: Vec<Role>,
    names: Dictionary<Name>,
    given: Column,
    middle: Column,
    family: Column,
    suffix: Vec<u8>,
    has: Has,
}

#[derive(Default)]
struct Has {
    given: Option<usize>,
    middle: Option<usize>,
    family: Option<usize>,
    suffix: Option<usize>,
}

impl Names {
    pub(crate) fn new(roles: Vec<Role>) -> Self {
        let (mut terms, mut has) = (Vec::new(), Has::default());
        let full = roles.contains(&Role::FullName);
        let any = |role| full || roles.contains(&role);
        let in_names = [Role::GivenName, Role::FamilyName, Role::NameSuffix].into_iter().any(any);
        if any(Role::GivenName) {
            has.given = Some(terms.len());
            terms.push(given_name::term());
        }
        if any(Role::FamilyName) {
            has.family = Some(terms.len());
            terms.push(family_name::term());
        }
        if any(Role::MiddleName) {
            has.middle = Some(terms.len());
            terms.push(middle_name::term());
        }
        // Generations stand in the cells of names, too.
        if in_names {
            has.suffix = Some(terms.len());
            terms.push(suffix::term());
        }
        Self {
            terms,
            roles,
            names: Dictionary::default(),
            given: Column::default(),
            middle: Column::default(),
            family: Column::default(),
            suffix: Vec::new(),
            has,
        }
    }

    fn intern(&mut self, text: &str) -> ValueId {
        self.names.intern(text.as_bytes(), || Name::new(text))
    }

    fn pair(&self, a: ValueId, b: ValueId) -> Option<(&Name, &Name)> {
        (a != 0 && b != 0).then(|| (self.names.get(a), self.names.get(b)))
    }

    fn given_level(&self, a: ValueId, b: ValueId) -> u8 {
        match self.pair(a, b) {
            None => MISSING,
            Some(_) if a == b => 0,
            Some((a, b)) => given_name::level(a, b),
        }
    }

    fn family_level(&self, a: ValueId, b: ValueId) -> u8 {
        match self.pair(a, b) {
            None => MISSING,
            Some(_) if a == b => 0,
            Some((a, b)) => family_name::level(a, b),
        }
    }

    /// First name of one is last name of the other, both ways, a typo aside; where one of the four is missing, the other way
    /// must be exact.
    fn swapped(&self, a: u32, b: u32) -> bool {
        let (af, al) = (self.given.id(a), self.family.id(a));
        let (bf, bl) = (self.given.id(b), self.family.id(b));
        let crossed = |x: ValueId, y: ValueId| match self.pair(x, y) {
            None => None,
            Some(_) if x == y => Some(true),
            Some((n, m)) => {
                Some(n.text.len().min(m.text.len()) >= 3 && family_name::level(n, m) <= family_name::SIMILAR)
            }
        };
        match (crossed(af, bl), crossed(al, bf)) {
            (Some(one), Some(other)) => one && other,
            (Some(_), None) => af == bl,
            (None, Some(_)) => al == bf,
            (None, None) => false,
        }
    }
}

/// Takes generations out of names, and what is no name: titles, and words that stand for no answer.
fn clean(given: &mut String, middle: &mut String, family: &mut String, suffix: &mut String) {
    for name in [&mut *given, &mut *middle, &mut *family] {
        if let Some((before, end)) = cut_generation(name) {
            append(suffix, end);
            *name = before.to_owned();
        }
    }
    if !middle.eq_ignore_ascii_case("i") && generation(middle).is_some() {
        append(suffix, &std::mem::take(middle));
    }
    let name = without_title(given);
    if name.len() < given.len() {
        *given = name.to_owned();
    }
}

/// Joins the parts of a name; a word that stands for no answer is none.
fn append(text: &mut String, more: &str) {
    if !more.trim().is_empty() && !is_no_name(more) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(more.trim());
    }
}

impl Feature for Names {
    fn terms(&self) -> &[Term] {
        &self.terms
    }

    fn push(&mut self, cells: &[Option<&str>]) {
        let (mut given, mut middle, mut family, mut last) = Default::default();
        let mut full = None;
        for (role, cell) in self.roles.iter().zip(cells) {
            let Some(cell) = cell else { continue };
            match role {
                Role::GivenName => append(&mut given, cell),
                Role::MiddleName => append(&mut middle, cell),
                Role::FamilyName => append(&mut family, cell),
                Role::NameSuffix => append(&mut last, cell),
                _ => full = Some(*cell),
            }
        }
        let full = full.filter(|name| given.is_empty() && family.is_empty() && !is_no_name(name));
        if let Some(full) = full.map(without_title) {
            let (first, second, surname, end) = split_full_name(full);
            append(&mut given, first.unwrap_or_default());
            append(&mut middle, second.unwrap_or_default());
            append(&mut family, surname.unwrap_or_default());
            append(&mut last, end.unwrap_or_default());
        }
        clean(&mut given, &mut middle, &mut family, &mut last);
        if given.is_empty() && self.has.given.is_some() {
            // Miss | Ana | Ruiz.
            std::mem::swap(&mut given, &mut middle);
        }
        let (given, middle, family) = (self.intern(&given), self.intern(&middle), self.intern(&family));
        self.given.push(given);
        self.middle.push(middle);
        self.family.push(family);
        self.suffix.push(suffix::code(&last));
    }

    fn finish(&mut self) {
        self.names.finish();
    }

    fn compare(&self, a: u32, b: u32, out: &mut [u8]) {
        let mut given = self.given_level(self.given.id(a), self.given.id(b));
        let mut family = self.family_level(self.family.id(a), self.family.id(b));
        if given >= given_name::SIMILAR
            && family >= family_name::SIMILAR
            && (given, family) != (MISSING, MISSING)
            && self.swapped(a, b)
        {
            (given, family) = (MISSING, family_name::SWAPPED);
        }
        if let Some(place) = self.has.given {
            out[place] = given;
        }
        if let Some(place) = self.has.family {
            out[place] = family;
        }
        if let Some(place) = self.has.middle {
            out[place] = self
                .pair(self.middle.id(a), self.middle.id(b))
                .map_or(MISSING, |(x, y)| middle_name::level(x, y));
        }
        if let Some(place) = self.has.suffix {
            out[place] = suffix::level(self.suffix[a as usize], self.suffix[b as usize]);
        }
    }

    fn touch(&self, records: &[u32]) -> usize {
        let text = |column| self.names.touch(column, records, |name| usize::from(name.text[0]));
        text(&self.given).wrapping_add(text(&self.family))
    }

    fn frequency(&self, term: usize, level: u8, a: u32, _: u32) -> Option<f32> {
        if level != 0 {
            return None;
        }
        let term = Some(term);
        let column = match term {
            _ if term == self.has.given => &self.given,
            _ if term == self.has.family => &self.family,
            _ if term == self.has.middle => &self.middle,
            _ => return None,
        };
        Some(column.frequency(column.id(a)))
    }

    fn are_distinct(&self, term: usize, a: u32, b: u32) -> bool {
        Some(term) == self.has.given
            && self.pair(self.given.id(a), self.given.id(b)).is_some_and(|(x, y)| x.is_known && y.is_known)
    }

    fn is_in_doubt(&self, term: usize, a: u32, b: u32) -> bool {
        Some(term) == self.has.suffix
            && suffix::is_one_sided(self.suffix[a as usize], self.suffix[b as usize])
    }

    fn count_people(&mut self, person_of: &[u32]) {
        for column in [&mut self.given, &mut self.middle, &mut self.family] {
            column.count_people(person_of);
        }
    }

    fn parts(&self) -> Vec<String> {
        [
            "given",
            "given_sound",
            "given_initial",
            "given_prefix",
            "family",
            "family_sound",
            "family_prefix",
            "name",
            "name_sound",
            "given_nickname",
            "family_reversed_prefix",
            "middle_initial",
        ]
        .map(String::from)
        .to_vec()
    }

    fn part(&self, part: usize, record: u32) -> u32 {
        let (given, family) = (self.given.id(record), self.family.id(record));
        let name = |id: ValueId| (id != 0).then(|| self.names.get(id));
        let prefix =
            |id: ValueId, n: usize| name(id).map_or(0, |n2| super::hash(&n2.text[..n.min(n2.text.len())]));
        let both = |a: u32, b: u32| if a == 0 || b == 0 { 0 } else { mix(a.min(b), a.max(b)) };
        match part {
            0 => name(given).map_or(0, |n| super::hash(&n.text)),
            1 => name(given).map_or(0, |n| n.sound),
            2 => prefix(given, 1),
            3 => prefix(given, 3),
            4 => name(family).map_or(0, |n| super::hash(&n.text)),
            5 => name(family).map_or(0, |n| n.sound),
            6 => prefix(family, 3),
            // Whichever comes first, so that swapped names meet.
            7 => both(given, family),
            8 => both(name(given).map_or(0, |n| n.sound), name(family).map_or(0, |n| n.sound)),
            9 => name(given).map_or(0, |n| {
                if n.nicknames[0] != 0 { u32::from(n.nicknames[0]) } else { super::hash(&n.text) }
            }),
            10 => name(family).map_or(0, |n| super::hash(&n.text[n.text.len().saturating_sub(4)..])),
            _ => prefix(self.middle.id(record), 1),
        }
    }

    /// Four letters of the last name and four of the first.
    fn order(&self, record: u32) -> u64 {
        let letters = |id: ValueId| {
            let text: &[u8] = if id == 0 { &[] } else { &self.names.get(id).text };
            (0..4).fold(0, |all, i| all << 8 | u64::from(text.get(i).copied().unwrap_or(0)))
        };
        letters(self.family.id(record)) << 32 | letters(self.given.id(record))
    }
}

/// One hash of two.
pub(crate) fn mix(a: u32, b: u32) -> u32 {
    let mut x = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    u32::try_from(x >> 32).unwrap_or(0).max(1)
}
