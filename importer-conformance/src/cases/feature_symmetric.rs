use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::comparing::levels;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "feature-symmetric",
    area: Area::Features,
    demands: "A match feature gives the same level whichever of two records comes first.",
    why: "Pairs have no order, and candidates come in any.",
    advice: "compare both ways, or order the two values first",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for feature in subject.features()? {
        let (left, right) = samples::pairs(feature.meta().columns.len());
        let there = levels(&*feature, &left, &right)?;
        let back = levels(&*feature, &right, &left)?;
        demand(there == back, || format!("match feature `{}` is not symmetric", feature.meta().name))?;
    }
    Ok(())
}
