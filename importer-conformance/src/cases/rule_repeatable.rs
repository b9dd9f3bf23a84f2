use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::checking::found;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "rule-repeatable",
    area: Area::Rules,
    demands: "A rule says the same about the same row, whenever it is asked and whatever rows stand beside it.",
    why: "Rows are judged again after an interruption, in other batches.",
    advice: "keep nothing between rows, and read no clock: today comes as an option",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for rule in subject.rules()? {
        let meta = rule.meta();
        let rows = samples::rows(meta.columns.len());
        let first = found(&*rule, &rows)?;
        demand(found(&*rule, &rows)? == first, || {
            format!("rule `{}` says something else the second time", meta.code)
        })?;
        for (at, row) in rows.iter().enumerate() {
            let alone = found(&*rule, std::slice::from_ref(row))?.into_iter().map(|f| (f.column, f.message));
            let beside = first.iter().filter(|f| f.row == at).map(|f| (f.column.clone(), f.message.clone()));
            demand(alone.eq(beside), || format!("rule `{}` looks at other rows as well", meta.code))?;
        }
    }
    Ok(())
}
