//! What each occasion lets pass, whatever the policy says.

use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{ContactKind, CoreRecord, Merged, Occasion, Survivorship as _};
use importer_core::reasons::Reason;
use proptest::prelude::*;

use super::Survivorship;
use super::policies::any_policy;
use crate::testing::person;

const STATEMENTS: [Occasion<'static>; 2] = [Occasion::OtherId, Occasion::OtherRecord];

fn value<'r>(person: &'r CoreRecord, field: &str) -> Option<&'r str> {
    person.record.get(VOLUNTEER.index(field).unwrap())
}

fn merge(existing: &CoreRecord, incoming: &CoreRecord, occasion: Occasion<'_>) -> Merged {
    Survivorship::default().merge_on(&VOLUNTEER, existing, incoming, occasion)
}

fn why(merged: &Merged, field: &str) -> Option<Reason> {
    merged.kept.iter().find(|(kept, _)| *kept == field).map(|(_, reason)| *reason)
}

#[test]
fn two_ids_of_one_source_are_two_statements() {
    let one = person(
        &[("city", "Omaha"), ("email_normalized", "a@x.org"), ("photo_release", "false")],
        "csv",
        None,
    );
    let two = person(
        &[
            ("city", "Tulsa"),
            ("email_normalized", "b@x.org"),
            ("photo_release", "true"),
            ("employer", "Acme"),
        ],
        "csv",
        None,
    );
    for occasion in STATEMENTS {
        let merged = merge(&one, &two, occasion);
        for field in ["city", "email_normalized", "photo_release"] {
            assert_eq!(value(&merged.person, field), value(&one, field), "{field} {occasion:?}");
            assert_eq!(why(&merged, field), Some(Reason::OtherIdKept), "{field} {occasion:?}");
        }
        assert_eq!(value(&merged.person, "employer"), Some("Acme"), "{occasion:?}");
        let primary: Vec<&str> = merged.person.contact_values(ContactKind::Email).collect();
        assert_eq!(primary, ["a@x.org", "b@x.org"], "{occasion:?}");
    }
    let corrected = merge(&one, &two, Occasion::OwnRow).person;
    assert_eq!(
        (value(&corrected, "city"), value(&corrected, "photo_release")),
        (Some("Tulsa"), Some("true"))
    );
    let later = merge(&one, &two, Occasion::Unnamed).person;
    assert_eq!((value(&later, "city"), value(&later, "photo_release")), (Some("Tulsa"), Some("false")));
}

#[test]
fn a_refusal_stands_until_a_later_consent() {
    let said = |what, source, at| person(&[("photo_release", what)], source, at);
    let no = |source, at| said("false", source, at);
    let yes = |source, at| said("true", source, at);
    // The preferred source says yes, but nobody knows when.
    let merged = merge(&no("salesforce", None), &yes("csv", None), Occasion::OtherId);
    assert_eq!(why(&merged, "photo_release"), Some(Reason::ConsentStands));
    for occasion in STATEMENTS {
        let release = |old: CoreRecord, new: CoreRecord| {
            value(&merge(&old, &new, occasion).person, "photo_release").map(str::to_owned)
        };
        assert_eq!(release(no("csv", None), yes("csv", Some("2025"))).as_deref(), Some("false"));
        assert_eq!(release(no("csv", Some("2024")), yes("csv", Some("2025"))).as_deref(), Some("true"));
        assert_eq!(release(no("csv", None), yes("manual", None)).as_deref(), Some("true"));
        assert_eq!(release(yes("csv", Some("2024")), no("csv", Some("2025"))).as_deref(), Some("false"));
    }
    // Another system's row is the record's own row, but it is not the one that refused.
    let own = merge(&no("salesforce", None), &yes("csv", None), Occasion::OwnRow);
    assert_eq!(why(&own, "photo_release"), Some(Reason::ConsentStands));
}

#[test]
fn the_result_of_a_check_stays_with_who_was_checked() {
    let checked = |dob: &'static str, status, at| {
        let mut values = vec![("background_check_status", status)];
        values.extend((!dob.is_empty()).then_some(("dob", dob)));
        person(&values, "csv", at)
    };
    let status = |old: &CoreRecord, new: &CoreRecord, occasion| {
        let merged = merge(old, new, occasion);
        value(&merged.person, "background_check_status").map(str::to_owned)
    };
    let failed = |dob, at| checked(dob, "failed", at);
    let cleared = |dob, at| checked(dob, "cleared", at);
    for occasion in STATEMENTS {
        let after = |old: CoreRecord, new: CoreRecord| status(&old, &new, occasion);
        assert_eq!(after(failed("", None), cleared("", None)).as_deref(), Some("failed"));
        assert_eq!(after(failed("", Some("2024")), cleared("", Some("2025"))).as_deref(), Some("failed"));
        let (born, other) = ("1975-04-23", "1977-09-01");
        assert_eq!(
            after(failed(born, Some("2024")), cleared(born, Some("2025"))).as_deref(),
            Some("cleared")
        );
        assert_eq!(
            after(failed(born, Some("2024")), cleared(other, Some("2025"))).as_deref(),
            Some("failed")
        );
        let unchecked = |dob| person(&[("dob", dob)], "csv", None);
        assert_eq!(after(unchecked(born), cleared(other, None)), None, "somebody else's");
        assert_eq!(after(unchecked(born), cleared(born, None)).as_deref(), Some("cleared"));
    }
    // A date without its result would be another check's.
    let dated = person(&[("background_check_date", "2025-01-02")], "salesforce", None);
    let merged = merge(&failed("", None), &dated, Occasion::OtherRecord);
    assert_eq!(why(&merged, "background_check_date"), Some(Reason::SensitiveValueKept));
    assert_eq!(status(&failed("", None), &cleared("", None), Occasion::OwnRow).as_deref(), Some("cleared"));
}

