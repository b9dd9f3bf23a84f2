use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::comparing::levels;
use crate::samples;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "feature-missing",
    area: Area::Features,
    demands: "A match feature has nothing to say about a record without values.",
    why: "Missing is neutral: it speaks neither for nor against.",
    advice: "return `None` when a value is missing",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for feature in subject.features()? {
        let columns = feature.meta().columns.len();
        let rows = samples::rows(columns);
        let none = vec![vec![None; columns]; rows.len()];
        for (left, right) in [(&none, &rows), (&rows, &none), (&none, &none)] {
            let said = levels(&*feature, left, right)?;
            demand(said.iter().all(Option::is_none), || {
                format!("match feature `{}` has an opinion about missing values", feature.meta().name)
            })?;
        }
    }
    Ok(())
}
