use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_8859_4, ISO_8859_13, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1257};
use importer_plugin::Error;

use crate::input::{Sample, file_error};

const BALTIC: [&Encoding; 3] = [WINDOWS_1257, ISO_8859_13, ISO_8859_4];

/// How the bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Charset {
    pub(crate) encoding: &'static Encoding,
    /// The length of the byte order mark, which is no text.
    pub(crate) mark: u64,
    /// Neither declared nor marked.
    pub(crate) guessed: bool,
}

impl Charset {
    fn guess(encoding: &'static Encoding) -> Self {
        Self { encoding, mark: 0, guessed: true }
    }
}

/// Settles the encoding from the first bytes; `declared` wins over everything but a byte order mark.
pub(crate) fn settle(
    sample: &Sample,
    declared: Option<&'static Encoding>,
    path: &str,
) -> Result<Charset, Error> {
    let bytes = sample.bytes.as_slice();
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(Charset { encoding, mark: mark as u64, guessed: false });
    }
    if let Some(encoding) = declared {
        return Ok(Charset { encoding, mark: 0, guessed: false });
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return Ok(Charset::guess(encoding));
    }
    let zeros = bytes.iter().filter(|&&b| b == 0).count();
    // A lone NUL is a damaged cell and is reported as such; many are no text.
    if zeros * 100 > bytes.len() || (zeros > 0 && !is_utf8(sample)) {
        return Err(file_error(format!(
            "`{path}` is a binary file, not delimited text; give a CSV export instead, or declare option `encoding`"
        )));
    }
    guess(sample, path)
}

/// Settles the encoding of bytes without mark and without declaration: UTF-8 when they are, else the Western single-byte
/// encoding when they fit it, else nothing, because a wrong guess is garbage in every row.
pub(crate) fn guess(sample: &Sample, path: &str) -> Result<Charset, Error> {
    if is_utf8(sample) {
        return Ok(Charset::guess(UTF_8));
    }
    let (characters, faults, line) = utf8_census(&sample.bytes);
    // Western text hardly ever contains a valid UTF-8 sequence, so this is UTF-8 with damage, or a file of two halves.
    if characters > 0 && characters * 4 >= faults {
        return Err(undecided(format!(
            "`{path}` is UTF-8 in some places and not in others, first on line {line}; repair the file, or declare \
             its encoding with option `encoding`"
        )));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&sample.bytes, sample.complete);
    let mut likely = detector.guess(None, Utf8Detection::Deny);
    // A few French letters, "Loïc", also make Baltic words; then the far more frequent of the two is taken.
    let few = sample.bytes.iter().filter(|b| !b.is_ascii()).count() < 10;
    if few && BALTIC.contains(&likely) {
        likely = detector.guess(Some(b"fr"), Utf8Detection::Deny);
    }
    if is_western(&sample.bytes, likely) {
        return Ok(Charset::guess(WINDOWS_1252));
    }
    let (name, label) = match likely == WINDOWS_1252 {
        // The detector knows no DOS or Mac encodings, and of a few letters in another alphabet it cannot know better.
        true => (
            "another alphabet, or an old DOS or Mac encoding".to_owned(),
            "windows-1251 or macintosh".to_owned(),
        ),
        false => (likely.name().to_owned(), likely.name().to_ascii_lowercase()),
    };
    Err(undecided(format!(
        "`{path}` is not UTF-8; it looks like {name}, which cannot be told for certain. Declare the encoding, \
         such as encoding={label}, or save the file as UTF-8"
    )))
}

/// True when no byte of the sample tells one encoding from another.
pub(crate) fn is_undecided(charset: Charset, sample: &Sample) -> bool {
    charset.guessed && charset.encoding == UTF_8 && !sample.complete && sample.bytes.is_ascii()
}

fn undecided(message: String) -> Error {
    Error::data(message).in_field("encoding")
}

/// True for UTF-8; the sample may end inside a character when the file goes on.
fn is_utf8(sample: &Sample) -> bool {
    match std::str::from_utf8(&sample.bytes) {
        Ok(_) => true,
        Err(e) => !sample.complete && e.error_len().is_none(),
    }
}

/// Characters beyond ASCII that are valid UTF-8, places that are not, and the line of the first such place.
fn utf8_census(bytes: &[u8]) -> (usize, usize, usize) {
    let (mut characters, mut faults, mut line, mut first) = (0, 0, 1, None);
    for chunk in bytes.utf8_chunks() {
        line += chunk.valid().matches('\n').count();
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        if !chunk.invalid().is_empty() {
            faults += 1;
            first.get_or_insert(line);
        }
    }
    (characters, faults, first.unwrap_or(line))
}

/// Delimited text in UTF-16 has a NUL in every delimiter and line end, always on the same side.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes.len() / 2;
    let zeros = |side: usize| bytes.chunks_exact(2).filter(|pair| pair[side] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    match () {
        () if second * 5 > pairs * 2 && first * 50 < pairs => Some(UTF_16LE),
        () if first * 5 > pairs * 2 && second * 50 < pairs => Some(UTF_16BE),
        () => None,
    }
}

