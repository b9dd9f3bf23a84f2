//! Strings that have broken software before, as names and notes.
#![allow(clippy::print_stderr, reason = "what is not tested is said aloud")]

use super::table::{Table, staged};
use crate::support;

/// From the folder of shared test data; without it the test is left out aloud.
fn strings() -> Option<Vec<String>> {
    let folder = std::env::var_os("IMPORTER_SHARED_DATA")
        .map_or_else(|| support::root().join("../shared/data"), std::path::PathBuf::from);
    let file = folder.join("strings/blns.json");
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) => {
            eprintln!(
                "NOT TESTED with naughty strings: {}: {error}; set IMPORTER_SHARED_DATA",
                file.display()
            );
            None
        }
    }
}

#[test]
fn naughty_strings_survive_staging() {
    let Some(strings) = strings() else { return };
    assert!(strings.len() > 400);
    let mut table =
        Table { header: vec!["id", "first name", "last name", "email", "notes"], rows: Vec::new() };
    for (n, naughty) in strings.iter().enumerate() {
        let email = format!("person{n}@example.org");
        let row = |cells: [&str; 5]| cells.map(String::from).to_vec();
        table.rows.push(row([&format!("name{n}"), naughty, "Name", &email, "plain"]));
        table.rows.push(row([&format!("last{n}"), "Any", naughty, &email, "plain"]));
        table.rows.push(row([&format!("note{n}"), "Any", "Name", &format!("note{email}"), naughty]));
        // As the source's own id, and as an address.
        table.rows.push(row([naughty, "Any", "Other", &format!("id{email}"), "plain"]));
        table.rows.push(row([&format!("mail{n}"), "Any", "Mail", naughty, "plain"]));
    }
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", table.csv());
        let report = db.import(&file);
        assert_eq!(report.status, "succeeded", "{:?}", report.error);
        assert_eq!(report.counts.read, table.rows.len() as u64);
        let (staged, expected) = (staged(&db, report.run_id), table.expected());
        for (got, expected) in staged.iter().zip(&expected) {
            assert_eq!(got, expected, "{}", db.backend);
        }
        assert_eq!(staged.len(), expected.len());

        let again = db.import(&file);
        assert_eq!((again.counts.inserted, again.counts.updated), (0, 0), "{}", db.backend);
    }
}
