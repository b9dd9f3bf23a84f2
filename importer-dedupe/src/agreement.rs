use importer_core::contracts::Contract;
use importer_core::normalise::{
    comparable, cut_generation, fold, is_no_name, is_nobodys_date, without_title,
};
use importer_core::ports::CoreRecord;

use crate::matching::features::suffix;
use crate::matching::similarity::jaro_winkler;

/// How far two names agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameAgreement {
    /// The same name, but for case, accents, punctuation, titles, generations, an initial, or swapped first and last names.
    Agree,
    /// Not the same, but near: a typo, or one of both names equal.
    Near,
    /// The same family name, another given name.
    Family,
    /// Different names.
    Differ,
}

impl NameAgreement {
    /// The same name, or nearly.
    pub(crate) fn may_be_one(self) -> bool {
        matches!(self, Self::Agree | Self::Near)
    }
}

/// Similarity from which two names may be one with a typo (Jaro–Winkler).
const NEAR: f64 = 0.88;

/// Compares the names of two records.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::ports::{CoreRecord, Origin, Record, RecordId};
/// use importer_dedupe::{NameAgreement, name_agreement};
///
/// let person = |first: &str, last: &str| {
///     let mut record = Record::new(VOLUNTEER.fields.len());
///     record.set(VOLUNTEER.index("first_name").unwrap(), Some(first));
///     record.set(VOLUNTEER.index("last_name").unwrap(), Some(last));
///     let origin = Origin::new("csv", None);
///     CoreRecord { id: RecordId(0), record, contacts: vec![], origin, field_origins: Default::default() }
/// };
/// let compare = |a, b| name_agreement(&VOLUNTEER, &a, &b);
/// assert_eq!(compare(person("José", "Núñez"), person("Jose", "NUNEZ")), NameAgreement::Agree);
/// assert_eq!(compare(person("Ann", "Smith"), person("Tom", "Smith")), NameAgreement::Family);
/// assert_eq!(compare(person("Jonathan", "Smith"), person("Jonathon", "Smith")), NameAgreement::Near);
/// ```
pub fn name_agreement(contract: &Contract, a: &CoreRecord, b: &CoreRecord) -> NameAgreement {
    Names::of(contract, a).agreement(&Names::of(contract, b))
}

/// The names of a record in matching form, without titles and generations; empty where there is none.
#[derive(PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) first: String,
    pub(crate) last: String,
}

impl Names {
    pub(crate) fn of(contract: &Contract, person: &CoreRecord) -> Self {
        let [first, last] = ["first_name", "last_name"].map(|field| {
            let name = value(contract, person, field).filter(|name| !is_no_name(name)).unwrap_or_default();
            cut_generation(name).map_or(name, |(before, _)| before)
        });
        Self { first: folded(without_title(first)), last: folded(last) }
    }

    /// Both are there, and more than a letter.
    pub(crate) fn are_whole(&self) -> bool {
        self.first.len() > 1 && self.last.len() > 1
    }

    /// The first name stands where the other has the last name, and the other way round; one may be an initial.
    fn is_swapped(&self, other: &Self) -> bool {
        let given = |a: &str, b: &str| a == b || is_initial(a, b);
        self.last == other.first && given(&self.first, &other.last)
    }

    /// How far they agree with those of another record.
    pub(crate) fn agreement(&self, other: &Self) -> NameAgreement {
        let (a, b) = (self, other);
        let complete = [&a.first, &a.last, &b.first, &b.last].iter().all(|name| !name.is_empty());
        if complete && (a.is_swapped(b) || b.is_swapped(a)) {
            return NameAgreement::Agree;
        }
        let last_equal = !a.last.is_empty() && a.last == b.last;
        if complete && last_equal && (a.first == b.first || is_initial(&a.first, &b.first)) {
            return NameAgreement::Agree;
        }
        let near = |x: &str, y: &str| jaro_winkler(x.as_bytes(), y.as_bytes()) >= NEAR;
        if last_equal {
            return if near(&a.first, &b.first) { NameAgreement::Near } else { NameAgreement::Family };
        }
        let first_equal = !a.first.is_empty() && a.first == b.first;
        if first_equal || (near(&a.first, &b.first) && near(&a.last, &b.last)) {
            return NameAgreement::Near;
        }
        NameAgreement::Differ
    }
}

/// True when one is the first letter of the other.
fn is_initial(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.len() == 1 && long.starts_with(short)
}

/// What follows a name: Jr or III, in its own field or at the end of a name.
#[derive(PartialEq, Eq)]
pub(crate) struct Suffix(u8);

impl Suffix {
    pub(crate) fn of(contract: &Contract, person: &CoreRecord) -> Self {
        let own = value(contract, person, "name_suffix").map_or(0, suffix::code);
        let behind = |field| {
            let name = value(contract, person, field)?;
            cut_generation(name).map(|(_, end)| suffix::code(end))
        };
        Self(if own == 0 { behind("last_name").or_else(|| behind("first_name")).unwrap_or(0) } else { own })
    }

    /// True when the other has another one. Where one of them says his generation and the other nothing, they may be a father
    /// and his son, unless they were born on the same day.
    pub(crate) fn contradicts(&self, other: &Self, same_birth: bool) -> bool {
        let (one, other) = (self.0, other.0);
        (one != 0 && other != 0 && one != other) || (suffix::is_one_sided(one, other) && !same_birth)
    }
}

