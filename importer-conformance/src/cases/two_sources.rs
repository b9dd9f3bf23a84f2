use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::each::{answers, each};
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "two-sources",
    area: Area::Adapters,
    demands: "Two open sources that are read by turns give what each gives alone.",
    why: "A host reads several sources at once.",
    advice: "keep the state of a run in the source, not in statics",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    each(subject, |readable| {
        let alone = answers(readable)?;
        let mut sources = [readable.open()?, readable.open()?];
        let mut seen = [Vec::new(), Vec::new()];
        for _ in 0..alone.len() {
            for (source, seen) in sources.iter_mut().zip(&mut seen) {
                seen.extend(reading::next(&mut **source).map_err(|error| readable.unreadable(&error))?);
            }
        }
        demand(seen.iter().all(|seen| *seen == alone), || "they disturb each other".into())
    })
}
