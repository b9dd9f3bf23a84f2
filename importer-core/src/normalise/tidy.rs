//! Characters that nobody sees, and NFC.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// True for what shows nothing and means nothing: controls other than tab and line break, zero-width spaces, BOMs.
///
/// Joiners stay: emoji, Persian and Indic scripts need them.
pub(super) const fn is_noise(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0B'..='\x1F' | '\x7F'..='\u{9F}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}')
}

/// True for noise and for direction marks and soft hyphens, which web pages and address books leave in single words.
pub(super) const fn is_hidden(c: char) -> bool {
    is_noise(c)
        || matches!(c, '\u{AD}' | '\u{180E}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The value without white space and hidden characters at its ends.
pub(super) fn trimmed(input: &str) -> &str {
    let bytes = input.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => input,
        _ => input.trim_matches(|c: char| c.is_whitespace() || is_hidden(c)),
    }
}

/// The text in NFC, without the characters that `drop` names; every kind of line break becomes `\n`.
pub(super) fn tidy(input: &str, drop: fn(char) -> bool) -> Cow<'_, str> {
    if is_tidy(input, drop) {
        return Cow::Borrowed(input);
    }
    let mut chars = input.chars().peekable();
    let visible = std::iter::from_fn(move || {
        loop {
            match chars.next()? {
                '\r' if chars.peek() == Some(&'\n') => {}
                '\r' | '\x0B' | '\x0C' | '\u{85}' => return Some('\n'),
                c if drop(c) => {}
                c => return Some(c),
            }
        }
    });
    Cow::Owned(visible.nfc().collect())
}

fn is_tidy(input: &str, drop: fn(char) -> bool) -> bool {
    if input.is_ascii() {
        return input.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\n'));
    }
    !input.chars().any(drop) && is_nfc_quick(input.chars()) == IsNormalized::Yes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_shows_and_drops_what_does_not() {
        for (input, expected) in [
            ("plain", "plain"),
            ("nul\0 bell\x07", "nul bell"),
            ("a\r\nb\rc\x0Bd\u{85}e", "a\nb\nc\nd\ne"),
            ("e\u{301}", "é"),
            ("👩\u{200D}💻", "👩\u{200D}💻"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("zero\u{200B}width\u{FEFF}", "zerowidth"),
            ("e\u{200B}\u{301}", "é"),
        ] {
            assert_eq!(tidy(input, is_noise), expected, "{input:?}");
        }
    }

    #[test]
    fn trims_what_address_books_leave_around_numbers() {
        assert_eq!(trimmed("\u{FEFF} \u{202A}816\u{202C}\n"), "816");
        assert_eq!(trimmed("\u{A0}"), "");
    }
}
