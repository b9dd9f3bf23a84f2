use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::comparing::levels;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "feature-repeatable",
    area: Area::Features,
    demands: "A match feature gives the same level for the same pair, whenever it is asked.",
    why: "A decision must be explained the same way tomorrow.",
    advice: "keep nothing between pairs, and read no clock",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for feature in subject.features()? {
        let (left, right) = samples::pairs(feature.meta().columns.len());
        let first = levels(&*feature, &left, &right)?;
        let again = levels(&*feature, &left, &right)?;
        let alone = left
            .iter()
            .zip(&right)
            .map(|(l, r)| levels(&*feature, std::slice::from_ref(l), std::slice::from_ref(r)));
        let alone: Vec<_> = alone.collect::<Result<Vec<_>, _>>()?.concat();
        demand(first == again && first == alone, || {
            format!("match feature `{}` says something else the second time", feature.meta().name)
        })?;
    }
    Ok(())
}
