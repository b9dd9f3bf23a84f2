/// True for what shows nothing: white space, controls, direction marks, soft hyphens, zero-width spaces, byte order marks.
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{AD}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(c, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// True when a cell holds nothing that anybody can see. "NA", "-" and "null" are texts, and somebody's name may be Null.
pub(super) fn is_blank(cell: &str) -> bool {
    match cell.as_bytes().first() {
        None => true,
        Some(first) if first.is_ascii_graphic() => false,
        Some(_) => cell.chars().all(is_unseen),
    }
}

/// The cell without what shows nothing at its ends.
pub(super) fn trimmed(cell: &str) -> &str {
    let bytes = cell.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => cell.trim_matches(is_unseen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_what_nobody_sees() {
        for cell in ["", " ", "\t\r\n", "\u{FEFF}", "\u{200B}\u{A0}", "\0", "\u{202A}\u{202C}"] {
            assert!(is_blank(cell) && trimmed(cell).is_empty(), "{cell:?}");
        }
        for cell in ["NA", "N/A", "null", "-", "0", " .", "é", "\u{200D}"] {
            assert!(!is_blank(cell), "{cell:?}");
        }
        assert_eq!(trimmed("\u{FEFF} a b\n"), "a b");
    }
}
