//! No masked value occurs anywhere in an answer, whatever the values are and wherever they stand.

use std::collections::BTreeMap;

use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{Contact, Origin, Record, SuggestionKind, SuggestionRow, Violation};
use importer_plugin::Severity;
use proptest::prelude::*;

use super::*;
use crate::service::Role;

/// A value that stands nowhere else, for each field: a marker among characters that JSON escapes and that have two cases.
pub(in super::super) fn values() -> impl Strategy<Value = Vec<String>> {
    let around = "[ÄÖa-cA-C\"\\\\\n<>0-9 ]{0,6}";
    prop::collection::vec((around, around), VOLUNTEER.fields.len())
        .prop_map(|parts| parts.iter().enumerate().map(|(n, (a, b))| format!("{a}Mark{n:02}Er{b}")).collect())
}

pub(in super::super) fn marker(field: usize) -> String {
    format!("mark{field:02}er")
}

pub(in super::super) fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

pub(in super::super) fn check(answer: &str, role: Role) {
    let answer = answer.to_lowercase();
    for (place, field) in VOLUNTEER.fields.iter().enumerate() {
        if !role.sees(field.pii) {
            assert!(!answer.contains(&marker(place)), "a {role} sees {}: {answer}", field.name);
        }
    }
}

pub(in super::super) fn json(pairs: impl IntoIterator<Item = (String, String)>) -> Value {
    Value::Object(pairs.into_iter().map(|(name, value)| (name, value.into())).collect())
}

proptest! {
    #[test]
    fn records_show_what_the_role_sees_and_nothing_else(values in values(), role in role()) {
        let mut record = Record::new(VOLUNTEER.fields.len());
        for (place, value) in values.iter().enumerate() {
            record.set(place, Some(value));
        }
        let email = VOLUNTEER.index("email_normalized").unwrap();
        let contact = Contact {
            kind: ContactKind::Email,
            value: values[email].as_str().into(),
            original: Some(values[email].to_uppercase().into()),
            extension: Some(values[email].as_str().into()),
            primary: true,
            source: "csv".into(),
        };
        let person = CoreRecord {
            id: 1, record, contacts: vec![contact], origin: Origin::new("csv", None), field_origins: BTreeMap::new(),
        };
        let view = Mask(role).record(&VOLUNTEER, &person);
        let answer = serde_json::to_string(&view).unwrap();
        check(&answer, role);
        check(&format!("{view:?}"), Role::Viewer);
        for (place, field) in VOLUNTEER.fields.iter().enumerate() {
            prop_assert_eq!(view.values[field.name] == values[place], role.sees(field.pii));
        }
        if role == Role::Admin {
            prop_assert!(view.masked.is_empty());
        }
    }

    #[test]
    fn findings_hide_cells_values_originals_messages_and_names(
        values in values(),
        role in role(),
        quoted in 0..VOLUNTEER.fields.len(),
        about in 0..VOLUNTEER.fields.len(),
        mapped in prop::collection::vec(any::<bool>(), VOLUNTEER.fields.len()),
    ) {
        let fields = || VOLUNTEER.fields.iter().zip(&values);
        let by = |prefix: &str| json(fields().map(|(field, value)| (format!("{prefix}{}", field.name), value.clone())));
        let mut normalised = by("");
        normalised["original"] = by("");
        let details = serde_json::json!({ "position": 7, "raw": by("column "), "normalised": normalised });
        let assignments: Vec<Value> = fields().zip(&mapped).filter(|(_, mapped)| **mapped)
            .map(|((field, _), _)| serde_json::json!({ "source": format!("column {}", field.name), "field": field.name }))
            .collect();
        let columns = Columns(assignments.iter().map(|a| {
            (a["source"].as_str().unwrap().to_owned(), class_of(&VOLUNTEER, a["field"].as_str().unwrap()))
        }).collect());
        let mut row = ViolationRow {
            id: 1, run_id: 1, entity: "volunteer".into(), status: "open".into(), position: 7,
            violation: Violation {
                staging_id: 1,
                record_key: format!("csv:{}", values[quoted]),
                rule_code: "ACME-001".into(),
                severity: Severity::Error,
                field: VOLUNTEER.fields[about].name.into(),
                message: format!("the value `{}` is odd", values[quoted].to_uppercase()),
                details_json: details.to_string(),
            },
        };
        Mask(role).violation(Some(&VOLUNTEER), &columns, &mut row);
        let v = &row.violation;
        let shown: Value = serde_json::from_str(&v.details_json).unwrap();
        check(&format!("{} {} {} {}", v.record_key, v.message, v.field, shown), role);
        for ((field, value), mapped) in fields().zip(&mapped) {
            let sees = if *mapped { role.sees(field.pii) } else { role.sees(PiiClass::Sensitive) };
            prop_assert_eq!(shown["raw"][format!("column {}", field.name)] == *value.as_str(), sees);
            prop_assert_eq!(shown["normalised"][field.name] == *value.as_str(), role.sees(field.pii));
        }
    }

    #[test]
    fn terms_about_hidden_fields_tell_neither_level_nor_frequency(role in role(), bits in -9.0..9.0f64) {
        let term = |name: &str| serde_json::json!({ "term": name, "level": format!("level-{name}"), "bits": bits, "frequency": 0.125 });
        let names = ["given_name", "email", "birth_date", "gender", "of_a_plugin"];
        let features = serde_json::json!({
            "terms": names.map(term), "probability": 0.9, "held_back": ["birth dates contradict", "names do not agree"],
            "dob_contradicts": true, "features": { "acme": "level-of_a_plugin" }, "prior_bits": -3.0,
        });
        let mut row = SuggestionRow {
            id: 1, run_id: 1, entity: "volunteer".into(), row: 0, left: 1, right: 2, kind: SuggestionKind::PossibleDuplicate,
            score: Some(0.9), features_json: features.to_string(), decision: importer_core::ports::SuggestionDecision::Open,
            decided_by: None, decided_at: None, deferred_until: None, created_at: importer_core::ports::parse_moment("2025-01-01T00:00:00Z").unwrap(),
        };
        Mask(role).suggestion(&mut row);
        let shown = &row.features_json;
        let sum = |text: &str| -> f64 {
            let told: Value = serde_json::from_str(text).unwrap();
            told["terms"].as_array().unwrap().iter().filter_map(|term| term["bits"].as_f64()).sum()
        };
        prop_assert!((sum(shown) - sum(&features.to_string())).abs() < 1e-9);
        for (name, class) in names.iter().zip([PiiClass::Personal, PiiClass::Contact, PiiClass::Sensitive, PiiClass::Sensitive, PiiClass::Sensitive]) {
            let told = shown.contains(&format!("level-{name}"));
            prop_assert_eq!(told, role.sees(class), "{} for a {}: {}", name, role, shown);
        }
        prop_assert_eq!(shown.contains("birth dates contradict"), role.sees(PiiClass::Sensitive));
        prop_assert_eq!(shown.contains("\"dob_contradicts\":true"), role.sees(PiiClass::Sensitive));
        prop_assert!(shown.contains("names do not agree"));
    }
}

#[test]
fn short_values_hide_messages_that_quote_them_and_no_others() {
    let hidden = ["f".to_owned(), "++".to_owned(), "  ".to_owned()];
    assert!(quotes("the gender is F, not X", &hidden) && quotes("it is ++", &hidden));
    assert!(!quotes("the first field is far off", &hidden));
}