/// True when windows-1252 (and with it Latin-1) is what the bytes are: the detector says so, or says an encoding that
/// reads these very bytes alike, and the text has none of the marks of a DOS or Mac encoding read as Western.
fn is_western(bytes: &[u8], likely: &'static Encoding) -> bool {
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    let alike = likely.is_single_byte() && likely.decode_without_bom_handling(bytes).0 == text;
    (likely == WINDOWS_1252 || alike) && looks_western(&text)
}

fn looks_western(text: &str) -> bool {
    let (mut beyond, mut odd) = (0, 0);
    let (mut before, mut rest) = ('\n', text.chars().peekable());
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or('\n');
        if !c.is_ascii() {
            // Windows-1252 leaves five bytes undefined, which read as control characters.
            if ('\u{80}'..'\u{a0}').contains(&c) {
                return false;
            }
            beyond += 1;
            // "Jos‚" and "M„ller" are DOS, "JosŽ" and "MŸller" are Mac.
            let inside = before.is_ascii_alphabetic();
            let sign = !c.is_alphabetic()
                && !matches!(c, '’' | '\u{a0}' | '\u{ad}' | '·' | '–' | '—' | '…' | '”' | '®' | '™');
            let dos = sign && inside && (after.is_ascii_lowercase() || "‚„…†‡ˆ‰‹".contains(c));
            let mac = c.is_uppercase() && before.is_ascii_lowercase();
            // Three accented letters in a row are another alphabet.
            let foreign =
                c.is_alphabetic() && [before, after].iter().all(|n| !n.is_ascii() && n.is_alphabetic());
            odd += usize::from(dos || mac || foreign);
        }
        before = c;
    }
    odd * 3 <= beyond
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> Sample {
        Sample { bytes: bytes.into(), complete: true }
    }

    fn settled(bytes: &[u8]) -> Result<Charset, Error> {
        settle(&whole(bytes), None, "a.csv")
    }

    #[test]
    fn what_is_certain_is_settled() {
        fn check(bytes: &[u8], encoding: &'static Encoding, mark: u64) {
            let found = settled(bytes).unwrap();
            assert_eq!((found.encoding, found.mark), (encoding, mark));
        }
        check(b"a,b\n", UTF_8, 0);
        check("name\nJosé\n".as_bytes(), UTF_8, 0);
        check(b"\xef\xbb\xbfa,b\n", UTF_8, 3);
        check(b"\xff\xfea\0,\0b\0\n\0", UTF_16LE, 2);
        check(b"\xfe\xff\0a\0,\0b\0\n", UTF_16BE, 2);
        check(b"a\0,\0b\0\n\0", UTF_16LE, 0);
        check(b"\0a\0,\0b\0\n", UTF_16BE, 0);
    }

    #[test]
    fn western_names_are_read_however_short_the_file() {
        for name in [
            "José",
            "Müller",
            "Zoë",
            "Søren",
            "François",
            "Béjaïa",
            "Peña",
            "Straße",
            "Åse",
            "O’Neil",
            "Noël Élan",
        ] {
            let (bytes, _, unmappable) = WINDOWS_1252.encode(name);
            assert!(!unmappable);
            let file = [b"id,name,city\n1,".as_slice(), &bytes, b",Springfield\n"].concat();
            assert_eq!(settled(&file).map(|c| c.encoding), Ok(WINDOWS_1252), "{name}");
        }
    }

    #[test]
    fn other_encodings_are_refused_and_named() {
        fn check(label: &str, text: &str, expected: &str) {
            let (bytes, ..) = Encoding::for_label(label.as_bytes()).unwrap().encode(text);
            let error = settled(&bytes).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("encoding="), "{label}: {error}");
        }
        check("shift_jis", "名前,住所\n山田太郎,東京都新宿区\n", "encoding=shift_jis");
        check("gbk", "姓名,城市\n王小明,北京市海淀区\n李华,上海\n", "encoding=gb");
        check("windows-1251", "name\nИван\n", "another alphabet");
        check("windows-1251", "имя,город\nИван Петров,Москва\n", "encoding=windows-1251");
        check("macintosh", "name\nJosé\nMüller\nFrançois\n", "macintosh");
    }

    #[test]
    fn dos_text_is_not_taken_for_western() {
        for bytes in [&b"name\nJos\x82\nM\x81ller\n"[..], b"name\nM\x84rz\nJos\x82 P\x82rez\n"] {
            assert!(settled(bytes).is_err());
        }
    }

    #[test]
    fn a_file_of_two_encodings_is_refused_with_the_line() {
        let error = settled(b"name\nJos\xc3\xa9\nJos\xe9\n").unwrap_err();
        assert!(error.to_string().contains("line 3"), "{error}");
    }

    #[test]
    fn binary_is_refused_and_a_lone_nul_is_not() {
        assert!(settled(b"\x01\0\0\x02abc\0\0\xff").unwrap_err().to_string().contains("binary"));
        let text = [b"name\n".repeat(100), b"A\0da\n".to_vec()].concat();
        assert_eq!(settled(&text).unwrap().encoding, UTF_8);
    }
}
