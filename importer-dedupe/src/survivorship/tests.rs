use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{ContactKind, CoreRecord, Origin, Survivorship as _};
use proptest::prelude::*;

use super::Survivorship;
use super::policies::any_policy;
use crate::history::edited;
use crate::testing::person;

fn place(field: &str) -> usize {
    VOLUNTEER.index(field).unwrap()
}

fn city(existing: CoreRecord, incoming: CoreRecord) -> String {
    let merged = Survivorship::default().merge(&VOLUNTEER, &existing, &incoming);
    merged.person.record.get(place("city")).unwrap_or("-").to_owned()
}

#[test]
fn criteria_in_their_order() {
    let old = |source, at| person(&[("city", "old")], source, at);
    let new = |source, at| person(&[("city", "new")], source, at);
    assert_eq!(city(person(&[], "csv", None), new("csv", None)), "new", "a value over none");
    assert_eq!(city(old("csv", None), person(&[], "csv", None)), "old", "a blank overwrites nothing");
    assert_eq!(city(old("manual", Some("2020")), new("csv", Some("2025"))), "old", "manual over imports");
    assert_eq!(city(old("csv", Some("2025")), new("manual", None)), "new", "manual over imports");
    assert_eq!(city(old("csv", Some("2025")), new("salesforce", Some("2024"))), "old", "recent over older");
    assert_eq!(city(old("csv", Some("2024")), new("salesforce", Some("2025"))), "new", "recent over older");
    assert_eq!(city(old("csv", None), new("salesforce", Some("2025"))), "old", "an unknown time cannot tell");
    assert_eq!(city(old("salesforce", None), new("csv", None)), "new", "priority");
    assert_eq!(city(old("csv", None), new("csv", None)), "new", "the same source corrects itself");
    assert_eq!(city(old("unlisted", None), new("other", None)), "old", "nothing can tell");
}

#[test]
fn a_losing_contact_is_kept_in_the_list() {
    let old = person(&[("email_normalized", "new@x.org")], "csv", Some("2025"));
    let late = person(&[("email_normalized", "old@x.org")], "csv", Some("2020"));
    let merged = Survivorship::default().merge(&VOLUNTEER, &old, &late);
    let emails: Vec<&str> = merged.person.contact_values(ContactKind::Email).collect();
    assert_eq!(emails, ["new@x.org", "old@x.org"]);
    assert_eq!(merged.changes.len(), 1);
    assert_eq!(merged.changes[0].field, "alt_emails");
}

#[test]
fn an_extension_moves_with_its_number() {
    let old = person(&[("phone_e164", "+18162345678"), ("phone_extension", "12")], "csv", Some("2020"));
    let new = person(&[("phone_e164", "+18169999999")], "csv", Some("2025"));
    let merged = Survivorship::default().merge(&VOLUNTEER, &old, &new);
    assert_eq!(merged.person.record.get(place("phone_extension")), None);
}

prop_compose! {
    fn any_person()(
        values in prop::collection::vec((prop::sample::select(vec!["first_name", "city", "dob", "email_normalized", "phone_e164", "consent_signed_at"]), "[a-c]{1,2}"), 0..6),
        source in prop::sample::select(vec!["csv", "salesforce", "manual"]),
        at in prop::option::of(prop::sample::select(vec!["2020", "2021", "2022"])),
    ) -> CoreRecord {
        let unique: std::collections::BTreeMap<&str, String> = values.into_iter().collect();
        let values: Vec<(&str, &str)> = unique.iter().map(|(f, v)| (*f, v.as_str())).collect();
        person(&values, source, at)
    }
}

