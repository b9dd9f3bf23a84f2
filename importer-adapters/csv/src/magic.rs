//! Files that are no text at all, recognised by their first bytes, with what a person should do about each.

const EXPORT: &str = "open it and export the sheet as CSV first";
const UNPACK: &str = "unpack it first (gzip is read directly)";

const KNOWN: [(&[u8], &str, &str); 17] = [
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Office document", EXPORT),
    (b"PAR1", "a Parquet file", "convert it to CSV first"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV first"),
    (b"%PDF-", "a PDF document", "ask for the data as CSV"),
    (b"{\\rtf", "an RTF document", "save it as plain text first"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", "give the data file instead"),
    (b"\xff\xd8\xff", "a JPEG image", "give the data file instead"),
    (b"GIF8", "a GIF image", "give the data file instead"),
    (b"\x7fELF", "a program", "give the data file instead"),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\x1f\x8b", "a gzip file inside a gzip file", "unpack it once"),
    (b"\xff\xfe\0\0", "text in UTF-32", "save it as UTF-8 first"),
    (b"\0\0\xfe\xff", "text in UTF-32", "save it as UTF-8 first"),
];

/// What the file is instead of delimited text, and what to do; `None` when nothing speaks against text.
pub(crate) fn recognise(sample: &[u8]) -> Option<(&'static str, &'static str)> {
    if sample.starts_with(b"PK\x03\x04") || sample.starts_with(b"PK\x05\x06") {
        return Some(zip(sample));
    }
    if let Some((_, what, advice)) = KNOWN.iter().find(|(magic, ..)| sample.starts_with(magic)) {
        return Some((what, advice));
    }
    // A download that needed a login saves the login page under the name of the file.
    let start = sample.trim_ascii_start();
    let is = |tag: &[u8]| start.get(..tag.len()).is_some_and(|s| s.eq_ignore_ascii_case(tag));
    (is(b"<!doctype html") || is(b"<html"))
        .then_some(("an HTML page", "download the data itself; this may be a login or error page"))
}

fn zip(sample: &[u8]) -> (&'static str, &'static str) {
    let holds = |name: &[u8]| sample.windows(name.len()).any(|w| w == name);
    if holds(b"xl/") || holds(b"[Content_Types].xml") {
        ("an Excel workbook or other Office document", EXPORT)
    } else if holds(b"application/vnd.oasis.opendocument") {
        ("an OpenDocument file", EXPORT)
    } else {
        ("a ZIP archive", UNPACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_text_are_named() {
        fn check(sample: &[u8], expected: &str) {
            let (what, _) = recognise(sample).unwrap();
            assert!(what.contains(expected), "{what}");
        }
        check(b"PK\x03\x04....xl/workbook.xml", "Excel");
        check(b"PK\x03\x04....photo.jpg", "ZIP");
        check(b"\x89PNG\r\n\x1a\n\0\0", "PNG");
        check(b"\n <!DOCTYPE HTML><html>", "HTML");
        check(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel");
    }

    #[test]
    fn text_is_left_alone() {
        for text in [&b"PK,name\n"[..], b"", b"<b>,c\n", b"BZ\n", b"\xff\xfea\0"] {
            assert_eq!(recognise(text), None);
        }
    }
}
