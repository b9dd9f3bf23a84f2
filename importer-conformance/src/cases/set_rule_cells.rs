use crate::case::{Area, Case, CaseResult};
use crate::cases::observing::said;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "set-rule-cells",
    area: Area::SetRules,
    demands: "No cell makes a set-level rule fail: very long ones, every character there is, gaps.",
    why: "A step never fails because of a row.",
    advice: "cut texts at `char_indices`, never at byte places, and index nothing unchecked",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    let count = subject.set_rules()?.len();
    for at in 0..count {
        let columns = subject.set_rules()?[at].meta().columns.len();
        said(subject, at, &samples::extreme(columns), 100)?;
    }
    Ok(())
}
