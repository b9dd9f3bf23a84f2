//! Nothing of an answer about two records depends on what a role does not see of them, for every entity there is.

use importer_core::contracts::CONTRACTS;
use importer_core::ports::{
    RecordId, RowId, RunId, SuggestionDecision, SuggestionId, SuggestionKind, parse_moment,
};
use importer_dedupe::matching::frame::{ColumnSpec, Frame};
use importer_dedupe::matching::model::Objection;
use importer_dedupe::matching::people::People;
use proptest::prelude::*;

use super::super::mask::laws::role;
use super::*;
use crate::service::Role;
use crate::service::scan::ScanSample;

fn entity() -> impl Strategy<Value = &'static Contract> {
    prop::sample::select(CONTRACTS.to_vec())
}

/// The terms by which records of an entity are compared, and those of plugins and of other models.
fn terms(contract: &Contract) -> Vec<String> {
    let people = People::new(contract);
    let others = ["of_a_plugin", "name", "address", "employer_or_school"].map(str::to_owned);
    people.frame.terms().iter().map(|term| term.name.clone()).chain(others).collect()
}

/// What one comparison came to, term by term: a level, its bits, and whether the term is there at all.
type Levels = Vec<(String, f64, bool)>;

fn levels() -> impl Strategy<Value = Levels> {
    prop::collection::vec(("[a-z]{1,8}", -12.0..12.0_f64, any::<bool>()), 40)
}

/// The same comparison, with other levels of what the role does not see.
fn with_hidden(contract: &Contract, role: Role, visible: &Levels, hidden: &Levels) -> Levels {
    let terms = terms(contract);
    let choose = |(place, term): (usize, &String)| match Mask(role).sees_term(contract, term) {
        true => (visible[place].0.clone(), visible[place].1, true),
        false => hidden[place].clone(),
    };
    terms.iter().enumerate().map(choose).collect()
}

/// A suggestion as the models write them; whatever is worked out of all terms is made up of them all.
fn suggestion(contract: &Contract, model: &str, levels: &Levels) -> SuggestionRow {
    let names = terms(contract);
    let there = || names.iter().zip(levels).filter(|(_, level)| level.2);
    let sum: f64 = there().map(|(_, level)| level.1).sum();
    let features = match model {
        "weighted" => serde_json::json!({
            "model": model, "probability": sum,
            "terms": there().map(|(term, level)| {
                serde_json::json!({ "term": term, "weight": 0.2, "similarity": level.1.abs() / 12.0 })
            }).collect::<Vec<_>>(),
        }),
        "deterministic" => serde_json::json!({
            "model": model, "same_email": true, "names": "near", "dob_contradicts": sum > 0.0,
            "features": { "acme": levels.last().unwrap().0 },
        }),
        _ => serde_json::json!({
            "model": model, "prior_bits": -8.0, "household_bits": sum / 3.0, "bits": sum - 8.0,
            "probability": 1.0 / (1.0 + (8.0 - sum).exp2()), "household": sum.abs() / 500.0,
            "held_back": if sum > 0.0 { vec!["birth_date_conflict", "name_conflict"] } else { vec![] },
            "terms": there().map(|(term, level)| {
                serde_json::json!({ "term": term, "level": level.0, "bits": level.1, "frequency": level.1.abs() / 100.0 })
            }).collect::<Vec<_>>(),
        }),
    };
    SuggestionRow {
        id: SuggestionId(1),
        run_id: RunId(1),
        entity: contract.entity.into(),
        row: RowId(0),
        left: RecordId(1),
        right: RecordId(2),
        kind: SuggestionKind::PossibleDuplicate,
        score: (model != "deterministic").then_some(sum),
        features_json: features.to_string(),
        decision: SuggestionDecision::Open,
        decided_by: None,
        decided_at: None,
        deferred_until: None,
        created_at: parse_moment("2025-01-01T00:00:00Z").unwrap(),
        rescored: false,
    }
}

#[test]
fn a_term_is_as_personal_as_what_it_compares() {
    for contract in CONTRACTS {
        for field in contract.fields {
            let column = ColumnSpec { name: field.name.into(), role: role_of(field.name) };
            for term in Frame::new(&[column]).terms() {
                assert!(
                    about(contract, &term.name) >= field.pii,
                    "{}: `{}` compares {}",
                    contract.entity,
                    term.name,
                    field.name
                );
            }
        }
        // Of every term that records are compared by it is known what it compares.
        for term in People::new(contract).frame.terms() {
            let known = COMPARED.iter().any(|(beginning, _)| term.name.starts_with(beginning))
                || contract.field(&term.name).is_some();
            assert!(known, "{}: {}", contract.entity, term.name);
        }
        assert_eq!(about(contract, "of_a_plugin"), PiiClass::Sensitive);
    }
}

proptest! {
    #[test]
    fn a_suggestion_tells_nothing_of_hidden_terms(
        contract in entity(), role in role(), visible in levels(), hidden in levels(), others in levels(),
        model in prop::sample::select(vec!["shipped", "weighted", "deterministic"]),
    ) {
        let [one, other] = [&hidden, &others].map(|hidden| {
            let mut row = suggestion(contract, model, &with_hidden(contract, role, &visible, hidden));
            Mask(role).suggestion(Some(contract), &mut row);
            row
        });
        if role != Role::Admin {
            prop_assert_eq!(&one, &other);
        }
        // What the role sees is all there.
        let features: Value = serde_json::from_str(&one.features_json).unwrap();
        for (place, term) in terms(contract).iter().enumerate() {
            let found = features["terms"].as_array().is_some_and(|terms| {
                terms.iter().any(|shown| shown["term"] == *term.as_str())
            });
            let told_of = model != "deterministic" && (Mask(role).sees_term(contract, term));
            prop_assert_eq!(found, told_of && (role != Role::Admin || visible[place].2 || found), "{}", term);
        }
    }

    #[test]
    fn a_score_adds_up_to_what_is_shown(contract in entity(), role in role(), visible in levels(), hidden in levels()) {
        let mut row = suggestion(contract, "shipped", &with_hidden(contract, role, &visible, &hidden));
        Mask(role).suggestion(Some(contract), &mut row);
        let features: Value = serde_json::from_str(&row.features_json).unwrap();
        let sum: f64 = features["terms"].as_array().unwrap().iter().filter_map(|term| term["bits"].as_f64()).sum();
        prop_assert!((features["bits"].as_f64().unwrap() - (sum - 8.0)).abs() < 1e-9);
        if role != Role::Admin {
            prop_assert!((row.score.unwrap() - features["probability"].as_f64().unwrap()).abs() < 1e-9);
        }
    }

    #[test]
    fn a_scan_tells_of_two_people_only_those_who_see_every_field(role in role(), score in 0.0..1.0_f64) {
        let mut report: ScanReport = serde_json::from_value(serde_json::json!({
            "run_id": null, "entity": "volunteer", "preview": true, "records": 2, "since_scan": null,
            "changed_records": null, "pairs_scored": 1, "merge_pairs": 1, "merge_clusters": 1, "review_pairs": 0,
            "household_pairs": 0, "suggestions": null, "model_checksum": "", "model_learned": true, "keys": [],
            "samples": [], "elapsed_ms": 1,
        })).unwrap();
        let terms = vec!["birth_date exact +12.3".to_owned()];
        let held_back = vec![Objection::Gender];
        report.samples.push(ScanSample { kind: "review".into(), left: RecordId(1), right: RecordId(2), score, terms, held_back });
        Mask(role).scan(&mut report);
        prop_assert_eq!(report.samples.is_empty(), role != Role::Admin);
    }
}
