//! An older file after a newer one is told, and held where somebody asks for it.

use importer::service::{Actor, RollbackRequest};
use importer::{Documents, GateMode, GatePolicy, Importer, ReportStatus, RunReport, RunRequest};
use importer_core::mapping::Mapping;

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,city\n";
const OLD: &str =
    "1,Ada,Quinn,ada@example.org,Omaha\n2,Ben,Roe,ben@example.org,Omaha\n3,Cy,Ott,cy@example.org,Lima\n";
const NEW: &str =
    "1,Ada,Quinn,ada@example.org,Tulsa\n2,Ben,Roe,ben.new@example.org,Tulsa\n3,Cy,Ott,cy@example.org,Lima\n";

fn importer(database: &Database) -> Importer {
    let csv = importer_adapter_csv::plugin();
    Importer::builder().database(&database.url).plugin(csv).build().unwrap()
}

fn run(importer: &Importer, rows: &str, change: impl FnOnce(RunRequest) -> RunRequest) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", rows);
    importer.run(&change(RunRequest::new("csv").file(&file))).unwrap()
}

fn codes(report: &RunReport) -> Vec<&str> {
    report.anomalies.iter().map(|anomaly| anomaly.code.as_str()).collect()
}

fn plain(rows: &str) -> String {
    format!("{HEADER}{rows}")
}

#[test]
fn a_file_that_was_there_before_is_told_when_it_comes_after_a_newer_one() {
    for database in support::databases() {
        let importer = importer(&database);
        let (first, second) = (run(&importer, &plain(OLD), |r| r), run(&importer, &plain(NEW), |r| r));
        assert_eq!(codes(&second), [""; 0], "a new file is none that was there before");
        let dry = run(&importer, &plain(OLD), |r| r.dry_run(true));
        let third = run(&importer, &plain(OLD), |r| r);
        assert_eq!(codes(&third), ["older_file"], "{}", database.backend);
        assert_eq!(dry.anomalies, third.anomalies, "a dry run says the same");
        let message = &third.anomalies[0].message;
        let told = format!(
            "2 of 2 changed rows that were compared say word for word what an earlier run brought, mostly run {}",
            first.run_id
        );
        assert!(message.starts_with(&told), "{message}");
        // Once more is nothing new, and the newest file goes back to what it said: that is told as well, since nobody knows.
        assert_eq!(codes(&run(&importer, &plain(OLD), |r| r)), [""; 0]);
        assert_eq!(codes(&run(&importer, &plain(NEW), |r| r)), ["older_file"], "{}", database.backend);
    }
}

#[test]
fn it_is_found_over_several_files_and_not_after_a_rollback() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &plain(OLD), |r| r);
        let newer = run(&importer, &plain(NEW), |r| r);
        let newest = run(&importer, &plain(&NEW.replace("Tulsa", "Reno")), |r| r);
        assert_eq!(codes(&run(&importer, &plain(OLD), |r| r.dry_run(true))), ["older_file"]);
        let desk = importer.desk(Actor::admin("ann"));
        desk.roll_back(&RollbackRequest::new(newest.run_id, "the wrong file")).unwrap();
        desk.roll_back(&RollbackRequest::new(newer.run_id, "the wrong file")).unwrap();
        assert_eq!(codes(&run(&importer, &plain(NEW), |r| r)), [""; 0], "{}", database.backend);
    }
}

#[test]
fn another_mapping_or_program_makes_no_old_file_of_the_newest_one() {
    let mapping = |country: &str| {
        let text = format!("mapping: m\nversion: 1\nentity: volunteer\ndefaults: {{ country: {country} }}\n");
        Documents::new().mapping(Mapping::parse(&text, "m.yaml").unwrap())
    };
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &plain(OLD), |r| r);
        run(&importer, &plain(NEW), |r| r);
        // Every row is read anew, and says what it said.
        for country in ["CA", "US", "CA"] {
            let again = run(&importer, &plain(NEW), |r| r.documents(mapping(country)));
            assert_eq!(codes(&again), [""; 0], "{country} on {}", database.backend);
        }
        let old = run(&importer, &plain(OLD), |r| r.documents(mapping("GB")));
        assert_eq!(
            codes(&old),
            ["older_file"],
            "whatever reads it, it is the old file: {}",
            database.backend
        );
    }
}

#[test]
fn one_row_that_goes_back_is_a_change_like_any_other() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &plain(OLD), |r| r);
        run(&importer, &plain(&OLD.replace("ada@", "ada.q@")), |r| r);
        let back = run(&importer, &plain(OLD), |r| r);
        assert_eq!((back.counts.updated, codes(&back)), (1, vec![]), "{}", database.backend);
    }
}

#[test]
fn the_gate_holds_it_where_it_should() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &plain(OLD), |r| r);
        run(&importer, &plain(NEW), |r| r);
        let strict = GatePolicy { older_file: GateMode::Enforce, ..GatePolicy::default() };
        let strict = |r: RunRequest| r.documents(Documents::new().gate(strict));
        let held = run(&importer, &plain(OLD), strict);
        assert_eq!((held.status, codes(&held)), (ReportStatus::Held, vec!["older_file"]));
        let cities = database.texts("SELECT DISTINCT city AS t FROM core_volunteers ORDER BY city");
        assert_eq!(cities, ["Lima", "Tulsa"], "nothing went in on {}", database.backend);
        let report = importer.desk(Actor::admin("ann")).approve(held.run_id, "the source went back").unwrap();
        assert_eq!((report.status, report.counts.updated), (ReportStatus::Succeeded, 2), "{report:?}");
    }
}

#[test]
fn times_tell_of_a_file_that_never_came_and_its_values_do_not_win() {
    let dated = |rows: &str, time: &str| {
        let rows = rows.lines().map(|row| format!("{row},{time}\n")).collect::<String>();
        format!("{},updated at\n{rows}", HEADER.trim_end())
    };
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &dated(NEW, "2026-05-01T08:00:00Z"), |r| r);
        let older = run(&importer, &dated(OLD, "2025-05-01T08:00:00Z"), |r| r);
        assert_eq!(codes(&older), ["older_file"], "{}: {older:?}", database.backend);
        assert!(
            older.anomalies[0].message.starts_with("3 of 3 rows of known people are older"),
            "{:?}",
            older.anomalies
        );
        let cities = database.texts("SELECT DISTINCT city AS t FROM core_volunteers ORDER BY city");
        assert_eq!(cities, ["Lima", "Tulsa"], "{}", database.backend);
        let emails =
            database.texts("SELECT email_normalized AS t FROM core_volunteers WHERE first_name = 'Ben'");
        assert_eq!(emails, ["ben.new@example.org"], "the newer address stays the primary one");
        let newest = run(&importer, &dated(NEW, "2026-06-01T08:00:00Z"), |r| r);
        assert_eq!(codes(&newest), [""; 0], "{newest:?}");
    }
}
