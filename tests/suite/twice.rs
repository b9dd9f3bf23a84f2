//! A core in which people are there twice beyond doubt, and nobody is merged yet.

use importer::{AutoMerge, Importer, RunRequest};

use super::support::{self, Database};

/// How many people there are beside those who come again.
pub(crate) const PEOPLE: i64 = 40;

const FIRST: [&str; 5] = ["Ada", "Bruno", "Chiara", "Dmitri", "Esther"];
const LAST: [&str; 8] =
    ["Lovelace", "Okafor", "Nakamura", "Petrov", "Quispe", "Ramirez", "Svensson", "Tanaka"];
const HEADER: &str = "id,first name,last name,email,phone,dob,city\n";

/// A row of one of the people; `again` is the domain under which they come.
pub(crate) fn row(id: &str, person: usize, again: &str) -> String {
    let (first, last) = (FIRST[person % 5], LAST[person % 8]);
    let (year, month, day) = (1950 + person * 7 % 50, 1 + person % 12, 2 + person * 3 % 27);
    format!(
        "{id},{first},{last},{first}.{last}@{again},8165551{:03},{year}-{month:02}-{day:02},Town{person}\n",
        100 + person * 7
    )
}

/// Imports 40 people with the ids 1 to 40, and then each of `again` under another address with the next id.
pub(crate) fn imported(db: &Database, again: &[usize]) -> Importer {
    let mut csv = String::from(HEADER);
    csv.extend((0..40).map(|person| row(&format!("p{person}"), person, "example.org")));
    for (number, person) in again.iter().enumerate() {
        csv += &row(&format!("again{number}"), *person, &format!("example{number}.net"));
    }
    bring(db, "people.csv", &csv)
}

/// Imports rows and merges nobody.
pub(crate) fn bring(db: &Database, name: &str, csv: &str) -> Importer {
    let folder = tempfile::tempdir().unwrap();
    let csv = if csv.starts_with("id,") { csv.to_owned() } else { format!("{HEADER}{csv}") };
    let importer = db.importer();
    let request = RunRequest::new("csv").file(support::file(folder.path(), name, csv));
    let report = importer.run(&request.auto_merge(AutoMerge::Off)).unwrap();
    assert_eq!(report.counts.quarantined, 0, "{report:?}");
    importer
}
