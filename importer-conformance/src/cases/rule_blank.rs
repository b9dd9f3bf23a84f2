use importer_plugin::Category;

use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::checking::found;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "rule-blank",
    area: Area::Rules,
    demands: "A rule that is not about required values keeps silent on a row without any.",
    why: "A host that knows an older contract has no cells for some columns, and blank says nothing.",
    advice: "return early when `RuleRow::get` gives `None`",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for rule in subject.rules()? {
        let meta = rule.meta();
        let columns = meta.columns.len();
        let rows =
            [vec![None; columns], vec![Some(String::new()); columns], vec![Some("  ".into()); columns]];
        // Whether it is required or not, it must not fail.
        let findings = found(&*rule, &rows)?;
        demand(findings.is_empty() || meta.category == Category::Required, || {
            format!("rule `{}` reports a row without values", meta.code)
        })?;
    }
    Ok(())
}
