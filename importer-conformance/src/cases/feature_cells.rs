use crate::case::{Area, Case, CaseResult};
use crate::cases::comparing::levels;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "feature-cells",
    area: Area::Features,
    demands: "No cell makes a match feature fail, and its levels are those of its metadata.",
    why: "A step never fails because of a row.",
    advice: "cut texts at `char_indices`, never at byte places, and index nothing unchecked",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for feature in subject.features()? {
        let columns = feature.meta().columns.len();
        levels(&*feature, &[], &[])?;
        let (left, right) = samples::pairs(columns);
        levels(&*feature, &left, &right)?;
        let left = samples::extreme(columns);
        let mut right = left.clone();
        right.rotate_left(1);
        levels(&*feature, &left, &right)?;
    }
    Ok(())
}
