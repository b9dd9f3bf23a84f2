//! Which migrations a database has, and what a program does that knows others.

use importer::service::{Actor, MergeRequest};
use importer::{ErrorKind, RecordId, RunRequest};
use importer_core::ports::Store;
use importer_store::SqlStore;

use super::support::{self, Database};

fn versions(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT version || ' ' || COALESCE(applied_by, '-') || ' ' || COALESCE(readable_from, '-') AS t \
         FROM importer_schema_migrations ORDER BY version",
    )
}

#[test]
fn each_migration_is_kept_with_the_program_that_ran_it_and_who_still_reads_it() {
    let (first, second) = ("2026-11-01-000000_platform", "2026-11-23-000000_stewardship");
    for database in support::databases() {
        // As a program left it that did not keep these yet.
        let folder =
            support::root().join("importer-core/store/migrations").join(database.backend).join(first);
        database.execute(&std::fs::read_to_string(folder.join("up.sql")).unwrap());
        database.execute(&format!(
            "CREATE TABLE importer_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL); \
             INSERT INTO importer_schema_migrations VALUES ('{first}')"
        ));
        SqlStore::open(&database.url).unwrap().migrate().unwrap();
        let by = env!("CARGO_PKG_VERSION");
        let found = versions(&database);
        assert_eq!(
            found[..2],
            [format!("{first} - -"), format!("{second} {by} {second}")],
            "{}",
            database.backend
        );
        assert!(found[2..].iter().all(|line| line.contains(by)), "{found:?}");
        SqlStore::open(&database.url).unwrap().migrate().unwrap();
        assert_eq!(versions(&database), found, "{}", database.backend);
    }
}

#[test]
fn a_program_at_work_notices_that_a_newer_one_has_migrated() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let csv = "id,first name,last name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@example.org\n";
        let file = support::file(folder.path(), "people.csv", csv);
        let importer = database.importer();
        importer.run(&RunRequest::new("csv").file(&file)).unwrap();
        importer.may_write().unwrap();

        let newer = "2099-01-01-000000_future";
        let newest = versions(&database).pop().unwrap();
        let newest = newest.split(' ').next().unwrap();
        database.execute(&format!(
            "INSERT INTO importer_schema_migrations VALUES ('{newer}', '9.9.9', '{newest}')"
        ));
        let desk = importer.desk(Actor::admin("ann"));
        let refusals = [
            importer.may_write().unwrap_err(),
            importer.run(&RunRequest::new("csv").file(&file)).unwrap_err(),
            desk.merge(&MergeRequest::new("volunteer", [1, 2], "one person")).unwrap_err(),
            SqlStore::open(&database.url).unwrap().migrate_down().unwrap_err(),
        ];
        for error in refusals {
            assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
            for part in [newer, newest, "9.9.9", env!("CARGO_PKG_VERSION"), &importer.database()] {
                assert!(error.to_string().contains(part), "{part} on {}: {error}", database.backend);
            }
        }
        assert_eq!(importer.count("volunteer").unwrap(), 2);
        assert_eq!(desk.records("volunteer", RecordId(0), 10).unwrap().len(), 2);

        // One that does not say who still reads it is not read.
        database
            .execute("UPDATE importer_schema_migrations SET readable_from = NULL WHERE applied_by = '9.9.9'");
        let error = importer.count("volunteer").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("could be wrong"), "{error}");
        // Once that program is gone again, all is as before.
        database.execute(&format!("DELETE FROM importer_schema_migrations WHERE version = '{newer}'"));
        importer.may_write().unwrap();
    }
}
