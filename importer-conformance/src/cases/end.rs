use crate::case::{Area, Case, CaseResult, demand, skip};
use crate::cases::each::each;
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "end",
    area: Area::Adapters,
    demands: "After the end every further answer is the end.",
    why: "A host may ask once more, as when it retries.",
    advice: "remember that the source has ended",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    each(subject, |readable| {
        let mut source = readable.open()?;
        let (_, ended) = reading::read(&mut *source).map_err(|error| readable.unreadable(&error))?;
        if !ended {
            return skip("the source is too large for a check; give a smaller one");
        }
        for _ in 0..3 {
            let after = reading::next(&mut *source);
            demand(matches!(after, Ok(None)), || "there is more, or an error, after the end".into())?;
        }
        Ok(())
    })
}
