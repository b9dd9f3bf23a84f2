use std::fmt::Write;

use super::tidy::trimmed;
use super::{Problem, Result};

/// A whole number without leading zeros; zeros behind a decimal point, as spreadsheets add them, are left out.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::integer(" 2027.0", &mut out)?;
/// assert_eq!(out, "2027");
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn integer(input: &str, out: &mut String) -> Result {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(());
    }
    match whole(text) {
        Some(number) => {
            // Writing into a string cannot fail.
            let _ = write!(out, "{number}");
            Ok(())
        }
        None => Err(Problem::new("This is not a whole number.").suggest(without_separators(text))),
    }
}

fn whole(text: &str) -> Option<i64> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.bytes().any(|b| b != b'0') { None } else { digits.parse().ok() }
}

/// `1,234` is 1234 to some and 1.234 to others.
#[cold]
fn without_separators(text: &str) -> Option<String> {
    let groups = text.split([',', ' ', '\'', '\u{A0}', '\u{202F}']);
    let grouped = groups.clone().skip(1).all(|group| group.len() == 3);
    if grouped { whole(&groups.collect::<String>()).map(|number| number.to_string()) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn reads_whole_numbers() {
        laws::check(
            integer,
            &[
                ("2027", "2027"),
                ("-12", "-12"),
                ("+12", "12"),
                ("007", "7"),
                ("-0", "0"),
                ("2027.00", "2027"),
                ("9223372036854775807", "9223372036854775807"),
                ("9223372036854775808", ""),
                ("1.5", ""),
                ("1.", ""),
                (".0", ""),
                ("1e3", ""),
                ("--1", ""),
                ("NaN", ""),
                ("١٢", ""),
                ("", ""),
            ],
        );
        assert_eq!(integer("1,234", &mut String::new()).unwrap_err().suggestion.as_deref(), Some("1234"));
        assert_eq!(integer("1,23", &mut String::new()).unwrap_err().suggestion, None);
        laws::survives_awkward_strings(integer);
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in prop_oneof![laws::any_text(), "[+-]?[0-9]{1,20}(\\.0*)?"]) {
            let _ = laws::normal(integer, &input);
        }
    }
}
