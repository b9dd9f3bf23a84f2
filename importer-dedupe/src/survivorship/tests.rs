use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{ContactKind, CoreRecord, Survivorship as _};
use proptest::prelude::*;

use super::{Policy, Survivorship};
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

#[test]
fn a_policy_that_lets_blanks_win_is_refused() {
    let yaml = "survivorship: x\nversion: 1\norder: [most_recent]\nsource_priority: []\n";
    let error = Policy::parse(yaml, "x.yaml").unwrap_err();
    assert!(error.to_string().contains("must begin with `non_null`"), "{error}");
    let error = Policy::parse("survivorship: x\nversion: 1\norder: [newest]\n", "x.yaml").unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
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
}
