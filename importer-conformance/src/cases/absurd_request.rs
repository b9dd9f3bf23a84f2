use importer_plugin::{ErrorKind, OpenRequest, Options};

use crate::case::{Area, Case, CaseResult, fail};
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "absurd-request",
    area: Area::Adapters,
    demands: "A request that makes no sense (foreign cursors, impossible moments, strange options) is refused with an error, without a panic.",
    why: "Cursors come from databases and options from people.",
    advice: "check what comes in before using it, above all cursors",
    check,
};

const ABSURD: [&str; 7] =
    ["", "\0", "-1", "{", "{\"rows\":-1}", "99999999999999999999999999", "\u{1f469}\u{301}"];

fn check(subject: &Subject) -> CaseResult {
    for readable in subject.adapters()? {
        let given = &readable.request;
        let cursors = ABSURD.map(|text| OpenRequest { cursor: Some(text.into()), ..given.clone() });
        let moments = ABSURD.map(|text| OpenRequest { since: Some(text.into()), ..given.clone() });
        let long = OpenRequest { cursor: Some("9".repeat(1 << 20)), ..given.clone() };
        let odd = Options::default().with("\0", "\0");
        let odd = OpenRequest { options: odd, ..OpenRequest::default() };
        for request in cursors.into_iter().chain(moments).chain([long, odd]) {
            let opened = readable.adapter.open(&request, &readable.listener.host());
            // An adapter may find out only when it reads.
            let read = opened.and_then(|mut source| reading::next(&mut *source).map(drop));
            if let Err(error) = read
                && error.kind == ErrorKind::Bug
            {
                return fail(format!("adapter `{}`: {}", readable.name, error.message));
            }
        }
    }
    Ok(())
}
