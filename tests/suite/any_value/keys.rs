//! Ids are found by their hash and told apart by their text.

use importer::RunRequest;
use importer::service::{Actor, RollbackRequest};
use importer_core::ports::RunId;
use importer_core::ports::Store;
use importer_store::SqlStore;

use super::super::golden::outcome;
use super::super::support::{self, Database};
use super::values::letters_of;

const MIGRATION: &str = "2026-11-30-000001_hashed_keys";
const HEADER: &str = "id,first name,last name,email\n";

/// Rows of these ids, the last of which is held back.
fn people(folder: &std::path::Path, ids: &[&str], city: &str) -> std::path::PathBuf {
    let mut text = HEADER.replace('\n', ",city\n");
    for (place, id) in ids.iter().enumerate() {
        let email = if place + 1 == ids.len() { "none" } else { "example.org" };
        text += &format!("{id},Ann{place},Lee,ann{place}@{email},{city}\n");
    }
    support::file(folder, &format!("{city}.csv"), text)
}

/// Ids whose bytes are more than an entry of an index takes on Postgres.
fn long_ids() -> Vec<String> {
    let id = |seed: u64| {
        let letters = letters_of(40_000, seed);
        letters.chars().filter(|letter| letter.len_utf8() > 2).take(1_024).collect::<String>()
    };
    let ids: Vec<String> = (0..4).map(id).collect();
    assert!(ids.iter().all(|id| id.chars().count() == 1_024 && id.len() > 3_000));
    ids
}

fn rollback(run: i64) -> RollbackRequest {
    RollbackRequest { run: RunId(run), dry_run: false, reason: "it was the wrong town".into() }
}

fn map(database: &Database) -> Vec<String> {
    database.texts("SELECT external_id || ' ' || staging_id AS t FROM external_id_map ORDER BY id")
}

#[test]
fn ids_as_long_as_they_may_be_go_in_are_known_again_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let ids = long_ids();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for database in support::databases() {
        let first = database.import(&people(folder.path(), &ids, "Oslo"));
        assert_eq!((first.counts.inserted, first.counts.quarantined), (3, 1), "{:?}", first.error);
        let before = (map(&database), outcome::traces(&database));
        let again = database.import(&people(folder.path(), &ids, "Oslo"));
        assert_eq!((again.counts.unchanged, again.counts.quarantined), (3, 1), "{}", database.backend);
        let changed = database.import(&people(folder.path(), &ids, "Bergen"));
        assert_eq!((changed.counts.updated, changed.counts.quarantined), (3, 1), "{}", database.backend);
        let superseded = "SELECT CAST(COUNT(*) AS TEXT) AS t FROM quarantine WHERE status = 'superseded'";
        assert_eq!(database.number(superseded), 1, "{}", database.backend);
        let importer = database.importer();
        let desk = importer.desk(Actor::admin("ann"));
        desk.roll_back(&rollback(changed.run_id.0)).unwrap();
        let after = (map(&database), outcome::traces(&database));
        assert_eq!(after.0, before.0, "{}", database.backend);
        assert_eq!(after.1["people"], before.1["people"], "{}", database.backend);
    }
}

/// Brings a database back to where the migration found it.
fn before_the_migration(database: &Database) {
    let folder = support::root().join("importer-core/store/migrations").join(database.backend);
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut later: Vec<_> = names.filter(|name| *name.to_str().unwrap() >= *MIGRATION).collect();
    later.sort();
    for name in later.iter().rev() {
        database.execute(&std::fs::read_to_string(folder.join(name).join("down.sql")).unwrap());
    }
    database.execute(&format!("DELETE FROM importer_schema_migrations WHERE version >= '{MIGRATION}'"));
}

