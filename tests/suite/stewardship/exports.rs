//! Files for people: nothing in them runs in a spreadsheet, and everything comes back as it was.

use std::path::Path;

use importer::plugin::spreadsheet::EXPORT_MARK;
use importer::service::{ExportKind, ExportReader, FileFix};
use importer::{ErrorKind, Importer, RowId, RunRequest};
use importer_core::ports::{QuarantineFilter, ViolationFilter};
use proptest::prelude::*;
use tempfile::TempDir;

use super::super::support::{self, Database};
use super::quarantine::{desk, open};

/// Awkward strings and formulas.
fn strings() -> Vec<String> {
    let mut all = support::awkward_strings();
    all.extend(support::formulas());
    let more = [
        "-1234",
        "+1 816 234 5678",
        "x-12",
        "'",
        "''",
        "'=1",
        "''=1",
        "\t=1",
        "\r=1",
        " =1",
        "***",
        "'***",
        " *** ",
        "a\r\nb",
        "a\rb",
        "\"",
        ";",
    ];
    all.extend(more.map(Into::into));
    all.push("long ".repeat(2_000));
    all
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

/// Imports rows that nothing reaches, with these notes.
fn held(database: &Database, notes: &[String]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "id,first name,last name,email,notes,-x\n".to_owned();
    for (n, note) in notes.iter().enumerate() {
        text.push_str(&format!("{n},Pat,Stone,,{},{}\n", quoted(note), quoted(note)));
    }
    let request =
        RunRequest::new("csv").file(support::file(folder.path(), "x.csv", text)).option("delimiter", ",");
    let request = request.option("encoding", "utf-8");
    let report = database.importer().run(&request).unwrap();
    assert_eq!(report.counts.quarantined, notes.len() as u64, "{:?}", report.dq);
    folder
}

fn exported(importer: &Importer, file: &Path) -> u64 {
    let mut out = std::fs::File::create(file).unwrap();
    desk(importer)
        .export_quarantine("volunteer", &QuarantineFilter::default(), "cleaning up", &mut out)
        .unwrap()
}

/// Cells as a spreadsheet would read them.
fn as_a_spreadsheet(file: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(file).unwrap();
    let text = text.strip_prefix('\u{FEFF}').unwrap().to_owned();
    // A reader of our own, so that the crate that wrote the file is not its own judge.
    let (mut rows, mut row, mut cell, mut inside) = (Vec::new(), Vec::new(), String::new(), false);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '"' if inside && signs.peek() == Some(&'"') => cell.push(signs.next().unwrap()),
            '"' => inside = !inside,
            ',' if !inside => row.push(std::mem::take(&mut cell)),
            '\n' if !inside => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            sign => cell.push(sign),
        }
    }
    rows
}

fn check_round_trip(database: &Database, notes: &[String]) {
    let folder = held(database, notes);
    let importer = database.importer();
    let file = folder.path().join("out.csv");
    assert_eq!(exported(&importer, &file), notes.len() as u64);
    for cell in as_a_spreadsheet(&file).iter().flatten() {
        let start = cell.trim_start().chars().next();
        assert!(!matches!(start, Some('=' | '+' | '-' | '@')), "{cell:?} would run in a spreadsheet");
        assert!(!cell.starts_with(['\t', '\r']), "{cell:?}");
    }
    let mut reader = ExportReader::open(&file).unwrap();
    assert_eq!(reader.kind(), ExportKind::Quarantine);
    let place = |name: &str| reader.columns().iter().position(|column| column == name).unwrap();
    let (of_notes, of_other) = (place("notes"), place("-x"));
    let mut read = 0;
    while let Some(row) = reader.next_row().unwrap() {
        let detail = desk(&importer).quarantined_row("volunteer", RowId(row.id)).unwrap();
        let raw = |column: &str| detail.raw[column].as_str().unwrap().to_owned();
        assert_eq!((&row.cells[of_notes], &row.cells[of_other]), (&raw("notes"), &raw("-x")));
        read += 1;
    }
    assert_eq!(read, notes.len());
    // Read back as it is, nothing has changed.
    let report = desk(&importer).fix_file(
        "volunteer",
        &file,
        &FileFix { reason: "back".into(), current_mapping: false },
    );
    let report = report.unwrap();
    assert_eq!((report.unchanged, report.loaded, report.still_held), (notes.len() as u64, 0, 0));
}

