use importer_plugin::AdapterCapability;

use crate::case::{Area, Case, CaseResult, demand, fail};
use crate::cases::each::capable;
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "deletions",
    area: Area::Adapters,
    demands: "An adapter that says it tells which records were deleted hands them over in one column, `external_id`.",
    why: "The host goes by that name.",
    advice: "implement `Adapter::deletions`, or do not declare it",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    capable(subject, AdapterCapability::Deletions, |readable| {
        let opened = readable.adapter.deletions(&readable.request, &readable.listener.host());
        let mut source = match opened {
            Ok(source) => source,
            Err(error) => return fail(error.message),
        };
        demand(source.columns() == ["external_id"], || "the columns are others".into())?;
        match reading::read(&mut *source) {
            Ok(_) => Ok(()),
            Err(error) => fail(error.message),
        }
    })
}
