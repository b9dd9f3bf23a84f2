use crate::case::{Area, Case, CaseResult};
use crate::cases::checking::found;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "rule-cells",
    area: Area::Rules,
    demands: "No cell makes a rule fail: very long ones, every character there is, gaps.",
    why: "A step never fails because of a row.",
    advice: "cut texts at `char_indices`, never at byte places, and index nothing unchecked",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for rule in subject.rules()? {
        let columns = rule.meta().columns.len();
        found(&*rule, &[])?;
        found(&*rule, &samples::rows(columns))?;
        found(&*rule, &samples::extreme(columns))?;
    }
    Ok(())
}
