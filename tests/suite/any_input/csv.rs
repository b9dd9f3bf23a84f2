//! What holds for every file that the CSV adapter is given, whatever its bytes are.

use std::path::Path;
use std::sync::LazyLock;

use importer_adapter_csv::plugin;
use importer_plugin::spreadsheet::EXPORT_MARK;
use importer_plugin::{Extract, Host, OpenRequest, Options, Source};

/// Reading goes on at so many places of a file at most: each time its rest is read again.
const MOST_PLACES: usize = 12;

/// How many rows fill a batch, which the SDK sets.
static FULL: LazyLock<usize> = LazyLock::new(|| {
    let mut full = Extract::new(1);
    while !full.is_full() {
        full.push_row(0, [None]).expect("a row of one cell");
    }
    full.batch().rows()
});

/// A line, its cells, and the codes of what was found in it.
type Row = (u64, Vec<Option<String>>, Vec<String>);

/// What a file is read with.
type Choices<'a> = &'a [(&'a str, &'a str)];

/// Bytes of any kind as a file: it is read or refused, and never a panic. How far a batch reaches and where reading goes on
/// makes no difference to the rows, and no line is lost.
pub(crate) fn property(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let path = folder.path().join("any.csv");
    std::fs::write(&path, bytes).expect("the file can be written");
    reads_alike_in_any_batches(&path, &[]);
    let plain = &[("delimiter", "comma"), ("encoding", "utf-8"), ("header_row", "1"), ("quote", "none")];
    let read = reads_alike_in_any_batches(&path, plain);
    if let (Some(read), Some(expected)) = (read, std::str::from_utf8(bytes).ok().and_then(lines)) {
        assert_eq!(read, expected, "without quotes every line with content is one row");
    }
}

/// Reads the file in large and in small batches, and from several places on. The rows, unless the file is refused.
fn reads_alike_in_any_batches(path: &Path, choices: Choices) -> Option<Vec<Row>> {
    let mut source = match open(path, choices, None) {
        Ok(source) => source,
        Err(refusal) => return refused(&refusal),
    };
    let columns = source.columns();
    for (place, name) in columns.iter().enumerate() {
        assert!(!columns[..place].contains(name), "two columns are called {name:?}");
    }
    let large = rest(&mut *source, usize::MAX);
    let (mut small, mut places) = (Vec::new(), Vec::new());
    let mut source = open(path, choices, None).expect("what was opened once is opened again");
    let fault = loop {
        places.push((small.len(), source.cursor().expect("the adapter can go on in a file")));
        match batch(&mut *source, 1) {
            Ok(rows) if rows.is_empty() => break None,
            Ok(rows) => small.extend(rows),
            Err(fault) => break Some(fault),
        }
    };
    match (large, fault) {
        (Ok(large), None) => assert_eq!(large, small, "the size of a batch changes the rows"),
        (Err(first), Some(second)) => {
            assert_eq!(first, second, "the size of a batch changes the refusal");
            return refused(&first);
        }
        (large, small) => panic!("read in one way and refused in the other: {:?}, {small:?}", large.err()),
    }
    // Where line ends are of several kinds, one kind counts: several rows may then stand on one line.
    assert!(small.windows(2).all(|two| two[0].0 <= two[1].0), "the lines fall");
    for (line, cells, codes) in &small {
        assert_eq!(cells.len(), columns.len(), "line {line}");
        let surplus = cells.last().is_some_and(Option::is_some);
        assert_eq!(surplus, codes.iter().any(|code| code == "SRC-002"), "line {line}: {codes:?}");
    }
    let step = places.len().div_ceil(MOST_PLACES);
    for (read, cursor) in places.into_iter().step_by(step) {
        let mut source = open(path, choices, Some(cursor)).expect("a place in a file that did not change");
        let rest = rest(&mut *source, usize::MAX).expect("what could be read once");
        assert_eq!(rest, small[read..], "from row {read} on");
    }
    Some(small)
}

/// A refusal is for people: it is a sentence with an advice behind it.
fn refused(message: &str) -> Option<Vec<Row>> {
    assert!(message.contains("any.csv") || message.contains("option"), "it names no place: {message}");
    None
}

fn open(path: &Path, choices: Choices, cursor: Option<String>) -> Result<Box<dyn Source>, String> {
    let file = path.to_str().expect("a path of letters");
    let options = choices.iter().fold(Options::default().with("file", file), |o, &(k, v)| o.with(k, v));
    let adapter = plugin().find_adapter("csv").expect("the adapter of the plugin");
    adapter
        .open(&OpenRequest { options, cursor, since: None }, &Host::detached())
        .map_err(|error| error.to_string())
}

/// The next batch, with room for so many rows.
fn batch(source: &mut dyn Source, room: usize) -> Result<Vec<Row>, String> {
    let columns = source.columns().len();
    let mut out = Extract::new(columns);
    // Rows of our own leave room for no more than the wanted number.
    for _ in room..*FULL {
        out.push_row(0, std::iter::repeat_n(None, columns)).expect("a row of the right width");
    }
    let ours = out.batch().rows();
    source.next(&mut out).map_err(|error| error.to_string())?;
    assert!(out.batch().rows() - ours <= room, "more rows than there was room for");
    assert!(out.findings().iter().all(|f| (ours..out.batch().rows()).contains(&f.row)), "about no row");
    Ok((ours..out.batch().rows())
        .map(|row| {
            let cells = out.batch().row(row).cells().map(|cell| cell.map(str::to_owned)).collect();
            let codes = out.findings().iter().filter(|f| f.row == row).map(|f| f.code.clone()).collect();
            (out.position(row), cells, codes)
        })
        .collect())
}

fn rest(source: &mut dyn Source, room: usize) -> Result<Vec<Row>, String> {
    let mut all = Vec::new();
    loop {
        let rows = batch(source, room)?;
        if rows.is_empty() {
            return Ok(all);
        }
        all.extend(rows);
    }
}

/// The rows of a text of commas without quotes, split in the simplest way there is. Nothing where the text is read
/// differently on purpose: behind a byte order mark, and in a file that the importer wrote.
fn lines(text: &str) -> Option<Vec<Row>> {
    let newline = if text.contains('\r') && !text.contains('\n') { '\r' } else { '\n' };
    let mut number = 1;
    let mut records = Vec::new();
    for piece in text.split_inclusive(['\r', '\n']) {
        let record = piece.trim_end_matches(['\r', '\n']);
        if !record.replace(',', "").trim().is_empty() {
            records.push((number, record));
        }
        number += u64::from(piece.ends_with(newline));
    }
    let (_, header) = records.first()?;
    if text.starts_with('\u{FEFF}') || header.trim_start().starts_with(EXPORT_MARK) {
        return None;
    }
    let width = header.split(',').count();
    let row = |&(line, record): &(u64, &str)| {
        let given: Vec<&str> = record.split(',').collect();
        let mut codes = Vec::new();
        let mut cells: Vec<Option<String>> =
            (0..width).map(|place| given.get(place).map(|cell| (*cell).to_owned())).collect();
        if given.len() < width {
            codes.push("SRC-001".to_owned());
        }
        let beyond = given.get(width..).unwrap_or_default();
        let surplus = beyond.iter().any(|cell| !cell.trim().is_empty());
        cells.push(surplus.then(|| serde_json::json!(beyond).to_string()));
        if surplus {
            codes.push("SRC-002".to_owned());
        }
        if record.contains('\0') {
            codes.push("SRC-004".to_owned());
        }
        (line, cells, codes)
    };
    Some(records[1..].iter().map(row).collect())
}
