//! Databases that may be looked at and not changed.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::bad_sources::without_rights;
use super::{Desk, Ended, PEOPLE, ended, program};
use crate::support;

/// What changes nothing: how it is called, and something that it says.
const LOOKS: &[(&[&str], &str)] = &[
    (&["runs"], "succeeded"),
    (&["runs", "1"], "rows read"),
    (&["runs", "interrupted"], ""),
    (&["violations"], "FMT-101"),
    (&["quarantine"], "csv:3"),
    (&["suggestions"], "possible_duplicate"),
    (&["review", "show", "1"], "first_name"),
    (&["score", "1", "2"], "given_name"),
    (&["people"], "Grace Hopper"),
    (&["people", "1"], "Contacts"),
    (&["merge", "--list"], "There are no merges"),
    (&["merge", "1", "2", "--preview"], "Nothing has changed"),
    (&["merge", "--obvious", "--preview"], ""),
    (&["scan", "--preview"], "nothing is stored"),
    (&["audit"], "control_runs"),
    (&["fix", "--bulk", "--rule", "FMT-101", "--autofix", "FMT-101", "--reason", "as suggested"], ""),
];

/// What would change something.
const CHANGES: &[&[&str]] = &[
    &["run", "--source", "csv", "--file", "people.csv"],
    &["run", "--source", "csv", "--file", "people.csv", "--dry-run"],
    &["merge", "1", "2", "--reason", "one person"],
    &["merge", "--obvious", "--reason", "beyond doubt"],
    &["undo", "1", "--reason", "two people"],
    &["review", "reject", "1", "--reason", "two people"],
    &["rollback", "1", "--reason", "the wrong file"],
    &["fix", "4294967299", "--set", "e-mail=z@example.org", "--reason", "asked"],
    &["suppress", "4294967299", "--wont-fix", "--reason", "a test"],
    &[
        "create",
        "--set",
        "first_name=Ann",
        "--set",
        "last_name=Lee",
        "--set",
        "email=ann@example.org",
        "--reason",
        "came in",
    ],
    &["scan", "--reason", "to see"],
    &["runs", "label", "1", "--label", "x", "--reason", "to find it"],
    &["retention", "--reason", "the yearly cleaning"],
];

/// A run, and a pair that somebody may decide about.
fn fill(desk: &Desk) {
    desk.file("people.csv", PEOPLE);
    desk.run("people.csv", &[]).succeeds();
    desk.db.execute(
        "INSERT INTO dedupe_suggestions (run_id, entity_type, staging_id, left_id, right_id, original_left_id, \
         original_right_id, kind, score, features_json, decision, own_decision, created_at) VALUES (1, 'volunteer', 0, 1, 2, \
         1, 2, 'possible_duplicate', 0.9, '{}', 'open', 'open', '2025-01-01T00:00:00Z')",
    );
}

/// A folder with a database of which a test takes rights away; they are given back when it ends.
struct Shut {
    desk: Desk,
    folder: PathBuf,
}

impl Shut {
    /// Copies a database with whatever of these stands behind its name.
    fn of(desk: Desk, ends: &[&str]) -> Self {
        let folder = desk.folder.path().join("shut");
        std::fs::create_dir(&folder).unwrap();
        let from = desk.db.url.strip_prefix("sqlite://").unwrap();
        for end in ends {
            std::fs::copy(format!("{from}{end}"), folder.join(format!("my people?.db{end}"))).unwrap();
        }
        Self { desk, folder }
    }

    fn file(&self, end: &str) -> PathBuf {
        self.folder.join(format!("my people?.db{end}"))
    }

    fn mode(&self, folder: u32, file: u32) {
        for entry in std::fs::read_dir(&self.folder).unwrap() {
            set(&entry.unwrap().path(), file);
        }
        set(&self.folder, folder);
    }

    /// A command as somebody whom the rights stop; none where there is nobody of that kind.
    fn call(&self, args: &[&str]) -> Option<Ended> {
        let mut command = program(self.desk.folder.path());
        command.args(args).args(["--db", "sqlite://shut/my people?.db"]);
        without_rights(command, &self.desk).map(ended)
    }

    /// The names of all files and what is in them.
    fn content(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found: Vec<_> = std::fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap_or_default()))
            .collect();
        found.sort();
        found
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        set(&self.folder, 0o755);
    }
}

