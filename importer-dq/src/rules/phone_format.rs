use importer_core::normalise;
use importer_core::plugin::{
    Category, Error, Findings, Host, OptionSpec, Options, Rule, RuleExample, RuleMeta, RuleRow, Severity,
    check_options,
};

use super::reading::{ListReader, unreadable, why};

const COLUMNS: &[&str] =
    &["phone_e164", "phone_e164.original", "alt_phones", "alt_phones.original", "country_code"];

/// How numbers stand in a cell.
pub(super) const NUMBERS: ListReader = ListReader {
    hard: &['\n', ';', '|'],
    soft: |c| matches!(c, ',' | '/'),
    resembles: |c| c.is_ascii_digit(),
};

/// `FMT-102`: phone numbers that somebody can have.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::PhoneFormat;
/// assert_eq!(PhoneFormat::default().meta().code, "FMT-102");
/// ```
#[derive(Debug, Clone)]
pub struct PhoneFormat {
    default_country: String,
}

impl Default for PhoneFormat {
    fn default() -> Self {
        Self { default_country: "US".into() }
    }
}

impl Rule for PhoneFormat {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "The number must have an E.164 form (`+18162345678`) that can be dialled; local numbers are read as \
                  those of the mapping's default country. A bad further number (`alt_phones`) is a warning: it \
                  is left out, the row goes in. The option `default_country` (`US`) is for the wording of reasons and \
                  follows the mapping's."
                .into(),
            hint: "Correct the number in the source, with its country code when it is not a local one. One cell holds one \
                   number, further ones belong in `alt_phones`."
                .into(),
            options: vec![
                OptionSpec::text("default_country", "The country of numbers and states without one; follows the mapping's").default_value("US"),
            ],
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[
                    ("phone_e164", "+18162345678"),
                    ("phone_e164.original", "(816) 234-5678"),
                ]),
                RuleExample::reported(&[("phone_e164.original", "call me")]),
                RuleExample::reported(&[("phone_e164.original", "123-456-7890")]),
                RuleExample::reported(&[("alt_phones.original", "555-0123")]),
            ],
            auto_fix: true,
            ..RuleMeta::new("FMT-102", Category::Format, "A phone number is one that can be dialled.", COLUMNS)
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        check_options(&self.meta().options, options)?;
        if let Some(country) = options.text("default_country")? {
            self.default_country = country.to_ascii_uppercase();
        }
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        let phone =
            |given: &str, out: &mut String| normalise::phone(given, &self.default_country, out).map(drop);
        if let Some(given) = unreadable(row, 0)
            && let Some(reason) =
                why(|out| phone(given, out), "This is not a phone number in the mapping's default country.")
        {
            findings.report("phone_e164", reason);
        }
        if let Some(given) = row.get(3) {
            for (at, all, reason) in NUMBERS.bad_entries(row.get(2), given, phone) {
                findings.report_as(
                    Severity::Warning,
                    "alt_phones",
                    format!("Number {at} of {all}: {reason}"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, configured, found};
    use super::*;

    #[test]
    fn malformed_numbers_are_errors() {
        let rule = PhoneFormat::default();
        for given in
            ["12345", "555-0123", "call me", "000-000-0000", "816-555-01234567", "N/A", "816-155-1234"]
        {
            let found = check(&rule, &[("phone_e164.original", given)]);
            assert_eq!(found.len(), 1, "{given}");
            assert_eq!(found[0].severity, Severity::Error);
            assert!(!found[0].message.contains(given), "{}", found[0].message);
        }
    }

    #[test]
    fn a_number_of_another_default_country_is_still_reported() {
        let cells = &[("phone_e164.original", "(816) 234-5678")];
        assert_eq!(found(&PhoneFormat::default(), cells), [("phone_e164".into(), "error")]);
        let rule = configured(PhoneFormat::default(), r#"{"default_country": "gb"}"#);
        assert_eq!(found(&rule, cells), [("phone_e164".into(), "error")]);
    }

    #[test]
    fn further_numbers_are_warnings() {
        let cells = &[("alt_phones", "+18162345678"), ("alt_phones.original", "816-234-5678\n12345")];
        let found = check(&PhoneFormat::default(), cells);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].column.as_str(), found[0].severity), ("alt_phones", Severity::Warning));
        assert!(found[0].message.starts_with("Number 2 of 2"), "{}", found[0].message);
    }
}