#[test]
fn every_awkward_string_comes_back_from_the_quarantine() {
    for database in support::databases() {
        check_round_trip(&database, &strings());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_string_comes_back_from_the_quarantine(notes in prop::collection::vec("[*']{3,5}|[a'=+@\\t\\r\\n\";, \u{A0}-]{0,8}|[^\0]{0,12}", 1..30)) {
        let notes: Vec<String> = notes.into_iter().map(|note| note.replace('\0', "")).collect();
        check_round_trip(&support::sqlite(), &notes);
    }
}

#[test]
fn records_are_the_same_people_after_export_and_import() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let mut text = "id,first name,last name,email,alt emails,phone,notes\n".to_owned();
        for (n, note) in strings().iter().enumerate() {
            text.push_str(&format!(
                "{n},Pat{n},Stone,pat{n}@example.org,p{n}@example.net,(816) 234-{:04} x-{n},{}\n",
                2000 + n,
                quoted(note)
            ));
        }
        let request =
            RunRequest::new("csv").file(support::file(folder.path(), "a.csv", text)).option("delimiter", ",");
        let report = database.importer().run(&request.option("encoding", "utf-8")).unwrap();
        assert_eq!(report.counts.inserted, report.counts.read, "{:?}", report.dq);
        let file = folder.path().join("people.csv");
        let mut out = std::fs::File::create(&file).unwrap();
        let rows = desk(&database.importer()).export_records("volunteer", "moving house", &mut out).unwrap();
        assert_eq!(rows, report.counts.read);
        let other = support::sqlite();
        assert_eq!(other.import(&file).counts.inserted, rows, "{}", database.backend);
        let people = "SELECT first_name || '|' || COALESCE(notes, '(none)') || '|' || COALESCE(phone_e164, '') || '|' || \
                      COALESCE(phone_extension, '') || '|' || email_normalized AS t FROM core_volunteers ORDER BY id";
        assert_eq!(other.texts(people), database.texts(people), "{}", database.backend);
        let contacts =
            "SELECT kind || value || is_primary AS t FROM core_volunteer_contacts ORDER BY kind, value";
        assert_eq!(other.number("SELECT COUNT(*) AS t FROM core_volunteer_contacts"), 3 * rows as i64);
        if database.backend == "sqlite" {
            assert_eq!(other.texts(contacts), database.texts(contacts));
        }
    }
}

#[test]
fn an_apostrophe_in_somebody_elses_file_is_an_apostrophe() {
    let database = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let text = "id,first name,last name,email,notes\n1,Ann,Lee,ann@example.org,'=1+1\n";
    database.import(&support::file(folder.path(), "x.csv", text));
    assert_eq!(database.texts("SELECT notes AS t FROM core_volunteers"), ["'=1+1"]);
}

#[test]
fn a_corrected_file_finds_its_rows_again() {
    for database in support::databases() {
        let folder = held(&database, &["one".into(), "two".into(), "three".into()]);
        let importer = database.importer();
        let file = folder.path().join("out.csv");
        exported(&importer, &file);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(&format!("\u{FEFF}{EXPORT_MARK}row,id,")), "{text}");
        // Somebody's spreadsheet writes semicolons; one row gets an address, one a phone number in a new column, one is left out.
        let mut rows = as_a_spreadsheet(&file);
        let email = rows[0].iter().position(|name| name == "email").unwrap();
        rows[0].push("phone_e164".into());
        rows[1][email] = "pat@example.org".into();
        rows[1].push(String::new());
        rows[2].push("not a number".into());
        rows.truncate(3);
        let lines = rows.iter().map(|row| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(";"));
        let file = support::file(folder.path(), "back.csv", lines.collect::<Vec<_>>().join("\r\n"));
        let fix = FileFix { reason: "from the office".into(), current_mapping: false };
        let report = desk(&importer).fix_file("volunteer", &file, &fix).unwrap();
        assert_eq!((report.read, report.loaded, report.still_held, report.runs), (2, 1, 1, 1), "{report:?}");
        assert_eq!((report.problems.len(), report.problems[0].number), (1, 3), "{report:?}");
        assert_eq!(open(&importer).len(), 2, "{}", database.backend);
        let corrects =
            database.number("SELECT corrects AS t FROM staging_volunteers WHERE corrects IS NOT NULL");
        assert_eq!(rows[1][0], format!("row {corrects}"));
        // Once more: what went in is not open any more.
        let again = desk(&importer).fix_file("volunteer", &file, &fix).unwrap();
        assert_eq!((again.loaded, again.not_open, again.still_held), (0, 1, 1), "{}", database.backend);
    }
}

#[test]
fn a_file_that_is_no_export_is_refused_as_a_whole() {
    let database = support::sqlite();
    let folder = held(&database, &["one".into()]);
    let importer = database.importer();
    let row = open(&importer)[0].row;
    let mark = format!("{EXPORT_MARK}row");
    for (text, told) in [
        ("id,email\n1,x@example.org\n".to_owned(), "did not write it"),
        (String::new(), "did not write it"),
        (format!("{EXPORT_MARK}record,email\n1,x\n"), "no rows of the quarantine"),
        (format!("{mark},emial\n{row},x@example.org\n"), "neither a column"),
        (format!("{mark},email\n{row},x@example.org\nseven,x\n"), "no id"),
        (format!("{mark},email\n{row},x@example.org\n{row},y@example.org\n"), "twice"),
        (format!("{mark},email\n{row},x@example.org,more\n"), "more cells"),
    ] {
        let file = support::file(folder.path(), "wrong.csv", text);
        let fix = FileFix { reason: "why".into(), current_mapping: false };
        let error = desk(&importer).fix_file("volunteer", &file, &fix).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(told), "{error}");
        assert!(!error.to_string().contains("example.org"), "{error}");
        assert_eq!(open(&importer).len(), 1);
    }
}

