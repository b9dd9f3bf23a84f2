use std::io::{ErrorKind, Read};

use csv_core::{ReadRecordResult, Reader};
use importer_plugin::Error;

use crate::cursor::Place;
use crate::input::{Input, Stream, file_error};

const BUFFER: usize = 128 << 10;
/// A record beyond this is an opening quote without its end; reading on would take the whole file into memory.
const LONGEST: usize = 16 << 20;
/// No table is as wide; a file of delimiters alone would grow the list of cells without end.
const MOST_CELLS: usize = 1 << 20;

/// Records one after the other, with the line each starts on. Its buffers are used again for every record.
pub(crate) struct Records {
    stream: Stream,
    parser: Reader,
    /// What ends a line, for counting: a carriage return in the files of old Macs.
    newline: u8,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Where the buffer's first byte stands in the stream.
    base: u64,
    line: u64,
    ended: bool,
    /// A NUL was seen; no record before it need be searched for one.
    nul: bool,
    output: Vec<u8>,
    ends: Vec<usize>,
    record: Record,
}

/// What is known of the current record.
#[derive(Debug, Clone, Copy, Default)]
struct Record {
    line: u64,
    cells: usize,
    unclosed: bool,
}

/// The cells of a record.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    pub(crate) text: &'a str,
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = &self.text[start..end];
            start = end;
            cell
        })
    }
}

impl Records {
    /// `stream` stands at `place`, behind a byte order mark.
    pub(crate) fn new(stream: Stream, parser: Reader, newline: u8, place: Place) -> Self {
        Self {
            stream,
            parser,
            newline,
            buffer: vec![0; BUFFER],
            at: 0,
            end: 0,
            base: place.offset,
            line: place.line,
            ended: false,
            nul: false,
            output: vec![0; 4096],
            ends: vec![0; 64],
            record: Record::default(),
        }
    }

    /// Where the next record starts.
    pub(crate) fn place(&self) -> Place {
        Place { offset: self.base + self.at as u64, line: self.line }
    }

    /// The line on which the current record starts.
    pub(crate) fn line(&self) -> u64 {
        self.record.line
    }

    /// True when the file ended inside a quoted cell of the current record.
    pub(crate) fn unclosed(&self) -> bool {
        self.record.unclosed
    }

    /// True once a NUL was seen anywhere in the file.
    pub(crate) fn may_hold_nul(&self) -> bool {
        self.nul
    }

    /// Skips whole lines, whatever quotes they hold; false when the file has fewer.
    pub(crate) fn skip_lines(&mut self, count: u64, input: &Input) -> Result<bool, Error> {
        let wanted = self.line + count;
        while self.line < wanted {
            if self.at == self.end && !self.fill(input)? {
                return Ok(false);
            }
            let rest = &self.buffer[self.at..self.end];
            match rest.iter().position(|&b| b == self.newline) {
                Some(newline) => (self.at, self.line) = (self.at + newline + 1, self.line + 1),
                None => self.at = self.end,
            }
        }
        Ok(true)
    }

    /// Reads the next record that is not an empty line; false at the end.
    pub(crate) fn read(&mut self, input: &Input) -> Result<bool, Error> {
        self.record = Record::default();
        if !self.skip_empty_lines(input)? {
            return Ok(false);
        }
        self.record.line = self.line;
        let mut length = 0;
        loop {
            let over = self.at == self.end && !self.fill(input)?;
            // At its end the file gets one more line end: it completes a last line without one, and where it is taken
            // for text instead, a quoted cell is open. (The parser closes such a cell without a word.)
            let given = match over {
                false => &self.buffer[self.at..self.end],
                true if self.record.unclosed => b"",
                true => b"\n",
            };
            let lines = self.parser.line();
            let (result, read, written, ended) = self.parser.read_record(
                given,
                &mut self.output[length..],
                &mut self.ends[self.record.cells..],
            );
            length += written;
            self.record.cells += ended;
            if over {
                self.record.unclosed |= written > 0;
            } else {
                self.at += read;
                self.line += match self.newline {
                    b'\n' => self.parser.line() - lines,
                    other => given[..read].iter().filter(|&&b| b == other).count() as u64,
                };
            }
            match result {
                ReadRecordResult::Record => {
                    if self.record.unclosed {
                        // Without the line end that was not in the file.
                        self.ends[self.record.cells - 1] -= 1;
                    }
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if length >= LONGEST => return Err(self.too_long(input)),
                ReadRecordResult::OutputFull => self.output.resize(length * 2, 0),
                ReadRecordResult::OutputEndsFull if self.record.cells >= MOST_CELLS => {
                    return Err(self.too_long(input));
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            }
        }
    }

    /// True for a record of nothing but delimiters and white space.
    pub(crate) fn is_blank(&self) -> bool {
        // The first byte decides nearly always, which saves a look at the whole record.
        let text = self.text().trim_ascii_start();
        match text.first() {
            None => true,
            Some(byte) if byte.is_ascii() => false,
            Some(_) => std::str::from_utf8(text).is_ok_and(|text| text.trim_start().is_empty()),
        }
    }

    fn text(&self) -> &[u8] {
        let end = self.record.cells.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.output[..end]
    }

    /// The cells of the current record.
    pub(crate) fn cells(&self) -> Result<Cells<'_>, Fault> {
        let ends = &self.ends[..self.record.cells];
        // Checked per record rather than per buffer: it costs the same and knows the line. A delimiter may part what would be
        // one character without it.
        std::str::from_utf8(self.text())
            .ok()
            .filter(|text| ends.iter().all(|end| text.is_char_boundary(*end)))
            .map(|text| Cells { text, ends })
            .ok_or(Fault { line: self.record.line, offset: self.base + self.at as u64 })
    }

    fn skip_empty_lines(&mut self, input: &Input) -> Result<bool, Error> {
        loop {
            match self.buffer[self.at..self.end].first().copied() {
                Some(byte @ (b'\n' | b'\r')) => {
                    self.line += u64::from(byte == self.newline);
                    self.at += 1;
                }
                Some(_) => return Ok(true),
                None if !self.fill(input)? => return Ok(false),
                None => {}
            }
        }
    }

    /// Reads on once the buffer is used up; false at the end of the file.
    fn fill(&mut self, input: &Input) -> Result<bool, Error> {
        self.base += self.end as u64;
        (self.at, self.end) = (0, 0);
        while !self.ended {
            match self.stream.read(&mut self.buffer) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.end = count;
                    self.nul |= self.buffer[..count].contains(&0);
                    return Ok(true);
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(input.error(e)),
            }
        }
        Ok(false)
    }

    fn too_long(&self, input: &Input) -> Error {
        file_error(format!(
            "`{}`: the record that starts on line {} is longer than {} MiB or a million cells, so a quote in it is \
             probably never closed; repair it, or read the file with quote=none",
            input.path,
            self.record.line,
            LONGEST >> 20
        ))
    }
}

/// A record that is not UTF-8.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) line: u64,
    /// The byte behind the record.
    pub(crate) offset: u64,
}
