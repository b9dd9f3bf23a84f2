use std::collections::BTreeSet;

use importer_plugin::AdapterCapability;

use crate::case::{Area, Case, CaseResult, demand, fail};
use crate::cases::each::capable;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "fields",
    area: Area::Adapters,
    demands: "An adapter that says it tells which fields a source has does so; they have names, no two the same.",
    why: "Whoever writes a mapping chooses from them.",
    advice: "implement `Adapter::fields`, or do not declare it",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    capable(subject, AdapterCapability::Fields, |readable| {
        let fields = match readable.adapter.fields(&readable.request, &readable.listener.host()) {
            Ok(fields) => fields,
            Err(error) => return fail(error.message),
        };
        let names: BTreeSet<&str> = fields.iter().map(|field| field.name.trim()).collect();
        demand(!names.contains(""), || "a field has no name".into())?;
        demand(names.len() == fields.len(), || "two fields have the same name".into())
    })
}