/// What reading a file back says about it.
fn refused(importer: &Importer, file: &Path) -> String {
    let fix = FileFix { reason: "why".into(), current_mapping: false };
    let error = desk(importer).fix_file("volunteer", file, &fix).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_eq!(open(importer).len(), 1, "a broken file is refused as a whole");
    error.to_string()
}

#[test]
fn ids_of_rows_outlive_spreadsheets_and_a_rewritten_one_is_told() {
    let database = support::sqlite();
    let folder = held(&database, &["one".into()]);
    let importer = database.importer();
    let row = open(&importer)[0].row;
    let file = folder.path().join("out.csv");
    exported(&importer, &file);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.lines().nth(1).unwrap().starts_with(&format!("row {row},")), "{text}");
    let back = |cell: &str| text.replace(&format!("\nrow {row},"), &format!("\n{cell},"));
    let fix = FileFix { reason: "why".into(), current_mapping: false };
    for cell in [format!("row {row}"), row.to_string(), format!(" {row} "), format!("\"row {row}\"")] {
        let file = support::file(folder.path(), "back.csv", back(&cell));
        assert_eq!(desk(&importer).fix_file("volunteer", &file, &fix).unwrap().unchanged, 1, "{cell}");
    }
    for cell in ["1.07374E+11", "\"1,07374E+11\"", "4.29e9", "row 4E+09"] {
        let error = refused(&importer, &support::file(folder.path(), "back.csv", back(cell)));
        for told in ["a spreadsheet has rewritten this number", "line: 2", "from the exported file again"] {
            assert!(error.contains(told), "{told}: {error}");
        }
    }
    for cell in ["seven", "E+11", "row", "1.5", "2E"] {
        assert!(
            refused(&importer, &support::file(folder.path(), "back.csv", back(cell))).contains("is no id")
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_says_what_it_is_and_what_to_do() {
    let database = support::sqlite();
    let folder = held(&database, &["Zoë".into()]);
    let importer = database.importer();
    let file = folder.path().join("out.csv");
    exported(&importer, &file);
    let text = std::fs::read_to_string(&file).unwrap();
    let bare = text.trim_start_matches('\u{FEFF}');
    let utf16 = |to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    let latin: Vec<u8> = bare.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let save = "save it as CSV in UTF-8";
    for (bytes, what, advice) in [
        (utf16(u16::to_le_bytes), "UTF-16", save),
        (utf16(u16::to_be_bytes), "UTF-16", save),
        (latin, "not text in UTF-8 (file:", save),
        (b"PK\x03\x04\x14\x00\x06\x00".to_vec(), "a spreadsheet or an archive", save),
        (vec![1, 0, 2, 0xff], "it is no text", save),
        (vec![0xff, b'x', b'\n'], "not text in UTF-8", save),
        (bare.replace(",Pat,", ",\"Pat,").into_bytes(), "a quote that opens here", "close it"),
    ] {
        let error = refused(&importer, &support::file(folder.path(), "wrong.csv", bytes));
        assert!(error.contains(what) && error.contains(advice), "{what}: {error}");
        assert!(!error.contains("Zo") && !error.contains("Pat"), "{error}");
        if what.contains("quote") || what.contains("(file") {
            assert!(error.contains("line: 2"), "{error}");
        }
    }
    let error = refused(&importer, &folder.path().join("nowhere.csv"));
    assert!(error.contains("there is no such file") && error.contains("check the path"), "{error}");
    refused(&importer, folder.path());
}

#[test]
fn findings_are_exported_page_by_page_and_every_export_is_in_the_log() {
    for database in support::databases() {
        let folder = held(&database, &vec!["note".to_owned(); 1_100]);
        let importer = database.importer();
        let file = folder.path().join("findings.csv");
        let mut out = std::fs::File::create(&file).unwrap();
        let found = importer.violations(&ViolationFilter::default()).unwrap();
        let rows =
            desk(&importer).export_violations(&ViolationFilter::default(), "a report", &mut out).unwrap();
        assert_eq!(rows, found.len() as u64, "{}", database.backend);
        let mut reader = ExportReader::open(&file).unwrap();
        for row in &found {
            let read = reader.next_row().unwrap().unwrap();
            assert_eq!((read.id, &read.cells[8]), (row.id, &row.violation.message));
        }
        assert_eq!(reader.next_row().unwrap(), None);
        let log = "SELECT actor || ' ' || action || ' ' || subject || ' ' || reason || ' ' || details_json AS t FROM audit_log";
        assert_eq!(database.texts(log), [format!("sam export violations a report {{\"rows\":{rows}}}")]);
    }
}
