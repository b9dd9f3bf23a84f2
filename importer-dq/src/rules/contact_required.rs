use importer_core::plugin::{Category, Findings, Rule, RuleExample, RuleMeta, RuleRow};

const COLUMNS: &[&str] = &["email_normalized", "phone_e164", "alt_emails", "alt_phones"];

/// `REQ-001`: somebody who can be reached.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::ContactRequired;
/// assert_eq!(ContactRequired.meta().code, "REQ-001");
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct ContactRequired;

impl Rule for ContactRequired {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "A volunteer nobody can reach cannot be invited, and cannot be told from others of the same name. One \
                  usable email address or phone number is enough, in any of the four columns. A row whose only contact \
                  is malformed is reported by the format rule alone, as long as that one is enforced."
                .into(),
            hint: "Ask for an email address or a phone number, or mark the row as won't-fix.".into(),
            yields_to: vec!["FMT-101".into(), "FMT-102".into()],
            examples: vec![
                RuleExample::accepted(&[("email_normalized", "ana@example.org")]),
                RuleExample::accepted(&[("phone_e164", "+18162345678")]),
                RuleExample::accepted(&[("alt_phones", "+18162345678")]),
                RuleExample::reported(&[]),
                RuleExample::reported(&[("email_normalized", " ")]),
            ],
            ..RuleMeta::new(
                "REQ-001",
                Category::Required,
                "A volunteer has an email address or a phone number.",
                COLUMNS,
            )
        }
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        if (0..COLUMNS.len()).all(|column| row.get(column).is_none()) {
            findings.report("", "There is no email address and no phone number that can be used.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn any_contact_is_enough() {
        for column in COLUMNS {
            assert_eq!(found(&ContactRequired, &[(column, "x")]), []);
        }
        assert_eq!(found(&ContactRequired, &[]), [(String::new(), "error")]);
    }
}
