//! Our tables come, go and come again, and never touch what is not ours.

use importer::ErrorKind;
use importer_core::ports::Store;
use importer_store::SqlStore;

use super::support::{self, Database};

pub(crate) const TABLES: [&str; 27] = [
    "audit_log",
    "change_log",
    "change_subjects",
    "clean_volunteers",
    "core_volunteer_contacts",
    "core_volunteers",
    "dedupe_suggestions",
    "dq_violations",
    "external_id_map",
    "household_links",
    "household_members",
    "households",
    "import_runs",
    "importer_schema_migrations",
    "map_images",
    "match_keys",
    "merge_log",
    "merge_members",
    "not_duplicates",
    "quarantine",
    "record_images",
    "rollback_items",
    "rollbacks",
    "row_outcomes",
    "staging_volunteers",
    "suggestion_decisions",
    "watermarks",
];

/// A host that migrates with Diesel as well, with tables that look a little like ours.
const HOST: &str = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL \
     DEFAULT CURRENT_TIMESTAMP);
     INSERT INTO __diesel_schema_migrations (version) VALUES ('20261101000000'), ('20200101000000');
     CREATE TABLE volunteers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
     CREATE TABLE runs (id INTEGER PRIMARY KEY, volunteer_id INTEGER NOT NULL REFERENCES volunteers (id));
     CREATE INDEX runs_volunteer ON runs (volunteer_id);
     INSERT INTO volunteers VALUES (1, 'Zoë');
     INSERT INTO runs VALUES (1, 1);";

/// Every table and index, as the database describes it.
fn schema(database: &Database) -> Vec<String> {
    let sql = match database.backend {
        "sqlite" => {
            "SELECT name || ' ' || COALESCE(sql, '') AS t FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1"
        }
        _ => {
            "SELECT c.table_name || '.' || c.column_name || ' ' || c.data_type || ' ' || c.is_nullable AS t \
             FROM information_schema.columns c WHERE c.table_schema = current_schema() \
             UNION ALL SELECT indexdef AS t FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
        }
    };
    database.texts(sql)
}

fn tables(database: &Database) -> Vec<String> {
    let mut found = database.texts(match database.backend {
        "sqlite" => "SELECT name AS t FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        _ => "SELECT tablename AS t FROM pg_tables WHERE schemaname = current_schema()",
    });
    found.sort();
    found
}

fn host_data(database: &Database) -> Vec<String> {
    let mut found = database.texts("SELECT version AS t FROM __diesel_schema_migrations ORDER BY version");
    found.extend(
        database.texts("SELECT v.name || r.id AS t FROM volunteers v JOIN runs r ON r.volunteer_id = v.id"),
    );
    found
}

#[test]
fn up_twice_down_and_up_again() {
    for database in support::databases() {
        let store = SqlStore::open(&database.url).unwrap();
        assert_eq!(schema(&database), [""; 0]);
        store.migrate().unwrap();
        assert_eq!(tables(&database), TABLES, "{}", database.backend);
        let made = schema(&database);
        store.migrate().unwrap();
        assert_eq!(schema(&database), made, "{}", database.backend);
        store.migrate_down().unwrap();
        assert_eq!(schema(&database), [""; 0], "{}", database.backend);
        store.migrate_down().unwrap();
        assert_eq!(schema(&database), [""; 0], "down with nothing there, on {}", database.backend);
        store.migrate().unwrap();
        assert_eq!(schema(&database), made, "{}", database.backend);
    }
}

#[test]
fn tables_that_are_filled_go_too_and_come_back_empty() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let people = "id,first name,last name,email\n1,Ann,Lee,lee@example.org\n2,Tom,Fox,lee@example.org\n3,Bob,Stone,\n";
        let people = support::file(folder.path(), "people.csv", people);
        assert_eq!(database.import(&people).counts.inserted, 2);
        let store = SqlStore::open(&database.url).unwrap();
        store.migrate_down().unwrap();
        assert_eq!(tables(&database), [""; 0], "{}", database.backend);
        assert_eq!(database.import(&people).counts.inserted, 2, "{}", database.backend);
    }
}

#[test]
fn a_host_and_its_migrations_stay_untouched() {
    for database in support::databases() {
        database.execute(HOST);
        let (before, data) = (schema(&database), host_data(&database));
        let store = SqlStore::open(&database.url).unwrap();
        store.migrate().unwrap();
        let with_ours = schema(&database);
        assert!(before.iter().all(|line| with_ours.contains(line)), "{}", database.backend);
        assert_eq!(host_data(&database), data, "{}", database.backend);
        store.migrate_down().unwrap();
        assert_eq!(schema(&database), before, "{}", database.backend);
        assert_eq!(host_data(&database), data, "{}", database.backend);
    }
}

#[test]
fn a_table_of_the_host_with_one_of_our_names_is_an_error_that_leaves_nothing_half_made() {
    for taken in ["import_runs", "watermarks"] {
        for database in support::databases() {
            database.execute(&format!(
                "CREATE TABLE {taken} (id INTEGER PRIMARY KEY, own TEXT); INSERT INTO {taken} VALUES (1, 'x')"
            ));
            let before = schema(&database);
            let store = SqlStore::open(&database.url).unwrap();
            let error = store.migrate().unwrap_err();
            let text = error.to_string();
            assert!(text.contains("cannot migrate the database") && text.contains(taken), "{text}");
            assert!(matches!(error.kind(), ErrorKind::Store | ErrorKind::Refused), "{error:?}");
            assert_eq!(schema(&database), before, "{taken} on {}", database.backend);
            assert_eq!(database.texts(&format!("SELECT own AS t FROM {taken}")), ["x"]);
            // Once the host has made room, all is well.
            database.execute(&format!("ALTER TABLE {taken} RENAME TO host_{taken}"));
            store.migrate().unwrap();
            assert_eq!(
                database.texts(&format!("SELECT own AS t FROM host_{taken}")),
                ["x"],
                "{}",
                database.backend
            );
        }
    }
}

#[test]
fn hosts_that_start_at_once_migrate_once() {
    for database in support::databases() {
        let url = database.url.as_str();
        std::thread::scope(|scope| {
            let hosts: Vec<_> = (0..4)
                .map(|_| scope.spawn(move || SqlStore::open(url).and_then(|store| store.migrate())))
                .collect();
            for host in hosts {
                host.join().unwrap().unwrap();
            }
        });
        assert_eq!(tables(&database), TABLES, "{}", database.backend);
    }
}

#[test]
fn tables_that_a_hosts_rows_refer_to_are_not_taken_away() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let people = "id,first name,last name,email\n1,Ann,Lee,ann@example.org\n";
        database.import(&support::file(folder.path(), "people.csv", people));
        database.execute(
            "CREATE TABLE shifts (volunteer_id BIGINT NOT NULL REFERENCES core_volunteers (id)); \
             INSERT INTO shifts SELECT id FROM core_volunteers",
        );
        let before = schema(&database);
        let store = SqlStore::open(&database.url).unwrap();
        let error = store.migrate_down();
        assert!(error.is_err(), "the host's rows now refer to nobody, on {}", database.backend);
        assert_eq!(schema(&database), before, "{}", database.backend);
        assert_eq!(database.importer().count("volunteer").unwrap(), 1, "{}", database.backend);
    }
}
