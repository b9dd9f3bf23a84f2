use importer_core::normalise;
use importer_core::plugin::{
    Category, Error, Findings, Host, OptionSpec, Options, Rule, RuleExample, RuleMeta, RuleRow, Severity,
    check_options,
};

use super::reading::{unreadable, why};

const COLUMNS: &[&str] = &["state_code", "state_code.original", "country_code"];

/// `FMT-104`: states and provinces that exist.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::StateFormat;
/// assert_eq!(StateFormat::default().meta().code, "FMT-104");
/// ```
#[derive(Debug, Clone)]
pub struct StateFormat {
    default_country: String,
}

impl Default for StateFormat {
    fn default() -> Self {
        Self { default_country: "US".into() }
    }
}

impl Rule for StateFormat {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "The state or province must be a code or name of the row's country, else of the mapping's default \
                  country; it becomes the two-letter code where the country has such. The option `default_country` \
                  (`US`) is for the wording of reasons and follows the mapping's."
                .into(),
            hint: "Correct the state in the source, or its country; the quarantine inbox suggests the nearest state."
                .into(),
            severity: Severity::Warning,
            options: vec![
                OptionSpec::text("default_country", "The country of numbers and states without one; follows the mapping's").default_value("US"),
            ],
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("state_code", "MO"), ("state_code.original", "Missouri")]),
                RuleExample::reported(&[("state_code.original", "Kans"), ("country_code", "US")]),
                RuleExample::reported(&[("state_code.original", "XX")]),
            ],
            auto_fix: true,
            ..RuleMeta::new("FMT-104", Category::Format, "A state is one of its country.", COLUMNS)
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
        if let Some(given) = unreadable(row, 0) {
            let country = row.get(2).unwrap_or(&self.default_country);
            let otherwise = "This is not a state of the mapping's default country.";
            if let Some(reason) = why(|out| normalise::state(given, country, out), otherwise) {
                findings.report("state_code", reason);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::*;

    #[test]
    fn unknown_states_are_warned_about_without_the_value() {
        for given in ["Kans", "XX", "M0"] {
            let found =
                check(&StateFormat::default(), &[("state_code.original", given), ("country_code", "US")]);
            assert_eq!(found.len(), 1, "{given}");
            assert_eq!(found[0].severity, Severity::Warning);
            assert!(!found[0].message.contains(given), "{}", found[0].message);
        }
    }
}
