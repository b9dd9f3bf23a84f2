//! Cells that spreadsheets would run instead of showing, and how they come back as they were.
//!
//! Delimited files that the importer writes are opened in spreadsheets, where a cell such as `=HYPERLINK(…)` is a program.
//! [`guard`] puts an apostrophe before such cells, [`unguard`] takes it away again. Only files that begin with
//! [`EXPORT_MARK`] are read with [`unguard`]: in anybody else's file an apostrophe is an apostrophe.

use std::borrow::Cow;

/// How the first column name begins in every file that was written with [`guard`].
pub const EXPORT_MARK: &str = "importer-export:1:";

/// What stands in an exported cell whose value is not shown: it is not known then, and never read as a value. A cell that really
/// holds this text is guarded, so that the two differ.
pub const MASKED: &str = "***";

/// A cell that no spreadsheet takes for a formula; [`unguard`] gives the original back, whatever it is.
///
/// ```
/// use importer_plugin::spreadsheet::{guard, unguard};
/// assert_eq!(guard("=1+1"), "'=1+1");
/// assert_eq!(guard("-12"), "'-12");
/// assert_eq!(guard("'tis"), "'tis", "what is harmless stays as it is");
/// assert_eq!(unguard(&guard("'=1+1")), "'=1+1");
/// assert_eq!(guard("***"), "'***", "it is not masked");
/// ```
pub fn guard(cell: &str) -> Cow<'_, str> {
    if is_guarded_or_dangerous(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// The cell that [`guard`] was given.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_guarded_or_dangerous(rest) => rest,
        _ => cell,
    }
}

/// Dangerous or like a masked cell, perhaps behind apostrophes: such a cell gets one more, so that the way back is certain.
fn is_guarded_or_dangerous(cell: &str) -> bool {
    let bare = cell.trim_start_matches('\'');
    bare.trim() == MASKED || is_dangerous(bare)
}

/// Begins like a formula, once what spreadsheets leave out at the beginning of a cell is left out. Full-width signs and
/// dashes count as the signs they stand for: some spreadsheets read them so.
fn is_dangerous(cell: &str) -> bool {
    if cell.starts_with(['\t', '\r', '\n', '\0']) {
        return true;
    }
    let left_out = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '"' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    };
    matches!(
        cell.trim_start_matches(left_out).chars().next(),
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '–' | '—' | '−' | '|' | '%')
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_guarded() {
        for cell in [
            "=1",
            "+1",
            "-1",
            "@x",
            "\t=1",
            "\r",
            " =1",
            "\u{A0}@x",
            "\u{FEFF}-1",
            "＝1",
            "\"=1",
            "'=1",
            "''\t",
            "\n-",
        ] {
            assert!(guard(cell).starts_with('\''), "{cell:?}");
            assert_eq!(unguard(&guard(cell)), cell);
        }
        for cell in ["", "Ann", "'tis", "''", "1-2", "a@b.org", "x=y", " Ann"] {
            assert_eq!(guard(cell), cell);
            assert_eq!(unguard(cell), cell, "an apostrophe of one's own stays: {cell:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn unguard_gives_everything_back(cell in "['=+@\\t\\r\\n \"\u{FEFF}\u{A0}x-]{0,6}|\\PC*") {
            let guarded = guard(&cell);
            prop_assert_eq!(unguard(&guarded), &cell);
            prop_assert!(!is_dangerous(&guarded));
        }
    }
}
