use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::tidy::trimmed;
use super::{Problem, Result};

/// One of a few words, in small letters with underscores between its parts.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::choice("In Progress", &mut out)?;
/// assert_eq!(out, "in_progress");
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn choice(input: &str, out: &mut String) -> Result {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(());
    }
    let start = out.len();
    if text.is_ascii() {
        push(text.chars().map(|c| c.to_ascii_lowercase()), out);
    } else {
        push(text.chars().flat_map(char::to_lowercase).nfc(), out);
    }
    if out.len() == start { Err(Problem::new("There is no letter and no digit in it.")) } else { Ok(()) }
}

fn push(chars: impl Iterator<Item = char>, out: &mut String) {
    let start = out.len();
    let mut gap = false;
    for c in chars {
        if c.is_alphanumeric() || is_combining_mark(c) && out.len() > start {
            if gap && out.len() > start {
                out.push('_');
            }
            out.push(c);
            gap = false;
        } else {
            gap = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn makes_words() {
        laws::check(
            choice,
            &[
                ("Cleared", "cleared"),
                ("IN  PROGRESS", "in_progress"),
                ("not-started", "not_started"),
                ("in_progress", "in_progress"),
                ("__x__", "x"),
                ("N/A", "n_a"),
                ("Genehmigt (früh)", "genehmigt_früh"),
                ("FRU\u{308}H", "früh"),
                ("—", ""),
                ("", ""),
            ],
        );
        laws::survives_awkward_strings(choice);
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in laws::any_text()) {
            let _ = laws::normal(choice, &input);
        }
    }
}
