//! Words about decisions and changes tell nothing of what a role does not see, for every entity there is.

use importer_core::contracts::{self, CONTRACTS};
use importer_core::pipeline::RunReport;
use importer_core::ports::{RowId, RunId};
use proptest::prelude::*;

use super::super::mask::laws::role;
use super::*;
use crate::service::Role;

/// What an import says, part by part: some of it is about everything, a contact or a field.
fn part(contract: &'static Contract) -> impl Strategy<Value = (String, PiiClass)> {
    let fields: Vec<_> = contract.fields.iter().map(|field| (field.name, field.pii)).collect();
    prop_oneof![
        prop::sample::select(SAFE.to_vec()).prop_map(|part| (part.to_owned(), PiiClass::None)),
        prop::sample::select(NEUTRAL.to_vec()).prop_map(|it| (it.code().to_owned(), PiiClass::None)),
        prop::sample::select(vec![Reason::SameEmailAndName, Reason::SamePhoneAndName])
            .prop_map(|it| (it.code().to_owned(), PiiClass::Contact)),
        (0..1000_u32)
            .prop_map(|p| (Reason::ProbableMatch.with(format_args!("0.{p:03}")), PiiClass::Sensitive)),
        (0..99_u32).prop_map(|id| (Reason::ExternalIdReassigned.with(id), PiiClass::None)),
        "[A-Z][a-z]{3,9}".prop_map(|name| (Reason::ExternalIdReassigned.with(name), PiiClass::Sensitive)),
        "[A-Z][a-z]{3,9}"
            .prop_map(|name| (Reason::Merged.with(format_args!("3, {name}")), PiiClass::Sensitive)),
        (prop::sample::select(fields.clone()), prop::sample::select(WHY_KEPT.to_vec()))
            .prop_map(|((name, class), why)| (Reason::ValueKept.with(format_args!("{name}, {why}")), class)),
        prop::sample::select(BY_CONTACT.to_vec()).prop_map(|part| (part.to_owned(), PiiClass::Contact)),
        (0..1000_u32)
            .prop_map(|p| (format!("the same person with probability 0.{p:03}"), PiiClass::Sensitive)),
        (0..99_u32).prop_map(|id| (format!("{SAFE_BEGINNING}{id}, who is somebody else"), PiiClass::None)),
        (prop::sample::select(fields), "[a-z]{1,9}")
            .prop_map(|((name, class), why)| { (format!("{name} kept: {why}"), class) }),
        "[A-Z][a-z]{3,9}".prop_map(|name| (format!("as {name} told us"), PiiClass::Sensitive)),
    ]
}

/// Reasons that tell of no field.
const NEUTRAL: [Reason; 5] = [
    Reason::SameExternalId,
    Reason::SecondExternalId,
    Reason::RecordDeleted,
    Reason::NoMatch,
    Reason::PossibleMatch,
];

/// Why a record keeps a value.
const WHY_KEPT: [Reason; 3] = [Reason::ManualValue, Reason::NewerValue, Reason::NoPreference];

/// Parts of a reason with how personal each is.
type Parts = Vec<(String, PiiClass)>;

fn reasons() -> impl Strategy<Value = (&'static Contract, Parts, Parts)> {
    prop::sample::select(CONTRACTS.to_vec()).prop_flat_map(|contract| {
        let parts = || prop::collection::vec(part(contract), 1..4);
        (Just(contract), parts(), parts())
    })
}

