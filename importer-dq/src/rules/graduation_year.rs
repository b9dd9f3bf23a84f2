use importer_core::plugin::{
    Category, Error, Findings, Host, OptionSpec, Options, Rule, RuleExample, RuleMeta, RuleRow, Severity,
    check_options,
};

use super::today::Today;

/// `DOM-202`: years of graduation within reach.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::GraduationYear;
/// assert_eq!(GraduationYear::default().meta().code, "DOM-202");
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct GraduationYear(Option<(i64, i64)>);

impl Rule for GraduationYear {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "The year of graduation lies at most `years_back` (50) years ago and at most `years_ahead` (10) years \
                  ahead. Two-digit years and mistyped ones fall out of that range."
                .into(),
            hint: "Correct the year in the source; write all four digits.".into(),
            severity: Severity::Warning,
            options: vec![
                Today::option(),
                OptionSpec::integer("years_back", "How many years ago it lies at most").between(0, 200).default_value(50),
                OptionSpec::integer("years_ahead", "How many years ahead it lies at most").between(0, 200).default_value(10),
            ],
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("grad_year", "2020")]),
                RuleExample::reported(&[("grad_year", "27")]),
                RuleExample::reported(&[("grad_year", "20244")]),
            ],
            ..RuleMeta::new("DOM-202", Category::Domain, "A year of graduation is plausible.", &["grad_year"])
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        check_options(&self.meta().options, options)?;
        let span = |name: &str, default| match options.number(name)?.unwrap_or(default) {
            years @ 0..=200 => Ok(years),
            _ => Err(Error::config(format!("option `{name}` must be between 0 and 200")).in_field(name)),
        };
        let year = Today::of(options)?.year();
        self.0 = Some((year - span("years_back", 50)?, year + span("years_ahead", 10)?));
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        let (Some((first, last)), Some(year)) = (self.0, row.get(0)) else { return };
        // A number too long for an i64 is out of range as well.
        if !year.parse().is_ok_and(|year: i64| (first..=last).contains(&year)) {
            findings
                .report("grad_year", format!("The year of graduation is not between {first} and {last}."));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{configured, found};
    use super::*;

    #[test]
    fn the_bounds_belong_to_the_range() {
        let rule = configured(GraduationYear::default(), r#"{"today": "2025-06-01"}"#);
        for (year, reported) in
            [("1975", false), ("1974", true), ("2035", false), ("2036", true), ("99999999999999999999", true)]
        {
            assert_eq!(!found(&rule, &[("grad_year", year)]).is_empty(), reported, "{year}");
        }
    }
}
