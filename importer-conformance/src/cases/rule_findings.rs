use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::checking::found;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "rule-findings",
    area: Area::Rules,
    demands: "A finding is under the code of its rule, about a row that was shown, and about a column the rule asked for, or none.",
    why: "People find the fault by it.",
    advice: "report with `Findings::report` and a column of the metadata",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for rule in subject.rules()? {
        let meta = rule.meta();
        let rows = samples::rows(meta.columns.len());
        for finding in found(&*rule, &rows)? {
            let code = &meta.code;
            demand(finding.code == *code, || format!("rule `{code}` reports under `{}`", finding.code))?;
            demand(finding.row < rows.len(), || format!("rule `{code}` reports a row it was not shown"))?;
            let base = |column: &str| column.trim_end_matches(".original").to_owned();
            let own = meta.columns.iter().any(|column| base(column) == base(&finding.column));
            demand(own || finding.column.is_empty(), || {
                format!("rule `{code}` reports column `{}`, which it does not look at", finding.column)
            })?;
            demand(!finding.message.trim().is_empty(), || {
                format!("rule `{code}` does not say what is wrong")
            })?;
        }
    }
    Ok(())
}
