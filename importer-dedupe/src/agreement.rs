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
/// use importer_core::ports::{CoreRecord, Origin, Record};
/// use importer_dedupe::{NameAgreement, name_agreement};
///
/// let person = |first: &str, last: &str| {
///     let mut record = Record::new(VOLUNTEER.fields.len());
///     record.set(VOLUNTEER.index("first_name").unwrap(), Some(first));
///     record.set(VOLUNTEER.index("last_name").unwrap(), Some(last));
///     let origin = Origin::new("csv", None);
///     CoreRecord { id: 0, record, contacts: vec![], origin, field_origins: Default::default() }
/// };
/// let compare = |a, b| name_agreement(&VOLUNTEER, &a, &b);
/// assert_eq!(compare(person("José", "Núñez"), person("Jose", "NUNEZ")), NameAgreement::Agree);
/// assert_eq!(compare(person("Ann", "Smith"), person("Tom", "Smith")), NameAgreement::Family);
/// assert_eq!(compare(person("Jonathan", "Smith"), person("Jonathon", "Smith")), NameAgreement::Near);
/// ```
pub fn name_agreement(contract: &Contract, a: &CoreRecord, b: &CoreRecord) -> NameAgreement {
    let (a_first, a_last) = (folded(contract, a, "first_name"), folded(contract, a, "last_name"));
    let (b_first, b_last) = (folded(contract, b, "first_name"), folded(contract, b, "last_name"));
    let complete = [&a_first, &a_last, &b_first, &b_last].iter().all(|name| !name.is_empty());
    if complete && a_first == b_last && a_last == b_first {
        return NameAgreement::Agree;
    }
    let last_equal = !a_last.is_empty() && a_last == b_last;
    if complete && last_equal && (a_first == b_first || is_initial(&a_first, &b_first)) {
        return NameAgreement::Agree;
    }
    let near = |x: &str, y: &str| jaro_winkler(x.as_bytes(), y.as_bytes()) >= NEAR;
    if last_equal {
        return if near(&a_first, &b_first) { NameAgreement::Near } else { NameAgreement::Family };
    }
    let first_equal = !a_first.is_empty() && a_first == b_first;
    if first_equal || (near(&a_first, &b_first) && near(&a_last, &b_last)) {
        return NameAgreement::Near;
    }
    NameAgreement::Differ
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

/// True when both records have the field and the values differ.
pub(crate) fn contradicts(contract: &Contract, a: &CoreRecord, b: &CoreRecord, field: &str) -> bool {
    both(contract, a, b, field).is_some_and(|(a, b)| a != b)
}

/// True when both records have the field and the values are equal.
pub(crate) fn agrees(contract: &Contract, a: &CoreRecord, b: &CoreRecord, field: &str) -> bool {
    both(contract, a, b, field).is_some_and(|(a, b)| a == b)
}

fn both(contract: &Contract, a: &CoreRecord, b: &CoreRecord, field: &str) -> Option<(String, String)> {
    let (a, b) = (folded(contract, a, field), folded(contract, b, field));
    (!a.is_empty() && !b.is_empty()).then_some((a, b))
}