fn set(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Everything can be looked at, and whatever would change something is refused with these words.
#[track_caller]
fn is_looked_at(call: impl Fn(&[&str]) -> Option<Ended>, why: &[&str]) {
    for (look, says) in LOOKS {
        let Some(ended) = call(look) else { return };
        assert_eq!(ended.code, 0, "{look:?}: {ended:?}");
        assert!(ended.out.contains(says), "{look:?}: {ended:?}");
    }
    for change in CHANGES {
        let Some(ended) = call(change) else { return };
        ended.fails(1, &["the database is read-only"]).fails(1, why);
    }
    for (number, what) in ["records", "violations", "quarantine"].into_iter().enumerate() {
        let out = format!("work/{number}.csv");
        let Some(ended) = call(&["export", what, "--out", &out, "--reason", "for the office"]) else {
            return;
        };
        ended.succeeds();
        assert!(ended.err.contains("the audit log does not record this export"), "{ended:?}");
    }
    let Some(refused) = call(&["merge", "1", "2", "--role", "viewer", "--reason", "let me try"]) else {
        return;
    };
    refused.fails(2, &["a viewer may not merge", "this is not recorded", "it needs the role admin"]);
}

#[test]
fn a_file_in_a_folder_that_may_not_be_written_is_looked_at_and_stays_as_it_is() {
    for (folder, file, why) in [
        (0o555, 0o444, "its file may not be written (permission denied)"),
        (0o555, 0o666, "nothing may be written into the folder of its file"),
        (0o777, 0o444, "its file may not be written (permission denied)"),
    ] {
        let desk = Desk::new();
        fill(&desk);
        let shut = Shut::of(desk, &[""]);
        shut.mode(folder, file);
        let before = shut.content();
        is_looked_at(|args| shut.call(args), &[why, "ask for the right to write it"]);
        assert!(shut.content() == before, "{why}: something was written, or left behind");
    }
}

#[test]
fn what_lies_in_the_wal_is_read_or_its_absence_is_told() {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    let written = || {
        let desk = Desk::new();
        fill(&desk);
        let path = desk.db.url.strip_prefix("sqlite://").unwrap();
        let mut connection = diesel::SqliteConnection::establish(path).unwrap();
        let late = "PRAGMA wal_autocheckpoint = 0; UPDATE core_volunteers SET city = 'Lately' WHERE id = 1";
        connection.batch_execute(late).unwrap();
        (desk, connection)
    };
    // As a program that was killed leaves it, and as a copy that forgot the last file.
    for (ends, readable) in [(&["", "-wal", "-shm"][..], true), (&["", "-wal"], false)] {
        let (desk, connection) = written();
        let shut = Shut::of(desk, ends);
        drop(connection);
        shut.mode(0o555, 0o444);
        let Some(ended) = shut.call(&["people", "1"]) else { return };
        if readable {
            assert!(ended.succeeds().out.contains("Lately"), "{ended:?}");
        } else {
            ended.fails(1, &["the latest changes are still in the write-ahead log", "copy all files"]);
            // Where it can be read, it is.
            set(&shut.folder, 0o777);
            assert!(shut.call(&["people", "1"]).unwrap().succeeds().out.contains("Lately"));
        }
    }
    // Others may not look into it.
    let (desk, connection) = written();
    let shut = Shut::of(desk, &["", "-wal", "-shm"]);
    drop(connection);
    shut.mode(0o555, 0o444);
    set(&shut.file("-wal"), 0o000);
    let Some(ended) = shut.call(&["people"]) else { return };
    ended.fails(1, &["the latest changes are still in the write-ahead log"]);
}

#[test]
fn a_file_that_somebody_else_is_writing_is_looked_at() {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    let desk = Desk::new();
    fill(&desk);
    let shut = Shut::of(desk, &[""]);
    let mut writer = diesel::SqliteConnection::establish(shut.file("").to_str().unwrap()).unwrap();
    writer.batch_execute("UPDATE core_volunteers SET city = 'Lately' WHERE id = 1").unwrap();
    shut.mode(0o555, 0o444);
    let Some(ended) = shut.call(&["people", "1"]) else { return };
    assert!(ended.succeeds().out.contains("Lately"), "{ended:?}");
    shut.call(&["merge", "1", "2", "--reason", "one"]).unwrap().fails(1, &["the database is read-only"]);
    set(&shut.file(""), 0o644);
    set(&shut.file("-shm"), 0o644);
    set(&shut.file("-wal"), 0o644);
    writer.batch_execute("UPDATE core_volunteers SET city = 'Later' WHERE id = 1").unwrap();
}

#[test]
fn an_earlier_version_that_may_not_be_written_says_who_has_to_migrate_it() {
    for (change, says) in [
        (
            "DELETE FROM importer_schema_migrations WHERE version > '2026-11-02'",
            &["its tables are those of 2026-11-01-000000_platform of importer", "0.1.0, needs 202"][..],
        ),
        ("DROP TABLE importer_schema_migrations", &["it has none of the importer's tables"]),
    ] {
        let desk = Desk::new();
        fill(&desk);
        desk.db.execute(change);
        let shut = Shut::of(desk, &[""]);
        shut.mode(0o555, 0o444);
        for command in [&["people"][..], &["merge", "1", "2", "--reason", "one"]] {
            let Some(ended) = shut.call(command) else { return };
            let also = [
                "may not be written (permission denied)",
                "open it once with importer 0.1.0",
                "my people?.db",
            ];
            ended.fails(1, says).fails(1, &also);
        }
    }
}

#[test]
fn a_newer_version_is_looked_at_only_where_it_says_that_it_can_be() {
    for (from, looked_at) in [("known", true), ("2098-01-01-000000_later", false), ("NULL", false)] {
        for db in support::databases() {
            let desk = Desk::on(db);
            fill(&desk);
            let known = desk.db.texts("SELECT MAX(version) AS t FROM importer_schema_migrations").remove(0);
            let from = match from {
                "NULL" => from.to_owned(),
                from => format!("'{}'", if from == "known" { &known } else { from }),
            };
            desk.db.execute(&format!(
                "INSERT INTO importer_schema_migrations VALUES ('2099-01-01-000000_future', '9.9.9', {from})"
            ));
            let both = ["importer 9.9.9", "2099-01-01-000000_future", "importer 0.1.0", known.as_str()];
            let work = desk.folder.path().join("work");
            std::fs::create_dir(&work).unwrap();
            if looked_at {
                is_looked_at(|args| Some(desk.call(args)), &both);
            } else {
                for command in [&["people"][..], &["runs"], &["merge", "1", "2", "--reason", "one"]] {
                    desk.call(command).fails(2, &both).fails(2, &["could be wrong"]);
                }
            }
            assert_eq!(desk.rows("import_runs"), 1, "nothing was written");
            assert_eq!(desk.rows("audit_log"), 1, "nothing was written");
        }
    }
}

#[test]
fn who_may_only_select_looks_and_changes_nothing() {
    for db in support::databases().into_iter().filter(|db| db.backend == "postgres") {
        let desk = Desk::on(db);
        fill(&desk);
        std::fs::create_dir(desk.folder.path().join("work")).unwrap();
        let role = format!("looker_{}", desk.db.url.rsplit('_').next().unwrap());
        let schema = desk.db.schema();
        desk.db.administer(&format!(
            "DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN; ALTER ROLE {role} SET search_path = {schema}"
        ));
        desk.db.execute(&format!(
            "GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"
        ));
        let place = desk.db.url.split_once("://").unwrap().1;
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        let options = "options=-c%20default_transaction_read_only%3Don";
        let joined = if desk.db.url.contains('?') { '&' } else { '?' };
        for (url, why) in [
            (
                format!("postgres://{role}@{place}"),
                format!("the role `{role}` has no right to write its tables"),
            ),
            (format!("{}{joined}{options}", desk.db.url), "`default_transaction_read_only` is on".into()),
        ] {
            let call = |args: &[&str]| {
                let mut command: Command = program(desk.folder.path());
                command.args(args).args(["--db", &url]);
                Some(ended(command))
            };
            is_looked_at(call, &[&why]);
            for file in std::fs::read_dir(desk.folder.path().join("work")).unwrap() {
                std::fs::remove_file(file.unwrap().path()).unwrap();
            }
        }
        assert_eq!((desk.rows("import_runs"), desk.rows("audit_log")), (1, 1), "nothing was written");
        // Who may add to the audit log and nothing else is in it, and changes nothing either.
        desk.db.execute(&format!(
            "GRANT INSERT ON audit_log TO {role}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}"
        ));
        let url = format!("postgres://{role}@{place}");
        let call = |args: &[&str]| {
            let mut command: Command = program(desk.folder.path());
            command.args(args).args(["--db", &url]);
            ended(command)
        };
        let exported = call(&["export", "records", "--out", "work/x.csv", "--reason", "for the office"]);
        exported.succeeds();
        assert!(!exported.err.contains("audit log"), "{exported:?}");
        // In whatever language the server says it.
        call(&["merge", "1", "2", "--reason", "one"]).fails(1, &["merge_log", "42501", "GRANT"]);
        assert_eq!((desk.rows("merge_log"), desk.rows("audit_log")), (0, 2));
    }
}

/// A process that opens and closes the file by other means than SQLite's loses its locks on it, and another one that is the
/// last in its own eyes takes away what lies beside the file.
#[test]
fn a_session_keeps_its_hold_on_the_file_while_others_come_and_go() {
    use importer_core::ports::Store;
    let desk = Desk::new();
    fill(&desk);
    let store = importer_store::SqlStore::open(&desk.db.url).unwrap();
    let mut held = store.session().unwrap();
    assert_eq!(held.runs(&Default::default()).unwrap().len(), 1);
    assert_eq!(desk.db.importer().count("volunteer").unwrap(), 2);
    store.may_write().unwrap();
    desk.call(["runs"]).succeeds();
    let wal = format!("{}-wal", desk.db.url.strip_prefix("sqlite://").unwrap());
    assert!(Path::new(&wal).exists(), "the other program thought that nobody was left");
    assert_eq!(held.runs(&Default::default()).unwrap().len(), 1);
}
