//! What changed between the interruption and the second try: in process, so that the moment is exact.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use importer::{Cancel, Importer, Observer, Progress, RunId, RunReport, RunRequest};
use importer_core::ports::Phase;

use super::people::{csv, csv_with_bad_rows_again};
use super::snapshot::{assert_same, take};
use crate::support::{self, Database};

/// Cancels at the first sign of a phase.
struct At(Phase, OnceLock<Cancel>);

impl Observer for At {
    fn progress(&self, progress: Progress) {
        if progress.phase == self.0 {
            self.1.get().unwrap().request();
        }
    }
}

pub(super) fn cancelled_at(phase: Phase, db: &Database, request: &RunRequest) -> RunReport {
    let at = Arc::new(At(phase, OnceLock::new()));
    let observer = Arc::clone(&at) as Arc<dyn Observer>;
    let builder =
        Importer::builder().database(&db.url).plugin(importer_adapter_csv::plugin()).observer(observer);
    let importer = builder.build().unwrap();
    assert!(at.1.set(importer.cancel()).is_ok());
    let report = importer.run(request).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Failed);
    assert!(report.error.as_ref().unwrap().contains("it was cancelled"), "{report:?}");
    assert_eq!(db.texts("SELECT status AS t FROM import_runs"), ["cancelled"]);
    report
}

fn request(file: &Path) -> RunRequest {
    RunRequest::new("csv").file(file)
}

fn statuses(db: &Database) -> Vec<String> {
    db.texts("SELECT status AS t FROM import_runs ORDER BY id")
}

#[test]
fn an_unchanged_file_changes_nothing_the_second_time() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", csv(12_000, 3));
        let first = db.import(&file);
        assert!(first.counts.updated > 0 && first.counts.unchanged > 0, "{:?}", first.counts);
        let before = take(&db);
        let again = db.import(&file).counts;
        assert_eq!((again.inserted, again.updated), (0, 0), "{}", db.backend);
        let after = take(&db);
        for table in
            ["core_volunteers", "core_volunteer_contacts", "match_keys", "change_log", "dedupe_suggestions"]
        {
            assert!(after[table] == before[table], "{}: {table} is another one after a replay", db.backend);
        }
    }
}

#[test]
fn the_same_file_goes_on_from_either_phase() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", csv(15_000, 3));
        // Two different places in one run would need two interruptions; each has its own database.
        for (phase, db) in [(Phase::Extract, db), (Phase::Load, support::sqlite())] {
            let stopped = cancelled_at(phase, &db, &request(&file));
            assert!(stopped.counts.read >= 2_000);
            assert_eq!(stopped.counts.inserted > 0, phase == Phase::Load);
            let report = db.importer().run(&request(&file)).unwrap();
            assert_eq!(
                (report.status.as_str(), report.run_id.0, report.counts.read),
                ("succeeded", 1, 15_000)
            );
            assert!(report.notes.iter().any(|note| note.contains("continued run 1")), "{:?}", report.notes);
        }
    }
}

#[test]
fn bad_rows_that_come_again_are_treated_alike_with_and_without_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv_with_bad_rows_again(15_000, 3));
    let (whole, stopped) = (support::sqlite(), support::sqlite());
    let request = request(&file);
    whole.importer().run(&request).unwrap();
    cancelled_at(Phase::Extract, &stopped, &request);
    stopped.importer().run(&request).unwrap();
    assert_same(&take(&whole), &take(&stopped));
    // However often a bad row comes, it is one entry in the inbox.
    let sql = "SELECT COUNT(*) - COUNT(DISTINCT row_hash) AS t FROM quarantine WHERE status = 'open'";
    assert_eq!(whole.number(sql), 0, "rows are held back twice");
}

#[test]
fn a_file_that_grew_begins_a_new_run_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let text = csv(15_000, 3);
    let file = support::file(folder.path(), "people.csv", &text);
    let db = support::sqlite();
    cancelled_at(Phase::Extract, &db, &request(&file));
    support::file(folder.path(), "people.csv", format!("{text}new1,New,Person,new1@example.org,,,,\n"));
    let report = db.importer().run(&request(&file)).unwrap();
    assert_eq!((report.run_id.0, report.counts.read), (2, 15_001));
    let notes = report.notes.join("\n");
    assert!(
        notes.contains("run 1 was interrupted and cannot be continued") && notes.contains("changed since"),
        "{notes}"
    );
    assert_eq!(statuses(&db), ["failed", "succeeded"]);

    // What the first run had landed stands in nobody's way: the core is that of the new file alone.
    let other = support::sqlite();
    let plain = other.import(&file);
    assert_eq!(plain.counts.inserted, report.counts.inserted);
    let sql = "SELECT COUNT(*) AS t FROM core_volunteers";
    assert_eq!(db.number(sql), other.number(sql));
}

