use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use importer_plugin::spreadsheet::EXPORT_MARK;

/// In the order of preference when nothing else decides.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
/// So many records show how a file is delimited.
const RECORDS: usize = 20;

/// What the first records say about the delimiter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Delimiter(u8),
    /// One cell stands where the column names should be, above rows of so many cells: a title, most likely.
    Title(usize),
}

/// The way a parser is set up everywhere in this crate.
pub(crate) fn parser(delimiter: u8, quote: Option<u8>) -> Reader {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter);
    match quote {
        Some(quote) => builder.quote(quote),
        None => builder.quoting(false),
    };
    let mut reader = builder.build();
    // A fresh parser drops a byte order mark. Ours is gone already, and after a resume the same three bytes would be
    // the start of a cell.
    reader.read_record(b"\n", &mut [0], &mut [0]);
    reader
}

/// The name of a delimiter, for people.
pub(crate) fn name(delimiter: u8) -> String {
    match delimiter {
        b',' => "comma".into(),
        b';' => "semicolon".into(),
        b'\t' => "tab".into(),
        b'|' => "pipe".into(),
        other => char::from(other).to_string(),
    }
}

/// The delimiter that Excel writes into a line of its own above the header: `sep=;`.
pub(crate) fn declared(line: &[u8]) -> Option<u8> {
    match line.trim_ascii() {
        [s, e, p, b'=', delimiter] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => Some(*delimiter),
        // A tab is white space, so it was trimmed away with the line end.
        sep if sep.eq_ignore_ascii_case(b"sep=") && line.contains(&b'\t') => Some(b'\t'),
        _ => None,
    }
}

/// Takes the delimiter under which the first records have more than one cell and most often the same number.
pub(crate) fn detect(text: &[u8], complete: bool, quote: Option<u8>) -> Found {
    // A file of the importer's own begins with a name that says so, whatever its cells hold.
    if let Some(rest) = text.strip_prefix(EXPORT_MARK.as_bytes())
        && let Some(delimiter) = rest.iter().find(|byte| CANDIDATES.contains(byte) || **byte == b'\n')
        && CANDIDATES.contains(delimiter)
    {
        return Found::Delimiter(*delimiter);
    }
    let mut best: Option<(usize, usize, u8)> = None;
    let mut title = 0;
    for delimiter in CANDIDATES {
        let counts = count_cells(text, complete, delimiter, quote);
        let (Some(&header), Some((cells, records))) = (counts.first(), most_frequent(&counts)) else {
            // Nothing is left under this delimiter: the file is made of it.
            return Found::Delimiter(delimiter);
        };
        // In per mille, so that candidates which see different numbers of records compare.
        let agreement = records * 1_000 / counts.len();
        if header > 1 && cells > 1 && best.is_none_or(|(a, c, _)| (agreement, cells) > (a, c)) {
            best = Some((agreement, cells, delimiter));
        }
        if header == 1 && cells > 2 && records > 2 && records * 10 >= (counts.len() - 1) * 9 {
            title = title.max(cells);
        }
    }
    match best {
        Some((.., delimiter)) => Found::Delimiter(delimiter),
        None if title > 0 => Found::Title(title),
        // One column: a character that does not occur keeps "Doe, John" in one cell.
        None => Found::Delimiter(CANDIDATES.into_iter().find(|d| !text.contains(d)).unwrap_or(b',')),
    }
}

/// The number of cells of each of the first records that hold anything.
fn count_cells(text: &[u8], complete: bool, delimiter: u8, quote: Option<u8>) -> Vec<usize> {
    let mut parser = parser(delimiter, quote);
    let (mut output, mut ends) = ([0; 4096], [0; 512]);
    let (mut counts, mut cells, mut blank, mut rest) = (Vec::new(), 0, true, text);
    while counts.len() < RECORDS && (complete || !rest.is_empty()) {
        let (result, read, written, ended) = parser.read_record(rest, &mut output, &mut ends);
        rest = &rest[read..];
        cells += ended;
        blank &= output[..written].trim_ascii().is_empty();
        match result {
            ReadRecordResult::End => break,
            ReadRecordResult::Record => {
                if !blank {
                    counts.push(cells);
                }
                (cells, blank) = (0, true);
            }
            _ => {}
        }
    }
    counts
}

/// The most frequent number of cells and how many records have it.
fn most_frequent(counts: &[usize]) -> Option<(usize, usize)> {
    let times = |cells: usize| counts.iter().filter(|&&other| other == cells).count();
    counts.iter().map(|&cells| (times(cells), cells)).max().map(|(records, cells)| (cells, records))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Found) {
        assert_eq!(detect(text.as_bytes(), true, Some(b'"')), expected, "{text:?}");
    }

    #[test]
    fn the_delimiter_is_the_one_that_gives_even_columns() {
        check("a,b\n1,2\n", Found::Delimiter(b','));
        check("a;b\n1,5;2,5\n", Found::Delimiter(b';'));
        check("name, full\tmail\nDoe, Jo, Dr\tx\nRoe\ty\n", Found::Delimiter(b'\t'));
        check("a|b\n\"1,2,3\"|2\n", Found::Delimiter(b'|'));
        check("a;b;c\n", Found::Delimiter(b';'));
        check("a;note\n1;\"x,y\n,z;;;\"\n", Found::Delimiter(b';'));
    }

    #[test]
    fn a_file_of_the_importers_own_is_known_by_its_first_name() {
        check("importer-export:1:row,a\n1,x;;y\n2,x;;y\n", Found::Delimiter(b','));
        check("importer-export:1:row;a;b\n1;x,y,z;\n", Found::Delimiter(b';'));
    }

    #[test]
    fn one_column_stays_one_column() {
        check("mail\na@example.org\n", Found::Delimiter(b','));
        check(";;;\n;;\n", Found::Delimiter(b';'));
        check("name\nDoe, John\nRoe, Jane\n", Found::Delimiter(b';'));
    }

    #[test]
    fn a_title_above_the_header_is_noticed() {
        check("Volunteers 2024\nname;mail;city\na;b;c\nd;e;f\n", Found::Title(3));
    }

    #[test]
    fn a_declaration_line_is_understood() {
        assert_eq!(declared(b"sep=;\r"), Some(b';'));
        assert_eq!(declared(b"SEP=\t"), Some(b'\t'));
        assert_eq!(declared(b"sep,arate"), None);
    }
}
