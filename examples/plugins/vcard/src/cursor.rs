use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use importer_plugin::Error;

/// Where a run stopped, with enough of the file to notice that it changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) size: u64,
    /// When the file was changed last, in nanoseconds since 1970; 0 where the system does not know.
    pub(crate) changed: u128,
    /// Where the next card begins.
    pub(crate) offset: u64,
    pub(crate) line: u64,
}

impl Cursor {
    /// The beginning of a file.
    pub(crate) fn start(file: &Metadata) -> Self {
        let changed = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self { size: file.len(), changed: changed.map_or(0, |time| time.as_nanos()), offset: 0, line: 1 }
    }

    pub(crate) fn write(&self) -> String {
        format!("{} {} {} {}", self.size, self.changed, self.offset, self.line)
    }

    /// Reads a cursor and refuses one of another file.
    pub(crate) fn read(text: &str, now: &Self) -> Result<Self, Error> {
        let unreadable = || Error::config("the stored position cannot be understood; start a new run");
        let mut parts = text.split(' ');
        let mut part = || parts.next().and_then(|part| part.parse::<u128>().ok()).ok_or_else(unreadable);
        let (size, changed, offset, line) = (part()?, part()?, part()?, part()?);
        let small = |number| u64::try_from(number).map_err(|_| unreadable());
        let cursor = Self { size: small(size)?, changed, offset: small(offset)?, line: small(line)? };
        if (cursor.size, cursor.changed) != (now.size, now.changed) {
            return Err(Error::config("the file changed since the interrupted run; start a new run with it")
                .in_field("file"));
        }
        Ok(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_and_fits_one_file_alone() {
        let cursor = Cursor { size: 80, changed: 17, offset: 40, line: 3 };
        assert_eq!(Cursor::read(&cursor.write(), &cursor).unwrap(), cursor);
        let rewritten = Cursor { changed: 18, ..cursor.clone() };
        for (text, now) in [("80 17 40 3", rewritten), ("80 17 40", cursor.clone()), ("", cursor)] {
            assert!(Cursor::read(text, &now).unwrap_err().message.contains("a new run"));
        }
    }
}
