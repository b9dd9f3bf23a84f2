//! Public test files from outside the repository: they are read where they are, and their absence is said aloud.

use crate::common::{Table, read_file};
use importer_plugin::ErrorKind;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("IMPORTER_SHARED_DATA").map_or(default, PathBuf::from).join("csv");
    if !folder.is_dir() {
        eprintln!("not tested: there is no folder `{}`; name it with IMPORTER_SHARED_DATA", folder.display());
        return None;
    }
    Some(folder)
}

fn load(folder: &Path, name: &str) -> Table {
    read_file(folder.join(name).to_str().unwrap(), &[]).unwrap()
}

#[test]
fn spectrum_files_equal_their_json() {
    let Some(folder) = folder() else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(folder.join("spectrum/csvs")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let json = std::fs::read_to_string(folder.join(format!("spectrum/json/{stem}.json"))).unwrap();
        let expected = match serde_json::from_str(&json).unwrap() {
            Value::Array(rows) => rows,
            row => vec![row],
        };
        let table = read_file(path.to_str().unwrap(), &[]).unwrap();
        assert_eq!(table.rows.len(), expected.len(), "{stem}");
        let stored_with_crlf = std::fs::read(&path).unwrap().contains(&b'\r');
        for (cells, expected) in table.cells().iter().zip(&expected) {
            for (&cell, name) in cells.iter().zip(table.names()) {
                let truth = expected[name].as_str().unwrap();
                // The truth of this file has another phone number than the file.
                if stem == "location_coordinates" && name == "Contact Phone Number" {
                    continue;
                }
                // Line ends inside a cell follow those the copy at hand is stored with.
                let truth = if stored_with_crlf { truth.to_owned() } else { truth.replace("\r\n", "\n") };
                assert_eq!(cell, truth, "{stem}: {name}");
            }
        }
        assert!(table.findings.is_empty(), "{stem}");
        compared += 1;
    }
    assert_eq!(compared, 12);
}

#[test]
fn one_table_in_three_encodings_is_the_same() {
    let Some(folder) = folder() else { return };
    let latin1 = load(&folder, "example-latin1.tsv");
    assert_eq!(latin1.names().len(), 11);
    assert!(latin1.cells().iter().flatten().any(|cell| cell.contains("Béjaïa")));
    for name in ["example-utf16le-bom.tsv", "example-utf16be-bom.tsv"] {
        let other = load(&folder, name);
        assert_eq!((other.columns, other.rows), (latin1.columns.clone(), latin1.rows.clone()), "{name}");
    }
}

#[test]
fn a_mark_and_line_breaks_do_not_end_up_in_names_and_rows() {
    let Some(folder) = folder() else { return };
    let marked = load(&folder, "csv-with-bom.csv");
    assert_eq!((marked.names(), marked.rows.len()), (vec!["ColA", "ColB"], 2));
    let broken = load(&folder, "example-linebreaks-in-cells.csv");
    assert_eq!((broken.rows.len(), broken.lines), (2, vec![2, 4]));
    assert!(broken.findings.is_empty());
}

#[test]
fn shift_jis_is_read_when_declared_and_refused_when_not() {
    let Some(folder) = folder() else { return };
    let path = folder.join("shift_jis.txt");
    let path = path.to_str().unwrap();
    let error = read_file(path, &[]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.contains("encoding=shift_jis"), "{error}");
    let table = read_file(path, &[("encoding", "shift_jis")]).unwrap();
    assert!(table.names()[0].contains("価格"));
    assert!(table.cells().iter().flatten().all(|cell| !cell.contains('\u{fffd}')));
}
