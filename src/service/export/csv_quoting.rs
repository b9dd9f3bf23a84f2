//! Quotes that are never closed, or close in the middle of a cell: everything between them would be one cell.

use std::io::{BufRead, Result};

/// Where a reader of cells stands.
enum At {
    /// Before the first character of a cell.
    Start,
    /// In a cell without quotes, in which a quote is a character.
    Bare,
    /// In a quoted cell.
    Quoted,
    /// Behind a quote in a quoted cell, which closes it unless another one follows.
    Closing,
}

/// The line on which a quote opens that is not closed where its cell ends.
pub(super) fn broken(mut text: impl BufRead, delimiter: u8) -> Result<Option<u64>> {
    let (mut at, mut line, mut opened, mut last) = (At::Start, 1, 1, 0);
    loop {
        let bytes = text.fill_buf()?;
        if bytes.is_empty() {
            return Ok(matches!(at, At::Quoted).then_some(opened));
        }
        for &byte in bytes {
            at = match (at, byte) {
                (At::Start, b'"') => {
                    opened = line;
                    At::Quoted
                }
                (At::Quoted, b'"') => At::Closing,
                (At::Closing, b'"') | (At::Quoted, _) => At::Quoted,
                (_, b'\r' | b'\n') => At::Start,
                (_, byte) if byte == delimiter => At::Start,
                (At::Closing, _) => return Ok(Some(opened)),
                (At::Start | At::Bare, _) => At::Bare,
            };
            // A line ends with either sign, or with both.
            line += u64::from(byte == b'\n' && last != b'\r' || byte == b'\r');
            last = byte;
        }
        let read = bytes.len();
        text.consume(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_not_closed_is_found_where_it_opens() {
        for (text, line) in [
            ("", None),
            ("a,b\n1,2\n", None),
            ("a,\"b\"\n1,\"x \"\"y\"\"\nz\"\n", None),
            ("a,\"\"\r\n\"\",b", None),
            ("a,b\n1,an \"inner\" quote\n", None),
            ("a,b\n1,\"two\n3,4\n", Some(2)),
            ("a,b\r\n1,\"x\r\ny\",\r\n2,\"z", Some(4)),
            ("a,b\r1,\"x", Some(2)),
            ("a,b\n1,\"two\n3,\"four\"\n", Some(2)),
            ("a,b\n1,\"two\" and more\n", Some(2)),
        ] {
            for size in [1, 2, 100] {
                let text = std::io::BufReader::with_capacity(size, text.as_bytes());
                assert_eq!(broken(text, b',').unwrap(), line);
            }
        }
    }
}
