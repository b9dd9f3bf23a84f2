//! What comes out of files that can be read.

use crate::common::{gzip, read, read_file, utf16le};
use importer_adapter_csv::SURPLUS_COLUMN;
use importer_plugin::{LogLevel, Severity};

/// The same small table, however it is written.
fn check(bytes: impl AsRef<[u8]>, options: &[(&str, &str)]) {
    let table = read(bytes, options).unwrap();
    assert_eq!(table.names(), ["Name", "Mail"]);
    assert_eq!(table.cells(), [["Zoë", "z@example.org"], ["José", "NA"]]);
    assert_eq!(table.codes(), []);
}

const TABLE: &str = "Name,Mail\nZoë,z@example.org\nJosé,NA\n";

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn delimiters_are_detected() {
    for delimiter in [",", ";", "\t", "|"] {
        check(TABLE.replace(',', delimiter), &[]);
    }
    check(TABLE.replace(',', "~"), &[("delimiter", "~")]);
    check(format!("sep=;\r\n{}", TABLE.replace(',', ";")), &[]);
}

#[test]
fn line_ends_of_every_system_are_read() {
    check(TABLE.replace('\n', "\r\n"), &[]);
    check(TABLE.replace('\n', "\r"), &[]);
    check(TABLE.trim_end(), &[]);
    check(format!("\n\n{TABLE}\n\n"), &[]);
}

#[test]
fn encodings_are_detected_or_declared() {
    check(format!("\u{feff}{TABLE}"), &[]);
    check(latin1(TABLE), &[]);
    check(latin1(TABLE), &[("encoding", "iso-8859-1")]);
    check(utf16le(TABLE), &[]);
    check(utf16le(&format!("\u{feff}{TABLE}")), &[]);
    // The mark counts more than what was declared.
    check(utf16le(&format!("\u{feff}{TABLE}")), &[("encoding", "utf-8")]);
    let (mac, ..) = encoding_rs::MACINTOSH.encode(TABLE);
    check(mac, &[("encoding", "macintosh")]);
}

#[test]
fn rare_accents_far_into_the_file_settle_the_encoding() {
    let mut bytes = b"Name,Mail\n".to_vec();
    bytes.extend(b"Ann Example,ann@example.org\n".repeat(60_000));
    bytes.extend(latin1("José,j@example.org\n"));
    assert!(bytes.len() > 1 << 20);
    for bytes in [gzip(&bytes), bytes] {
        let table = read(&bytes, &[]).unwrap();
        assert_eq!(table.rows.len(), 60_001);
        assert_eq!(table.cells()[60_000][0], "José");
        assert!(
            table.log.iter().any(|(level, line)| *level == LogLevel::Warn && line.contains("windows-1252"))
        );
    }
}

#[test]
fn gzip_is_recognised_by_its_content() {
    let (first, second) = TABLE.as_bytes().split_at(17);
    check(gzip(TABLE.as_bytes()), &[]);
    check([gzip(first), gzip(second)].concat(), &[]);
    check(gzip(&utf16le(&format!("\u{feff}{TABLE}"))), &[]);
}

#[test]
fn the_header_may_stand_below_other_lines() {
    check(format!("Export of \"2024\n,,\n{TABLE}"), &[("header_row", "3")]);
    check(format!("\n{TABLE}"), &[("header_row", "1")]);
}

#[test]
fn quotes_hold_delimiters_and_line_ends() {
    let table = read("a,b\n\"x, \"\"y\"\"\",\"1\r\n2\"\n3,4\n", &[]).unwrap();
    assert_eq!(table.cells(), [["x, \"y\"", "1\r\n2"], ["3", "4"]]);
    assert_eq!(table.lines, [2, 4]);
    let table = read("a,b\n'x,y',2\n", &[("quote", "'")]).unwrap();
    assert_eq!(table.cells(), [["x,y", "2"]]);
    let table = read("a,b\n\"x,2\n3,4\n", &[("quote", "none")]).unwrap();
    assert_eq!(table.cells(), [["\"x", "2"], ["3", "4"]]);
}

#[test]
fn blank_rows_are_left_out_and_counted() {
    let table = read("a,b\n1,2\n\n,\n \t,\n\n3,\n", &[]).unwrap();
    assert_eq!(table.cells(), [["1", "2"], ["3", ""]]);
    assert_eq!(table.lines, [2, 7]);
    assert_eq!(table.codes(), []);
    assert!(table.log.iter().any(|(_, line)| line.contains("2 rows hold nothing but delimiters")));
}

