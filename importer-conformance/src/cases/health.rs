use importer_plugin::AdapterCapability;

use crate::case::{Area, Case, CaseResult, demand, fail};
use crate::cases::each::capable;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "health",
    area: Area::Adapters,
    demands: "An adapter that says it tells how a source is does so, with a message.",
    why: "Operators look at it before a run fails.",
    advice: "implement `Adapter::health`, or do not declare it; what is wrong with the source is an answer and no error",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    capable(subject, AdapterCapability::Health, |readable| {
        match readable.adapter.health(&readable.request, &readable.listener.host()) {
            Ok(health) => demand(!health.message.trim().is_empty(), || "the message is empty".into()),
            Err(error) => fail(error.message),
        }
    })
}
