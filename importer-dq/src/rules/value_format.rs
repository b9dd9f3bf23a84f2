use importer_core::normalise;
use importer_core::plugin::{Category, Findings, Rule, RuleExample, RuleMeta, RuleRow, Severity};

use super::reading::{unreadable, why};

const COLUMNS: &[&str] = &[
    "country_code",
    "country_code.original",
    "postal_code",
    "postal_code.original",
    "student_flag",
    "student_flag.original",
    "photo_release",
    "photo_release.original",
    "consent_required",
    "consent_required.original",
    "grad_year",
    "grad_year.original",
    "background_check_status",
    "background_check_status.original",
];

/// `FMT-105`: the remaining values that have a form.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::ValueFormat;
/// assert_eq!(ValueFormat.meta().code, "FMT-105");
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct ValueFormat;

impl Rule for ValueFormat {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "Countries, postal codes, yes-or-no answers, years and states of the background check that were given but \
                  cannot be read. Such a value stays out of the core record and is kept in the landed row."
                .into(),
            hint: "Correct the value in the source, or translate it in the mapping.".into(),
            severity: Severity::Warning,
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("student_flag", "true"), ("student_flag.original", "Y")]),
                RuleExample::reported(&[("student_flag.original", "maybe")]),
                RuleExample::reported(&[("grad_year.original", "next year")]),
                RuleExample::reported(&[("country_code.original", "Atlantis")]),
                RuleExample::reported(&[("postal_code.original", "6410"), ("country_code", "US")]),
            ],
            ..RuleMeta::new("FMT-105", Category::Format, "Codes, answers and years can be read.", COLUMNS)
        }
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        for pair in 0..COLUMNS.len() / 2 {
            if let Some(given) = unreadable(row, pair) {
                report(row, pair, given, findings);
            }
        }
    }
}

#[cold]
fn report(row: &RuleRow<'_>, pair: usize, given: &str, findings: &mut Findings) {
    let column = COLUMNS[2 * pair];
    let reason = match column {
        "country_code" => why(|out| normalise::country(given, out), "This country could not be read."),
        "postal_code" => {
            let country = row.get(0).unwrap_or("US");
            why(|out| normalise::postal_code(given, country, out), "This postal code could not be read.")
        }
        "grad_year" => why(|out| normalise::integer(given, out), "This year could not be read."),
        "background_check_status" => why(|out| normalise::choice(given, out), "This could not be read."),
        _ => why(|out| normalise::flag(given, out), "This answer could not be read."),
    };
    if let Some(reason) = reason {
        findings.report(column, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn every_column_is_looked_at() {
        for column in COLUMNS.iter().filter(|c| !c.ends_with(".original")) {
            let original = format!("{column}.original");
            assert_eq!(found(&ValueFormat, &[(&original, "—")]), [(column.to_string(), "warning")]);
            assert_eq!(found(&ValueFormat, &[(column, "x"), (&original, "x")]), []);
            assert_eq!(found(&ValueFormat, &[(&original, " ")]), []);
        }
    }
}
