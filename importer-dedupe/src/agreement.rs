use importer_core::contracts::Contract;
use importer_core::normalise::{comparable, fold};
use importer_core::ports::CoreRecord;

use crate::matching::similarity::jaro_winkler;

/// How far two names agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameAgreement {
    /// The same name, but for case, accents, punctuation, an initial, or swapped first and last names.
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

/// The names of a record in matching form.
#[derive(PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) first: String,
    pub(crate) last: String,
}

impl Names {
    pub(crate) fn of(contract: &Contract, person: &CoreRecord) -> Self {
        let [first, last] = ["first_name", "last_name"].map(|field| folded(contract, person, field));
        Self { first, last }
    }

    /// Both are there, and more than a letter.
    pub(crate) fn are_whole(&self) -> bool {
        self.first.len() > 1 && self.last.len() > 1
    }

    /// How far they agree with those of another record.
    pub(crate) fn agreement(&self, other: &Self) -> NameAgreement {
        let (a, b) = (self, other);
        let complete = [&a.first, &a.last, &b.first, &b.last].iter().all(|name| !name.is_empty());
        if complete && a.first == b.last && a.last == b.first {
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

fn folded(contract: &Contract, person: &CoreRecord, field: &str) -> String {
    let mut out = String::new();
    if let Some(name) = contract.index(field).and_then(|place| person.record.get(place)) {
        fold(&comparable(name), &mut out);
    }
    out
}

/// The value of one field of a record in matching form; empty when it is missing.
#[derive(PartialEq, Eq)]
pub(crate) struct FieldValue(String);

impl FieldValue {
    pub(crate) fn of(contract: &Contract, person: &CoreRecord, field: &str) -> Self {
        Self(folded(contract, person, field))
    }

    /// Both have a value, and they differ by more than that one is the first letter of the other.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        self.both(other) && self.0 != other.0 && !is_initial(&self.0, &other.0)
    }

    /// Both have a value, and they are equal.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self.both(other) && self.0 == other.0
    }

    pub(crate) fn number(&self) -> Option<u32> {
        self.0.parse().ok()
    }

    fn both(&self, other: &Self) -> bool {
        !self.0.is_empty() && !other.0.is_empty()
    }
}
