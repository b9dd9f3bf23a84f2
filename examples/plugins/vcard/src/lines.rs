use std::io::{self, BufRead};

/// Reads logical lines: what was folded is one line again.
pub(crate) struct Lines<R> {
    input: R,
    /// The physical line after the current one, read to see whether it belongs to it.
    ahead: Option<Vec<u8>>,
    /// Bytes and lines before `ahead`.
    offset: u64,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R, offset: u64, line: u64) -> Self {
        Self { input, ahead: None, offset, line }
    }

    /// Where the next logical line begins: bytes before it, and its number.
    pub(crate) fn place(&self) -> (u64, u64) {
        (self.offset, self.line)
    }

    /// The next logical line without its end; nothing at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(mut line) = self.take()? else { return Ok(None) };
        let quoted_printable = is_quoted_printable(&line);
        loop {
            if quoted_printable && line.last() == Some(&b'=') {
                line.pop();
                let Some(more) = self.take()? else { break };
                // Some programs fold such a line as well; in quoted-printable a leading blank is never text.
                line.extend(more.strip_prefix(b" ").unwrap_or(&more));
            } else if matches!(self.peek()?, Some([b' ' | b'\t', ..])) {
                let Some(more) = self.take()? else { break };
                line.extend(&more[1..]);
            } else {
                break;
            }
        }
        Ok(Some(line))
    }

    fn peek(&mut self) -> io::Result<Option<&[u8]>> {
        if self.ahead.is_none() {
            let mut line = Vec::new();
            if self.input.read_until(b'\n', &mut line)? > 0 {
                self.ahead = Some(line);
            }
        }
        Ok(self.ahead.as_deref())
    }

    /// The next physical line, without its end.
    fn take(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.peek()?;
        let Some(mut line) = self.ahead.take() else { return Ok(None) };
        self.offset += line.len() as u64;
        self.line += 1;
        for end in [b'\n', b'\r'] {
            if line.last() == Some(&end) {
                line.pop();
            }
        }
        Ok(Some(line))
    }
}

fn is_quoted_printable(line: &[u8]) -> bool {
    let head = line.split(|&byte| byte == b':').next().unwrap_or_default();
    head.to_ascii_uppercase().windows(16).any(|part| part == b"QUOTED-PRINTABLE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut lines = Lines::new(text.as_bytes(), 0, 1);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(lines.place().0, text.len() as u64);
        found
    }

    #[test]
    fn folded_lines_are_one() {
        assert_eq!(all("NOTE:a\r\n b\r\n\tc\r\nFN:d"), ["NOTE:abc", "FN:d"]);
        assert_eq!(all("NOTE:a\n  b\n\nFN:d\n"), ["NOTE:a b", "", "FN:d"]);
    }

    #[test]
    fn quoted_printable_goes_on_behind_an_equals_sign() {
        assert_eq!(
            all("NOTE;ENCODING=QUOTED-PRINTABLE:a=0A=\r\nb=\r\n c\r\nURL:x=\r\nFN:d"),
            ["NOTE;ENCODING=QUOTED-PRINTABLE:a=0Abc", "URL:x=", "FN:d"]
        );
    }
}
