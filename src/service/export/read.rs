use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use importer_core::{Error, ErrorKind, Result};
use importer_plugin::spreadsheet::{EXPORT_MARK, MASKED, unguard};

use super::ExportKind;

const OPERATION: &str = "read an exported file";

/// A row of an exported file.
#[derive(Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Its number as spreadsheets count rows, the names of the columns being the first.
    pub number: u64,
    /// The line of the file on which it begins.
    pub line: u64,
    /// The id in its first column.
    pub id: i64,
    /// The cells behind it, as they were before they were made safe.
    pub cells: Vec<String>,
    /// The places of cells that are masked: nobody knows here what they hold.
    pub masked: Vec<usize>,
}

impl fmt::Debug for ExportRow {
    // Cells are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExportRow({}, id {}, {} cells)", self.number, self.id, self.cells.len())
    }
}

/// Reads a file that the importer wrote, also after a spreadsheet wrote it anew.
pub struct ExportReader {
    path: PathBuf,
    kind: ExportKind,
    columns: Vec<String>,
    records: csv::Reader<BufReader<File>>,
    record: csv::StringRecord,
    /// How many rows were read.
    number: u64,
}

impl fmt::Debug for ExportReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportReader").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl ExportReader {
    /// Opens a file and reads the names of its columns.
    ///
    /// # Errors
    /// When it cannot be read, or the importer did not write it.
    pub fn open(path: &Path) -> Result<Self> {
        let cannot = |e: &dyn fmt::Display| {
            Error::new(ErrorKind::Config, OPERATION, format!("it cannot be read: {e}"))
                .at("file", path.display())
        };
        let mut file = BufReader::new(File::open(path).map_err(|e| cannot(&e))?);
        let start = file.fill_buf().map_err(|e| cannot(&e))?;
        let bom = "\u{FEFF}".as_bytes();
        let (skip, delimiter) = {
            let text = start.strip_prefix(bom).unwrap_or(start);
            (start.len() - text.len(), delimiter(text))
        };
        file.read_exact(&mut vec![0; skip]).map_err(|e| cannot(&e))?;
        let mut records = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(file);
        let mut record = csv::StringRecord::new();
        records.read_record(&mut record).map_err(|e| cannot(&e))?;
        let kind = record
            .get(0)
            .and_then(|mark| mark.trim().strip_prefix(EXPORT_MARK))
            .and_then(|what| ExportKind::ALL.into_iter().find(|kind| kind.of_what() == what));
        let kind = kind.ok_or_else(|| {
            Error::new(ErrorKind::Config, OPERATION, "the importer did not write it")
                .at("file", path.display())
                .hint(format!(
                    "its first column must keep its name, which begins with {EXPORT_MARK}; import other files with `run`"
                ))
        })?;
        let columns = record.iter().skip(1).map(|name| unguard(name).to_owned()).collect();
        Ok(Self { path: path.into(), kind, columns, records, record, number: 1 })
    }

    /// What the file holds.
    pub fn kind(&self) -> ExportKind {
        self.kind
    }

    /// The columns behind the ids.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next row; rows without anything in them are left out.
    ///
    /// # Errors
    /// When the file cannot be read on, or a row has no id.
    pub fn next_row(&mut self) -> Result<Option<ExportRow>> {
        loop {
            let read = self.records.read_record(&mut self.record);
            // Lines would be of no use to somebody with a spreadsheet, where one row may have many.
            self.number += 1;
            let number = self.number;
            let wrong = |what: String| {
                Error::new(ErrorKind::Config, OPERATION, what)
                    .at("file", self.path.display())
                    .at("row of the file", number)
            };
            match read {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                // The error of the reader may quote what it could not read.
                Err(e) => {
                    let what =
                        if e.is_io_error() { "it cannot be read on" } else { "it is not text in UTF-8" };
                    return Err(wrong(what.into()).hint("save it as CSV in UTF-8"));
                }
            }
            let line = self.record.position().map_or(number, csv::Position::line);
            if self.record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let first = self.record.get(0).unwrap_or_default().trim();
            let id = first.parse().map_err(|_| {
                wrong("the first column of this row is no id".into())
                    .hint("leave the first column as it was exported; rows may be left out, not added")
            })?;
            if self.record.len() > self.columns.len() + 1 {
                return Err(wrong("this row has more cells than the file has columns".into()));
            }
            let cells = self.record.iter().skip(1);
            let masked = cells.clone().enumerate().filter(|(_, cell)| cell.trim() == MASKED);
            let masked = masked.map(|(place, _)| place).collect();
            let cells = cells.map(|cell| unguard(cell).to_owned()).collect();
            return Ok(Some(ExportRow { number, line, id, cells, masked }));
        }
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
