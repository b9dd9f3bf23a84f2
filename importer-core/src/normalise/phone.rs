use std::fmt::{self, Write};

use rlibphonenumber::{
    NotANumberError, NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, Region, ValidationError,
};

use super::tidy::trimmed;
use super::{Problem, nanp};

/// What a phone number has besides its E.164 form.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Phone<'a> {
    /// The digits to dial after the call is answered.
    pub extension: Option<&'a str>,
}

impl fmt::Debug for Phone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone").field("extension", &self.extension.map(|_| "…")).finish()
    }
}

/// A phone number in E.164, its extension apart.
///
/// Numbers without a country code, and only those, are read as numbers of `default_country` (an ISO 3166-1 code; empty for
/// none). A number that nobody can have, such as `123-456-7890`, is refused.
///
/// ```
/// use importer_core::normalise;
/// let mut out = String::new();
/// let phone = normalise::phone("(816) 234-5678 x12", "US", &mut out)?;
/// assert_eq!((out.as_str(), phone.extension), ("+18162345678", Some("12")));
/// # Ok::<(), normalise::Problem>(())
/// ```
pub fn phone<'a>(input: &'a str, default_country: &str, out: &mut String) -> Result<Phone<'a>, Problem> {
    let text = trimmed(input);
    if text.is_empty() {
        return Ok(Phone::default());
    }
    if let Some((digits, extension)) = nanp::plain(text, matches!(default_country, "US" | "CA")) {
        out.push_str("+1");
        out.extend(digits.map(char::from));
        return Ok(Phone { extension });
    }
    let region = Region::from_code(default_country).ok();
    let (number, extension) = read(text, region).map_err(|message| {
        Problem::new(message).suggest(suggestion(text, region).map(|number| number.to_string()))
    })?;
    push(&number, out);
    Ok(Phone { extension })
}

/// The number as the library reads it, or with `00` in front as its country code's sign.
fn read(text: &str, region: Option<Region>) -> Result<(PhoneNumber, Option<&str>), &'static str> {
    if text.len() > 100 {
        return Err("A phone number is shorter.");
    }
    library(text, region).or_else(|message| {
        let without_zeros =
            text.trim_start_matches(['(', ' ']).strip_prefix("00").filter(|rest| !rest.starts_with('0'));
        let Some(rest) = without_zeros else { return Err(message) };
        let international = format!("+{rest}");
        let (number, extension) = library(&international, None).map_err(|_| message)?;
        let extension =
            extension.and_then(|digits| text.rfind(digits).map(|at| &text[at..at + digits.len()]));
        Ok((number, extension))
    })
}

/// The number and the extension as the library reads them; only numbers that exist in the plan of their country.
pub(super) fn library(
    text: &str,
    region: Option<Region>,
) -> Result<(PhoneNumber, Option<&str>), &'static str> {
    let number = PHONE_NUMBER_UTIL.parse(text, region).map_err(|error| match error {
        ParseError::NotANumber(NotANumberError::FailedToParseNumberAsInt(_)) | ParseError::TooLongNsn => {
            TOO_LONG
        }
        ParseError::NotANumber(_) => "There is no phone number in it.",
        ParseError::InvalidCountryCode if region.is_none() && !text.starts_with('+') => {
            "A number without a country code needs a default country; declare one."
        }
        ParseError::InvalidCountryCode => "No country has this calling code.",
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => TOO_SHORT,
    })?;
    if !number.is_valid() {
        return Err(match number.is_possible_with_reason() {
            Ok(NumberLengthType::IsPossibleLocalOnly) => "The area code is missing.",
            Err(ValidationError::TooShort) => TOO_SHORT,
            Err(ValidationError::TooLong) => TOO_LONG,
            Err(ValidationError::InvalidLength) => "Its country has no phone numbers of this length.",
            _ => "Its country has no such phone number.",
        });
    }
    // The extension comes from the end of the text, without any change.
    let extension = number
        .extension
        .as_deref()
        .and_then(|digits| text.rfind(digits).map(|at| &text[at..at + digits.len()]));
    Ok((number, extension))
}

const TOO_SHORT: &str = "A phone number has more digits.";
const TOO_LONG: &str = "A phone number has fewer digits; one number belongs in a cell.";

fn push(number: &PhoneNumber, out: &mut String) {
    let zeros = if number.italian_leading_zero() { number.number_of_leading_zeros().clamp(0, 10) } else { 0 };
    // Writing into a string cannot fail.
    let _ = write!(out, "+{}", number.country_code);
    out.extend((0..zeros).map(|_| '0'));
    let _ = write!(out, "{}", number.national_number);
}

