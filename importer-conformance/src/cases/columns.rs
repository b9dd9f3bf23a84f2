use std::collections::BTreeSet;

use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::each::each;
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "columns",
    area: Area::Adapters,
    demands: "Columns have names, no two the same, and are the same each time the source is opened and while it is read.",
    why: "Mappings go by the names of columns.",
    advice: "name columns without a name by their place, and number those with the same name",
    check,
};

fn check(subject: &Subject) -> CaseResult {
    each(subject, |readable| {
        let mut source = readable.open()?;
        let columns = source.columns();
        demand(!columns.is_empty(), || "there are no columns".into())?;
        let blank = columns.iter().position(|name| name.trim().is_empty());
        demand(blank.is_none(), || format!("column {} has no name", blank.unwrap_or_default() + 1))?;
        let names: BTreeSet<&String> = columns.iter().collect();
        demand(names.len() == columns.len(), || "two columns have the same name".into())?;
        reading::next(&mut *source).map_err(|error| readable.unreadable(&error))?;
        demand(source.columns() == columns, || "they changed while the source was read".into())?;
        demand(readable.open()?.columns() == columns, || "they were others when it was opened again".into())
    })
}
