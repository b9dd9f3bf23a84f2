//! What a file must be before its rows are looked at: text in UTF-8 whose quotes are closed.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind as Io, Read, Seek, SeekFrom};
use std::path::Path;

use importer_core::{Error, ErrorKind, Result};

use super::csv_quoting;

const OPERATION: &str = "read an exported file";
/// What to do about a file in another encoding or format. It is not guessed: a wrong guess would rewrite names.
pub(super) const SAVE: &str = "save it as CSV in UTF-8";

pub(super) fn wrong(path: &Path, what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, OPERATION, what).at("file", path.display())
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        Io::NotFound => wrong(path, "there is no such file").hint("check the path"),
        Io::PermissionDenied => wrong(path, "it may not be read").hint("check who may read it"),
        Io::IsADirectory => wrong(path, "it is a folder").hint("check the path"),
        _ => {
            wrong(path, format!("it cannot be read: {error}")).hint("check the file, and whether it is whole")
        }
    }
}

/// Opens a file behind its byte order mark, and says what parts its cells.
pub(super) fn open(path: &Path) -> Result<(BufReader<File>, u8)> {
    let cannot = |error: std::io::Error| unreadable(path, &error);
    let mut file = BufReader::new(File::open(path).map_err(cannot)?);
    let start = file.fill_buf().map_err(cannot)?;
    if let Some(what) = no_text(start) {
        return Err(wrong(path, what).hint(SAVE));
    }
    let text = start.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(start);
    let (skip, delimiter) = (start.len() - text.len(), delimiter(text));
    let begin = SeekFrom::Start(skip as u64);
    file.seek(begin).map_err(cannot)?;
    if let Some(line) = csv_quoting::broken(file.by_ref(), delimiter).map_err(cannot)? {
        return Err(wrong(path, "a quote that opens here is not closed where its cell ends")
            .at("line", line)
            .hint("close it; a quote within a quoted cell is written twice"));
    }
    file.seek(begin).map_err(cannot)?;
    Ok((file, delimiter))
}

/// What a file is by its first bytes, if that is no text in UTF-8.
fn no_text(start: &[u8]) -> Option<&'static str> {
    match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("it is text in UTF-16"),
        [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            Some("it is a spreadsheet or an archive, and no text")
        }
        _ if start.contains(&0) => Some("it is no text"),
        _ => None,
    }
}

/// What parts the first name from the second: spreadsheets write what their users' countries are used to.
fn delimiter(text: &[u8]) -> u8 {
    let first = text.iter().find(|byte| matches!(byte, b',' | b';' | b'\t' | b'\n'));
    match first {
        Some(byte @ (b',' | b';' | b'\t')) => *byte,
        _ => b',',
    }
}
