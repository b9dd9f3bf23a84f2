//! Rows in quarantine, findings and files show each role what it sees, and answer no question about the rest.

use std::path::Path;

use importer::service::{Actor, BulkChange, BulkFix, Desk, ExportReader, FileFix, Role, RowFix};
use importer::{ErrorKind, Importer};
use importer_core::ports::{AuditFilter, AuditOutcome, QuarantineFilter, ViolationFilter};

use super::super::access::everything;
use super::super::support::{self, Database};

const PEOPLE: &str = "\
id,first name,last name,email,dob,gender,hobby
1,Ada,Lovelace,ada.secret@example.org,1985-04-23,womanly,chess-and-go
2,Grace,Hopper,grace.secret@@example.org,1984-01-02,womanly,ski-jumping
alan.secret@example.org,Alan,Turing,alan.secret@@example.org,1972-06-23,manly,long-runs
";
const CONTACT: [&str; 3] = ["ada.secret", "grace.secret", "alan.secret"];
const SENSITIVE: [&str; 7] =
    ["1985-04-23", "1984-01-02", "1972-06-23", "manly", "chess-and-go", "ski-jumping", "long-runs"];

pub(super) fn filled(db: &Database) -> Importer {
    let folder = tempfile::tempdir().unwrap();
    let report = db.import(&support::file(folder.path(), "people.csv", PEOPLE));
    assert_eq!((report.counts.inserted, report.counts.quarantined), (1, 2), "{report:?}");
    db.importer()
}

fn with_text(text: &str) -> QuarantineFilter {
    QuarantineFilter { text: Some(text.into()), ..QuarantineFilter::default() }
}

pub(super) fn bulk(change: BulkChange, filter: QuarantineFilter) -> BulkFix {
    BulkFix { filter, change, reason: "cleaning up".into(), current_mapping: false }
}

pub(super) fn replace(field: &str, find: &str) -> BulkChange {
    BulkChange::Replace { field: field.into(), find: find.into(), replace: "x".into() }
}

