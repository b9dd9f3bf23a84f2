use importer_core::plugin::{
    Category, Error, Findings, Host, Options, Rule, RuleExample, RuleMeta, RuleRow, Severity, check_options,
};

use super::today::Today;

const COLUMNS: &[&str] =
    &["background_check_status", "background_check_date", "background_check_date.original"];
/// Nobody's records reach further back; earlier dates are placeholders (1900-01-01) or the zero of a spreadsheet.
const EARLIEST: &str = "1970-01-01";

/// `XFLD-303`: background checks whose status and date fit each other.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::BackgroundCheck;
/// assert_eq!(BackgroundCheck::default().meta().code, "XFLD-303");
/// ```
#[derive(Debug, Default, Clone)]
pub struct BackgroundCheck {
    today: Option<String>,
}

impl Rule for BackgroundCheck {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "A check that ended (`cleared` or `expired`) ended on some day, which lies neither in the future nor before \
                  1970. Without it nobody can say when the check has to be repeated."
                .into(),
            hint: "Look the date up at the provider of background checks and correct it in the source.".into(),
            severity: Severity::Warning,
            owner: "compliance".into(),
            options: vec![
                Today::option(),
            ],
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("background_check_status", "pending")]),
                RuleExample::accepted(&[
                    ("background_check_status", "cleared"),
                    ("background_check_date", "2024-05-01"),
                ]),
                RuleExample::reported(&[("background_check_status", "cleared")]),
                RuleExample::reported(&[("background_check_date", "2999-05-01")]),
                RuleExample::reported(&[("background_check_date", "1900-01-01")]),
            ],
            ..RuleMeta::new(
                "XFLD-303",
                Category::CrossField,
                "A background check that ended has a plausible date.",
                COLUMNS,
            )
        }
    }

    fn configure(&mut self, options: &Options, _host: &Host) -> Result<(), Error> {
        check_options(&self.meta().options, options)?;
        self.today = Some(Today::of(options)?.years_ago(0));
        Ok(())
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        let message = match row.get(1) {
            Some(date) if date < EARLIEST => "The background check is said to have ended before 1970.",
            Some(date) if self.today.as_deref().is_some_and(|today| date > today) => {
                "The background check is said to end in the future."
            }
            Some(_) => return,
            // A date that was given but cannot be read is the business of FMT-103.
            None if matches!(row.get(0), Some("cleared" | "expired")) && row.get(2).is_none() => {
                "The background check has ended, but there is no date of it."
            }
            None => return,
        };
        findings.report("background_check_date", message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{configured, found};
    use super::*;

    #[test]
    fn dates_and_statuses_fit() {
        let rule = configured(BackgroundCheck::default(), r#"{"today": "2025-06-01"}"#);
        let date = |date| found(&rule, &[("background_check_date", date)]).len();
        assert_eq!(
            [date("2025-06-01"), date("2025-06-02"), date("1969-12-31"), date("1970-01-01")],
            [0, 1, 1, 0]
        );
        for (status, reported) in [("cleared", 1), ("expired", 1), ("pending", 0), ("failed", 0)] {
            assert_eq!(found(&rule, &[("background_check_status", status)]).len(), reported, "{status}");
        }
    }

    #[test]
    fn an_unreadable_date_is_reported_once() {
        let cells = &[("background_check_status", "cleared"), ("background_check_date.original", "May")];
        assert_eq!(found(&BackgroundCheck::default(), cells), []);
    }
}
