use std::borrow::Cow;
use std::io::Read;

use encoding_rs::UTF_8;
use importer_plugin::{Error, Host, LogLevel};

use crate::charset::{self, Charset};
use crate::cursor::Place;
use crate::decode::Transcoder;
use crate::delimiter::{self, Found};
use crate::input::{Input, Sample, file_error};
use crate::magic;
use crate::options::Settings;
use crate::records::{Fault, Records};

/// How much of the file shows how it is written.
const SAMPLE: u64 = 1 << 20;

/// How a file is written: everything that options leave open, settled once when it is opened.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(crate) charset: Charset,
    delimiter: u8,
    quote: Option<u8>,
    newline: u8,
    /// Lines above the header.
    pub(crate) skip: u64,
}

impl Dialect {
    /// Settles it from the options and the first bytes of the file.
    pub(crate) fn settle(input: &Input, settings: &Settings, host: &Host) -> Result<Self, Error> {
        let path = &input.path;
        let sample = input.sample(SAMPLE)?;
        if sample.bytes.is_empty() {
            return Err(empty(path));
        }
        if let Some((what, advice)) = magic::recognise(&sample.bytes) {
            return Err(file_error(format!("`{path}` is {what}, not delimited text; {advice}")));
        }
        let mut charset = charset::settle(&sample, settings.encoding, path)?;
        if charset::is_undecided(charset, &sample)
            && let Some(telling) = first_beyond_ascii(input, host)?
        {
            charset = charset::guess(&telling, path)?;
        }
        if let Some(declared) = settings.encoding
            && declared != charset.encoding
        {
            host.log(
                LogLevel::Warn,
                &format!(
                    "`{path}` was declared as {} but its byte order mark says {}, which counts",
                    declared.name(),
                    charset.encoding.name()
                ),
            );
        }
        if charset.guessed && charset.encoding.is_single_byte() {
            let name = charset.encoding.name();
            host.log(
                LogLevel::Warn,
                &format!("`{path}` is not UTF-8 and is read as {name}; declare encoding={name} to be sure"),
            );
        }
        Self::from_text(&text(&sample, charset), sample.complete, charset, settings, path)
    }

    fn from_text(
        text: &[u8],
        complete: bool,
        charset: Charset,
        settings: &Settings,
        path: &str,
    ) -> Result<Self, Error> {
        let newline = if text.contains(&b'\r') && !text.contains(&b'\n') { b'\r' } else { b'\n' };
        let (skip, declared) = match settings.header_row {
            Some(row) => (row - 1, None),
            None => excel_hint(text, newline),
        };
        let lines = text.split_inclusive(|&b| b == newline);
        let skipped: usize = lines.zip(0..skip).map(|(line, _)| line.len()).sum();
        let delimiter = match settings.delimiter.or(declared) {
            Some(delimiter) => delimiter,
            None => match delimiter::detect(&text[skipped..], complete, settings.quote) {
                Found::Delimiter(delimiter) => delimiter,
                Found::Title(cells) if settings.header_row.is_none() => {
                    return Err(Error::data(format!(
                        "`{path}`: the first line has one cell where the rows below have {cells}, so it is \
                         probably a title; say with option `header_row` on which line the column names are \
                         (header_row=1 if they are on the first)"
                    ))
                    .in_field("header_row"));
                }
                Found::Title(_) => b',',
            },
        };
        Ok(Self { charset, delimiter, quote: settings.quote, newline, skip })
    }

    /// True when a place in the file is a place in the text, so that reading can go on there.
    pub(crate) fn is_seekable(&self, input: &Input) -> bool {
        !input.packed && self.charset.encoding == UTF_8
    }

    /// The records from the start of the file, or from a place in it.
    pub(crate) fn records(&self, input: &Input, place: Option<Place>) -> Result<Records, Error> {
        let place = place.unwrap_or(Place { offset: 0, line: 1 });
        let mut stream = input.stream(place.offset)?;
        let mut offset = place.offset;
        if offset == 0 {
            let mut mark = vec![0; usize::try_from(self.charset.mark).unwrap_or(0)];
            stream.read_exact(&mut mark).map_err(|e| input.error(e))?;
            offset = self.charset.mark;
        }
        if self.charset.encoding != UTF_8 {
            stream = Box::new(Transcoder::new(stream, self.charset, &input.path));
        }
        let parser = delimiter::parser(self.delimiter, self.quote);
        Ok(Records::new(stream, parser, self.newline, Place { offset, ..place }))
    }

    /// The error about a record whose bytes are no text.
    pub(crate) fn misfit(&self, fault: Fault, input: &Input) -> Error {
        let advice = if self.charset.guessed {
            "declare encoding=windows-1252 if that is what it is, or repair the file"
        } else {
            "repair the file, or declare another encoding"
        };
        Error::data(format!(
            "`{}` is read as {} but has bytes that are no character in it, in the record on line {} (before byte \
             {}); {advice}",
            input.path,
            UTF_8.name(),
            fault.line,
            fault.offset
        ))
        .in_field("encoding")
    }

    /// What was settled, for logs and to notice that it changed.
    pub(crate) fn describe(&self) -> String {
        let quote = self.quote.map_or("none".into(), |q| char::from(q).to_string());
        format!(
            "{}, delimiter {}, quote {quote}, header from line {}",
            self.charset.encoding.name(),
            delimiter::name(self.delimiter),
            self.skip + 1
        )
    }
}

/// The number of lines that end with a `sep=;` above the header, and the delimiter it declares.
fn excel_hint(text: &[u8], newline: u8) -> (u64, Option<u8>) {
    let mut lines = text.split(|&b| b == newline).zip(1..);
    let first = lines.find(|(line, _)| !line.trim_ascii().is_empty());
    first.and_then(|(line, number)| Some((number, Some(delimiter::declared(line)?)))).unwrap_or((0, None))
}

/// The error about a file that holds nothing.
pub(crate) fn empty(path: &str) -> Error {
    file_error(format!(
        "`{path}` is empty: it has not even a line of column names; check how it was exported"
    ))
}

fn text(sample: &Sample, charset: Charset) -> Cow<'_, [u8]> {
    let bytes = &sample.bytes[usize::try_from(charset.mark).unwrap_or(0)..];
    if charset.encoding == UTF_8 {
        return Cow::Borrowed(bytes);
    }
    // For looking only, so that what cannot be decoded does not matter here.
    let (text, _) = charset.encoding.decode_without_bom_handling(bytes);
    Cow::Owned(text.into_owned().into_bytes())
}

/// The bytes around the first one beyond ASCII: rare accents say nothing in the first sample, and reading on until
/// they come costs far less than importing the wrong letters.
fn first_beyond_ascii(input: &Input, host: &Host) -> Result<Option<Sample>, Error> {
    let mut stream = input.stream(0)?;
    loop {
        if host.cancelled() {
            return Err(Error::cancelled());
        }
        let mut sample = Sample { bytes: Vec::new(), complete: false };
        stream.by_ref().take(SAMPLE).read_to_end(&mut sample.bytes).map_err(|e| input.error(e))?;
        sample.complete = (sample.bytes.len() as u64) < SAMPLE;
        if !sample.bytes.is_ascii() {
            return Ok(Some(sample));
        }
        if sample.complete {
            return Ok(None);
        }
    }
}
