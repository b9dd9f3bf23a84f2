//! What follows the family name: Jr, Sr, II, III.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same generation, however it is written | `Jr.` and `junior` |
//! | `differ` | two generations | `Jr` and `Sr` |
//!
//! They are found behind given and family names, too.

use importer_core::normalise::{fold, generation};

use super::{About, Level, MISSING, Term, level as l};

const LEVELS: &[Level] = &[l("exact", 0.95, 0.4), l("differ", 0.05, 0.6)];

pub(crate) fn term() -> Term {
    Term::new("name_suffix", About::NameSuffix, LEVELS, 0.0)
}

/// No suffix.
const NONE: u8 = 0;
/// Suffixes that are no generations have numbers from here on.
const OTHER: u8 = 5;

/// What a suffix says: the generation it names, or a number of its own for any other; 0 when there is none.
pub(crate) fn code(text: &str) -> u8 {
    generation(text).unwrap_or_else(|| {
        if !text.contains(char::is_alphanumeric) {
            return NONE;
        }
        let mut folded = String::new();
        fold(text, &mut folded);
        // Two others may share a number: then they are not told apart, which is no reason to merge anybody.
        OTHER + u8::try_from(super::hash(folded.as_bytes()) % 250).unwrap_or(0)
    })
}

/// One says which generation it is, and the other nothing: a father mostly leaves his out, and so does who fills in a form.
pub(crate) fn is_one_sided(a: u8, b: u8) -> bool {
    a.min(b) == NONE && (NONE + 1..OTHER).contains(&a.max(b))
}

/// No suffix is no statement: most people leave theirs out.
pub(crate) fn level(a: u8, b: u8) -> u8 {
    match (a, b) {
        (NONE, _) | (_, NONE) => MISSING,
        _ => u8::from(a != b),
    }
}
