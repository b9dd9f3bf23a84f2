use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use importer_plugin::{Extract, Host, OpenRequest, Options, Source};

use super::CsvSource;

type Row = (u64, Vec<Option<String>>, Vec<(String, String)>);

fn open(path: &str, cursor: Option<String>, most_rows: usize) -> CsvSource {
    let request = OpenRequest { options: Options::default().with("file", path), cursor, since: None };
    CsvSource::open(&request, &Host::detached(), most_rows).unwrap()
}

/// Reads one batch; nothing at the end.
fn batch(source: &mut CsvSource) -> Vec<Row> {
    let mut out = Extract::new(source.columns().len());
    source.next(&mut out).unwrap();
    (0..out.batch().rows())
        .map(|row| {
            let cells = out.batch().row(row).cells().map(|cell| cell.map(String::from)).collect();
            let findings = out.findings().iter().filter(|f| f.row == row);
            (out.position(row), cells, findings.map(|f| (f.code.clone(), f.message.clone())).collect())
        })
        .collect()
}

fn rest(source: &mut CsvSource) -> Vec<Row> {
    std::iter::from_fn(|| Some(batch(source)).filter(|rows| !rows.is_empty())).flatten().collect()
}

/// Interrupts a run after every possible batch and expects exactly the rest from the next one.
fn check(bytes: &[u8], rows: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    let all = rest(&mut open(path, None, usize::MAX));
    assert_eq!(all.len(), rows);
    assert_eq!(all[rows - 1].2[0].0, "SRC-003");
    for size in 1..=3 {
        let mut first = open(path, None, size);
        let mut read = 0;
        loop {
            let cursor = first.cursor();
            assert_eq!(rest(&mut open(path, cursor, 2)), all[read..], "after {read} rows");
            match batch(&mut first).len() {
                0 => break,
                count => read += count,
            }
        }
    }
}

const MESSY: &str = "\n id;name;note\r\n1;Zoë;\"two\nlines\"\r\n;;\r\n\r\n2;\"a \"\"b\"\"\"\n\n3;c;d;e;f\n\u{feff}4;ü;\n5;x;\"cut\noff";

#[test]
fn a_plain_file_goes_on_where_it_stopped() {
    check(MESSY.as_bytes(), 5);
    check(format!("\u{feff}{MESSY}").as_bytes(), 5);
    check(MESSY.replace("\r\n", "\n").replace('\n', "\r").as_bytes(), 5);
}

#[test]
fn other_encodings_and_packed_files_go_on_where_they_stopped() {
    let utf16: Vec<u8> =
        [0xfeff].into_iter().chain(MESSY.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    check(&utf16, 5);
    let (first, second) = MESSY.as_bytes().split_at(30);
    let mut packed = Vec::new();
    for part in [first, second] {
        let mut writer = GzEncoder::new(packed, Compression::fast());
        writer.write_all(part).unwrap();
        packed = writer.finish().unwrap();
    }
    check(&packed, 5);
}

#[test]
fn records_across_the_ends_of_buffers_are_whole() {
    let row = |n: usize| format!("{n},\"{}\r\n{}\",é{n}\r\n", "x".repeat(n % 97), "y".repeat(n % 89));
    let text = std::iter::once("a,b,c\r\n".to_owned()).chain((0..6_000).map(row)).collect::<String>();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, &text).unwrap();
    let all = rest(&mut open(path.to_str().unwrap(), None, usize::MAX));
    assert_eq!(all.len(), 6_000);
    for (n, (line, cells, findings)) in all.iter().enumerate() {
        assert_eq!(*line, 2 + 2 * n as u64);
        assert_eq!(cells[2].as_deref(), Some(format!("é{n}").as_str()));
        assert!(findings.is_empty());
    }
}
