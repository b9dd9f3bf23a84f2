use importer_plugin::spreadsheet::{EXPORT_MARK, MASKED, unguard};
use importer_plugin::{Error, ErrorKind, Extract, Host, LogLevel, OpenRequest, Severity, Source};

use crate::cursor::Cursor;
use crate::dialect::Dialect;
use crate::header;
use crate::input::{Input, file_error};
use crate::options::Settings;
use crate::records::{Cells, Records};

/// So many records are skipped between two looks at whether the run was cancelled.
const PATIENCE: u64 = 4096;

/// An open file.
pub(crate) struct CsvSource {
    host: Host,
    input: Input,
    dialect: Dialect,
    records: Records,
    /// With the surplus column at the end.
    columns: Vec<String>,
    /// Whether the importer wrote the file: its cells are taken out of their guard then, nobody else's.
    exported: bool,
    rows: u64,
    blank: u64,
    /// Fewer rows than a batch takes, for tests of resuming.
    most_rows: usize,
    finished: bool,
}

impl CsvSource {
    /// Opens the file, reads the header and goes to where an interrupted run stopped.
    pub(crate) fn open(request: &OpenRequest, host: &Host, most_rows: usize) -> Result<Self, Error> {
        let settings = Settings::read(&request.options)?;
        let input = Input::examine(&settings.file)?;
        let cursor = request.cursor.as_deref().map(Cursor::read).transpose()?;
        let dialect = Dialect::settle(&input, &settings, host)?;
        if let Some(cursor) = &cursor {
            cursor.check(&input.identity, &dialect.describe(), &input.path)?;
        }
        let mut records = dialect.records(&input, None)?;
        if !records.skip_lines(dialect.skip, &input)? {
            return Err(Error::config(format!(
                "`{}` has only {} lines, but option `header_row` says that the column names are on line {}",
                input.path,
                records.place().line,
                dialect.skip + 1
            ))
            .in_field("header_row"));
        }
        let mut columns = header::read(&mut records, &input, &dialect, host)?;
        let exported = columns.first().is_some_and(|name| name.starts_with(EXPORT_MARK));
        if exported {
            columns = columns.iter().map(|name| unguard(name).to_owned()).collect();
        }
        let mut source = Self {
            host: host.clone(),
            input,
            dialect,
            records,
            columns,
            exported,
            rows: 0,
            blank: 0,
            most_rows,
            finished: false,
        };
        match cursor {
            Some(cursor) => source.resume(&cursor)?,
            None => source.host.log(
                LogLevel::Info,
                &format!("reading `{}` as {}", source.input.path, source.dialect.describe()),
            ),
        }
        Ok(source)
    }

    fn resume(&mut self, cursor: &Cursor) -> Result<(), Error> {
        if let Some(place) = cursor.seek {
            self.records = self.dialect.records(&self.input, Some(place))?;
            (self.rows, self.blank) = (cursor.rows, cursor.blank);
            return Ok(());
        }
        while self.rows < cursor.rows {
            if self.rows.is_multiple_of(PATIENCE) {
                self.check_cancelled()?;
            }
            if !self.advance()? {
                return Err(file_error(format!(
                    "`{}` has fewer rows than the interrupted run read from it; start a new run",
                    self.input.path
                )));
            }
            self.rows += 1;
        }
        Ok(())
    }

    /// Goes to the next record that has content.
    fn advance(&mut self) -> Result<bool, Error> {
        while self.records.read(&self.input)? {
            if !self.records.is_blank() {
                return Ok(true);
            }
            self.blank += 1;
            if self.blank.is_multiple_of(PATIENCE) {
                self.check_cancelled()?;
            }
        }
        Ok(false)
    }

    fn cells(&self) -> Result<Cells<'_>, Error> {
        self.records.cells().map_err(|fault| self.dialect.misfit(fault, &self.input))
    }

    fn check_cancelled(&self) -> Result<(), Error> {
        if self.host.cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Hands the current record over, with what is odd about it.
    fn push(&self, out: &mut Extract) -> Result<(), Error> {
        let cells = self.cells()?;
        let (expected, got) = (self.columns.len() - 1, cells.len());
        let surplus = if got > expected { surplus(cells, expected) } else { None };
        let missing = expected.saturating_sub(got);
        out.push_row(
            self.records.line(),
            cells
                .iter()
                .take(expected)
                .map(|cell| match self.exported {
                    // Whoever exported it did not see it: that says nothing about the value.
                    true if cell.trim() == MASKED => None,
                    true => Some(unguard(cell)),
                    false => Some(cell),
                })
                .chain(std::iter::repeat_n(None, missing))
                .chain(std::iter::once(surplus.as_deref())),
        )?;
        if missing > 0 {
            out.report(
                "SRC-001",
                Severity::Warning,
                format!("the row has {got} of {expected} cells; the others are taken as missing"),
            );
        }
        if surplus.is_some() {
            out.report(
                "SRC-002",
                Severity::Error,
                format!(
                    "the row has {got} cells where the header has {expected}, so its cells may stand in the wrong \
                     columns; look for a delimiter inside a cell that is not quoted"
                ),
            );
        }
        if self.records.unclosed() {
            let lines = self.records.place().line - self.records.line();
            out.report(
                "SRC-003",
                Severity::Error,
                format!(
                    "the file ends inside a quoted cell; it may have been cut off, or a quote is never closed: the \
                     row takes in the {lines} lines after its first"
                ),
            );
        }
        if self.records.may_hold_nul() && cells.text.contains('\0') {
            out.report(
                "SRC-004",
                Severity::Error,
                "a cell holds a NUL character, which no text has; the file may be damaged here",
            );
        }
        Ok(())
    }

    /// Hands over rows until a batch is full; false at the end of the file.
    fn fill(&mut self, out: &mut Extract) -> Result<bool, Error> {
        let mut room = self.most_rows;
        while room > 0 && !out.is_full() {
            if !self.advance()? {
                return Ok(false);
            }
            self.push(out)?;
            self.rows += 1;
            room -= 1;
        }
        Ok(true)
    }

    fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) || self.blank == 0 {
            return;
        }
        let message = format!(
            "`{}`: {} rows hold nothing but delimiters and were left out",
            self.input.path, self.blank
        );
        self.host.log(LogLevel::Info, &message);
    }
}

impl Source for CsvSource {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        self.check_cancelled()?;
        let filled = self.fill(out);
        // A file that changed spoils what was read from it, and explains what could not be read. At the end it is looked at
        // twice: behind its last rows, and when the host has taken these and asks for more.
        match &filled {
            Ok(false) => self.input.check_unchanged_and_whole()?,
            Err(error) if error.kind == ErrorKind::Cancelled => {}
            _ => self.input.check_unchanged()?,
        }
        if !filled? {
            self.finish();
        }
        let size = self.input.identity.size;
        self.host.progress(self.input.done().min(size), size);
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        let seek = self.dialect.is_seekable(&self.input).then(|| self.records.place());
        let cursor = Cursor {
            file: self.input.identity.clone(),
            dialect: self.dialect.describe(),
            rows: self.rows,
            blank: self.blank,
            seek,
        };
        Some(cursor.write())
    }
}

/// The cells behind the header's as a JSON array; nothing when all of them are blank, as spreadsheets often write.
fn surplus(cells: Cells<'_>, expected: usize) -> Option<String> {
    let extra: Vec<&str> = cells.iter().skip(expected).collect();
    // Texts always have a JSON form.
    (!extra.iter().all(|cell| cell.trim().is_empty())).then(|| serde_json::json!(extra).to_string())
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
