//! Forms of one name: a poorer one never replaces a fuller one, whoever brings it.

use importer_core::contracts::Contract;
use importer_core::normalise::{LONGEST, beginning, comparable, fold};
use importer_core::ports::CoreRecord;

/// True when `new` is an initial of `old`, or `old` without its accents.
pub(super) fn is_poorer(old: &str, new: &str) -> bool {
    let (old_form, new_form) = (folded(beginning(old)), folded(beginning(new)));
    if new_form.chars().count() == 1 && old_form.chars().count() > 1 {
        return old_form.starts_with(&new_form);
    }
    let accents = |text: &str| text.chars().filter(|c| !c.is_ascii()).count();
    let short = old.len().max(new.len()) <= LONGEST;
    short && old_form == new_form && accents(new) < accents(old)
}

/// True when one record has first and last name the other way round.
pub(super) fn are_swapped(contract: &Contract, a: &CoreRecord, b: &CoreRecord) -> bool {
    let name = |person: &CoreRecord, field: &str| {
        let name = contract.index(field).and_then(|place| person.record.get(place));
        name.map(|name| folded(&comparable(name))).unwrap_or_default()
    };
    let (a_first, a_last) = (name(a, "first_name"), name(a, "last_name"));
    let (b_first, b_last) = (name(b, "first_name"), name(b, "last_name"));
    !a_first.is_empty() && !a_last.is_empty() && a_first != a_last && a_first == b_last && a_last == b_first
}

fn folded(name: &str) -> String {
    let mut out = String::new();
    fold(name, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_name() {
        assert!(is_poorer("José", "J."));
        assert!(is_poorer("Núñez", "NUNEZ"));
        assert!(!is_poorer("J.", "José"));
        assert!(!is_poorer("Nunez", "Núñez"));
        assert!(!is_poorer("Ann", "Anne"));
        assert!(!is_poorer("Bo", "Jo"));
    }
}
