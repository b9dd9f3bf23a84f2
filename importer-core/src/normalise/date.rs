use chrono::{Datelike, NaiveDate};

use super::iso::{self, Failure};
use super::tidy::trimmed;
use super::{Problem, Result};

/// A calendar date as `YYYY-MM-DD`.
///
/// Without a declared format only ISO 8601 is understood, with or without a time, which is left out: the date is the one
/// that was written, whatever the offset. With a declared format (of chrono) that format holds; ISO dates are understood
/// beside it unless it begins with the year and could mean them differently.
///
/// Two-digit years need a declared format: `%y` reads 70 to 99 as 1970 to 1999 and 00 to 69 as 2000 to 2069.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// normalise::date("5/1/2024", Some("%m/%d/%Y"), &mut out)?;
/// assert_eq!(out, "2024-05-01");
/// assert!(normalise::date("5/1/2024", None, &mut out).is_err());
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn date(input: &str, format: Option<&str>, out: &mut String) -> Result {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(());
    }
    let date = match format {
        None => iso::read(text).map(|moment| moment.date).map_err(|failure| match failure {
            Failure::Form => {
                Problem::new("This is not a date as YYYY-MM-DD; declare the format of the column.")
            }
            Failure::Value => NO_SUCH_DAY,
        }),
        Some(format) => declared(text, format),
    }?;
    push(date, out);
    Ok(())
}

const NO_SUCH_DAY: Problem = Problem::new("There is no such day in the calendar.");

fn declared(text: &str, format: &str) -> std::result::Result<NaiveDate, Problem> {
    use chrono::format::ParseErrorKind as Kind;
    match NaiveDate::parse_from_str(text, format) {
        Ok(date) if iso::is_year(date.year()) => Ok(date),
        Ok(_) => Err(Problem::new("The year has not four digits, as the declared format says.")),
        Err(_) if is_iso_beside(format, text) => {
            iso::read(text).map(|moment| moment.date).map_err(|_| NO_SUCH_DAY)
        }
        Err(error) => Err(match error.kind() {
            Kind::BadFormat => {
                Problem::new("The declared date format is not one; see the formats of chrono.")
            }
            Kind::OutOfRange | Kind::Impossible => NO_SUCH_DAY,
            Kind::NotEnough => Problem::new("The declared date format has no year, no month or no day."),
            _ => Problem::new("This is not a date in the declared format."),
        }),
    }
}

/// True when the text has the dashes of ISO 8601 and the format cannot mean a text that begins with the year.
pub(super) fn is_iso_beside(format: &str, text: &str) -> bool {
    let begins_with_year = ["%Y", "%y", "%C", "%G", "%g", "%F", "%+", "%-", "%_", "%0"]
        .iter()
        .any(|year| format.starts_with(year));
    !begins_with_year && text.as_bytes().get(4) == Some(&b'-') && iso::read(text) != Err(Failure::Form)
}

/// Appends `YYYY-MM-DD`.
pub(super) fn push(date: NaiveDate, out: &mut String) {
    let year = date.year().unsigned_abs();
    push_two(year / 100, out);
    push_two(year % 100, out);
    out.push('-');
    push_two(date.month(), out);
    out.push('-');
    push_two(date.day(), out);
}

/// Appends a number below 100 with two digits; formatting machinery would take most of the time of a call.
pub(super) fn push_two(number: u32, out: &mut String) {
    for digit in [number / 10, number % 10] {
        // Years have four digits, everything else two, so that there always is a digit.
        out.push(char::from_digit(digit, 10).unwrap_or('?'));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    #[test]
    fn reads_iso_dates() {
        laws::check(
            |input, out| date(input, None, out),
            &[
                ("2024-05-01", "2024-05-01"),
                (" 20240501 ", "2024-05-01"),
                ("2024-05-01T23:30:00-05:00", "2024-05-01"),
                ("2024-05-01 00:00:00", "2024-05-01"),
                ("2024-02-29", "2024-02-29"),
                ("2023-02-29", ""),
                ("2024-13-01", ""),
                ("0000-00-00", ""),
                ("05/01/2024", ""),
                ("24-05-01", ""),
                ("45413", ""),
                ("May 1, 2024", ""),
                ("", ""),
            ],
        );
        laws::survives_awkward_strings(|input, out| date(input, None, out));
    }

    #[test]
    fn reads_declared_formats() {
        for (input, format, expected) in [
            ("5/1/2024", "%m/%d/%Y", "2024-05-01"),
            ("13/05/2024", "%d/%m/%Y", "2024-05-13"),
            ("May 1, 2024", "%B %d, %Y", "2024-05-01"),
            ("5/1/2024 10:15 PM", "%m/%d/%Y %I:%M %p", "2024-05-01"),
            ("1.5.70", "%d.%m.%y", "1970-05-01"),
            ("1.5.69", "%d.%m.%y", "2069-05-01"),
            ("2024-05-01", "%m/%d/%Y", "2024-05-01"),
            ("2024-05-01", "%Y-%d-%m", "2024-01-05"),
            ("2024-05-13", "%Y-%d-%m", ""),
            ("13/05/2024", "%m/%d/%Y", ""),
            ("5/1/24", "%m/%d/%Y", ""),
            ("2/30/2024", "%m/%d/%Y", ""),
            ("2024-02-30", "%m/%d/%Y", ""),
            ("5/1/2024", "%Q", ""),
            ("5/1", "%m/%d", ""),
        ] {
            let mut out = String::new();
            let found = date(input, Some(format), &mut out).map(|()| out.as_str()).unwrap_or_default();
            assert_eq!(found, expected, "{input} as {format}");
        }
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in prop_oneof![laws::any_text(), "[0-9]{4}-?[01][0-9]-?[0-3][0-9](T[0-9:]{4,8}Z?)?"]) {
            let _ = laws::normal(|input, out| date(input, None, out), &input);
            let _ = laws::normal(|input, out| date(input, Some("%d.%m.%Y"), out), &input);
        }

        #[test]
        fn no_format_panics(input in laws::any_text(), format in prop_oneof![laws::any_text(), "(%[a-zA-Z#:.0-9+-]{1,2}[ /-]?){0,5}"]) {
            let _ = date(&input, Some(&format), &mut String::new());
        }
    }
}
