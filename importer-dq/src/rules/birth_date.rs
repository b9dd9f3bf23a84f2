use importer_core::plugin::{
    Category, Error, Findings, Host, OptionSpec, Options, Rule, RuleExample, RuleMeta, RuleRow, Severity,
    check_options,
};

use super::today::Today;

/// `DOM-201`: dates of birth of people who can volunteer.
///
/// ```
/// use importer_core::plugin::{Host, Options, Rule};
/// use importer_dq::rules::BirthDate;
/// let mut rule = BirthDate::default();
/// rule.configure(&Options::default().with("today", "2025-06-01").with("min_age", 12), &Host::detached())?;
/// assert!(rule.configure(&Options::default().with("min_age", 12), &Host::detached()).is_err());
/// # Ok::<(), importer_core::plugin::Error>(())
/// ```
#[derive(Debug, Default, Clone)]
pub struct BirthDate(Option<Bounds>);

/// Dates in ISO form compare as text, so no row needs a date parsed.
#[derive(Debug, Clone)]
struct Bounds {
    today: String,
    /// Born later than this: too young.
    youngest: String,
    /// Born on this day or before: too old.
    oldest: String,
}

impl Rule for BirthDate {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "A date of birth in the future, or one that makes the volunteer younger than `min_age` (10) or older than \
                  `max_age` (110), is a slip of the pen or a placeholder. It stays out of the core record, where it would \
                  mislead identity resolution, and is kept in the landed row."
                .into(),
            hint: "Correct the date in the source; a placeholder such as 1900-01-01 is better left empty.".into(),
            severity: Severity::Warning,
            withholds: true,
            options: vec![
                Today::option(),
                OptionSpec::integer("min_age", "The youngest age that is believed").between(0, 200).default_value(10),
                OptionSpec::integer("max_age", "The oldest age that is believed").between(0, 200).default_value(110),
            ],
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("dob", "1985-04-23")]),
                RuleExample::reported(&[("dob", "2999-01-01")]),
                RuleExample::reported(&[("dob", "1850-01-01")]),
            ],
            ..RuleMeta::new("DOM-201", Category::Domain, "A date of birth is plausible.", &["dob"])
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        check_options(&self.meta().options, options)?;
        let age = |name: &str, default| match options.number(name)?.unwrap_or(default) {
            age @ 0..=200 => Ok(age),
            _ => Err(Error::config(format!("option `{name}` must be between 0 and 200")).in_field(name)),
        };
        let (min, max) = (age("min_age", 10)?, age("max_age", 110)?);
        if min > max {
            return Err(Error::config("option `min_age` is above `max_age`").in_field("min_age"));
        }
        let today = Today::of(options)?;
        self.0 = Some(Bounds {
            youngest: today.years_ago(min),
            oldest: today.years_ago(max + 1),
            today: today.years_ago(0),
        });
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        let (Some(bounds), Some(dob)) = (&self.0, row.get(0)) else { return };
        if dob <= bounds.youngest.as_str() && dob > bounds.oldest.as_str() {
            return;
        }
        if dob > bounds.today.as_str() {
            findings.report("dob", "The date of birth is in the future.");
        } else if dob > bounds.youngest.as_str() {
            // About the row, not the field: a child's date of birth may be right, and without it the child would pass for
            // the parent of the same name and address. So it is not withheld.
            findings.report("", "By the date of birth the volunteer is too young.");
        } else {
            findings.report("dob", "By this date of birth the volunteer is too old.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, configured};
    use super::*;

    fn message(options: &str, dob: &str) -> Option<String> {
        check(&configured(BirthDate::default(), options), &[("dob", dob)]).pop().map(|f| f.message)
    }

    #[test]
    fn the_bounds_belong_to_the_range() {
        let options = r#"{"today": "2025-06-01"}"#;
        for (dob, word) in [
            ("2015-06-01", None),
            ("2015-06-02", Some("young")),
            ("2025-06-01", Some("young")),
            ("2025-06-02", Some("future")),
            ("1914-06-02", None),
            ("1914-06-01", Some("old")),
        ] {
            let message = message(options, dob);
            assert!(
                message.as_deref().map_or(word.is_none(), |m| word.is_some_and(|w| m.contains(w))),
                "{dob}"
            );
        }
    }

    #[test]
    fn birthdays_on_a_leap_day() {
        assert!(message(r#"{"today": "2026-02-28"}"#, "2016-02-29").is_some());
        assert!(message(r#"{"today": "2026-03-01"}"#, "2016-02-29").is_none());
        assert!(message(r#"{"today": "2024-02-29"}"#, "2014-02-28").is_none());
    }

    #[test]
    fn options_are_checked() {
        for options in [
            r#"{"today": "2025-06-01", "min_age": 20, "max_age": 10}"#,
            r#"{"today": "2025-06-01", "min_age": -1}"#,
            r#"{"today": "1 June"}"#,
            r#"{"today": "2025-06-01", "minimum": 3}"#,
        ] {
            let options = Options::from_json(options).unwrap();
            assert!(BirthDate::default().configure(&options, &Host::detached()).is_err());
        }
    }
}