#[test]
fn other_columns_and_other_options_begin_a_new_run() {
    let folder = tempfile::tempdir().unwrap();
    let text = csv(15_000, 3);
    let file = support::file(folder.path(), "people.csv", &text);
    for (again, content) in [
        (request(&file).option("delimiter", ","), text.clone()),
        (request(&file).external_system("elsewhere"), text.clone()),
        (request(&file), text.replacen("city", "town", 1)),
        (request(&file), text.replace(',', ";")),
    ] {
        support::file(folder.path(), "people.csv", &text);
        let db = support::sqlite();
        cancelled_at(Phase::Extract, &db, &request(&file));
        support::file(folder.path(), "people.csv", content);
        let report = db.importer().run(&again).unwrap();
        assert_eq!((report.run_id.0, report.status.as_str(), report.counts.read), (2, "succeeded", 15_000));
    }
}

#[test]
fn another_system_in_between_is_another_matter() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(3_000, 3));
    let other = "id,first name,last name,email,updated at\n1,Ada,L,ada@example.com,2030-01-01T00:00:00Z\n";
    let other = support::file(folder.path(), "other.csv", other);
    let db = support::sqlite();
    cancelled_at(Phase::Extract, &db, &request(&file));
    let between = request(&other).external_system("north");
    assert_eq!(db.importer().run(&between).unwrap().run_id, RunId(2));
    let report = db.importer().run(&request(&file)).unwrap();
    assert_eq!((report.run_id.0, report.counts.read), (1, 3_000), "{:?}", report.notes);
    // An unchanged file is as fresh as before, whatever another system told.
    let again = db.importer().run(&request(&file)).unwrap();
    assert_eq!(again.freshness_max_timestamp, report.freshness_max_timestamp);
    assert_eq!(db.texts("SELECT external_system AS t FROM watermarks ORDER BY 1"), ["csv", "north"]);
}

#[test]
fn a_run_that_died_and_was_asked_for_something_else_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(3_000, 3));
    let db = support::sqlite();
    cancelled_at(Phase::Extract, &db, &request(&file));
    // As a killed process leaves it.
    db.execute("UPDATE import_runs SET status = 'running', finished_at = NULL");
    let mut other = request(&file);
    other.limit = Some(10);
    let report = db.importer().run(&other).unwrap();
    assert_eq!((report.run_id.0, report.counts.read), (2, 10));
    let notes = report.notes.join("\n");
    assert!(
        notes.contains("run 1 was interrupted and was asked for something else; it is closed"),
        "{notes}"
    );
    assert_eq!(statuses(&db), ["failed", "succeeded"]);
}

#[test]
fn an_edit_in_the_middle_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let text = csv(15_000, 3);
    let file = support::file(folder.path(), "people.csv", &text);
    let db = support::sqlite();
    // Behind the first 64 KiB and before the place where the run stopped.
    let place = 70_000 + text[70_000..].find("Kansas City").unwrap();
    let stopped = cancelled_at(Phase::Extract, &db, &request(&file));
    assert!(stopped.counts.read > 1_500, "the edited row was read already");
    let edited = format!("{}Arkansas Ct{}", &text[..place], &text[place + "Kansas City".len()..]);
    assert_eq!(edited.len(), text.len());
    support::file(folder.path(), "people.csv", &edited);
    let report = db.importer().run(&request(&file)).unwrap();
    assert_eq!(report.run_id, RunId(2), "{:?}", report.notes);
    // The same person moves away further down, so the core does not keep it.
    let sql = "SELECT COUNT(*) AS t FROM staging_volunteers WHERE payload_json LIKE '%Arkansas Ct%'";
    assert_eq!(db.number(sql), 1);
}

#[test]
fn a_file_that_changed_while_loading_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let text = csv(15_000, 3);
    let file = support::file(folder.path(), "people.csv", &text);
    let db = support::sqlite();
    cancelled_at(Phase::Load, &db, &request(&file));
    support::file(folder.path(), "people.csv", format!("{text}new1,New,Person,new1@example.org,,,,\n"));
    let report = db.importer().run(&request(&file)).unwrap();
    assert_eq!((report.run_id.0, report.status.as_str(), report.counts.read), (1, "succeeded", 15_000));
    let told: Vec<&str> = report.anomalies.iter().map(|anomaly| anomaly.code.as_str()).collect();
    assert_eq!(told, ["source_changed"], "{:?}", report.anomalies);
    // As it says: once more, and the new row is there.
    let again = db.importer().run(&request(&file)).unwrap();
    assert_eq!((again.run_id.0, again.counts.read, again.counts.inserted), (2, 15_001, 1));
    assert!(again.anomalies.is_empty(), "{:?}", again.anomalies);
}
