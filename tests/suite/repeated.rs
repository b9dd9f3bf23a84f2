//! A source that brings a record several times: in one file or in several, the last row counts.

#[path = "repeated/laws.rs"]
mod laws;
#[path = "repeated/pages.rs"]
mod pages;

use importer::RunReport;

use super::support::{self, Database};

const GOOD: [&str; 5] = ["7", "Ann", "Lee", "ann@example.org", "816-234-5678"];
const BAD: [&str; 5] = ["7", "Ann", "Lee", "ann@example.org", "call me"];
const WORSE: [&str; 5] = ["7", "Ann", "Lee", "nowhere", "call me"];

/// Imports each list as a file of its own.
fn import(database: &Database, files: &[&[[&str; 5]]], page: usize) -> Vec<RunReport> {
    let run = |rows: &&[[&str; 5]]| {
        let rows: Vec<pages::Row> = rows.iter().map(|row| row.map(str::to_owned)).collect();
        pages::run(database, &rows, page)
    };
    files.iter().map(run).collect()
}

/// The quarantine: row number, status, and how its findings stand.
fn quarantine(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT q.external_id || ' ' || r.number || ' ' || q.status || ' ' || \
         (SELECT COUNT(*) FROM dq_violations v WHERE v.staging_id = q.staging_id AND v.status = q.status) AS t \
         FROM quarantine q JOIN (SELECT id, source_position AS number FROM staging_volunteers) r ON r.id = q.staging_id \
         ORDER BY q.staging_id",
    )
}

#[test]
fn a_good_row_ends_a_bad_one_of_the_same_record_that_came_before_it_in_the_file() {
    for page in [1, 2] {
        for database in support::databases() {
            let reports = import(&database, &[&[BAD, GOOD]], page);
            let counts = reports[0].counts;
            assert_eq!((counts.read, counts.staged, counts.clean, counts.quarantined), (2, 2, 1, 1));
            assert_eq!(quarantine(&database), ["7 1 superseded 1"], "{} {page}", database.backend);
            // The file again changes nothing.
            let again = import(&database, &[&[BAD, GOOD]], page)[0].counts;
            assert_eq!((again.quarantined, again.unchanged, again.updated), (1, 1, 0));
            assert_eq!(quarantine(&database), ["7 1 superseded 1"], "{} {page}", database.backend);
        }
    }
}

#[test]
fn a_bad_row_that_came_after_a_good_one_of_the_same_record_is_held() {
    for page in [1, 2] {
        for database in support::databases() {
            import(&database, &[&[GOOD, BAD], &[GOOD, BAD]], page);
            assert_eq!(quarantine(&database), ["7 2 open 1"], "{} {page}", database.backend);
            let reports = import(&database, &[&[GOOD]], page);
            assert_eq!(reports[0].counts.updated + reports[0].counts.inserted, 0);
            assert_eq!(quarantine(&database), ["7 2 superseded 1"], "{} {page}", database.backend);
        }
    }
}

#[test]
fn of_bad_rows_of_one_record_the_last_one_is_open() {
    for page in [1, 3] {
        for database in support::databases() {
            let reports = import(&database, &[&[BAD, WORSE, BAD]], page);
            assert_eq!(reports[0].counts.quarantined, 3);
            let expected = ["7 1 superseded 1", "7 2 superseded 2", "7 3 open 1"];
            assert_eq!(quarantine(&database), expected, "{} {page}", database.backend);
            // The file again, and then its first row alone, which is the last one that was said.
            import(&database, &[&[BAD, WORSE, BAD]], page);
            assert_eq!(quarantine(&database), expected, "{} {page}", database.backend);
            import(&database, &[&[WORSE]], page);
            let open = database.texts("SELECT rule_codes AS t FROM quarantine WHERE status = 'open'");
            assert_eq!(open, ["FMT-101,FMT-102"], "{} {page}", database.backend);
        }
    }
}

/// What the summary counts is what people find.
#[test]
fn rows_of_one_file_that_are_alike_and_held_are_counted_landed_and_listed_alike() {
    for page in [1, 2, 5] {
        for database in support::databases() {
            let report = import(&database, &[&[BAD, BAD, WORSE, BAD, BAD]], page).remove(0);
            assert_eq!((report.counts.staged, report.counts.quarantined), (5, 5));
            assert_eq!(report.dq["FMT-102"], 5);
            let count = |table: &str| database.number(&format!("SELECT COUNT(*) AS t FROM {table}"));
            assert_eq!((count("staging_volunteers"), count("quarantine")), (5, 5), "{}", database.backend);
            let listed =
                database.number("SELECT COUNT(*) AS t FROM dq_violations WHERE rule_code = 'FMT-102'");
            assert_eq!(listed, 5, "{}", database.backend);
            let again = import(&database, &[&[BAD, BAD, WORSE, BAD, BAD]], page).remove(0);
            assert_eq!(again.counts.quarantined, 5);
            assert_eq!((count("staging_volunteers"), count("quarantine")), (5, 5), "{}", database.backend);
        }
    }
}

#[test]
fn the_last_good_row_counts_whatever_came_before_it_in_the_same_file() {
    let row = |phone: &'static str| ["7", "Ann", "Lee", "ann@example.org", phone];
    let (one, two) = (row("816-234-5678"), row("816-234-9999"));
    let files: [&[&[[&str; 5]]]; 4] = [
        &[&[one, two], &[one]],
        &[&[one, two, one]],
        &[&[two], &[two, one]],
        // A file that goes back to what the core knows.
        &[&[one], &[two, one]],
    ];
    for files in files {
        for page in [1, 3] {
            for database in support::databases() {
                import(&database, files, page);
                let phone = database.texts("SELECT phone_e164 AS t FROM core_volunteers");
                assert_eq!(phone, ["+18162345678"], "{files:?} {page} on {}", database.backend);
                let last = files.last().unwrap();
                let again = import(&database, &[last], page)[0].counts;
                assert_eq!(
                    (again.inserted, again.updated),
                    (0, 0),
                    "{files:?} {page} on {}",
                    database.backend
                );
            }
        }
    }
}

#[test]
fn a_row_of_an_id_that_names_somebody_else_comes_again_as_itself_and_about_its_own_person() {
    let csv = "id,first name,last name,email\nNA,Ada,Quinn,ada@example.org\nNA,Bea,Stone,bea@example.org\n\
               NA,Bea,Stone,bea@example.org\n";
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", csv);
        let first = db.import(&file).run_id;
        let again = db.import(&file).run_id;
        // Whose bytes an outcome shows, and whom it is about.
        let outcomes = |run: i64| {
            db.texts(&format!(
                "SELECT s.payload_json || ' ' || o.core_id AS t FROM row_outcomes o JOIN staging_volunteers s \
                 ON s.id = o.staging_id WHERE o.id > {run} * 4294967296 AND o.id < ({run} + 1) * 4294967296 ORDER BY o.id"
            ))
        };
        let told = outcomes(first.0);
        assert!(told[1].contains("bea@example.org") && told[1].ends_with(" 2"), "{told:?}");
        assert_eq!(outcomes(again.0), told, "{}", db.backend);
    }
}