#[test]
fn ragged_rows_are_kept_and_reported() {
    let table = read("a,b,c\n1\n1,2,3,,\n1,2,3,,x\n4,5,6\n", &[]).unwrap();
    assert_eq!(table.cells(), [["1", "∅", "∅"], ["1", "2", "3"], ["1", "2", "3"], ["4", "5", "6"]]);
    assert_eq!(table.columns[3], SURPLUS_COLUMN);
    let surplus: Vec<_> = table.rows.iter().map(|row| row[3].as_deref()).collect();
    assert_eq!(surplus, [None, None, Some(r#"["","x"]"#), None]);
    let findings = [(2, "SRC-001".into(), Severity::Warning), (4, "SRC-002".into(), Severity::Error)];
    assert_eq!(table.findings, findings);
}

#[test]
fn a_file_that_ends_inside_a_quote_is_reported_on_its_last_row() {
    let table = read("a,b\n1,2\n3,\"cut\nand 4,5\n", &[]).unwrap();
    assert_eq!(table.codes(), [(3, "SRC-003")]);
    assert_eq!(table.cells()[1], ["3", "cut\nand 4,5\n"]);
    assert_eq!(read("a,b\n1,\"2\"", &[]).unwrap().codes(), []);
    assert_eq!(read("a,b\n1,\"", &[]).unwrap().codes(), [(2, "SRC-003")]);
}

#[test]
fn nul_characters_are_reported_where_they_are() {
    let text = format!("a,b\n{}3,x\0y\n4,5\n", "1,2\n".repeat(50));
    assert_eq!(read(text, &[]).unwrap().codes(), [(52, "SRC-004")]);
}

#[test]
fn findings_do_not_repeat_cells() {
    let table = read("a,b\nsecret\nsecret,secret,secret\nsecret,\"secret\n", &[]).unwrap();
    assert_eq!(table.findings.len(), 3);
    assert!(table.messages.iter().chain(table.log.iter().map(|(_, l)| l)).all(|m| !m.contains("secret")));
}

#[test]
fn a_header_alone_is_a_table_without_rows() {
    let table = read("a;b\n", &[]).unwrap();
    assert_eq!((table.names(), table.rows.len()), (vec!["a", "b"], 0));
    assert_eq!(read("mail", &[]).unwrap().names(), ["mail"]);
}

#[test]
fn repeated_names_are_told_apart_and_logged() {
    let table = read("Email,Email,\na,b,c\n", &[]).unwrap();
    assert_eq!(table.names(), ["Email", "Email (2)", "column 3"]);
    assert!(table.log.iter().any(|(level, line)| *level == LogLevel::Warn && line.contains("`Email (2)`")));
}

#[test]
fn progress_ends_at_the_size_of_the_file() {
    let size = TABLE.len() as u64;
    let table = read(TABLE, &[]).unwrap();
    assert_eq!(table.progress.last(), Some(&(size, size)));
}

#[test]
fn the_checked_in_file_is_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/messy.csv");
    let table = read_file(path, &[]).unwrap();
    assert_eq!(table.names(), ["Vorname", "Nachname", "E-Mail", "E-Mail (2)", "column 5"]);
    assert_eq!(table.codes(), [(8, "SRC-001"), (9, "SRC-002")]);
    assert_eq!(table.lines, [2, 3, 4, 8, 9]);
    assert_eq!(table.cells()[2][4], "kommt\r\nspäter");
}

proptest::proptest! {
    #[test]
    fn whatever_was_quoted_comes_back(
        rows in proptest::collection::vec(proptest::array::uniform2("[a-zé ,;|\"\t\n\r]{0,8}"), 0..12),
        crlf in proptest::bool::ANY,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let mut text = format!("id,a,b{end}");
        let (mut line, mut lines) = (2, Vec::new());
        for [a, b] in &rows {
            lines.push(line);
            let row = format!("x,{},{}{end}", quoted(a), quoted(b));
            line += row.matches('\n').count() as u64;
            text += &row;
        }
        let table = read(text, &[]).unwrap();
        let expected: Vec<Vec<&str>> = rows.iter().map(|[a, b]| vec!["x", a, b]).collect();
        proptest::prop_assert_eq!(table.cells(), expected);
        proptest::prop_assert_eq!(table.lines, lines);
        proptest::prop_assert!(table.findings.is_empty());
    }
}
