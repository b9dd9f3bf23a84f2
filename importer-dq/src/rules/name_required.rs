use importer_core::plugin::{Category, Findings, Rule, RuleExample, RuleMeta, RuleRow, Severity};

const COLUMNS: &[&str] = &["first_name", "last_name"];

/// `REQ-002`: somebody with a name.
///
/// ```
/// use importer_core::plugin::Rule;
/// use importer_dq::rules::NameRequired;
/// assert_eq!(NameRequired.meta().code, "REQ-002");
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct NameRequired;

impl Rule for NameRequired {
    fn meta(&self) -> RuleMeta {
        RuleMeta {
            doc: "Without any name a record cannot be told from others. A row without first and last name is an error. One \
                  with just one of them is a warning only, because some people have a single name; identity resolution \
                  will be careful with it."
                .into(),
            hint: "Complete the name in the source; where the whole name is in one column, map it to `full_name`.".into(),
            examples: vec![
                RuleExample::accepted(&[("first_name", "María"), ("last_name", "de la Cruz")]),
                RuleExample::reported(&[]),
                RuleExample::reported(&[("first_name", "Sukarno")]),
            ],
            ..RuleMeta::new("REQ-002", Category::Required, "A volunteer has a first and a last name.", COLUMNS)
        }
    }

    fn check(&self, row: &RuleRow<'_>, findings: &mut Findings) {
        match (row.get(0), row.get(1)) {
            (Some(_), Some(_)) => {}
            (None, None) => findings.report("", "There is neither a first nor a last name."),
            (None, _) => findings.report_as(Severity::Warning, "first_name", "There is no first name."),
            (_, None) => findings.report_as(Severity::Warning, "last_name", "There is no last name."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::found;
    use super::*;

    #[test]
    fn half_a_name_is_a_warning() {
        assert_eq!(found(&NameRequired, &[("first_name", "Ana"), ("last_name", "Cruz")]), []);
        assert_eq!(found(&NameRequired, &[]), [(String::new(), "error")]);
        assert_eq!(found(&NameRequired, &[("last_name", "Cruz")]), [("first_name".into(), "warning")]);
        assert_eq!(found(&NameRequired, &[("first_name", "Ana")]), [("last_name".into(), "warning")]);
    }
}
