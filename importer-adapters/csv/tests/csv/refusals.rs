//! Files and options that are refused, each with a sentence that says what to do.

use crate::common::{Listener, Table, gzip, open, read, read_file, utf16le};
use importer_plugin::{Error, ErrorKind, Host, Options};
use std::sync::Arc;

fn check(result: Result<Table, Error>, kind: ErrorKind, expected: &[&str]) {
    let error = result.map(|table| table.rows.len()).unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    for part in expected {
        assert!(error.message.contains(part), "{part:?} is not in: {error}");
    }
}

fn check_bytes(bytes: impl AsRef<[u8]>, expected: &[&str]) {
    let named: Vec<&str> = expected.iter().copied().chain(["people.csv`"]).collect();
    check(read(bytes, &[]), ErrorKind::Data, &named);
}

#[test]
fn files_that_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("no.csv");
    check(read_file(missing.to_str().unwrap(), &[]), ErrorKind::Data, &["no.csv", "does not exist"]);
    check(read_file(folder.path().to_str().unwrap(), &[]), ErrorKind::Data, &["is a directory"]);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "a,b\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        eprintln!("not tested: this user may read every file");
        return;
    }
    check(read_file(path.to_str().unwrap(), &[]), ErrorKind::Data, &["may not be read", "permission"]);
}

#[test]
fn files_without_content() {
    for nothing in ["", "\n\r\n \n", ",,,\n,,\n", "\u{feff}", "sep=;\n"] {
        check_bytes(nothing, &["is empty"]);
    }
    check_bytes(gzip(b""), &["is empty"]);
}

#[test]
fn files_that_are_no_delimited_text() {
    check_bytes(b"PK\x03\x04\x14\0\x06\0xl/worksheets/sheet1.xml", &["Excel workbook", "CSV first"]);
    check_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &["PNG image"]);
    check_bytes(b"\x01\x02\0\0\xff\0\0a,b\n", &["binary file"]);
    check_bytes(b"<!DOCTYPE html><html><body>Log in</body></html>", &["HTML page"]);
    check_bytes(gzip(&gzip(b"a,b\n")), &["gzip file inside"]);
}

#[test]
fn gzip_that_is_cut_off_or_damaged() {
    let rows: String = (0..9_000).map(|n| format!("{n},{}\n", n * 7_919 % 1_009)).collect();
    let whole = gzip(format!("a,b\n{rows}").as_bytes());
    for length in [5, whole.len() / 2, whole.len() - 3] {
        check_bytes(&whole[..length], &["gzip", "cut off"]);
    }
    let mut damaged = whole.clone();
    let crc = damaged.len() - 6;
    damaged[crc] ^= 0xff;
    check_bytes(damaged, &["damaged gzip file"]);
}

#[test]
fn encodings_that_cannot_be_told() {
    let text = "名前,住所\n山田太郎,東京都新宿区\n";
    let (bytes, ..) = encoding_rs::SHIFT_JIS.encode(text);
    check_bytes(&bytes, &["encoding=shift_jis"]);
    assert_eq!(read(&bytes, &[("encoding", "shift_jis")]).unwrap().cells(), [["山田太郎", "東京都新宿区"]]);
}

#[test]
fn bytes_that_do_not_fit_the_encoding_name_their_line() {
    let mut bytes = "a,b\nZoë,1\n".as_bytes().to_vec();
    bytes.extend(b"x,y\n".repeat(300_000));
    bytes.extend(b"Jos\xe9,2\n");
    check_bytes(&bytes, &["line 300003", "windows-1252"]);
    check(read(b"a,b\n1,2\nx,\xff\n", &[("encoding", "utf-8")]), ErrorKind::Data, &["line 3"]);
    // Two halves of a character, which a delimiter parts.
    check(read(b"a,b\n1,2\nAn\xc3,\xa9ra\n", &[("encoding", "utf-8")]), ErrorKind::Data, &["line 3"]);
    check(
        read(b"a,b\n1,2\nx,\x82\n", &[("encoding", "shift_jis")]),
        ErrorKind::Data,
        &["Shift_JIS", "line 3"],
    );
    let mut odd = utf16le("\u{feff}a,b\n1,2\n");
    odd.push(b'x');
    check(read(odd, &[]), ErrorKind::Data, &["UTF-16LE", "line 3"]);
}

#[test]
fn a_title_in_place_of_the_header() {
    let text = "Volunteers\na;b;c\n1;2;3\n4;5;6\n";
    check_bytes(text, &["header_row"]);
    assert_eq!(read(text, &[("header_row", "2")]).unwrap().names(), ["a", "b", "c"]);
}

#[test]
fn a_header_row_behind_the_end() {
    check(read("a,b\n1,2\n", &[("header_row", "9")]), ErrorKind::Config, &["header_row", "line 9"]);
}

#[test]
fn a_quote_that_is_never_closed() {
    check_bytes("a,\"b\n1,2\n", &["column names", "quote=none"]);
    let endless = format!("a,b\n1,2\n3,\"{}", "x".repeat(17 << 20));
    check_bytes(endless, &["line 3", "16 MiB", "quote=none"]);
}

#[test]
fn options_that_are_unknown_or_missing() {
    check(read("a,b\n", &[("sheet", "1")]), ErrorKind::Config, &["`sheet`", "`delimiter`"]);
    let error = open(Options::default(), None, &Host::detached()).map(|_| ()).unwrap_err();
    assert_eq!(error.field.as_deref(), Some("file"));
}

#[test]
fn a_cursor_of_another_file_or_other_options() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "a,b\n1,2\n").unwrap();
    let options = Options::default().with("file", path.to_str().unwrap());
    let cursor = open(options.clone(), None, &Host::detached()).unwrap().cursor();
    let again = |options: Options| open(options, cursor.clone(), &Host::detached()).map(|_| ());
    assert_eq!(again(options.clone()), Ok(()));
    let other = again(options.clone().with("delimiter", ";")).unwrap_err();
    assert!(other.kind == ErrorKind::Config && other.message.contains("delimiter semicolon"), "{other}");
    std::fs::write(&path, "a,b\n1,3\n").unwrap();
    let changed = again(options).unwrap_err();
    assert!(changed.kind == ErrorKind::Config && changed.message.contains("changed since"), "{changed}");
}

#[test]
fn a_cancelled_run_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "a,b\n1,2\n").unwrap();
    let host = Host::new(Arc::new(Listener { cancelled: true, ..Listener::default() }));
    let mut source = open(Options::default().with("file", path.to_str().unwrap()), None, &host).unwrap();
    let error = source.next(&mut importer_plugin::Extract::new(3)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
}
