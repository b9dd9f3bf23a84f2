//! Dates of birth that are nobody's.

use super::no_value::is_no_value;
use crate::normalise;

/// Dates that stand for none: the first days of calendars and of the clocks of databases, spreadsheets and operating systems, the
/// round years that forms begin with, and the ends of time.
const DATES: [&str; 16] = [
    "00010101", "11111111", "17530101", "18991230", "18991231", "19000000", "19000100", "19000101",
    "19010101", "19040101", "19700101", "19800101", "20000101", "20010101", "20991231", "99991231",
];

/// Whether a date of birth in its normal form is one that forms and programs fill in. It says nothing about who somebody is.
///
/// ```
/// use importer_core::normalise::is_nobodys_date;
/// assert!(is_nobodys_date("1900-01-01") && is_nobodys_date("1970-01-01"));
/// assert!(!is_nobodys_date("1955-01-01") && !is_nobodys_date("1970-01-02"));
/// ```
pub fn is_nobodys_date(date: &str) -> bool {
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    DATES.contains(&digits.as_str())
}

/// Whether a text that is no date says something all the same, so that it is not a missing date: `31/31/1980`, `about 1950`.
///
/// ```
/// use importer_core::normalise::is_unreadable_date;
/// assert!(is_unreadable_date("31/31/1980") && is_unreadable_date("about 1950"));
/// assert!(!is_unreadable_date("N/A") && !is_unreadable_date("00/00/0000") && !is_unreadable_date("1/1/1900"));
/// ```
pub fn is_unreadable_date(text: &str) -> bool {
    let says_something = |c: char| c.is_alphanumeric() && c != '0';
    let mut normal = String::new();
    let is_filler = normalise::date(text, None, &mut normal).is_ok() && is_nobodys_date(&normal);
    text.contains(says_something) && !is_no_value(text) && !is_filler && !is_first_of_january(text)
}

/// Whether a text is the first of January of a year that forms fill in, whichever of day and month comes first.
fn is_first_of_january(text: &str) -> bool {
    let is_separator = |c: char| matches!(c, '/' | '.' | '-');
    match text.trim().split(is_separator).collect::<Vec<_>>()[..] {
        ["1" | "01", "1" | "01", year] if year.len() == 4 => is_nobodys_date(&format!("{year}0101")),
        _ => false,
    }
}
