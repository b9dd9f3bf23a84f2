//! A database that refuses some rows: they are skipped with a reason, all others are loaded.

use importer::RunReport;

use crate::support::{self, Database};

const ROWS: usize = 2_500;

/// Every hundredth row bears the name that the host does not want.
fn people() -> String {
    let mut text = String::from("id,first name,last name,email\n");
    for n in 0..ROWS {
        let last = if n % 100 == 42 { "Refused" } else { "Welcome" };
        text += &format!("{n},Person{n},{last},person{n}@example.org\n");
    }
    text
}

fn refuse(db: &Database, message: &str) {
    db.execute(&match db.backend {
        "sqlite" => format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON core_volunteers WHEN NEW.last_name = 'Refused' \
             BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ),
        _ => "ALTER TABLE core_volunteers ADD CONSTRAINT refuse CHECK (last_name <> 'Refused')".into(),
    });
}

fn allow(db: &Database) {
    db.execute(match db.backend {
        "sqlite" => "DROP TRIGGER refuse",
        _ => "ALTER TABLE core_volunteers DROP CONSTRAINT refuse",
    });
}

#[track_caller]
fn partly(report: &RunReport, inserted: u64, unchanged: u64) {
    let c = report.counts;
    assert_eq!(report.status, importer::ReportStatus::PartiallyFailed, "{:?}", report.error);
    assert_eq!((c.read, c.quarantined, c.clean), (ROWS as u64, 0, ROWS as u64));
    assert_eq!((c.inserted, c.unchanged, c.skipped), (inserted, unchanged, 25));
}

#[test]
fn refused_rows_are_skipped_with_a_reason_and_the_others_loaded() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", people());
        drop(db.importer());
        refuse(&db, "the host wants nobody of this name");
        let report = db.import(&file);
        partly(&report, ROWS as u64 - 25, 0);
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM core_volunteers"), 2_475, "{}", db.backend);

        let sql = "SELECT DISTINCT reason AS t FROM row_outcomes WHERE outcome = 'skipped'";
        let reasons = db.texts(sql);
        let expected = if db.backend == "sqlite" { "the host wants nobody of this name" } else { "refuse" };
        assert!(reasons.len() == 1 && reasons[0].contains(expected), "{reasons:?}");
        let told = "SELECT s.external_id AS t FROM row_outcomes o JOIN staging_volunteers s ON s.id = o.staging_id \
                    WHERE o.outcome = 'skipped' ORDER BY o.id";
        let expected: Vec<String> = (0..25).map(|n| format!("{}", n * 100 + 42)).collect();
        assert_eq!(db.texts(told), expected);
        // Nothing of a refused row may stay behind, and the source is not told to move on.
        for (table, id) in [
            ("core_volunteer_contacts", "volunteer_id"),
            ("match_keys", "core_id"),
            ("change_log", "core_id"),
        ] {
            let sql = format!(
                "SELECT COUNT(*) AS t FROM {table} WHERE {id} NOT IN (SELECT id FROM core_volunteers)"
            );
            assert_eq!(db.number(&sql), 0, "{table} on {}", db.backend);
        }
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM external_id_map"), 2_475);
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM watermarks"), 0);

        // Asked again they are refused again; once they are welcome they come, and nobody else changes.
        partly(&db.import(&file), 0, ROWS as u64 - 25);
        allow(&db);
        let mended = db.import(&file);
        assert_eq!(
            (mended.status.as_str(), mended.counts.inserted, mended.counts.skipped),
            ("succeeded", 25, 0)
        );
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM watermarks"), 1);
        let ended = db.import(&file);
        assert_eq!((ended.counts.inserted, ended.counts.unchanged), (0, ROWS as u64), "{}", db.backend);
    }
}

#[test]
fn what_a_trigger_says_does_not_decide_what_it_means() {
    for message in [
        "the employer does not exist",
        "this person already exists",
        "malformed name",
        "disk is full of these",
    ] {
        let db = support::sqlite();
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", people());
        drop(db.importer());
        refuse(&db, message);
        let report = db.import(&file);
        assert_eq!(report.status, importer::ReportStatus::PartiallyFailed, "{message}: {:?}", report.error);
        partly(&report, ROWS as u64 - 25, 0);
    }
}

#[test]
fn all_rows_refused_is_a_partial_failure_that_ends() {
    let db = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", people().replace("Welcome", "Refused"));
    drop(db.importer());
    refuse(&db, "nobody at all");
    let report = db.import(&file);
    assert_eq!((report.status.as_str(), report.counts.skipped), ("partially_failed", ROWS as u64));
    for table in ["core_volunteers", "external_id_map", "match_keys", "change_log", "core_volunteer_contacts"]
    {
        assert_eq!(db.number(&format!("SELECT COUNT(*) AS t FROM {table}")), 0, "{table}");
    }
}
