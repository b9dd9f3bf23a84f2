use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult};
use importer_plugin::Error;

use crate::charset::Charset;
use crate::input::Stream;

const RAW: usize = 64 << 10;

/// Turns another encoding into UTF-8 on the way, and stops where the bytes do not fit that encoding.
pub(crate) struct Transcoder {
    inner: Stream,
    decoder: Decoder,
    charset: Charset,
    path: String,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    last: bool,
    finished: bool,
    /// The line of the next character.
    line: u64,
}

impl Transcoder {
    /// `inner` stands behind the byte order mark, if there is one.
    pub(crate) fn new(inner: Stream, charset: Charset, path: &str) -> Self {
        Self {
            inner,
            decoder: charset.encoding.new_decoder_without_bom_handling(),
            charset,
            path: path.into(),
            raw: vec![0; RAW],
            start: 0,
            end: 0,
            last: false,
            finished: false,
            line: 1,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.start = 0;
        self.end = self.inner.read(&mut self.raw)?;
        self.last = self.end == 0;
        Ok(())
    }

    fn check(&mut self, decoded: &[u8]) -> io::Result<()> {
        // What no text in a guessed encoding contains speaks against the guess.
        if self.charset.guessed
            && let Some(at) = decoded.windows(2).position(|w| w[0] == 0xc2 && (0x80..0xa0).contains(&w[1]))
        {
            return Err(self.fault(&decoded[..at], "looked like", "holds control characters there"));
        }
        self.line += newlines(decoded);
        Ok(())
    }

    fn fault(&self, before: &[u8], taken: &str, what: &str) -> io::Error {
        io::Error::other(Error::data(format!(
            "`{}` {taken} {} but {what}, on line {}; declare the right one with option `encoding`, or repair the file",
            self.path,
            self.charset.encoding.name(),
            self.line + newlines(before)
        ))
        .in_field("encoding"))
    }
}

impl Read for Transcoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.finished {
                return Ok(0);
            }
            if self.start == self.end && !self.last {
                self.refill()?;
            }
            let input = &self.raw[self.start..self.end];
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, buffer, self.last);
            self.start += read;
            if let DecoderResult::Malformed(..) = result {
                return Err(self.fault(
                    &buffer[..written],
                    "is read as",
                    "has bytes that are no character in it",
                ));
            }
            self.finished = self.last && result == DecoderResult::InputEmpty;
            if written > 0 {
                self.check(&buffer[..written])?;
                return Ok(written);
            }
        }
    }
}

fn newlines(text: &[u8]) -> u64 {
    text.iter().filter(|&&b| b == b'\n').count() as u64
}
