use importer_core::normalise::{self, LONGEST_ID};
use importer_core::plugin::{Category, Findings, Rule, RuleExample, RuleMeta, RuleRow};

use super::reading::unreadable;

const COLUMNS: &[&str] = &["external_id", "external_id.original"];
const TOO_LONG: &str =
    "An id of more than 1,024 characters cannot be kept; most likely the column of ids is another one.";

/// `FMT-106`: ids that can be kept.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::IdLength;
/// assert_eq!(IdLength.meta().code, "FMT-106");
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct IdLength;

impl Rule for IdLength {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "The id under which a source knows a person has at most 1,024 characters: it is looked up, listed and \
                  written beside every row and finding. The schemes that are in use stay far below, so that a longer one is a \
                  text which slipped into the column. Such a row is kept under a name made of its content, and waits."
                .into(),
            hint: "Correct the id in the source, or map the column that holds the ids to `external_id`.".into(),
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("external_id", "V-1001"), ("external_id.original", " V-1001")]),
                RuleExample {
                    cells: vec![("external_id.original".into(), "9".repeat(LONGEST_ID + 1).into())],
                    reported: true,
                },
            ],
            ..RuleMeta::new("FMT-106", Category::Format, "An id is not too long to be kept.", COLUMNS)
        }
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if let Some(given) = unreadable(row, 0)
            && is_too_long(given)
        {
            findings.report(COLUMNS[0], TOO_LONG);
        }
    }
}

/// What has no normal form may be no id to the mapping for other reasons. What the mapping puts around a long one may be what
/// makes it too long.
#[cold]
fn is_too_long(given: &str) -> bool {
    given.len() > LONGEST_ID / 2 || normalise::identifier(given.trim(), &mut String::new()).is_err()
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn what_is_too_long_is_told_of_and_nothing_else() {
        let long = "é".repeat(LONGEST_ID + 1);
        assert_eq!(found(&IdLength, &[("external_id.original", &long)]), [("external_id".into(), "error")]);
        assert_eq!(found(&IdLength, &[("external_id.original", "none")]), []);
        assert_eq!(found(&IdLength, &[("external_id", "1"), ("external_id.original", "1")]), []);
        let mut out = String::new();
        let problem = normalise::identifier(&long, &mut out).unwrap_err();
        assert_eq!(problem.message, TOO_LONG);
    }
}
