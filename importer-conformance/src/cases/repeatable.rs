use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::each::{answers, each};
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "repeatable",
    area: Area::Adapters,
    demands: "Reading the same source twice gives the same rows, positions, findings and cursors.",
    why: "An import that is repeated must change nothing, and a row is known again by its content.",
    advice: "hand over rows in the order of the source, without anything made up or counted across sources",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    each(subject, |readable| {
        let (first, second) = (answers(readable)?, answers(readable)?);
        let differs = first.iter().zip(&second).position(|(a, b)| a != b);
        demand(first.len() == second.len() && differs.is_none(), || {
            format!(
                "the second reading differs, from batch {} on",
                differs.unwrap_or(first.len().min(second.len())) + 1
            )
        })
    })
}
