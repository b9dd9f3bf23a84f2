use importer_core::plugin::{Category, Findings, Rule, RuleExample, RuleMeta, RuleRow};

const COLUMNS: &[&str] = &["consent_required", "consent_signed_at", "consent_signed_at.original"];

/// `XFLD-302`: no required consent without a signature.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::ConsentSigned;
/// assert_eq!(ConsentSigned.meta().code, "XFLD-302");
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct ConsentSigned;

impl Rule for ConsentSigned {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "Where a consent is required (`consent_required` is true), the record must say when it was signed. A date \
                  that cannot be read does not prove a signature."
                .into(),
            hint: "Get the consent signed and enter the date; never invent one.".into(),
            owner: "program manager".into(),
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("consent_required", "false")]),
                RuleExample::accepted(&[
                    ("consent_required", "true"),
                    ("consent_signed_at", "2025-03-01T15:04:05Z"),
                ]),
                RuleExample::reported(&[("consent_required", "true")]),
                RuleExample::reported(&[("consent_required", "true"), ("consent_signed_at.original", "yes")]),
            ],
            ..RuleMeta::new(
                "XFLD-302",
                Category::CrossField,
                "A required consent has been signed.",
                COLUMNS,
            )
        }
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if row.get(0) != Some("true") || row.get(1).is_some() {
            return;
        }
        let message = if row.get(2).is_some() {
            "A consent is required, but the date it was signed cannot be read."
        } else {
            "A consent is required, but there is no date it was signed."
        };
        findings.report("consent_signed_at", message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, found};
    use super::*;

    #[test]
    fn an_unreadable_date_is_said_to_be_one() {
        let cells = &[("consent_required", "true"), ("consent_signed_at.original", "last week")];
        let found = check(&ConsentSigned, cells);
        assert!(found[0].message.contains("cannot be read"), "{}", found[0].message);
    }

    #[test]
    fn it_is_an_error() {
        assert_eq!(
            found(&ConsentSigned, &[("consent_required", "true")]),
            [("consent_signed_at".into(), "error")]
        );
    }
}
