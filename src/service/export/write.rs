use std::io::Write;

use importer_core::{Error, ErrorKind, Result};
use importer_plugin::spreadsheet::{EXPORT_MARK, MASKED, guard};

use super::{ExportKind, OPERATION, ROW};

/// Writes rows of ids and cells.
pub(super) struct ExportWriter<W: Write> {
    out: csv::Writer<W>,
    kind: ExportKind,
    rows: u64,
}

impl<W: Write> ExportWriter<W> {
    /// Begins a file: a byte order mark, so that spreadsheets read it as UTF-8, then the names of the columns.
    pub(super) fn begin<'a>(
        kind: ExportKind,
        columns: impl IntoIterator<Item = &'a str>,
        mut out: W,
    ) -> Result<Self> {
        out.write_all("\u{FEFF}".as_bytes()).map_err(|e| cannot(&e))?;
        let mut out = csv::Writer::from_writer(out);
        let mark = format!("{EXPORT_MARK}{}", kind.of_what());
        out.write_field(mark).map_err(|e| failed(&e))?;
        for column in columns {
            out.write_field(&*guard(column)).map_err(|e| failed(&e))?;
        }
        out.write_record(None::<&[u8]>).map_err(|e| failed(&e))?;
        Ok(Self { out, kind, rows: 0 })
    }

    /// Writes a row; a cell that is none is masked, which no guarded cell looks like.
    pub(super) fn row<'a>(
        &mut self,
        id: i64,
        cells: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Result<()> {
        let id = match self.kind {
            ExportKind::Quarantine => format!("{ROW}{id}"),
            ExportKind::Records | ExportKind::Violations => id.to_string(),
        };
        self.out.write_field(id).map_err(|e| failed(&e))?;
        for cell in cells {
            self.out.write_field(cell.map_or(MASKED.into(), guard).as_ref()).map_err(|e| failed(&e))?;
        }
        self.out.write_record(None::<&[u8]>).map_err(|e| failed(&e))?;
        self.rows += 1;
        Ok(())
    }

    /// Writes what is left, and says how many rows there are.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.out.flush().map_err(|e| cannot(&e))?;
        Ok(self.rows)
    }
}

fn failed(error: &csv::Error) -> Error {
    Error::new(ErrorKind::Config, OPERATION, format!("the file cannot be written: {error}"))
}

fn cannot(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Config, OPERATION, format!("the file cannot be written: {error}"))
        .hint("check that its folder exists, may be written to and has room")
}
