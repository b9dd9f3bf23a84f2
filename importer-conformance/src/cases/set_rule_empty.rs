use crate::case::{Area, Case, CaseResult};
use crate::cases::observing::said;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "set-rule-empty",
    area: Area::SetRules,
    demands: "A set-level rule that was shown no rows, or rows without cells, answers without an error.",
    why: "A night without changes is no failure.",
    advice: "mind the division by the number of rows",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let count = subject.set_rules()?.len();
    for at in 0..count {
        said(subject, at, &[], 1)?;
        let columns = subject.set_rules()?[at].meta().columns.len();
        said(subject, at, &vec![vec![None; columns]; 3], 1)?;
    }
    Ok(())
}
