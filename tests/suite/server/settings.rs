//! What a server writes values like.

use importer::RunRequest;
use importer::service::{Actor, RollbackRequest};
use importer_core::ports::RunId;

use super::{Database, database, people, set, support};

const DATES: &str = "SELECT id || ' ' || to_char(dob, 'YYYY-MM-DD') AS t FROM core_volunteers ORDER BY id";

/// Styles in which day and month change places, or stand with other signs between them.
const STYLES: [&str; 5] = ["German, DMY", "SQL, MDY", "SQL, DMY", "Postgres, MDY", "Postgres, DMY"];

fn dressed(style: &str) -> Option<Database> {
    let database = database()?;
    for setting in [
        &format!("DateStyle = '{style}'"),
        "IntervalStyle = 'sql_standard'",
        "extra_float_digits = -10",
        "bytea_output = 'escape'",
        "TimeZone = 'Asia/Kathmandu'",
        "standard_conforming_strings = off",
    ] {
        set(&database, setting);
    }
    Some(database)
}

#[test]
fn a_second_system_finds_everybody_whatever_dates_look_like() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", people(40));
    for style in STYLES {
        let Some(database) = dressed(style) else { return };
        let importer = database.importer();
        let run =
            |system: &str| importer.run(&RunRequest::new("csv").file(&file).external_system(system)).unwrap();
        let before = (run("north"), database.texts(DATES)).1;
        let report = run("south");
        assert_eq!(importer.count("volunteer").unwrap(), 40, "{style}: {:?}", report.counts);
        assert_eq!(database.number("SELECT COUNT(*) AS t FROM change_log WHERE field = 'dob'"), 0, "{style}");
        assert_eq!(database.texts(DATES), before, "{style}");
        let request = RollbackRequest { run: report.run_id, reason: "a test".into(), dry_run: false };
        importer.desk(Actor::admin("ann")).roll_back(&request).unwrap();
        assert_eq!(database.texts(DATES), before, "{style}");
    }
}

/// What versions before kept: the images of a run's people as the server wrote them.
fn kept_as(database: &Database, form: &str) {
    database.execute(&format!(
        "UPDATE record_images SET image_json = \
         regexp_replace(image_json, '\"dob\":\"(\\d{{4}})-(\\d\\d)-(\\d\\d)\"', '\"dob\":\"{form}\"', 'g'); \
         DELETE FROM importer_schema_migrations WHERE version LIKE '%iso_dates'"
    ));
}

/// Two runs, of which the second changes everybody's birth date.
fn two_runs(database: &Database) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let importer = database.importer();
    let file = support::file(folder.path(), "people.csv", people(12));
    importer.run(&RunRequest::new("csv").file(&file)).unwrap();
    let before = database.texts(DATES);
    let moved = people(12).replace(",194", ",193");
    let file = support::file(folder.path(), "people.csv", moved);
    importer.run(&RunRequest::new("csv").file(&file)).unwrap();
    assert_ne!(database.texts(DATES), before);
    before
}

#[test]
fn dates_that_an_earlier_version_kept_as_the_server_wrote_them_come_back_as_they_were() {
    let Some(database) = database() else { return };
    let before = two_runs(&database);
    kept_as(&database, "\\3.\\2.\\1");
    let desk = database.importer();
    desk.desk(Actor::admin("ann"))
        .roll_back(&RollbackRequest { run: RunId(2), reason: "a test".into(), dry_run: false })
        .unwrap();
    assert_eq!(database.texts(DATES), before);
}

#[test]
fn a_kept_date_that_could_be_two_days_is_told_and_not_written() {
    let Some(database) = database() else { return };
    two_runs(&database);
    let after = database.texts(DATES);
    kept_as(&database, "\\3/\\2/\\1");
    let importer = database.importer();
    let error = importer
        .desk(Actor::admin("ann"))
        .roll_back(&RollbackRequest { run: RunId(2), reason: "a test".into(), dry_run: false })
        .unwrap_err()
        .to_string();
    assert!(error.contains("normal form") && error.contains("DateStyle"), "{error}");
    assert_eq!(database.texts(DATES), after);
}
