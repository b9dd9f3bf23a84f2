//! Policies: which are refused, and any for laws.

use importer_core::contracts::VOLUNTEER;
use importer_core::ports::Survivorship as _;
use proptest::prelude::*;

use super::policy::Criterion;
use super::{Policy, Survivorship};
use crate::testing::person;

impl Policy {
    /// Whether an edit is asked for before anything but a value at all.
    pub(super) fn asks_for_edits_first(&self, field: &str) -> bool {
        self.order(field).get(1) == Some(&Criterion::Manual)
    }
}

fn order() -> impl Strategy<Value = String> {
    let others = vec!["manual", "most_recent", "source_priority", "same_source"];
    // Half of them ask for edits first, as most policies do.
    (any::<bool>(), prop::sample::subsequence(others, 0..=4).prop_shuffle()).prop_map(|(edits, mut order)| {
        if edits {
            order.retain(|criterion| *criterion != "manual");
            order.insert(0, "manual");
        }
        order.insert(0, "non_null");
        format!("[{}]", order.join(", "))
    })
}

/// Any policy that parses.
pub(super) fn any_policy() -> impl Strategy<Value = Policy> {
    let sources = prop::sample::subsequence(vec!["manual", "csv", "salesforce"], 0..=3).prop_shuffle();
    let fields = prop::sample::subsequence(
        vec!["first_name", "city", "dob", "email_normalized", "phone_e164", "consent_signed_at"],
        0..=6,
    );
    (order(), sources, fields, prop::collection::vec(order(), 6)).prop_map(
        |(order, sources, fields, orders)| {
            let mut yaml = format!(
                "survivorship: any\nversion: 1\norder: {order}\nsource_priority: [{}]\n",
                sources.join(", ")
            );
            if !fields.is_empty() {
                yaml.push_str("fields:\n");
            }
            for (field, order) in fields.iter().zip(orders) {
                yaml.push_str(&format!("  {field}: {order}\n"));
            }
            Policy::parse(&yaml, "any.yaml").unwrap()
        },
    )
}

const HEAD: &str = "survivorship: x\nversion: 1\n";

#[test]
fn what_is_wrong_with_a_policy_is_told_with_its_place() {
    let shipped = "order: [non_null]\nsource_priority: []\n";
    let cases = [
        (format!("{HEAD}order: [most_recent]\nsource_priority: []\n"), "must begin with `non_null`", (3, 8)),
        (format!("{HEAD}order: [non_null, newest]\nsource_priority: []\n"), "newest", (3, 19)),
        (
            format!("{HEAD}order: [non_null, manual, manual]\nsource_priority: []\n"),
            "same criterion twice",
            (3, 27),
        ),
        (format!("{HEAD}order: [non_null]\nsource_priority: [csv, csv]\n"), "`csv` has two places", (4, 24)),
        (format!("{HEAD}{shipped}fields:\n  employr: [non_null]\n"), "no field `employr`", (6, 12)),
        (format!("{HEAD}{shipped}fields:\n  alt_emails: [non_null]\n"), "no field `alt_emails`", (6, 15)),
        (format!("{HEAD}{shipped}fields:\n  city: [manual]\n"), "must begin with `non_null`", (6, 9)),
        (format!("{HEAD}{shipped}prefer: csv\n"), "prefer", (5, 1)),
        (format!("survivorship: ' '\nversion: 1\n{shipped}"), "has no name", (1, 15)),
    ];
    for (yaml, what, (line, column)) in cases {
        let error = Policy::parse(&yaml, "x.yaml").unwrap_err().to_string();
        let place = format!("line: {line}, column: {column}");
        assert!(error.contains(what) && error.contains("x.yaml"), "{error}");
        assert!(error.contains(&place), "{place} in: {error}");
    }
}

#[test]
fn a_preferred_source_wins_and_no_other_field_is_touched() {
    let old = person(&[("city", "Liberty"), ("dob", "1985-04-23")], "csv", Some("2025"));
    let new = person(&[("city", "Oslo"), ("dob", "1985-04-24")], "salesforce", Some("2020"));
    let yaml = format!(
        "{HEAD}order: [non_null, manual, most_recent]\nsource_priority: [salesforce, csv]\n\
         fields: {{ city: [non_null, manual, source_priority] }}\n"
    );
    let survivorship = Survivorship::new(Policy::parse(&yaml, "x.yaml").unwrap());
    let merged = survivorship.merge(&VOLUNTEER, &old, &new).person;
    let value = |field| merged.record.get(VOLUNTEER.index(field).unwrap());
    assert_eq!((value("city"), value("dob")), (Some("Oslo"), Some("1985-04-23")));
    assert_ne!(survivorship.checksum(), Survivorship::default().checksum());
}