proptest! {
    #[test]
    fn a_decision_is_told_as_far_as_it_is_about_what_the_role_sees(
        (contract, visible, hidden) in reasons(), role in role(),
    ) {
        let sees = |class: PiiClass| role.sees(class);
        let kept: Vec<&str> = visible.iter().filter(|(_, class)| sees(*class)).map(|(part, _)| part.as_str()).collect();
        let away: Vec<&str> =
            visible.iter().chain(&hidden).filter(|(_, class)| !sees(*class)).map(|(part, _)| part.as_str()).collect();
        let whole = kept.iter().chain(&away).copied().collect::<Vec<_>>().join("; ");
        let shown = Mask(role).decision(contract, &whole);
        prop_assert!(kept.iter().all(|part| shown.contains(part)), "{}", shown);
        prop_assert!(!away.iter().any(|part| shown.contains(part)), "{}", shown);
        prop_assert_eq!(shown.contains(BY_ALL), !away.is_empty());
        if role == Role::Admin {
            prop_assert_eq!(shown, whole);
        }
    }

    #[test]
    fn a_report_names_no_row_by_an_address_or_by_its_content_and_no_run_by_the_sum_of_its_cells(
        role in role(), name in "[a-z]{3,9}", hash in "[0-9a-f]{16}",
    ) {
        let address = format!("crm:{name}@example.org,");
        let content = format!("csv:{hash}");
        let sentence = format!("{address} (row 3) is {content}, record 5");
        let run: RunRecord = run(&sentence, &name);
        let mut report = RunReport::of(&run);
        Mask(role).report(contracts::find(&report.entity), &mut report);
        let mut masked = run.clone();
        Mask(role).run(contracts::find(&run.new.entity), &mut masked);
        let shown = format!("{:?} {:?} {:?} {:?}", report.notes, report.anomalies, report.error, report.would_merge);
        let stored = format!(
            "{} {} {:?} {:?} {:?}",
            masked.metrics_json, masked.anomaly_flags, masked.error_summary, masked.hashes, masked.cursor
        );
        for shown in [shown, stored] {
            prop_assert_eq!(shown.contains(&format!("{name}@")), role.sees(PiiClass::Contact), "{}", shown);
            prop_assert_eq!(shown.contains(&hash), role == Role::Admin, "{}", shown);
            prop_assert_eq!(shown.contains("0.973"), role == Role::Admin, "{}", shown);
            prop_assert!(shown.contains("record 5"));
        }
        prop_assert_eq!(masked.hashes.is_some() && masked.cursor.is_some(), role == Role::Admin);
    }
}

/// A run that tells such a sentence wherever it tells one.
fn run(sentence: &str, name: &str) -> RunRecord {
    let at = importer_core::ports::parse_moment("2025-01-01T00:00:00Z").unwrap();
    let name = format!("{name}@example.org");
    let metrics = serde_json::json!({
        "notes": [sentence],
        "told": {
            "would_merge": [{ "row": 1, "record": 2, "new_record": false, "reason": Reason::ProbableMatch.with("0.973") }],
            "moved_samples": [{ "row": 1, "external_id": name, "before": 1, "now": 2 }],
            "joined_samples": [{ "row": 1, "external_id": name, "other_id": name, "record": 2 }],
        },
        "taken_contacts": { "rows": 1, "samples": [{ "row": 1, "external_id": name, "field": "email_normalized", "owner": 2 }] },
    });
    RunRecord {
        id: RunId(1),
        new: importer_core::ports::NewRun {
            entity: CONTRACTS[0].entity.into(),
            source: "csv".into(),
            external_system: "csv".into(),
            label: None,
            dry_run: true,
            actor: String::new(),
            ingest_version: String::new(),
            mapping_name: String::new(),
            mapping_version: 0,
            mapping_checksum: String::new(),
            rules_checksum: String::new(),
            request_json: "{}".into(),
        },
        status: importer_core::ports::RunStatus::Failed,
        phase: importer_core::ports::Phase::Done,
        counts_json: "{}".into(),
        metrics_json: metrics.to_string(),
        anomaly_flags: serde_json::json!([{ "code": "external_id_moved", "message": sentence }]).to_string(),
        error_summary: Some(sentence.into()),
        hashes: Some("00000000000000ff".into()),
        cursor: Some("7".into()),
        freshness: None,
        rows_read: 1,
        loaded_through: RowId(0),
        started_at: at,
        updated_at: at,
        finished_at: None,
    }
}
