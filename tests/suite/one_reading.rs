//! An import and an evaluation of one file read the same values and merge the same people.

use std::collections::{BTreeMap, BTreeSet};

use importer::{AutoMerge, RunRequest};
use importer_dedupe::evaluate::{Answer, Report, Settings, Table, evaluate};

use super::support::{self, Database};

const COLUMNS: [&str; 11] =
    ["id", "first name", "last name", "email", "phone", "dob", "street", "city", "state", "zip", "person"];
const FAMILIES: [&str; 24] = [
    "Abbott",
    "Brandt",
    "Castillo",
    "Dunmore",
    "Eriksen",
    "Fairbanks",
    "Gutierrez",
    "Hollister",
    "Ibarra",
    "Jennings",
    "Kowalski",
    "Lindqvist",
    "Montague",
    "Nakamura",
    "Oyelaran",
    "Petrovic",
    "Quimby",
    "Rosenthal",
    "Sandoval",
    "Thornton",
    "Underhill",
    "Vandermeer",
    "Whitaker",
    "Yamamoto",
];
/// Father, mother and two children; each home begins at another place of the list.
const GIVEN: [&str; 12] = [
    "Walter",
    "Gloria",
    "Oscar",
    "Felicia",
    "Hubert",
    "Priscilla",
    "Desmond",
    "Yolanda",
    "Clifford",
    "Winifred",
    "Barnaby",
    "Ottilie",
];

/// A row of a person, by what is special about it.
fn row(home: usize, member: usize, again: bool) -> Vec<String> {
    let (family, given) = (FAMILIES[home], GIVEN[(home + 5 * member) % GIVEN.len()]);
    let is_child = member > 1;
    let owner = if is_child { GIVEN[(home + 5) % GIVEN.len()] } else { given };
    let year = if is_child { 2008 + member + home % 3 } else { 1960 + 7 * member + home % 11 };
    let mut cells = vec![
        format!("{}", 1000 + 8 * home + 2 * member + usize::from(again)),
        given.to_owned(),
        family.to_owned(),
        format!("{owner}.{family}@example.org").to_lowercase(),
        format!("816-{:03}-{:04}", 234 + home, 1000 + 37 * home),
        format!("{year}-{:02}-{:02}", 1 + (home + 3 * member) % 12, 2 + (home * 5 + member * 7) % 27),
        format!("{} Alder Street", 100 + 13 * home),
        ["Liberty", "Gladstone", "Raytown"][home % 3].to_owned(),
        "MO".to_owned(),
        format!("64{:03}", 10 + home % 7),
        format!("{home}-{member}"),
    ];
    if again {
        match (home + member) % 6 {
            0 => cells[4].clear(),
            1 => cells[3].clear(),
            2 => cells[6] = format!("{} Birch Avenue", 7 + home),
            3 => cells[1] = given.to_uppercase(),
            4 => cells[6].clear(),
            _ => cells[1].insert(3, given.chars().nth(2).unwrap()),
        }
    }
    cells
}

fn rows() -> Vec<Vec<String>> {
    let people = || (0..FAMILIES.len()).flat_map(|home| (0..4).map(move |member| (home, member)));
    let first = people().map(|(home, member)| row(home, member, false));
    first.chain(people().map(|(home, member)| row(home, member, true))).collect()
}

/// Whom an import makes of each row, by the row's id.
fn imported(db: &Database, rows: &[Vec<String>]) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut csv = COLUMNS.join(",");
    rows.iter().for_each(|row| csv = format!("{csv}\n{}", row.join(",")));
    let file = support::file(folder.path(), "people.csv", csv);
    let report = db.importer().run(&RunRequest::new("csv").file(file).auto_merge(AutoMerge::Full)).unwrap();
    assert_eq!((report.counts.read, report.counts.quarantined), (rows.len() as u64, 0), "{report:?}");
    let sql = "SELECT external_id || ' ' || core_id AS t FROM external_id_map ORDER BY external_id";
    let known = db.texts(sql);
    known
        .iter()
        .map(|entry| entry.split_once(' ').unwrap())
        .map(|(id, record)| (id.into(), record.into()))
        .collect()
}

/// The report about these rows; `truth` says who a row is.
fn evaluated(rows: &[Vec<String>], truth: impl Fn(&[String]) -> String) -> Report {
    let mut table = Table::new(COLUMNS);
    for (row, line) in rows.iter().zip(2..) {
        let person = truth(row);
        let cells = row[..10].iter().map(|cell| Some(cell.as_str())).chain([Some(person.as_str())]);
        table.push(line, cells);
    }
    let settings = Settings { samples: 1000, ..Settings::default() };
    evaluate(&table, Answer::Column("person"), &settings).unwrap()
}

#[test]
fn an_import_makes_the_people_that_an_evaluation_of_the_same_rows_reports() {
    let rows = rows();
    let records = imported(&support::sqlite(), &rows);
    let of: BTreeSet<(&str, &str)> =
        rows.iter().map(|row| (records[&row[0]].as_str(), row[10].as_str())).collect();
    assert_eq!(of.len(), records.values().collect::<BTreeSet<_>>().len(), "no record is two people: {of:?}");

    let report = evaluated(&rows, |row| row[10].clone());
    assert!(report.notes.is_empty(), "both read the same: {:?}", report.notes);
    assert_eq!(report.merged.wrong, 0, "{report}");

    // What the import merged is the truth now: what evaluation merges otherwise counts as wrong or as missed.
    let report = evaluated(&rows, |row| records[&row[0]].clone());
    assert_eq!((report.merged.wrong, report.merged.missed), (0, 0), "{report}");
    assert!(
        report.merged.right * 10 > rows.len() as u64 * 4,
        "most people come twice and are merged: {report}"
    );
}
