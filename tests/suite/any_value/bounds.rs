//! Texts that name something have a bound, and whoever goes beyond it is told what to do.

use importer::service::{Actor, RowFix};
use importer::{ErrorKind, RecordId, RunRequest};
use importer_core::ports::{LONGEST_NAME, LONGEST_REASON, QuarantineFilter, ViolationFilter};

use super::super::golden::outcome;
use super::super::support;
use super::values::letters_of;

#[test]
fn a_row_of_an_id_that_is_too_long_waits_is_known_again_and_goes_in_once_it_is_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let long = letters_of(1_000_000, 3).replace(' ', "");
    let text =
        format!("id,first name,last name,email\n{long},Ann,Lee,ann@example.org\n2,Bob,Ray,bob@example.org\n");
    let file = support::file(folder.path(), "people.csv", text);
    for database in support::databases() {
        let report = database.import(&file);
        assert_eq!((report.counts.inserted, report.counts.quarantined), (1, 1), "{:?}", report.error);
        let importer = database.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let filter = ViolationFilter { rule: Some("FMT-106".into()), ..ViolationFilter::default() };
        let found = importer.violations(&filter).unwrap();
        assert_eq!(found.len(), 1, "{}", database.backend);
        assert!(found[0].violation.message.contains("1,024"), "{}", found[0].violation.message);
        assert_eq!(found[0].violation.field, "external_id");
        // Its bytes are all there.
        let landed = database.texts(&format!(
            "SELECT payload_json AS t FROM staging_volunteers WHERE id = {}",
            found[0].violation.staging_id
        ));
        assert!(landed[0].contains(&long), "{}", database.backend);

        let waiting = desk.quarantine("volunteer", &QuarantineFilter::default()).unwrap();
        assert_eq!(waiting.len(), 1, "{}", database.backend);
        let before = outcome::traces(&database);
        let again = database.import(&file);
        assert_eq!((again.counts.unchanged, again.counts.quarantined), (1, 1), "{}", database.backend);
        assert_eq!(outcome::traces(&database), before, "{}", database.backend);

        let fix = RowFix {
            values: vec![("id".into(), "1".into())],
            reason: "as the card says".into(),
            ..RowFix::default()
        };
        let fixed = desk.fix("volunteer", found[0].violation.staging_id, &fix).unwrap();
        assert!(fixed.loaded.is_some(), "{}: {:?}", database.backend, fixed.findings);
        let ids = database.texts("SELECT external_id AS t FROM external_id_map ORDER BY external_id");
        assert_eq!(ids, ["1", "2"], "{}", database.backend);
        // The source still has the long one: it was taken care of.
        let before = outcome::traces(&database);
        let again = database.import(&file);
        assert_eq!(again.counts.quarantined, 0, "{}: {:?}", database.backend, again.counts);
        assert_eq!(outcome::traces(&database), before, "{}", database.backend);
    }
}

#[test]
fn names_that_are_too_long_are_refused_at_once_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(
        folder.path(),
        "people.csv",
        "id,first name,last name,email\n1,Ann,Lee,a@example.org\n",
    );
    for database in support::databases() {
        let importer = database.importer();
        let plain = || RunRequest::new("csv").file(&file);
        let labelled = |label: &str| plain().label(label);
        for name in ["x".repeat(LONGEST_NAME + 1), letters_of(100_000, 5), "a\0b".into()] {
            let ann = importer.desk(Actor::admin("ann"));
            let nobody = importer.desk(Actor::admin(&name));
            let refused = [
                importer.run(&plain().external_system(&name)).unwrap_err(),
                importer.run(&plain().actor(&name)).unwrap_err(),
                importer.run(&labelled(&name)).unwrap_err(),
                ann.import(&plain().external_system(&name), "why").unwrap_err(),
                nobody.import(&plain(), "why").unwrap_err(),
                nobody.records("volunteer", RecordId(0), 10).unwrap_err(),
            ];
            for error in refused {
                assert_eq!(error.kind(), ErrorKind::Config, "{}: {error}", database.backend);
                assert!(error.hint_text().is_some(), "{error}");
                assert!(error.to_string().len() < 500, "an error repeats the text");
            }
        }
        let ann = importer.desk(Actor::admin("ann"));
        let reason = "x".repeat(LONGEST_REASON + 1);
        assert_eq!(ann.import(&plain(), &reason).unwrap_err().kind(), ErrorKind::Config);
        for table in ["import_runs", "audit_log", "staging_volunteers"] {
            let sql = format!("SELECT CAST(COUNT(*) AS TEXT) AS t FROM {table}");
            assert_eq!(database.number(&sql), 0, "{table} on {}", database.backend);
        }

        // As long as they may be, of the widest letters, they all go in.
        let widest = "🙂".repeat(LONGEST_NAME);
        let desk = importer.desk(Actor::admin(&widest));
        let request = labelled(&widest).external_system(&widest);
        let report = desk.import(&request, &"🙂".repeat(LONGEST_REASON)).unwrap();
        assert_eq!((report.counts.inserted, &report.error), (1, &None), "{}", database.backend);
        let again = desk.import(&request, "again").unwrap();
        assert_eq!(again.counts.unchanged, 1, "{}", database.backend);
        let too_long = desk.label(report.run_id, Some(&"x".repeat(LONGEST_NAME + 1)), "why").unwrap_err();
        assert_eq!(too_long.kind(), ErrorKind::Config, "{}", database.backend);
    }
}

#[test]
fn what_somebody_acts_on_is_kept_in_the_log_as_far_as_it_fits() {
    for database in support::databases() {
        let importer = database.importer();
        let desk = importer.desk(Actor::new("vera", importer::service::Role::Viewer));
        let entity = letters_of(100_000, 9);
        // Refused, whatever it names.
        let people: Vec<i64> = (1..20_000).map(|person| person * 7_919).collect();
        let merge = importer::service::MergeRequest::new("volunteer", people, "one person");
        assert_eq!(desk.merge(&merge).unwrap_err().kind(), ErrorKind::Forbidden, "{}", database.backend);
        let request = RunRequest::new("csv").entity(entity);
        assert_eq!(desk.import(&request, "why").unwrap_err().kind(), ErrorKind::Forbidden);
        let lines = "SELECT CAST(COUNT(*) AS TEXT) AS t FROM audit_log WHERE outcome = 'refused' AND LENGTH(subject) <= 200";
        assert_eq!(database.number(lines), 2, "{}", database.backend);
    }
}

#[test]
fn headers_of_any_length_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let header = letters_of(100_000, 4).replace(' ', "");
    let text =
        format!("id,first name,last name,email,{header}\n1,Ann,Lee,ann@example.org,x\n2,Bob,Ray,bob@,y\n");
    let file = support::file(folder.path(), "people.csv", text);
    for database in support::databases() {
        let first = database.import(&file);
        assert_eq!((first.counts.inserted, first.counts.quarantined), (1, 1), "{:?}", first.error);
        let again = database.import(&file);
        assert_eq!((again.counts.unchanged, again.counts.quarantined), (1, 1), "{}", database.backend);
        let landed = database.texts("SELECT payload_json AS t FROM staging_volunteers");
        assert!(landed.iter().all(|row| row.contains(&header)), "{}", database.backend);
    }
}
