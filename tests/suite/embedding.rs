//! A host's view: the importer inside another program, beside its tables.

use std::process::Command;

use importer::service::{Actor, Edit, Role};
use importer::{ErrorKind, Importer, RecordId, RunRequest};
use importer_core::contracts::{CONTRACTS, FieldKind, VOLUNTEER};
use importer_core::ports::{ContactKind, CoreRecord};

use super::support;

/// The example as cargo builds it beside the tests, on a file and a database of the test.
fn example(folder: &std::path::Path) -> String {
    let name = format!("embed{}", std::env::consts::EXE_SUFFIX);
    let program = support::profile_folder().join("examples").join(name);
    assert!(program.is_file(), "{} is not built; run the tests with `cargo xtask test`", program.display());
    let sample = support::root().join("examples/data/volunteers.csv");
    let output = Command::new(program).arg(sample).arg(folder.join("rota.db")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "a library is silent: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_example_imports_and_joins_its_own_tables() {
    let folder = tempfile::tempdir().unwrap();
    let first = example(folder.path());
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!((lines.len(), lines[4]), (8, "as one person:"), "{first}");
    assert!(lines[0].starts_with("62 rows: ") && !lines[0].contains(" 0 new"), "{first}");
    let shifts = lines[1..4].iter().chain(&lines[5..]);
    assert!(shifts.clone().all(|line| line.starts_with("2025-06-0") && line.contains("  +1")), "{first}");
    // Merged, the first two are one person, whose shifts both are.
    let (name, rest) = (|line: &str| line[12..].to_owned(), lines[5..].to_vec());
    assert_ne!(name(lines[1]), name(lines[2]), "{first}");
    assert_eq!(name(rest[0]), name(rest[1]), "{first}");
    // Started again, the host finds everything as it was.
    let second = example(folder.path());
    assert!(second.contains(" 0 new people, 0 updated"), "{second}");
    assert_eq!(second.lines().skip(1).collect::<Vec<_>>(), lines[1..]);
}

#[test]
fn a_host_may_refer_to_people_and_its_rows_outlive_imports() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let header = "id,first name,last name,email,city\n";
        let before =
            support::file(folder.path(), "1.csv", format!("{header}1,Ann,Lee,ann@example.org,Liberty\n"));
        let after =
            support::file(folder.path(), "2.csv", format!("{header}1,Ann,Lee-Park,ann@example.org,\n"));
        database.import(&before);
        database.execute(
            "CREATE TABLE shifts (volunteer_id BIGINT NOT NULL REFERENCES core_volunteers (id), day TEXT NOT NULL); \
             INSERT INTO shifts SELECT id, 'Saturday' FROM core_volunteers",
        );
        assert_eq!(database.import(&after).counts.updated, 1, "{}", database.backend);
        let sql = "SELECT last_name || ' ' || city || ' ' || day AS t FROM shifts JOIN core_volunteers ON id = volunteer_id";
        assert_eq!(database.texts(sql), ["Lee-Park Liberty Saturday"], "{}", database.backend);
    }
}

/// Imports one person, edits her, and imports a newer row about her from the same source.
fn edited(database: &support::Database, field: &str, value: &str, newer: &str) -> CoreRecord {
    let folder = tempfile::tempdir().unwrap();
    let header = "id,first name,last name,email,city,updated_at\n";
    let first = format!("{header}1,Ann,Lee,ann@example.org,Liberty,2025-01-01T00:00:00Z\n");
    database.import(&support::file(folder.path(), "1.csv", first));
    let importer = database.importer();
    let id = database.number("SELECT id AS t FROM core_volunteers");
    let values = vec![(field.to_owned(), value.to_owned())];
    importer
        .desk(Actor::new("zoe", Role::Steward))
        .edit("volunteer", RecordId(id), &Edit { values, reason: "she called".into() })
        .unwrap();
    database.import(&support::file(folder.path(), "2.csv", format!("{header}{newer}\n")));
    importer.record("volunteer", RecordId(id)).unwrap().unwrap()
}

#[test]
fn an_edit_outranks_every_later_import() {
    for database in support::databases() {
        let row = "1,Ann,Lee,ann@example.org,Gladstone,2030-01-01T00:00:00Z";
        let ann = edited(&database, "city", "Parkville", row);
        assert_eq!(
            ann.record.get(VOLUNTEER.index("city").unwrap()),
            Some("Parkville"),
            "{}",
            database.backend
        );
        let log = "SELECT old_value || '>' || new_value || ' ' || actor || ' ' || reason AS t FROM change_log WHERE field = 'city'";
        assert_eq!(database.texts(log), ["Liberty>Parkville zoe she called"], "{}", database.backend);
        let edit = |id, field: &str, value: &str| {
            let values = vec![(field.to_owned(), value.to_owned())];
            database
                .importer()
                .desk(Actor::admin("zoe"))
                .edit("volunteer", id, &Edit { values, reason: "why".into() })
                .unwrap_err()
                .kind()
        };
        assert_eq!(edit(ann.id, "shoe_size", "9"), ErrorKind::Config);
        assert_eq!(edit(ann.id, "dob", "yesterday"), ErrorKind::Config);
        assert_eq!(edit(RecordId(ann.id.0 + 1), "city", "Liberty"), ErrorKind::NotFound);
    }
}