pub(super) fn exported(desk: &Desk<'_>, filter: &QuarantineFilter) -> String {
    let mut out = Vec::new();
    desk.export_quarantine("volunteer", filter, "for the office", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Every answer about the quarantine that the role may have.
fn told(desk: &Desk<'_>) -> String {
    let text = |value: &dyn erased::Told| value.told();
    let rows = desk.quarantine("volunteer", &QuarantineFilter::default()).unwrap();
    let mut told = text(&rows);
    for row in &rows {
        told += &text(&desk.quarantined_row("volunteer", row.row).unwrap());
    }
    if desk.actor().role == Role::Viewer {
        return told;
    }
    for change in [BulkChange::AutoFix { rule: "FMT-101".into() }, BulkChange::Nothing] {
        told +=
            &text(&desk.preview_bulk("volunteer", &bulk(change, QuarantineFilter::default()), 10).unwrap());
    }
    let fix = RowFix { reason: "again".into(), ..RowFix::default() };
    told += &text(&desk.fix("volunteer", rows[0].row, &fix).unwrap());
    told += &exported(desk, &QuarantineFilter::default());
    let mut out = Vec::new();
    desk.export_records("volunteer", "for the office", &mut out).unwrap();
    desk.export_violations(&ViolationFilter::default(), "for the office", &mut out).unwrap();
    told + &String::from_utf8(out).unwrap()
}

/// Answers of different types, as text.
mod erased {
    pub(super) trait Told {
        fn told(&self) -> String;
    }

    impl<T: serde::Serialize> Told for T {
        fn told(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}

#[test]
fn every_answer_about_the_quarantine_is_masked() {
    for db in support::databases() {
        let importer = filled(&db);
        for role in Role::ALL {
            let told = told(&importer.desk(Actor::new("vera", role)));
            let saw = |values: &[&str]| values.iter().filter(|value| told.contains(**value)).count();
            match role {
                Role::Admin => assert_eq!((saw(&SENSITIVE), saw(&CONTACT)), (7 - 1, 3), "{told}"),
                Role::Steward => assert_eq!((saw(&SENSITIVE), saw(&CONTACT)), (0, 3), "{told}"),
                Role::Viewer => assert_eq!((saw(&SENSITIVE), saw(&CONTACT)), (0, 0), "{told}"),
            }
            assert!(told.contains("Grace"), "names are for everybody: {told}");
        }
    }
}

#[test]
fn nobody_finds_out_a_masked_value_by_asking_which_rows_hold_it() {
    for db in support::databases() {
        let importer = filled(&db);
        let cases = [
            ("SKI-jump", [1, 0, 0]),
            ("grace.secret", [1, 1, 0]),
            ("grace", [1, 1, 1]),
            ("alan.s", [1, 1, 0]),
        ];
        for (text, expected) in cases {
            let filter = with_text(text);
            for (role, rows) in Role::ALL.into_iter().zip(expected) {
                let desk = importer.desk(Actor::new("vera", role));
                let found = desk.quarantine("volunteer", &filter).unwrap().len();
                let first = QuarantineFilter { limit: 1, ..filter.clone() };
                let tally = desk.quarantine_tally("volunteer", &first).unwrap();
                let by_run: i64 = tally.by_run.iter().map(|(_, rows)| rows).sum();
                assert_eq!((found, tally.rows, by_run), (rows, rows as i64, rows as i64), "{text} as {role}");
                assert_eq!(desk.quarantine("volunteer", &first).unwrap().len(), rows);
                if role == Role::Viewer {
                    continue;
                }
                let preview =
                    desk.preview_bulk("volunteer", &bulk(BulkChange::Nothing, filter.clone()), 9).unwrap();
                assert_eq!(
                    (preview.counts.matched, preview.rows.len()),
                    (rows as u64, rows),
                    "{text} as {role}"
                );
                assert_eq!(exported(&desk, &filter).lines().count(), rows + 1, "{text} as {role}");
            }
        }
        let named = |role| {
            let filter = ViolationFilter { text: Some("alan.secret".into()), limit: 1, ..Default::default() };
            importer.desk(Actor::new("vera", role)).violations(&filter).unwrap().len()
        };
        assert_eq!(Role::ALL.map(named), [1, 1, 0], "an address as an id");

        let steward = importer.desk(Actor::new("sam", Role::Steward));
        assert_eq!(steward.reject_rows("volunteer", &with_text("ski-jump"), "all of them").unwrap(), 0);
        let before = everything(&db);
        for field in ["dob", "gender", "hobby"] {
            let fix = bulk(replace(field, "198"), QuarantineFilter::default());
            for refused in [
                steward.preview_bulk("volunteer", &fix, 1).map(drop),
                steward.fix_bulk("volunteer", &fix).map(drop),
            ] {
                let error = refused.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Forbidden, "{field}: {error}");
                assert!(error.to_string().contains("cells that are masked"), "{error}");
            }
        }
        assert_eq!(everything(&db), before);
        let log = importer.desk(Actor::admin("ann")).audit_log(&AuditFilter::default()).unwrap();
        assert_eq!(log.iter().filter(|line| line.entry.outcome == AuditOutcome::Refused).count(), 6);
        assert!(!serde_json::to_string(&log).unwrap().contains("198"), "a pattern may be a value");
        let seen = bulk(replace("email", "@@"), QuarantineFilter::default());
        assert_eq!(steward.preview_bulk("volunteer", &seen, 9).unwrap().counts.changed, 2);
    }
}

fn read_back(desk: &Desk<'_>, file: &Path) -> (u64, u64, u64) {
    let fix = FileFix { reason: "back from the office".into(), current_mapping: false };
    let report = desk.fix_file("volunteer", file, &fix).unwrap();
    (report.unchanged, report.loaded, report.still_held)
}

#[test]
fn masked_cells_of_a_file_that_is_read_back_stay_what_they_were() {
    for db in support::databases() {
        let importer = filled(&db);
        let folder = tempfile::tempdir().unwrap();
        let (steward, admin) =
            (importer.desk(Actor::new("sam", Role::Steward)), importer.desk(Actor::admin("ann")));
        let text = exported(&steward, &QuarantineFilter::default());
        let file = support::file(folder.path(), "rows.csv", &text);
        let row = ExportReader::open(&file).unwrap().next_row().unwrap().unwrap();
        assert_eq!(row.masked.len(), 3, "{row:?}");
        for desk in [&steward, &admin] {
            assert_eq!(read_back(desk, &file), (2, 0, 0), "nothing was corrected");
        }
        // A spreadsheet may write blanks around what it was given.
        let corrected = text.replace("@@", "@").replacen("***", " *** ", 1);
        assert_eq!(read_back(&steward, &support::file(folder.path(), "rows.csv", corrected)), (0, 2, 0));
        let landed = db
            .texts("SELECT payload_json AS t FROM staging_volunteers WHERE corrects IS NOT NULL ORDER BY id");
        assert!(landed[0].contains("1984-01-02") && landed[0].contains("ski-jumping"), "{landed:?}");
        assert!(!everything(&db).iter().any(|row| row.contains("***")));
    }
}

#[test]
fn masked_values_of_exported_people_change_nobody_who_is_imported_again() {
    for db in support::databases() {
        let importer = filled(&db);
        let people = "SELECT first_name || ' ' || dob || ' ' || gender || ' ' || email_normalized AS t FROM core_volunteers";
        let before = db.texts(people);
        assert!(before[0].contains("1985-04-23"), "{before:?}");
        let folder = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        let steward = importer.desk(Actor::new("sam", Role::Steward));
        steward.export_records("volunteer", "for the office", &mut out).unwrap();
        assert!(String::from_utf8_lossy(&out).contains("***"));
        let report = db.import(&support::file(folder.path(), "again.csv", out));
        assert_eq!((report.counts.read, report.counts.quarantined), (1, 0), "{report:?}");
        assert_eq!(db.texts(people), before);
        assert!(!everything(&db).iter().any(|row| row.contains("***")));
    }
}
