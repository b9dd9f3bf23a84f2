//! What stands in a cell and is no value, and what stands in the cell of a name and is no name.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::words;

static NO_VALUES: LazyLock<[HashSet<&'static str>; 2]> =
    LazyLock::new(|| sections(include_str!("no_values.txt"), "\n[not names]\n"));
static NO_NAMES: LazyLock<[HashSet<&'static str>; 2]> =
    LazyLock::new(|| sections(include_str!("no_names.txt"), "\n[alone]\n"));

fn sections(list: &'static str, second: &str) -> [HashSet<&'static str>; 2] {
    let (first, rest) = list.split_once(second).unwrap_or((list, ""));
    [words(first).collect(), words(rest).collect()]
}

/// The longest entry.
const LONGEST: usize = 24;

/// Whether a text is an entry: in small letters, with single spaces, and without what is no letter or digit around it. Every
/// name is asked for, so nothing is allocated.
fn is_in(list: &HashSet<&'static str>, text: &str) -> bool {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    if text.len() > LONGEST || !text.is_ascii() {
        return false;
    }
    let (mut bare, mut len) = ([0_u8; LONGEST], 0);
    for byte in
        text.bytes().map(|byte| if byte.is_ascii_whitespace() { b' ' } else { byte.to_ascii_lowercase() })
    {
        if byte != b' ' || bare[len - 1] != b' ' {
            bare[len] = byte;
            len += 1;
        }
    }
    std::str::from_utf8(&bare[..len]).is_ok_and(|bare| list.contains(bare))
}

/// Whether a text is no name of anybody: `N/A`, `unknown`, `not given`.
///
/// Somebody may be called Na or Blank, so that these are names; see [`is_no_value`] for what they are elsewhere.
///
/// ```
/// use importer_core::normalise::is_no_name;
/// assert!(is_no_name("N/A") && is_no_name(" Unknown ") && is_no_name("(not given)"));
/// assert!(!is_no_name("Na") && !is_no_name("Blank") && !is_no_name("Unknownsky"));
/// ```
pub fn is_no_name(text: &str) -> bool {
    is_in(&NO_VALUES[0], text)
}

/// Whether a text, other than a name, stands where there is no value: what [`is_no_name`], and `NA`, `NaT`, or a box without
/// its number.
///
/// ```
/// use importer_core::normalise::is_no_value;
/// assert!(is_no_value("NaT") && is_no_value("P.O. Box") && is_no_value("N/A"));
/// assert!(!is_no_value("PO Box 12") && !is_no_value("Box Hill"));
/// ```
pub fn is_no_value(text: &str) -> bool {
    NO_VALUES.iter().any(|words| is_in(words, text))
}

/// The given name in a cell without the titles in front of it; empty when there is no name: `Miss`, `Baby`, `Lady of the House`.
///
/// ```
/// use importer_core::normalise::without_title;
/// assert_eq!(without_title("Dr. Ana Maria"), "Ana Maria");
/// assert_eq!(without_title("Earl"), "Earl");
/// assert_eq!((without_title("Miss"), without_title("RESPONDENT")), ("", ""));
/// ```
pub fn without_title(name: &str) -> &str {
    let [titles, alone] = &*NO_NAMES;
    let mut rest = name.trim();
    if is_in(alone, rest) {
        return "";
    }
    loop {
        let (first, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if first.is_empty() || !is_in(titles, first) {
            return rest;
        }
        rest = behind.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_in_the_form_in_which_they_are_looked_up() {
        for word in NO_VALUES.iter().chain(&*NO_NAMES).flatten() {
            assert!(NO_VALUES.iter().chain(&*NO_NAMES).any(|list| is_in(list, word)), "{word}");
        }
        assert!(NO_VALUES[0].is_disjoint(&NO_VALUES[1]) && NO_NAMES[0].is_disjoint(&NO_NAMES[1]));
    }

    #[test]
    fn titles_are_left_out_in_front_alone() {
        for (name, expected) in [
            ("Miss Ana", "Ana"),
            ("Rev. Dr. Ana", "Ana"),
            ("Ana Dr", "Ana Dr"),
            ("  Sir  ", ""),
            ("Lady of the House", ""),
            ("Lady Jane", "Jane"),
            ("Baby Girl", ""),
            ("Babs", "Babs"),
            ("Prof", ""),
            ("Missy", "Missy"),
            ("", ""),
        ] {
            assert_eq!(without_title(name), expected, "{name:?}");
        }
    }

    #[test]
    fn names_and_places_are_values() {
        for name in ["Na", "Nan", "Blank", "X", "Nona", "Noname Lee", "Kein", "Li"] {
            assert!(!is_no_name(name), "{name}");
        }
        for place in ["Box 12", "PO Box 7", "Nana", "Null Street 3", "10115"] {
            assert!(!is_no_value(place), "{place}");
        }
        for nothing in ["N/A", "#N/A", "unknown", "UNKNOWN.", "None", "--not provided--", "no address"] {
            assert!(is_no_name(nothing) && is_no_value(nothing), "{nothing}");
        }
        for nothing in ["NA", "<NA>", "nan", "NaT", "null", "None", "po box", "P.O. Box", "00000"] {
            assert!(is_no_value(nothing), "{nothing}");
        }
    }
}