#[test]
fn an_edited_address_is_the_primary_one_and_finds_the_person() {
    for database in support::databases() {
        let ann =
            edited(&database, "email_normalized", "Ann.Lee@Example.net", "2,Ann,Lee,ann.lee@example.net,,");
        let emails: Vec<&str> = ann.contact_values(ContactKind::Email).collect();
        assert_eq!(emails, ["ann.lee@example.net", "ann@example.org"], "{}", database.backend);
        assert_eq!(database.importer().count("volunteer").unwrap(), 1, "{}", database.backend);
    }
}

#[test]
fn a_value_that_was_taken_away_by_hand_stays_away() {
    for database in support::databases() {
        let row = "1,Ann,Lee,ann@example.org,Liberty,2025-02-01T00:00:00Z";
        let ann = edited(&database, "city", "", row);
        assert_eq!(ann.record.get(VOLUNTEER.index("city").unwrap()), None, "{}", database.backend);
    }
}

#[test]
fn hosts_and_threads_share_one_database() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        // One importer, and a source each: runs of different systems may overlap.
        let importer = database.importer();
        std::thread::scope(|scope| {
            for name in ["a", "b"] {
                let rows: String =
                    (0..50).map(|n| format!("{n},Pat{name}{n},Stone,{name}{n}@example.org\n")).collect();
                let text = format!("id,first name,last name,email\n{rows}");
                let file = support::file(folder.path(), &format!("{name}.csv"), text);
                let importer = &importer;
                scope.spawn(move || {
                    let request = RunRequest::new("csv").external_system(name).file(&file);
                    loop {
                        match importer.run(&request) {
                            Ok(report) => {
                                break assert_eq!(
                                    (report.status.as_str(), report.counts.inserted),
                                    ("succeeded", 50)
                                );
                            }
                            // The other thread's run of the same adapter is at work, which is said and not waited for.
                            Err(error) => assert_eq!(error.kind(), ErrorKind::Busy, "{error}"),
                        }
                        std::thread::sleep(std::time::Duration::from_millis(20));
                    }
                });
            }
        });
        assert_eq!(database.importer().count("volunteer").unwrap(), 100, "{}", database.backend);
    }
}

#[test]
fn a_builder_without_a_database_or_with_a_strange_one_says_what_is_missing() {
    let error = Importer::builder().build().unwrap_err();
    assert!(error.to_string().contains("no database was given"), "{error}");
    for url in ["mysql://user:secret@host/db", "", "sqlite::memory:", "volunteers.db"] {
        let error = Importer::builder().database(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn without_a_database_a_source_is_previewed_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", "id,first name,last name,email\n1,Ada,L,nowhere\n");
    let request = RunRequest::new("csv").file(&file);
    let importer =
        Importer::builder().without_database().plugin(importer_adapter_csv::plugin()).build().unwrap();
    let preview = importer.preview(&request).unwrap();
    assert!(preview.rules.to_string().contains("FMT-101"), "{}", preview.rules);
    assert!(!importer.rules("volunteer", "csv").unwrap().is_empty());
    let error = importer.run(&request).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("built without one"), "{error}");
    assert_eq!(importer.database(), "no database");
}

#[test]
fn a_source_that_nobody_linked_is_an_error_that_names_it() {
    let database = support::sqlite();
    let error = database.importer().run(&RunRequest::new("salesforce")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin, "{error}");
    assert!(error.to_string().contains("salesforce"), "{error}");
    let mut request = RunRequest::new("csv");
    request.entity = "starship".into();
    let error = database.importer().run(&request).unwrap_err();
    assert!(error.to_string().contains("volunteer"), "it names the entities there are: {error}");
}

/// Entities are data: tables follow from a contract alone, so every contract must have the tables it names.
#[test]
fn every_contract_has_its_tables_and_columns() {
    for database in support::databases() {
        database.importer();
        for contract in CONTRACTS {
            let columns = |table: &str| match database.backend {
                "sqlite" => database.texts(&format!("SELECT name AS t FROM pragma_table_info('{table}')")),
                _ => database.texts(&format!(
                    "SELECT column_name AS t FROM information_schema.columns WHERE table_name = '{table}'"
                )),
            };
            let core = columns(&contract.core_table());
            for field in contract.fields {
                let expected = field.kind.is_column();
                assert_eq!(
                    core.iter().any(|c| c == field.name),
                    expected,
                    "{} on {}",
                    field.name,
                    database.backend
                );
            }
            for table in [contract.staging_table(), contract.clean_table()] {
                assert!(!columns(&table).is_empty(), "{table} on {}", database.backend);
            }
            let has_contacts =
                contract.fields.iter().any(|f| matches!(f.kind, FieldKind::Email | FieldKind::Phone));
            let contacts = format!("core_{}_contacts", contract.entity);
            assert_eq!(!columns(&contacts).is_empty(), has_contacts, "{contacts} on {}", database.backend);
        }
    }
}
