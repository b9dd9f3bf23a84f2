//! What follows the family name: Jr, Sr, II, III.
//!
//! | Level | Meaning | For example |
//! |---|---|---|
//! | `exact` | the same generation, however it is written | `Jr.` and `junior` |
//! | `differ` | two generations | `Jr` and `Sr` |

use importer_core::normalise::fold;

use super::{About, Level, MISSING, Term, level as l};

const LEVELS: &[Level] = &[l("exact", 0.95, 0.4), l("differ", 0.05, 0.6)];

pub(crate) fn term() -> Term {
    Term::new("name_suffix", About::NameSuffix, LEVELS, 0.0)
}

/// What a suffix says: the generation it names, or a number of its own for any other; 0 when there is none.
pub(crate) fn code(text: &str) -> u8 {
    match generation(text) {
        0 if text.contains(char::is_alphanumeric) => {
            let mut folded = String::new();
            fold(text, &mut folded);
            // Two others may share a number: then they are not told apart, which is no reason to merge anybody.
            5 + u8::try_from(super::hash(folded.as_bytes()) % 250).unwrap_or(0)
        }
        generation => generation,
    }
}

/// The generation a suffix names; 0 when it names none.
fn generation(text: &str) -> u8 {
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
    (generation(end) != 0 && !end.eq_ignore_ascii_case("i") && !before.trim().is_empty())
        .then(|| (before.trim_matches([' ', ',']).to_owned(), end.to_owned()))
}

/// No suffix is no statement: most people leave theirs out.
pub(crate) fn level(a: u8, b: u8) -> u8 {
    match (a, b) {
        (0, _) | (_, 0) => MISSING,
        _ => u8::from(a != b),
    }
}
