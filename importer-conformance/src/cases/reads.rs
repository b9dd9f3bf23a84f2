use crate::case::{Area, Case, CaseResult, fail};
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "reads",
    area: Area::Adapters,
    demands: "A source opens with the options given and is read without an error; its batches are well-formed: UTF-8, offsets that rise, whole rows, a position for each.",
    why: "The host refuses a broken batch, and the run with it.",
    advice: "read the message; build batches with `Extract::push_row`",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    for readable in subject.readable()? {
        let opened = readable.adapter.open(&readable.request, &readable.listener.host());
        let read = opened.and_then(|mut source| reading::read(&mut *source));
        if let Err(error) = read {
            return fail(format!("adapter `{}` ({:?}): {}", readable.name, error.kind, error.message));
        }
    }
    Ok(())
}
