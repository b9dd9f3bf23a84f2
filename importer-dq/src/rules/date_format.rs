use importer_core::normalise;
use importer_core::plugin::{Category, Findings, Rule, RuleExample, RuleMeta, RuleRow, Severity};

use super::reading::{unreadable, why};

const COLUMNS: &[&str] = &[
    "dob",
    "dob.original",
    "background_check_date",
    "background_check_date.original",
    "consent_signed_at",
    "consent_signed_at.original",
    "source_updated_at",
    "source_updated_at.original",
];
/// How many of the pairs are dates; the others are moments.
const DATES: usize = 2;

/// `FMT-103`: dates and moments in ISO 8601 or in the format the mapping declares.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::DateFormat;
/// assert_eq!(DateFormat.meta().code, "FMT-103");
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct DateFormat;

impl Rule for DateFormat {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "`04/05/2024` is April in one country and May in another, so only ISO 8601 is understood unless the \
                  mapping declares the column's format, and for moments without an offset its time zone. What cannot be \
                  read stays out of the core record and is kept in the landed row."
                .into(),
            hint: "Declare the column's date format (and time zone) in the mapping, or correct the value in the source."
                .into(),
            severity: Severity::Warning,
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("dob", "1985-04-23"), ("dob.original", "1985-04-23")]),
                RuleExample::reported(&[("dob.original", "04/23/1985")]),
                RuleExample::reported(&[("background_check_date.original", "2024-02-30")]),
                RuleExample::reported(&[("consent_signed_at.original", "yes")]),
            ],
            ..RuleMeta::new(
                "FMT-103",
                Category::Format,
                "Dates are ISO 8601 or in the format the mapping declares.",
                COLUMNS,
            )
        }
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        for pair in 0..COLUMNS.len() / 2 {
            if let Some(given) = unreadable(row, pair) {
                let reason = if pair < DATES {
                    why(|out| normalise::date(given, None, out), "This is not a date in the declared format.")
                } else {
                    why(
                        |out| normalise::timestamp(given, None, None, out),
                        "This is not a moment in the declared format and time zone.",
                    )
                };
                if let Some(reason) = reason {
                    findings.report(COLUMNS[2 * pair], reason);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn every_date_column_is_looked_at() {
        for column in COLUMNS.iter().filter(|c| !c.ends_with(".original")) {
            let original = format!("{column}.original");
            assert_eq!(found(&DateFormat, &[(&original, "soon")]), [(column.to_string(), "warning")]);
            assert_eq!(found(&DateFormat, &[(column, "x"), (&original, "x")]), []);
            assert_eq!(found(&DateFormat, &[(&original, " ")]), []);
        }
    }
}
