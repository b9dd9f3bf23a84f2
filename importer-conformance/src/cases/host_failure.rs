use importer_plugin::ErrorKind;

use crate::case::{Area, Case, CaseResult, fail};
use crate::cases::each::each;
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "host-failure",
    area: Area::Adapters,
    demands: "A host whose callbacks fail brings no panic out of the plugin and ends no process.",
    why: "A fault of the host must stay visible as one.",
    advice: "take no answer of the host for granted: a secret may be absent at any time",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    // Without the boundary in between, the panic would be the host's own.
    subject.path()?;
    each(subject, |readable| {
        readable.listener.break_down();
        let opened = readable.adapter.open(&readable.request, &readable.listener.host());
        match opened.and_then(|mut source| reading::read(&mut *source)) {
            Err(error) if error.kind == ErrorKind::Bug => fail(error.message),
            _ => Ok(()),
        }
    })
}
