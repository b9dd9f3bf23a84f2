//! What holds for every text that is given as a mapping document.

use importer_core::ErrorKind;
use importer_core::contracts::VOLUNTEER;
use importer_core::mapping::{Mapping, batch_columns};
use importer_plugin::Batch;

/// Columns as sources have them, whatever the document is about.
const COLUMNS: [&str; 8] = ["ID", "First", "Last", "Email", "Phone", "DOB", "Consent", "Shirt"];

/// Bytes of any kind as a document: it is a mapping, or refused with the place of the fault. A mapping means the same in
/// its JSON form, and it can be planned against any columns, whose rows are then normalised.
pub(crate) fn property(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mapping = match Mapping::parse(text, "any.yaml") {
        Ok(mapping) => mapping,
        Err(error) => return names_a_place(text, &error),
    };
    let json = serde_json::to_value(&mapping).expect("a mapping has a JSON form");
    let again = Mapping::parse(&json.to_string(), "any.json").expect("its JSON form is a document");
    assert_eq!(again.checksum(), mapping.checksum(), "the JSON form says something else");
    // Its own columns, in and out of company: with the first ones, with usual ones, and with none.
    let lines = json["fields"].as_array().into_iter().flatten();
    let own: Vec<String> = lines.filter_map(|line| line["source"].as_str()).map(str::to_owned).collect();
    let usual = COLUMNS.map(str::to_owned);
    for columns in [[&own[..], &usual].concat(), own, usual.to_vec(), Vec::new()] {
        plans(&mapping, &columns, text);
    }
}

fn names_a_place(text: &str, error: &importer_core::Error) {
    assert_eq!(error.kind(), ErrorKind::Mapping, "{error}");
    let message = error.to_string();
    let place = message.rsplit_once("(file: any.yaml, line: ").map(|(_, place)| place);
    let line = place.and_then(|place| place.split_once(',')?.0.parse::<usize>().ok());
    let column =
        place.and_then(|place| place.split_once("column: ")?.1.split_once(')')?.0.parse::<usize>().ok());
    let (Some(line), Some(column)) = (line, column) else { panic!("no place: {message}") };
    // YAML also ends lines at a carriage return alone; an error about what is missing stands behind the last line.
    let lines = text.split(['\n', '\r']).count() + 1;
    assert!((1..=lines).contains(&line), "there is no line {line} of {lines}: {message}");
    assert!(column >= 1, "columns count from 1: {message}");
}

fn plans(mapping: &Mapping, columns: &[String], text: &str) {
    let plan = match mapping.plan(&VOLUNTEER, columns) {
        Ok(plan) => plan,
        Err(error) => return assert_eq!(error.kind(), ErrorKind::Mapping, "{error}"),
    };
    for assignment in plan.describe() {
        assert!(assignment.source.is_none_or(|source| columns.contains(&source)), "a column from nowhere");
    }
    assert!(plan.unmapped().iter().all(|column| columns.contains(column)), "a column from nowhere");
    assert!(plan.suggestions().iter().all(|s| plan.unmapped().contains(&s.column)), "it has its column");
    // The words of the document are as odd as any cell.
    let mut words = text.split_whitespace().cycle();
    let mut cells = Batch::new(columns.len());
    for _ in 0..3 {
        cells.push_row(columns.iter().map(|_| words.next())).expect("a row of the right width");
    }
    let mut rows = Batch::new(batch_columns(&VOLUNTEER).len());
    let mut normaliser = plan.normaliser();
    for row in 0..cells.rows() {
        normaliser.row(cells.row(row), &mut rows).expect("a row never fails");
        assert_eq!(rows.rows(), row + 1, "one row makes one row");
    }
}