#[test]
fn a_correction_sets_what_somebody_set_and_fills_blanks() {
    let known = person(
        &[("phone_e164", "+18165550100"), ("city", "Tulsa"), ("photo_release", "false")],
        "csv",
        Some("2025"),
    );
    let row = person(
        &[("phone_e164", "+18165550142"), ("city", "Omaha"), ("photo_release", "true"), ("employer", "Acme")],
        "csv",
        Some("2024"),
    );
    let set = ["phone_e164".to_owned()];
    let merged = merge(&known, &row, Occasion::Correction { set: &set });
    let after = |field| value(&merged.person, field);
    assert_eq!((after("phone_e164"), after("employer")), (Some("+18165550142"), Some("Acme")));
    assert_eq!((after("city"), after("photo_release")), (Some("Tulsa"), Some("false")));
    let reason = |field: &str| merged.changes.iter().find(|change| change.field == field).unwrap().reason;
    assert_eq!((reason("phone_e164"), reason("employer")), (Reason::SetByHand, Reason::FirstValue));
    // A consent is nobody's blank, and it changes when somebody sets it.
    let blank = person(&[("city", "Tulsa")], "csv", None);
    let untouched = merge(&blank, &row, Occasion::Correction { set: &set });
    assert_eq!(why(&untouched, "photo_release"), Some(Reason::OlderRow));
    let set = ["photo_release".to_owned()];
    let asked = merge(&known, &row, Occasion::Correction { set: &set }).person;
    assert_eq!((value(&asked, "photo_release"), value(&asked, "city")), (Some("true"), Some("Tulsa")));
    // What somebody entered at the record itself is theirs.
    let entered = person(&[("photo_release", "false")], "manual", None);
    let kept = merge(&entered, &row, Occasion::Correction { set: &set });
    assert_eq!(why(&kept, "photo_release"), Some(Reason::ManualValue));
}

#[test]
fn of_several_ids_only_what_one_says_anew_is_a_correction() {
    let known = person(&[("city", "Omaha"), ("employer", "Acme"), ("photo_release", "false")], "csv", None);
    let said = person(&[("city", "Tulsa"), ("employer", "Globex"), ("photo_release", "true")], "csv", None);
    let says = person(&[("city", "Tulsa"), ("employer", "Initech"), ("photo_release", "true")], "csv", None);
    let merged = merge(&known, &says, Occasion::OneOfSeveral { before: Some(&said) });
    let after = |field| value(&merged.person, field);
    assert_eq!((after("city"), after("photo_release")), (Some("Omaha"), Some("false")), "said before");
    assert_eq!(after("employer"), Some("Initech"), "said anew");
    assert_eq!(why(&merged, "city"), Some(Reason::OtherIdKept));
    // What it said before is not known any more, so nothing is known to be new.
    let merged = merge(&known, &says, Occasion::OneOfSeveral { before: None });
    assert_eq!(value(&merged.person, "employer"), Some("Acme"));
}

#[test]
fn an_extension_stays_with_its_number() {
    let known = person(&[("phone_e164", "+18165550100")], "csv", None);
    let other = person(&[("phone_e164", "+18165550142"), ("phone_extension", "12")], "csv", None);
    let merged = merge(&known, &other, Occasion::OtherId);
    assert_eq!(value(&merged.person, "phone_extension"), None);
}

prop_compose! {
    fn said()(
        release in prop::option::of(any::<bool>()),
        city in prop::option::of("[a-c]"),
        source in prop::sample::select(vec!["csv", "salesforce"]),
        at in prop::option::of(prop::sample::select(vec!["2020", "2021"])),
    ) -> CoreRecord {
        let mut values = Vec::new();
        let city = city.unwrap_or_default();
        values.extend(release.map(|yes| ("photo_release", if yes { "true" } else { "false" })));
        values.extend((!city.is_empty()).then_some(("city", city.as_str())));
        person(&values, source, at)
    }
}

proptest! {
    #[test]
    fn no_policy_turns_a_refusal_into_a_consent(policy in any_policy(), old in said(), new in said(), other in any::<bool>()) {
        let survivorship = Survivorship::new(policy);
        let occasion = STATEMENTS[usize::from(other)];
        let merged = survivorship.merge_on(&VOLUNTEER, &old, &new, occasion);
        let newer = matches!((&old.origin.verified_at, &new.origin.verified_at), (Some(old), Some(new)) if new > old);
        if value(&old, "photo_release") == Some("false") && !newer {
            prop_assert_eq!(value(&merged.person, "photo_release"), Some("false"));
        }
        let again = survivorship.merge_on(&VOLUNTEER, &merged.person, &new, occasion);
        prop_assert!(again.changes.is_empty(), "the same row twice: {:?}", again.changes);
    }

    #[test]
    fn no_policy_lets_a_correction_replace_what_nobody_set(policy in any_policy(), old in said(), new in said(), set in any::<bool>()) {
        let survivorship = Survivorship::new(policy);
        let fields = ["city".to_owned()];
        let set = if set { &fields[..] } else { &[] };
        let merged = survivorship.merge_on(&VOLUNTEER, &old, &new, Occasion::Correction { set });
        prop_assert_eq!(value(&merged.person, "photo_release"), value(&old, "photo_release"));
        let expected = match (value(&old, "city"), value(&new, "city")) {
            (Some(old), Some(_)) if set.is_empty() => Some(old),
            (old, new) => new.or(old),
        };
        prop_assert_eq!(value(&merged.person, "city"), expected);
    }
}
