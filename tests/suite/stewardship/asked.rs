//! What is asked of a run of corrections is asked of no other: the importer that made it goes on with everything else.

use importer::ErrorKind;
use importer::service::{BulkChange, BulkFix, ScanRequest};
use importer_core::ports::RunStatus;

use super::super::support::{self, Database};
use super::quarantine::{desk, open};

/// Asks something of every run of corrections as soon as there is one, as a desk in another process would.
fn ask(db: &Database, asked: &str) {
    let ask = format!("UPDATE import_runs SET requested = '{asked}' WHERE id = NEW.id");
    db.execute(&match db.backend {
        "sqlite" => format!(
            "CREATE TRIGGER asks AFTER INSERT ON import_runs WHEN NEW.source = 'corrections' BEGIN {ask}; END"
        ),
        _ => format!(
            "CREATE OR REPLACE FUNCTION asks() RETURNS trigger AS $$ BEGIN {ask}; RETURN NULL; END $$ LANGUAGE plpgsql; \
             CREATE TRIGGER asks AFTER INSERT ON import_runs FOR EACH ROW WHEN (NEW.source = 'corrections') \
             EXECUTE FUNCTION asks()"
        ),
    });
}

fn ask_no_more(db: &Database) {
    db.execute(match db.backend {
        "sqlite" => "DROP TRIGGER asks",
        _ => "DROP TRIGGER asks ON import_runs",
    });
}

#[test]
fn a_run_of_corrections_that_was_stopped_stops_nothing_else_and_never_goes_on() {
    for asked in ["pause", "cancel"] {
        for db in support::databases() {
            let folder = tempfile::tempdir().unwrap();
            let rows: String = (0..3).map(|n| format!("{n},Pat{n},Stone,pat{n}@@example.org\n")).collect();
            let csv = format!("id,first name,last name,email\n{rows}");
            db.import(&support::file(folder.path(), "x.csv", csv));
            let (importer, how) = (db.importer(), format!("{asked} on {}", db.backend));
            let change =
                BulkChange::Replace { field: "email".into(), find: "@@".into(), replace: "@".into() };
            let fix = BulkFix {
                filter: Default::default(),
                change,
                reason: "a typo".into(),
                current_mapping: false,
            };
            ask(&db, asked);
            let stopped = desk(&importer).fix_bulk("volunteer", &fix).unwrap_err();
            assert_eq!(stopped.kind(), ErrorKind::Cancelled, "{how}: {stopped}");
            ask_no_more(&db);
            assert_eq!((open(&importer).len(), importer.count("volunteer").unwrap()), (3, 0), "{how}");
            // Whoever went on with it would let rows in whose entries in quarantine nobody ends.
            let run = importer.runs(&Default::default()).unwrap().remove(0);
            assert_eq!(run.status, RunStatus::Cancelled, "{how}");
            assert!(desk(&importer).interrupted().unwrap().is_empty(), "{how}");
            db.execute(&format!("UPDATE import_runs SET status = 'running' WHERE id = {}", run.id));
            let error = desk(&importer).resume(run.id, "go on").unwrap_err();
            assert!(error.to_string().contains("run of corrections"), "{how}: {error}");

            importer.scan(&ScanRequest::new("volunteer")).unwrap();
            desk(&importer).merge_obvious("volunteer", "beyond doubt").unwrap();
            let done = desk(&importer).fix_bulk("volunteer", &fix).unwrap();
            assert_eq!((done.loaded, open(&importer).len()), (3, 0), "{how}");
        }
    }
}
