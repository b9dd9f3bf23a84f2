//! No masked value occurs anywhere in an answer, whatever the values are and wherever they stand, for every entity there is.

use std::collections::BTreeMap;

use importer_core::contracts::{CONTRACTS, FieldKind};
use importer_core::ports::{Contact, Origin, Record, RecordId, RowId, RunId, Violation};
use importer_plugin::Severity;
use proptest::prelude::*;

use super::*;
use crate::service::Role;

/// An entity, and a value that stands nowhere else for each of its fields: a marker among characters that JSON escapes and that
/// have two cases.
pub(in super::super) fn entities() -> impl Strategy<Value = (&'static Contract, Vec<String>)> {
    prop::sample::select(CONTRACTS.to_vec()).prop_flat_map(|contract| {
        let around = "[ÄÖa-cA-C\"\\\\\n<>0-9 ]{0,6}";
        let values = prop::collection::vec((around, around), contract.fields.len()).prop_map(|parts| {
            parts.iter().enumerate().map(|(n, (a, b))| format!("{a}Mark{n:02}Er{b}")).collect()
        });
        (Just(contract), values)
    })
}

pub(in super::super) fn marker(field: usize) -> String {
    format!("mark{field:02}er")
}

pub(in super::super) fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

pub(in super::super) fn check(contract: &Contract, answer: &str, role: Role) {
    let answer = answer.to_lowercase();
    for (place, field) in contract.fields.iter().enumerate() {
        if !role.sees(field.pii) {
            assert!(!answer.contains(&marker(place)), "a {role} sees {}: {answer}", field.name);
        }
    }
}

pub(in super::super) fn json(pairs: impl IntoIterator<Item = (String, String)>) -> Value {
    Value::Object(pairs.into_iter().map(|(name, value)| (name, value.into())).collect())
}

/// Which fields a source has; more than any entity has.
pub(in super::super) fn mapped() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(any::<bool>(), 100)
}

proptest! {
    #[test]
    fn records_show_what_the_role_sees_and_nothing_else((contract, values) in entities(), role in role()) {
        let mut record = Record::new(contract.fields.len());
        for (place, value) in values.iter().enumerate() {
            record.set(place, Some(value));
        }
        let email = contract.fields.iter().position(|field| field.kind == FieldKind::Email);
        let contacts = email.into_iter().map(|email| Contact {
            kind: ContactKind::Email,
            value: values[email].as_str().into(),
            original: Some(values[email].to_uppercase().into()),
            extension: Some(values[email].as_str().into()),
            primary: true,
            source: "csv".into(),
        });
        let person = CoreRecord {
            id: RecordId(1), record, contacts: contacts.collect(), origin: Origin::new("csv", None), field_origins: BTreeMap::new(),
        };
        let view = Mask(role).record(contract, &person);
        let answer = serde_json::to_string(&view).unwrap();
        check(contract, &answer, role);
        check(contract, &format!("{view:?}"), Role::Viewer);
        for (place, field) in contract.fields.iter().enumerate() {
            prop_assert_eq!(view.values[field.name] == values[place], role.sees(field.pii));
        }
        if role == Role::Admin {
            prop_assert!(view.masked.is_empty());
        }
    }

    #[test]
    fn findings_hide_cells_values_originals_messages_and_names(
        (contract, values) in entities(),
        role in role(),
        quoted in any::<prop::sample::Index>(),
        about in any::<prop::sample::Index>(),
        mapped in mapped(),
    ) {
        let (quoted, about) = (quoted.index(values.len()), about.index(values.len()));
        let fields = || contract.fields.iter().zip(&values);
        let by = |prefix: &str| json(fields().map(|(field, value)| (format!("{prefix}{}", field.name), value.clone())));
        let mut normalised = by("");
        normalised["original"] = by("");
        let details = serde_json::json!({ "position": 7, "raw": by("column "), "normalised": normalised });
        let assignments: Vec<Value> = fields().zip(&mapped).filter(|(_, mapped)| **mapped)
            .map(|((field, _), _)| serde_json::json!({ "source": format!("column {}", field.name), "field": field.name }))
            .collect();
        let columns = Columns(assignments.iter().map(|a| {
            (a["source"].as_str().unwrap().to_owned(), class_of(contract, a["field"].as_str().unwrap()))
        }).collect());
        let mut row = ViolationRow {
            id: 1, run_id: RunId(1), entity: contract.entity.into(), status: "open".into(), position: 7,
            violation: Violation {
                staging_id: RowId(1),
                record_key: format!("csv:{}", values[quoted]),
                rule_code: "ACME-001".into(),
                severity: Severity::Error,
                field: contract.fields[about].name.into(),
                message: format!("the value `{}` is odd", values[quoted].to_uppercase()),
                details_json: details.to_string(),
            },
        };
        Mask(role).violation(Some(contract), &columns, &mut row);
        let v = &row.violation;
        let shown: Value = serde_json::from_str(&v.details_json).unwrap();
        check(contract, &format!("{} {} {} {}", v.record_key, v.message, v.field, shown), role);
        for ((field, value), mapped) in fields().zip(&mapped) {
            let sees = if *mapped { role.sees(field.pii) } else { role.sees(PiiClass::Sensitive) };
            prop_assert_eq!(shown["raw"][format!("column {}", field.name)] == *value.as_str(), sees);
            prop_assert_eq!(shown["normalised"][field.name] == *value.as_str(), role.sees(field.pii));
        }
    }
}

#[test]
fn short_values_hide_messages_that_quote_them_and_no_others() {
    let hidden = ["f".to_owned(), "++".to_owned(), "  ".to_owned()];
    assert!(quotes_hidden("the gender is F, not X", &hidden) && quotes_hidden("it is ++", &hidden));
    assert!(!quotes_hidden("the first field is far off", &hidden));
}

#[test]
fn a_name_that_is_made_of_a_rows_cells_is_hidden_with_them() {
    for (name, hidden) in [("csv:0123456789abcdef", true), ("V-1001", false), ("csv:F-5", false)] {
        assert_eq!(Mask(Role::Steward).hides_name(name, &[]), hidden, "{name}");
        assert!(!Mask(Role::Admin).hides_name(name, &[]), "{name}");
    }
}
