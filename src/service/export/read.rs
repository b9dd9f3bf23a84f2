use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use importer_core::{Error, Result};
use importer_plugin::spreadsheet::{EXPORT_MARK, MASKED, unguard};

use super::{ExportKind, ROW, text};

/// A row of an exported file, as [`ExportReader::next_row`] returns it.
///
/// ```
/// use importer::service::ExportReader;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let path = folder.path().join("rows.csv");
/// # let mut out = std::fs::File::create(&path).unwrap();
/// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
/// # drop(out);
/// let row = ExportReader::open(&path)?.next_row()?.unwrap();
/// assert_eq!((row.number, row.line), (2, 2), "the names of the columns stand in row 1");
/// assert_eq!(row.cells[..2], ["2", "Bob"]);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportRow {
    /// The number of the row as spreadsheets count rows; the names of the columns are row 1.
    pub number: u64,
    /// The line of the file on which the row begins.
    pub line: u64,
    /// The id in the first column.
    pub id: i64,
    /// The cells behind the id, as they were before they were made safe for spreadsheets.
    pub cells: Vec<String>,
    /// The places of masked cells, counted from 0. The file does not say what these cells hold.
    pub masked: Vec<usize>,
}

impl fmt::Debug for ExportRow {
    // Cells are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExportRow({}, id {}, {} cells)", self.number, self.id, self.cells.len())
    }
}

/// Reads a file that the importer exported, also after a spreadsheet saved it again.
///
/// It recognises commas, semicolons and tabs, and reads row by row, whatever the size of the file.
///
/// ```
/// use importer::service::{ExportKind, ExportReader};
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let path = folder.path().join("rows.csv");
/// # let mut out = std::fs::File::create(&path).unwrap();
/// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
/// # drop(out);
/// let mut reader = ExportReader::open(&path)?;
/// assert_eq!(reader.kind(), ExportKind::Quarantine);
/// assert_eq!(reader.next_row()?.unwrap().cells[1], "Bob");
/// assert_eq!(reader.next_row()?, None);
/// # Ok::<(), importer::Error>(())
/// ```
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
    /// ```
    /// use importer::service::ExportReader;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let path = folder.path().join("rows.csv");
    /// # let mut out = std::fs::File::create(&path).unwrap();
    /// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
    /// # drop(out);
    /// assert!(ExportReader::open(&path).is_ok());
    /// assert!(ExportReader::open(&file).is_err(), "the importer did not write it");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the file cannot be read, is not text in UTF-8, has a quote that is never closed, or was not written by the
    /// importer.
    pub fn open(path: &Path) -> Result<Self> {
        let (file, delimiter) = text::open(path)?;
        let mut records = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(file);
        let mut record = csv::StringRecord::new();
        records.read_record(&mut record).map_err(|e| failed(path, &e))?;
        let kind = record
            .get(0)
            .and_then(|mark| mark.trim().strip_prefix(EXPORT_MARK))
            .and_then(|what| ExportKind::ALL.into_iter().find(|kind| kind.of_what() == what));
        let kind = kind.ok_or_else(|| {
            text::wrong(path, "the importer did not write it")
                .hint(format!(
                    "its first column must keep its name, which begins with {EXPORT_MARK}; import other files as a source"
                ))
        })?;
        let columns = record.iter().skip(1).map(|name| unguard(name).to_owned()).collect();
        Ok(Self { path: path.into(), kind, columns, records, record, number: 1 })
    }

    /// Returns what the file holds, as its first column says.
    ///
    /// ```
    /// use importer::service::{ExportKind, ExportReader};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let path = folder.path().join("rows.csv");
    /// # let mut out = std::fs::File::create(&path).unwrap();
    /// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
    /// # drop(out);
    /// assert_eq!(ExportReader::open(&path)?.kind(), ExportKind::Quarantine);
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn kind(&self) -> ExportKind {
        self.kind
    }

    /// Returns the names of the columns behind the ids.
    ///
    /// ```
    /// use importer::service::ExportReader;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let path = folder.path().join("rows.csv");
    /// # let mut out = std::fs::File::create(&path).unwrap();
    /// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
    /// # drop(out);
    /// assert_eq!(ExportReader::open(&path)?.columns()[..2], ["id", "first_name"]);
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads the next row; `None` at the end of the file. Rows with nothing but blank cells are left out.
    ///
    /// ```
    /// use importer::service::ExportReader;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// # let path = folder.path().join("rows.csv");
    /// # let mut out = std::fs::File::create(&path).unwrap();
    /// # desk.export_quarantine("volunteer", &Default::default(), "for the office", &mut out)?;
    /// # drop(out);
    /// let mut reader = ExportReader::open(&path)?;
    /// let mut rows = 0;
    /// while reader.next_row()?.is_some() {
    ///     rows += 1;
    /// }
    /// assert_eq!(rows, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the file cannot be read on, a row has no id, or a row has more cells than the file has columns.
    pub fn next_row(&mut self) -> Result<Option<ExportRow>> {
        loop {
            let read = self.records.read_record(&mut self.record);
            // Lines would be of no use to somebody with a spreadsheet, where one row may have many.
            self.number += 1;
            let number = self.number;
            match read {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                Err(e) => return Err(failed(&self.path, &e).at("row of the file", number)),
            }
            let line = self.record.position().map_or(number, csv::Position::line);
            let wrong =
                |what: &str| text::wrong(&self.path, what).at("row of the file", number).at("line", line);
            if self.record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let id = match id_in(self.record.get(0).unwrap_or_default()) {
                Id::Is(id) => id,
                Id::Rewritten => {
                    return Err(wrong("a spreadsheet has rewritten this number in the first column")
                        .hint("take the column from the exported file again"));
                }
                Id::No => {
                    return Err(wrong("the first column of this row is no id")
                        .hint("leave the first column as it was exported; rows may be left out, not added"));
                }
            };
            if self.record.len() > self.columns.len() + 1 {
                return Err(wrong("this row has more cells than the file has columns")
                    .hint("put cells that hold a delimiter into quotes"));
            }
            let cells = self.record.iter().skip(1);
            let masked = cells.clone().enumerate().filter(|(_, cell)| cell.trim() == MASKED);
            let masked = masked.map(|(place, _)| place).collect();
            let cells = cells.map(|cell| unguard(cell).to_owned()).collect();
            return Ok(Some(ExportRow { number, line, id, cells, masked }));
        }
    }
}

/// What stands in the first column of a row.
enum Id {
    Is(i64),
    /// A number as spreadsheets write long ones, most of its digits lost.
    Rewritten,
    No,
}

/// The id in the first cell of a row: a number, or the words that keep spreadsheets from rewriting it.
fn id_in(cell: &str) -> Id {
    let cell = cell.trim();
    let number = cell.strip_prefix(ROW).unwrap_or(cell);
    if let Ok(id) = number.trim().parse() {
        return Id::Is(id);
    }
    let power = number.split_once(['E', 'e']).is_some_and(|(digits, power)| {
        !digits.is_empty()
            && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
            && power.trim_start_matches('+').parse::<u8>().is_ok()
    });
    if power { Id::Rewritten } else { Id::No }
}

/// What the reader of records says, which may quote what it could not read.
fn failed(path: &Path, error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::Io(io) => text::unreadable(path, io),
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(1, csv::Position::line);
            text::wrong(path, "it is not text in UTF-8").at("line", line).hint(text::SAVE)
        }
        _ => text::wrong(path, "it is no file of delimited text").hint(text::SAVE),
    }
}
