//! What follows the family name: Jr, Sr, II, III.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same generation, however it is written | `Jr.` and `junior` |
//! | `differ` | two generations | `Jr` and `Sr` |

use super::{Level, MISSING, Term, level as l};

const LEVELS: &[Level] = &[l("exact", 0.95, 0.4), l("differ", 0.05, 0.6)];

pub(crate) fn term() -> Term {
    Term::new("name_suffix", LEVELS, 0.0)
}

/// The generation a suffix names; 0 when it names none.
pub(crate) fn code(text: &str) -> u8 {
    match text.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase().as_str() {
        "sr" | "senior" | "i" => 1,
        "jr" | "junior" | "ii" | "2nd" => 2,
        "iii" | "3rd" => 3,
        "iv" | "4th" => 4,
        _ => 0,
    }
}

/// A name without the suffix it ends with, and the suffix.
pub(crate) fn cut(name: &str) -> Option<(String, String)> {
    let (before, end) = name.trim().rsplit_once([' ', ','])?;
    // A lone "I" may be an initial.
    (code(end) != 0 && !end.eq_ignore_ascii_case("i") && !before.trim().is_empty())
        .then(|| (before.trim_matches([' ', ',']).to_owned(), end.to_owned()))
}

/// No suffix is no statement: most people leave theirs out.
pub(crate) fn level(a: u8, b: u8) -> u8 {
    match (a, b) {
        (0, _) | (_, 0) => MISSING,
        _ => u8::from(a != b),
    }
}
