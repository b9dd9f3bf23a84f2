//! Awkward strings as names, notes, ids and addresses.

use super::table::{Table, staged};
use crate::support;

#[test]
fn awkward_strings_survive_staging() {
    let strings = support::awkward_strings();
    let mut table =
        Table { header: vec!["id", "first name", "last name", "email", "notes"], rows: Vec::new() };
    for (n, awkward) in strings.iter().enumerate() {
        let email = format!("person{n}@example.org");
        let row = |cells: [&str; 5]| cells.map(String::from).to_vec();
        table.rows.push(row([&format!("name{n}"), awkward, "Name", &email, "plain"]));
        table.rows.push(row([&format!("last{n}"), "Any", awkward, &email, "plain"]));
        table.rows.push(row([&format!("note{n}"), "Any", "Name", &format!("note{email}"), awkward]));
        // As the source's own id, and as an address.
        table.rows.push(row([awkward, "Any", "Other", &format!("id{email}"), "plain"]));
        table.rows.push(row([&format!("mail{n}"), "Any", "Mail", awkward, "plain"]));
    }
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", table.csv());
        let report = db.import(&file);
        assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
        assert_eq!(report.counts.read, table.rows.len() as u64);
        let (staged, expected) = (staged(&db, report.run_id.0), table.expected());
        for (got, expected) in staged.iter().zip(&expected) {
            assert_eq!(got, expected, "{}", db.backend);
        }
        assert_eq!(staged.len(), expected.len());

        let again = db.import(&file);
        assert_eq!((again.counts.inserted, again.counts.updated), (0, 0), "{}", db.backend);
    }
}