fn value<'a>(contract: &Contract, person: &'a CoreRecord, field: &str) -> Option<&'a str> {
    contract.index(field).and_then(|place| person.record.get(place))
}

fn folded(text: &str) -> String {
    let mut out = String::new();
    fold(&comparable(text), &mut out);
    out
}

/// The value of one field of a record in matching form; empty when it is missing.
#[derive(PartialEq, Eq)]
pub(crate) struct FieldValue(String);

impl FieldValue {
    pub(crate) fn of(contract: &Contract, person: &CoreRecord, field: &str) -> Self {
        Self(value(contract, person, field).map(folded).unwrap_or_default())
    }

    /// Both have a value, and they differ by more than that one is the first letter of the other.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        let both = !self.0.is_empty() && !other.0.is_empty();
        both && self.0 != other.0 && !is_initial(&self.0, &other.0)
    }

    pub(crate) fn number(&self) -> Option<u32> {
        self.0.parse().ok()
    }
}

/// A date of birth, as far as it tells people apart letter by letter.
#[derive(PartialEq, Eq)]
pub(crate) enum Birth<'a> {
    /// There is none, or one that forms fill in.
    Unknown,
    /// There is one that nobody can read.
    Unreadable,
    /// A day.
    On(&'a str),
}

impl<'a> Birth<'a> {
    pub(crate) fn of(contract: &Contract, person: &'a CoreRecord) -> Self {
        let Some(place) = contract.index(DOB) else { return Self::Unknown };
        match person.record.get(place) {
            Some(date) if !is_nobodys_date(date) => Self::On(date),
            None if person.is_unreadable(place, DOB) => Self::Unreadable,
            _ => Self::Unknown,
        }
    }

    /// True when they are two dates, or one of them may be another.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unreadable, _) | (_, Self::Unreadable) => true,
            (Self::On(one), Self::On(other)) => one != other,
            _ => false,
        }
    }

    pub(crate) fn agrees(&self, other: &Self) -> bool {
        matches!((self, other), (Self::On(one), Self::On(other)) if one == other)
    }
}

const DOB: &str = "dob";

#[cfg(test)]
mod tests {
    use importer_core::contracts::VOLUNTEER;
    use importer_core::ports::Origin;

    use super::*;
    use crate::testing::person;

    fn named(first: &str, last: &str, suffix: &str) -> CoreRecord {
        let cells = [("first_name", first), ("last_name", last), ("name_suffix", suffix)];
        let cells: Vec<_> = cells.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        person(&cells, "csv", None)
    }

    #[test]
    fn titles_generations_and_words_for_no_name_are_no_names() {
        let agreement = |a, b| name_agreement(&VOLUNTEER, &a, &b);
        for (first, last) in
            [("Miss Ana", "Ruiz"), ("Ana", "Ruiz Jr."), ("Ana II", "Ruiz"), ("Dr. Ana", "RUIZ")]
        {
            let found = agreement(named(first, last, ""), named("Ana", "Ruiz", ""));
            assert_eq!(found, NameAgreement::Agree, "{first} {last}");
        }
        for (first, last) in
            [("Miss", "Ruiz"), ("N/A", "Ruiz"), ("Ana", "unknown"), ("Lady of the House", "Ruiz")]
        {
            let twice = [named(first, last, ""), named(first, last, "")];
            assert_ne!(
                name_agreement(&VOLUNTEER, &twice[0], &twice[1]),
                NameAgreement::Agree,
                "{first} {last}"
            );
        }
    }

    #[test]
    fn generations_contradict_in_whatever_cell_they_stand() {
        let of = |person: &CoreRecord| Suffix::of(&VOLUNTEER, person);
        let jr = of(&named("Otto", "Behr Jr.", ""));
        for (other, born_alike, contradicts) in [
            (named("Otto", "Behr", "Sr"), true, true),
            (named("Otto III", "Behr", ""), true, true),
            (named("Otto", "Behr", "II"), false, false),
            (named("Otto", "Behr", ""), false, true),
            (named("Otto", "Behr", ""), true, false),
        ] {
            let other = of(&other);
            let found = [jr.contradicts(&other, born_alike), other.contradicts(&jr, born_alike)];
            assert_eq!(found, [contradicts; 2], "{born_alike}");
        }
        let doctor = of(&named("Otto", "Behr", "MD"));
        assert!(!doctor.contradicts(&of(&named("Otto", "Behr", "")), false), "a title is no generation");
    }

    #[test]
    fn a_birth_date_that_nobody_can_read_contradicts_every_other() {
        let born = |dob: &str| match dob {
            "" => person(&[], "csv", None),
            dob => person(&[("dob", dob)], "csv", None),
        };
        let mut unreadable = born("");
        unreadable.field_origins.insert(DOB.into(), Origin::new("csv", None));
        let mut emptied = born("");
        emptied.field_origins.insert(DOB.into(), Origin::new(Origin::MANUAL, None));
        fn of(person: &CoreRecord) -> Birth<'_> {
            Birth::of(&VOLUNTEER, person)
        }
        for other in [&born("1950-01-02"), &born(""), &unreadable] {
            assert!(of(&unreadable).contradicts(&of(other)) && of(other).contradicts(&of(&unreadable)));
            assert!(!of(&unreadable).agrees(&of(other)));
        }
        let dated = born("1950-01-02");
        for nothing in [&emptied, &born(""), &born("1970-01-01")] {
            assert!(!of(nothing).contradicts(&of(&dated)) && !of(nothing).agrees(&of(nothing)));
        }
    }
}