/// The number that remains when words are left out, as in `816-234-5678 (cell)`.
#[cold]
fn suggestion(text: &str, region: Option<Region>) -> Option<PhoneNumber> {
    let has_words = text.contains(char::is_alphabetic);
    let number = text.replace(char::is_alphabetic, " ");
    if has_words { read(&number, region).ok().map(|(number, _)| number) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    fn us(input: &str, out: &mut String) -> super::super::Result {
        phone(input, "US", out).map(|_| ())
    }

    #[test]
    fn accepts_numbers() {
        laws::check(
            us,
            &[
                ("(816) 234-5678", "+18162345678"),
                ("816-234-5678 x123", "+18162345678"),
                ("\u{202A}+1 816\u{2011}234\u{2011}5678\u{202C}", "+18162345678"),
                ("tel:+1-816-234-5678;ext=12", "+18162345678"),
                ("1-800-FLOWERS", "+18003569377"),
                ("８１６２３４５６７８", "+18162345678"),
                ("+44 20 7946 0018", "+442079460018"),
                ("0044 20 7946 0018", "+442079460018"),
                ("011 44 20 7946 0018", "+442079460018"),
                ("+1 416 967 1111", "+14169671111"),
                ("+52 33 3123 4567", "+523331234567"),
                ("+49 30 2123456", "+49302123456"),
                ("+91 9812345678", "+919812345678"),
                ("+39 06 6982 1234", "+390669821234"),
                ("472-234-5678", "+14722345678"),
                ("", ""),
                (" \u{200B}", ""),
            ],
        );
        laws::survives_awkward_strings(us);
    }

    #[test]
    fn refuses_what_nobody_can_dial() {
        let refused = "12345|555-0123|call me|000-000-0000|(816) 55-1234|+1 816 555|816-555-01234567|123-456-7890|N/A|816-155-1234|\
                       816-234-5678 / 913-234-5678|+999 12345678|020 7946 0018|x123|+|#|8162345678 8162345679";
        for number in refused.split('|') {
            laws::check(us, &[(number, "")]);
            assert!(us(number, &mut String::new()).is_err(), "{number}");
        }
    }

    #[test]
    fn local_numbers_are_of_the_default_country() {
        for (input, country, expected) in [
            ("020 7946 0018", "GB", Some("+442079460018")),
            ("030 2123456", "DE", Some("+49302123456")),
            ("98123 45678", "IN", Some("+919812345678")),
            ("416 967 1111", "CA", Some("+14169671111")),
            ("816-234-5678", "gb", None),
            ("816-234-5678", "", None),
            ("816-234-5678", "XX", None),
            ("+1 816-234-5678", "", Some("+18162345678")),
            ("+1 816-234-5678", "GB", Some("+18162345678")),
        ] {
            let mut out = String::new();
            assert_eq!(
                phone(input, country, &mut out).ok().map(|_| out.as_str()),
                expected,
                "{input} in {country}"
            );
        }
    }

    #[test]
    fn keeps_extensions_apart() {
        for (input, expected) in [
            ("816-234-5678 x123", Some("123")),
            ("816-234-5678 ext. 4", Some("4")),
            ("816-234-5678 #77", Some("77")),
            ("816-234-5678 extension 1234", Some("1234")),
            ("+44 20 7946 0018 ext 9", Some("9")),
            ("0044 20 7946 0018 ext 9", Some("9")),
            ("816-234-5678", None),
        ] {
            assert_eq!(phone(input, "US", &mut String::new()).unwrap().extension, expected, "{input}");
        }
    }

    #[test]
    fn suggests_the_number_among_words() {
        let problem = phone("816-234-5678 (cell)", "US", &mut String::new()).unwrap_err();
        assert_eq!(problem.suggestion.as_deref(), Some("+18162345678"));
        assert_eq!(phone("call me", "US", &mut String::new()).unwrap_err().suggestion, None);
    }

    proptest! {
        #[test]
        fn holds_the_laws(input in laws::any_text(), country in "(US|GB|DE|IT|[A-Z]{2}|)") {
            let _ = laws::normal(|input, out| phone(input, &country, out).map(|_| ()), &input);
        }

        #[test]
        fn e164_is_its_own_form(code in 1..999, number in "[0-9]{4,12}") {
            let _ = laws::normal(us, &format!("+{code}{number}"));
        }
    }
}