proptest! {
    #[test]
    fn merging_the_same_row_twice_changes_nothing_the_second_time(old in any_person(), new in any_person()) {
        let survivorship = Survivorship::default();
        let once = survivorship.merge(&VOLUNTEER, &old, &new);
        let twice = survivorship.merge(&VOLUNTEER, &once.person, &new);
        prop_assert!(twice.changes.is_empty(), "{:?}", twice.changes);
        prop_assert_eq!(twice.person, once.person);
    }

    #[test]
    fn nothing_is_ever_emptied(old in any_person(), new in any_person()) {
        let merged = Survivorship::default().merge(&VOLUNTEER, &old, &new);
        for (place, _) in VOLUNTEER.columns() {
            prop_assert!(old.record.get(place).is_none() || merged.person.record.get(place).is_some());
        }
        for contact in old.contacts.iter().chain(&new.contacts) {
            prop_assert!(merged.person.contacts.iter().any(|c| c.value == contact.value));
        }
    }

    #[test]
    fn consent_is_never_replaced_by_nothing_whatever_the_policy(
        policy in any_policy(), old in any_person(), rows in prop::collection::vec(any_person(), 1..4),
    ) {
        let survivorship = Survivorship::new(policy);
        let (consent, mut person) = (place("consent_signed_at"), old);
        for row in rows {
            let merged = survivorship.merge(&VOLUNTEER, &person, &row).person;
            let (before, given) = (person.record.get(consent), row.record.get(consent));
            let after = merged.record.get(consent);
            prop_assert!(after == before || after == given);
            prop_assert!(after.is_some() || before.is_none() && given.is_none());
            person = merged;
        }
    }

    #[test]
    fn contacts_are_all_kept_with_one_primary_of_each_kind_whatever_the_policy(
        policy in any_policy(), old in any_person(), rows in prop::collection::vec(any_person(), 1..4),
    ) {
        let survivorship = Survivorship::new(policy);
        let mut person = old.clone();
        for row in &rows {
            person = survivorship.merge(&VOLUNTEER, &person, row).person;
        }
        for (kind, field) in [(ContactKind::Email, "email_normalized"), (ContactKind::Phone, "phone_e164")] {
            let of_kind: Vec<_> = person.contacts.iter().filter(|contact| contact.kind == kind).collect();
            let primaries: Vec<&str> = of_kind.iter().filter(|c| c.primary).map(|c| &*c.value).collect();
            prop_assert_eq!(primaries.len(), usize::from(!of_kind.is_empty()));
            prop_assert_eq!(primaries.first().copied(), person.record.get(place(field)));
            for brought in rows.iter().chain([&old]).flat_map(|p| p.contact_values(kind)) {
                prop_assert_eq!(of_kind.iter().filter(|c| &*c.value == brought).count(), 1);
            }
        }
    }

    #[test]
    fn an_edit_by_hand_outranks_imports_where_the_policy_asks_for_edits_first(
        policy in any_policy(), old in any_person(), new in any_person(),
    ) {
        let survivorship = Survivorship::new(policy.clone());
        let merged = survivorship.merge(&VOLUNTEER, &old, &new).person;
        let manual = |person: &CoreRecord| person.origin.source == Origin::MANUAL;
        for (place, field) in VOLUNTEER.columns().filter(|(_, field)| policy.asks_for_edits_first(field.name)) {
            let (before, given) = (old.record.get(place), new.record.get(place));
            if before.is_some() && given.is_some() && manual(&old) != manual(&new) {
                let edit = if manual(&old) { before } else { given };
                prop_assert_eq!(merged.record.get(place), edit, "{}", field.name);
            }
        }
    }

    #[test]
    fn an_explicit_choice_outranks_every_policy(
        policy in any_policy(), old in any_person(), new in any_person(), chosen in "[a-c]{1,2}",
        field in prop::sample::select(vec!["first_name", "city", "email_normalized", "phone_e164", "consent_signed_at"]),
    ) {
        let survivorship = Survivorship::new(policy.clone());
        let merged = survivorship.merge(&VOLUNTEER, &old, &new).person;
        let at = importer_core::ports::parse_moment("2019-01-31T08:00:00Z").unwrap();
        let typed = [(field.to_owned(), Some(chosen.clone()))];
        let person = edited(&VOLUNTEER, &survivorship, &merged, &typed, at);
        prop_assert_eq!(person.record.get(place(field)), Some(chosen.as_str()));
        prop_assert_eq!(person.origin_of(field).source.as_str(), Origin::MANUAL);
        for (other, _) in VOLUNTEER.columns().filter(|(_, other)| other.name != field) {
            prop_assert_eq!(person.record.get(other), merged.record.get(other), "the policy decided");
        }
        // Later imports leave it alone where edits come first.
        if policy.asks_for_edits_first(field) && new.origin.source != Origin::MANUAL {
            let later = survivorship.merge(&VOLUNTEER, &person, &new).person;
            prop_assert_eq!(later.record.get(place(field)), Some(chosen.as_str()));
        }
    }
}