#[test]
fn what_was_there_before_ids_were_hashed_is_found_after() {
    let folder = tempfile::tempdir().unwrap();
    let ids = ["17", "a b", "ÅÄÖ 🙂", "18"];
    for database in support::databases() {
        database.import(&people(folder.path(), &ids, "Oslo"));
        let changed = database.import(&people(folder.path(), &ids, "Bergen"));
        let before = (map(&database), outcome::traces(&database));
        before_the_migration(&database);
        assert_eq!((map(&database), outcome::traces(&database)), before, "{}", database.backend);

        SqlStore::open(&database.url).unwrap().migrate().unwrap();
        assert_eq!((map(&database), outcome::traces(&database)), before, "{}", database.backend);
        let again = database.import(&people(folder.path(), &ids, "Bergen"));
        let counts = &again.counts;
        assert_eq!((counts.unchanged, counts.quarantined), (3, 1), "{}: {counts:?}", database.backend);
        before_the_migration(&database);
        let importer = database.importer();
        let desk = importer.desk(Actor::admin("ann"));
        desk.roll_back(&rollback(again.run_id.0)).unwrap();
        desk.roll_back(&rollback(changed.run_id.0)).unwrap();
        let towns = database.texts("SELECT city AS t FROM core_volunteers WHERE city = 'Oslo'");
        assert_eq!(towns.len(), 3, "{}", database.backend);
    }
}

#[test]
fn no_number_of_an_entry_is_given_again_after_ids_were_hashed() {
    let folder = tempfile::tempdir().unwrap();
    for database in support::databases() {
        database.import(&people(folder.path(), &["1", "2", "3"], "Oslo"));
        before_the_migration(&database);
        let last = "SELECT CAST(MAX(id) AS TEXT) AS t FROM external_id_map";
        let before = database.number(last);
        database.execute(&format!("DELETE FROM external_id_map WHERE id = {before}"));
        SqlStore::open(&database.url).unwrap().migrate().unwrap();
        database.import(&people(folder.path(), &["4", "5"], "Bergen"));
        assert!(database.number(last) > before, "{}", database.backend);
    }
}

#[test]
fn a_hash_that_two_ids_share_joins_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for database in support::databases() {
        let one = support::file(folder.path(), "one.csv", format!("{HEADER}A,Ann,Lee,ann@example.org\n"));
        let other = support::file(folder.path(), "other.csv", format!("{HEADER}B,Bob,Ray,bob@example.org\n"));
        database.import(&one);
        database.import(&support::file(folder.path(), "held.csv", format!("{HEADER}A,Ann,Lee,ann@\n")));
        // The entries of A stand where B is looked for.
        for table in ["external_id_map", "quarantine"] {
            database.execute(&match database.backend {
                "sqlite" => format!("UPDATE {table} SET id_hash = {}", hash_of("B")),
                _ => format!(
                    "ALTER TABLE {table} ALTER COLUMN id_hash DROP EXPRESSION; \
                     UPDATE {table} SET id_hash = hashtextextended('B' COLLATE \"C\", 0)"
                ),
            });
        }
        let request = RunRequest::new("csv").file(&other);
        let report = database.importer().run(&request).unwrap();
        let counts = &report.counts;
        assert_eq!((counts.matched, counts.updated, counts.unchanged), (0, 0, 0), "{counts:?}");
        let named = "SELECT m.external_id || ' ' || c.first_name AS t FROM external_id_map m \
                     JOIN core_volunteers c ON c.id = m.core_id ORDER BY 1";
        assert!(database.texts(named).contains(&"A Ann".to_owned()), "{}", database.backend);
        assert!(!database.texts(named).contains(&"B Ann".to_owned()), "{}", database.backend);
        let held = "SELECT status AS t FROM quarantine";
        assert_eq!(database.texts(held), ["open"], "another id ended an entry, on {}", database.backend);
    }
}

fn hash_of(id: &str) -> i64 {
    // What the importer writes on SQLite, read off an entry that it wrote.
    let database = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    database.import(&support::file(
        folder.path(),
        "b.csv",
        format!("{HEADER}{id},Ann,Lee,ann@example.org\n"),
    ));
    database.number("SELECT CAST(id_hash AS TEXT) AS t FROM external_id_map")
}

#[test]
fn no_id_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    for database in support::databases() {
        database.import(&people(folder.path(), &["1", "2", "3"], "Oslo"));
        let copied = "INSERT INTO external_id_map SELECT 99, entity_type, external_system, external_id, core_id, \
                      row_hash, other_hashes, staging_id, first_seen_at, last_seen_at, last_run_id";
        let (columns, hash) = match database.backend {
            "sqlite" => ("", ", id_hash"),
            _ => ("", ""),
        };
        let sql = format!("{copied}{hash}{columns} FROM external_id_map WHERE external_id = '1'");
        let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| database.execute(&sql)));
        assert!(refused.is_err(), "{}", database.backend);
    }
}
