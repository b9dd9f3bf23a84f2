use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};

use importer_plugin::{Error, Extract, Host, OpenRequest, Severity, Source};

use crate::card::{COLUMNS, Card};
use crate::cursor::Cursor;
use crate::line::Line;
use crate::lines::Lines;

/// So many lines are read between two looks at whether the run was cancelled.
const PATIENCE: u64 = 4096;

/// An open file.
pub(crate) struct VCardSource {
    host: Host,
    path: String,
    charset: String,
    start: Cursor,
    lines: Lines<BufReader<File>>,
    /// Where a card begins whose first line was read already.
    begun: Option<(u64, u64)>,
    read: u64,
}

/// What was odd about a card.
#[derive(Default)]
struct Oddities {
    unended: bool,
    unsound: bool,
    without_colon: u64,
}

impl VCardSource {
    /// Opens the file and goes to where an interrupted run stopped.
    pub(crate) fn open(request: &OpenRequest, host: &Host) -> Result<Self, Error> {
        let path = request.options.required("file")?.to_owned();
        let charset = request.options.text("charset")?.unwrap_or("utf-8").to_owned();
        let failed = |e: io::Error| cannot_read(&path, &e);
        let mut file = File::open(&path).map_err(failed)?;
        let start = Cursor::start(&file.metadata().map_err(failed)?);
        let cursor = request.cursor.as_deref().map(|text| Cursor::read(text, &start)).transpose()?;
        let place = cursor.unwrap_or_else(|| start.clone());
        file.seek(SeekFrom::Start(place.offset)).map_err(failed)?;
        let lines = Lines::new(BufReader::new(file), place.offset, place.line);
        let host = host.clone();
        let mut source = Self { host, path, charset, start, lines, begun: None, read: 0 };
        source.find_begin(place.offset == 0)?;
        Ok(source)
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.read.is_multiple_of(PATIENCE) && self.host.cancelled() {
            return Err(Error::cancelled());
        }
        self.read += 1;
        self.lines.next().map_err(|e| cannot_read(&self.path, &e))
    }

    /// Goes behind the next `BEGIN:VCARD`; text between cards is nobody's, but text before all of them is another format.
    fn find_begin(&mut self, at_start: bool) -> Result<(), Error> {
        while self.begun.is_none() {
            let place = self.lines.place();
            let Some(line) = self.line()? else { break };
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            if is(line, "BEGIN:VCARD") {
                self.begun = Some(place);
            } else if at_start && !line.trim_ascii().is_empty() {
                return Err(Error::data(format!(
                    "`{}` is no vCard file: it does not begin with BEGIN:VCARD; export the contacts as vCard (.vcf)",
                    self.path
                ))
                .in_field("file"));
            }
        }
        Ok(())
    }

    /// Reads a card whose first line was read.
    fn card(&mut self) -> Result<(Card, Oddities), Error> {
        let (mut card, mut odd) = (Card::default(), Oddities::default());
        // How many cards are open within this one, and whether one may begin: version 2.1 puts agents inside.
        let (mut inner, mut agent) = (0_u32, false);
        loop {
            let place = self.lines.place();
            let Some(bytes) = self.line()? else {
                odd.unended = true;
                return Ok((card, odd));
            };
            if is(&bytes, "BEGIN:VCARD") {
                if !agent && inner == 0 {
                    self.begun = Some(place);
                    odd.unended = true;
                    return Ok((card, odd));
                }
                inner += 1;
            } else if is(&bytes, "END:VCARD") {
                if inner == 0 {
                    return Ok((card, odd));
                }
                inner -= 1;
            } else if inner == 0 && !bytes.trim_ascii().is_empty() {
                match Line::parse(&bytes, &self.charset) {
                    Some(line) => {
                        agent = line.name == "AGENT" && line.value.trim().is_empty();
                        odd.unsound |= !line.is_sound;
                        card.take(&line);
                        continue;
                    }
                    None => odd.without_colon += 1,
                }
            }
            agent = false;
        }
    }
}

impl VCardSource {
    /// Hands over cards until a batch is full or the file ends.
    fn fill(&mut self, out: &mut Extract) -> Result<(), Error> {
        while !out.is_full() {
            if self.host.cancelled() {
                return Err(Error::cancelled());
            }
            self.find_begin(false)?;
            let Some((_, line)) = self.begun.take() else { break };
            let (card, odd) = self.card()?;
            let yearless = card.yearless;
            out.push_row(
                line,
                card.cells().iter().map(|cell| Some(cell.as_str()).filter(|cell| !cell.is_empty())),
            )?;
            report(out, &odd, yearless);
        }
        Ok(())
    }

    /// Refuses a file that is not any more what it was when it was opened: what was read from it may be half of one state
    /// and half of another.
    fn check_unchanged(&self) -> Result<(), Error> {
        let now = std::fs::metadata(&self.path).map_err(|e| cannot_read(&self.path, &e))?;
        if Cursor::start(&now) == self.start {
            return Ok(());
        }
        Err(Error::data(format!(
            "`{}` changed while it was read; import it again once whoever writes it is done. Whoever writes it should \
             write to another name and rename the file when it is whole",
            self.path
        ))
        .in_field("file"))
    }
}

impl Source for VCardSource {
    fn columns(&self) -> Vec<String> {
        COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        self.fill(out)?;
        self.check_unchanged()?;
        self.host.progress(self.lines.place().0, self.start.size);
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        let (offset, line) = self.begun.unwrap_or_else(|| self.lines.place());
        Some(Cursor { offset, line, ..self.start.clone() }.write())
    }
}

/// Says what was odd about the row pushed last, without what stands in it.
fn report(out: &mut Extract, odd: &Oddities, yearless: bool) {
    if odd.unended {
        let message = "the card is not ended by END:VCARD; the file may have been cut off here";
        out.report("SRC-101", Severity::Error, message);
    }
    if odd.unsound {
        let message =
            "a text is not UTF-8, so characters were replaced; old programs need `charset=iso-8859-1`";
        out.report("SRC-102", Severity::Warning, message);
    }
    if odd.without_colon > 0 {
        let message = format!("{} lines have no colon and are left out", odd.without_colon);
        out.report("SRC-103", Severity::Warning, message);
    }
    if yearless {
        out.report("SRC-104", Severity::Info, "the birthday has no year and is left out");
    }
}

fn is(line: &[u8], wanted: &str) -> bool {
    line.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes())
}

fn cannot_read(path: &str, error: &io::Error) -> Error {
    Error::data(format!("`{path}` cannot be read: {error}; check the path and the permissions"))
        .in_field("file")
}
