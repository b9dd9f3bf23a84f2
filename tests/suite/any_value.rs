//! No value in any column makes a run fail, on any database, and everything that is kept of it is the same on both.

mod bounds;
mod keys;
mod values;

use importer::{GateMode, GatePolicy, Importer, RunReport, RunRequest};
use importer_core::contracts::VOLUNTEER;
use importer_core::ports::Store;
use importer_dq::Mode;
use importer_store::SqlStore;

use super::golden::outcome;
use super::support::{self, Database};
use values::Kind;

/// How many rows of each file are ordinary: they go in whatever stands beside them.
const ORDINARY: usize = 3;

/// A file in which each column in turn holds each of the values, in a row that is good otherwise.
fn file(kind: Kind) -> (Vec<u8>, usize) {
    let columns = values::columns();
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(&columns).unwrap();
    let mut rows = 0;
    let mut write = |change: Option<(usize, &str)>| {
        let row = columns.iter().enumerate().map(|(place, column)| match change {
            Some((changed, value)) if changed == place => value.to_owned(),
            _ => values::ordinary(column, rows),
        });
        file.write_record(row).unwrap();
        rows += 1;
    };
    for _ in 0..ORDINARY {
        write(None);
    }
    for (place, value) in kind.cells(columns.len()) {
        write(Some((place, &value)));
    }
    (file.into_inner().unwrap(), rows)
}

fn importer(database: &Database, mode: Option<Mode>) -> Importer {
    let csv = importer_adapter_csv::plugin();
    // Whole columns hold what is no date, on purpose.
    let gate = GatePolicy { unreadable_dates: GateMode::Warn, ..GatePolicy::default() };
    Importer::builder().database(&database.url).plugin(csv).rules_mode(mode).gate(gate).build().unwrap()
}

/// What must be the same on both databases.
fn content(database: &Database) -> serde_json::Value {
    let mut traces = outcome::traces(database);
    let parts = traces.as_object_mut().unwrap();
    // Numbers of records may be left out on one of them, and each writes moments in its own way.
    parts.remove("changes");
    let mut session = SqlStore::open(&database.url).unwrap().session().unwrap();
    let watermark = session.watermark("volunteer", "csv", "csv").unwrap();
    parts.insert("watermarks".into(), serde_json::json!([format!("{watermark:?}")]));
    traces
}

/// The first things that differ.
fn difference(one: &serde_json::Value, other: &serde_json::Value) -> String {
    let lines = |value: &serde_json::Value| -> Vec<String> {
        let parts = value.as_object().unwrap().iter();
        parts
            .flat_map(|(part, list)| {
                list.as_array().unwrap().iter().map(move |line| format!("{part}: {line}"))
            })
            .collect()
    };
    let (one, other) = (lines(one), lines(other));
    let differs = one.iter().zip(&other).find(|(one, other)| one != other);
    format!("{} and {}: {differs:.1500?}", one.len(), other.len())
}

fn adds_up(report: &RunReport, rows: usize, about: &str) {
    let counts = &report.counts;
    assert_eq!((report.status.as_str(), &report.error), ("succeeded", &None), "{about}");
    assert_eq!(counts.read, rows as u64, "{about}: {counts:?}");
    assert_eq!((counts.staged, counts.clean + counts.quarantined), (counts.read, counts.read), "{about}");
    assert_eq!(counts.skipped, 0, "{about}: {counts:?}");
    assert_eq!(counts.inserted + counts.updated + counts.unchanged, counts.clean, "{about}: {counts:?}");
}

fn goes_in_and_changes_nothing_the_second_time(kind: Kind, mode: Option<Mode>) {
    let folder = tempfile::tempdir().unwrap();
    let (bytes, rows) = file(kind);
    let file = support::file(folder.path(), "people.csv", bytes);
    let request = RunRequest::new("csv").file(&file);
    let mut contents = Vec::new();
    for database in support::databases() {
        let about = format!("{kind:?} with {mode:?} on {}", database.backend);
        let importer = importer(&database, mode);
        let first = importer.run(&request).unwrap();
        adds_up(&first, rows, &about);
        let ordinary = "SELECT COUNT(*) AS t FROM external_id_map WHERE external_id IN ('V-0', 'V-1', 'V-2')";
        assert_eq!(database.number(&ordinary.replace("COUNT(*)", "CAST(COUNT(*) AS TEXT)")), 3, "{about}");
        let before = outcome::traces(&database);
        let second = importer.run(&request).unwrap();
        adds_up(&second, rows, &about);
        let same = |report: &RunReport| (report.counts.clean, report.counts.quarantined);
        assert_eq!(same(&second), same(&first), "{about}");
        assert_eq!(second.counts.unchanged, second.counts.clean, "{about}");
        assert!(outcome::traces(&database) == before, "the second run changed something: {about}");
        contents.push(content(&database));
    }
    for two in contents.windows(2) {
        let about = format!("{kind:?} with {mode:?}");
        assert!(
            two[0] == two[1],
            "the databases do not hold the same: {about}: {}",
            difference(&two[0], &two[1])
        );
    }
}

/// Each kind of value under the rules as they are shipped, and with every row let in.
fn law(kind: Kind) {
    for mode in [None, Some(Mode::Warn)] {
        goes_in_and_changes_nothing_the_second_time(kind, mode);
    }
}

#[test]
fn long_texts_in_any_column() {
    law(Kind::Long(5_000));
    law(Kind::Long(70_000));
}

#[test]
fn texts_of_a_million_characters_in_any_column() {
    goes_in_and_changes_nothing_the_second_time(Kind::Long(1_000_000), None);
}

#[test]
fn odd_texts_in_any_column() {
    law(Kind::Odd);
}

#[test]
fn huge_numbers_and_ends_of_calendars_in_any_column() {
    law(Kind::Ends);
}

#[test]
fn nothing_and_nul_in_any_column() {
    law(Kind::Nothing);
}

#[test]
fn every_field_of_the_contract_is_a_column() {
    assert_eq!(values::columns().len(), VOLUNTEER.fields.len());
}
