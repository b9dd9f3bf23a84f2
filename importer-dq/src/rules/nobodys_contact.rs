use importer_core::normalise::{is_nobodys_email, is_nobodys_phone};
use importer_core::plugin::{Category, Findings, Rule, RuleExample, RuleMeta, RuleRow, Severity};

const COLUMNS: &[&str] = &["email_normalized", "alt_emails", "phone_e164", "alt_phones"];

/// `DOM-204`: contacts that are a person's own.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::NobodysContact;
/// assert_eq!(NobodysContact.meta().code, "DOM-204");
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct NobodysContact;

impl Rule for NobodysContact {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "Placeholders such as none@example.org, mailboxes of a function such as info@example.org, and filler numbers such as \
                  000-000-0000. Strangers have them in common, so nobody is found or matched by them. They are kept with the person."
                .into(),
            hint: "Ask for a contact of the person's own, or leave the cell blank.".into(),
            severity: Severity::Warning,
            examples: vec![
                RuleExample::accepted(&[]),
                RuleExample::accepted(&[("email_normalized", "ana@example.org")]),
                RuleExample::accepted(&[("phone_e164", "+18165550142")]),
                RuleExample::reported(&[("email_normalized", "info@example.org")]),
                RuleExample::reported(&[("alt_emails", "ana@example.org\nnone@example.org")]),
                RuleExample::reported(&[("phone_e164", "+10000000000")]),
                RuleExample::reported(&[("alt_phones", "+19999999999")]),
            ],
            ..RuleMeta::new("DOM-204", Category::Domain, "A contact is one of the person's own.", COLUMNS)
        }
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        for (place, column) in COLUMNS.iter().enumerate() {
            let Some(cell) = row.get(place) else { continue };
            let email = place < 2;
            let is_nobodys = if email { is_nobodys_email } else { is_nobodys_phone };
            if cell.split('\n').any(is_nobodys) {
                let message = match email {
                    true => {
                        "The address is a placeholder or the mailbox of a function, so it identifies nobody."
                    }
                    false => "The number is a filler, so it identifies nobody.",
                };
                findings.report(column, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn each_column_is_told_by_itself() {
        let cells = [("email_normalized", "office@example.org"), ("phone_e164", "+18165550142")];
        assert_eq!(found(&NobodysContact, &cells), [("email_normalized".to_owned(), "warning")]);
        let cells = [("email_normalized", "ana@example.org"), ("alt_phones", "+18165550142\n+11234567890")];
        assert_eq!(found(&NobodysContact, &cells), [("alt_phones".to_owned(), "warning")]);
    }
}
