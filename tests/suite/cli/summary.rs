//! What a run reports, to programs and to people.

use super::{Desk, PEOPLE};
use crate::support;

const KEYS: &str = "run_id source entity status dry_run counts dq unmapped_fields anomalies freshness_max_timestamp \
                    durations_ms rows_per_second plugins";
const COUNTS: &str = "read staged clean quarantined inserted updated unchanged matched auto_merged needs_review \
                      households skipped";

fn keys(value: &serde_json::Value) -> String {
    value.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_summary_has_exactly_the_promised_keys() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let json = desk.summary("people.csv", &[]).succeeds().json();
    assert_eq!(keys(&json), KEYS);
    assert_eq!(keys(&json["counts"]), COUNTS);
    assert_eq!(keys(&json["durations_ms"]), "extract land validate dedupe upsert reconcile");
    assert_eq!(keys(&json["plugins"][0]), "id version isolation verified");
    assert_eq!(json["plugins"].as_array().unwrap().len(), 1);
    assert_eq!(json["plugins"][0]["isolation"], "in-process");
    let told = ["run_id", "source", "entity", "status", "dry_run"].map(|key| json[key].to_string()).join(" ");
    assert_eq!(told, r#"1 "csv" "volunteer" "succeeded" false"#);
    assert_eq!(json["dq"].to_string(), r#"{"FMT-101":1}"#);
    assert_eq!(json["unmapped_fields"].to_string(), r#"["hobby"]"#);
    assert_eq!(json["freshness_max_timestamp"], "2025-04-10T08:00:00Z");
    assert!(json["rows_per_second"].as_f64().unwrap() > 0.0, "{json}");
}

#[test]
fn a_failed_run_adds_the_error_and_nothing_else() {
    let desk = Desk::new();
    // A quote that is never closed before the record grows beyond all measure is found in the middle of the run.
    let endless = format!("id,first name,last name,email\n1,É,L,e@example.org\n2,\"{}", "x".repeat(17 << 20));
    desk.file("endless.csv", endless);
    let ended = desk.summary("endless.csv", &[]);
    ended.fails(1, &["endless.csv"]);
    let json = ended.json();
    assert_eq!(keys(&json), format!("{KEYS} error"));
    assert_eq!(json["status"], "failed");
    assert!(ended.err.contains(json["error"].as_str().unwrap()), "{ended:?}");
    desk.empty(&super::CORE);
}

#[test]
fn the_first_run_adds_up_and_the_second_changes_nothing() {
    for db in support::databases() {
        let desk = Desk::on(db);
        desk.file("people.csv", PEOPLE);
        let first = desk.summary("people.csv", &[]);
        let told =
            "read 4, staged 4, clean 3, quarantined 1, inserted 2, updated 1, matched 1, auto_merged 1";
        assert_eq!(first.succeeds().told(), told, "{}", desk.db.backend);
        let c = first.counts();
        assert_eq!(c["read"], c["clean"] + c["quarantined"]);
        assert_eq!(c["clean"], c["inserted"] + c["updated"] + c["unchanged"] + c["skipped"]);
        let tables =
            ["core_volunteers", "core_volunteer_contacts", "change_log", "match_keys", "staging_volunteers"];
        let before = tables.map(|table| desk.rows(table));
        assert_eq!(before[0], 2);

        let second = desk.summary("people.csv", &[]);
        assert_eq!(
            second.succeeds().told(),
            "read 4, staged 4, clean 3, quarantined 1, unchanged 3, matched 3"
        );
        assert_eq!(tables.map(|table| desk.rows(table)), before, "{}", desk.db.backend);
        // The row that is held back is one entry in the inbox, however often it comes.
        assert_eq!((desk.rows("quarantine"), desk.rows("dq_violations")), (1, 1));
    }
}

#[test]
fn people_read_counts_rules_columns_and_what_to_do_next() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let ended = desk.run("people.csv", &[]);
    let says = [
        "Run 1 of csv (volunteer): succeeded",
        "4  rows read, all of them kept in staging",
        "1  quarantined",
        "FMT-101  An email address is well-formed. (1 quarantined)",
        "hobby: chess",
        "--status open --severity error",
        "template mapping",
    ];
    for part in says {
        assert!(ended.succeeds().out.contains(part), "{part}: {}", ended.out);
    }
    assert!(!ended.out.contains("unverified"), "{}", ended.out);
}

#[test]
fn a_pipe_gets_no_escape_codes() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let ended = desk.run("people.csv", &[]);
    assert!(!ended.succeeds().err.contains('\u{1b}'), "{:?}", ended.err);
    assert!(!ended.out.contains('\u{1b}'), "{:?}", ended.out);
}

#[test]
fn a_file_of_nothing_but_column_names_is_mentioned() {
    let desk = Desk::new();
    desk.file("header.csv", PEOPLE.lines().next().unwrap());
    let ended = desk.run("header.csv", &[]);
    assert!(ended.succeeds().out.contains("no rows"), "{}", ended.out);
}

#[test]
fn a_file_of_nothing_but_column_names_is_an_empty_success() {
    let desk = Desk::new();
    desk.file("header.csv", PEOPLE.lines().next().unwrap());
    assert_eq!(desk.summary("header.csv", &[]).succeeds().told(), "");
    desk.empty(&["core_volunteers", "staging_volunteers", "row_outcomes", "quarantine"]);
}
