use crate::case::{Area, Case, CaseResult, fail};
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "empty-source",
    area: Area::Adapters,
    demands: "A source without rows opens, and its first answer is the end.",
    why: "A night without changes is no failure.",
    advice: "take a source without rows for an ordinary one",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for readable in subject.empty()? {
        let opened = readable.adapter.open(&readable.request, &readable.listener.host());
        let name = &readable.name;
        match opened.and_then(|mut source| reading::next(&mut *source)) {
            Ok(None) => {}
            Ok(Some(answer)) => {
                return fail(format!("adapter `{name}` handed over {} rows", answer.rows.len()));
            }
            Err(error) => return fail(format!("adapter `{name}`: {}", error.message)),
        }
    }
    Ok(())
}
