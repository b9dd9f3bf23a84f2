use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::observing::said;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "set-rule-batches",
    area: Area::SetRules,
    demands: "What a set-level rule says does not depend on how the rows were split into batches.",
    why: "Sizes of batches differ between runs, as after an interruption.",
    advice: "add up over all batches, and count rows across them",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let count = subject.set_rules()?.len();
    for at in 0..count {
        let meta = subject.set_rules()?[at].meta();
        let rows = samples::rows(meta.columns.len());
        let whole = said(subject, at, &rows, rows.len())?;
        for size in [1, 7] {
            demand(said(subject, at, &rows, size)? == whole, || {
                format!("rule `{}` says something else in batches of {size}", meta.code)
            })?;
        }
    }
    Ok(())
}
