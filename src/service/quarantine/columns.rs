use std::collections::HashSet;

use importer_core::contracts::Contract;
use importer_core::mapping::Plan;
use importer_core::ports::RunRecord;
use importer_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::OPERATION;

/// The columns of a run's source.
pub(crate) fn columns(run: &RunRecord) -> Vec<String> {
    let metrics: Value = serde_json::from_str(&run.metrics_json).unwrap_or_default();
    let texts = |list: &Value, key: Option<&str>| -> Vec<String> {
        let each = list.as_array().into_iter().flatten();
        each.filter_map(|item| key.map_or(Some(item), |key| item.get(key))?.as_str().map(Into::into))
            .collect()
    };
    let stored = texts(&metrics["columns"], None);
    if !stored.is_empty() {
        return stored;
    }
    // Runs of earlier versions stored only what became of their columns.
    let mut all = texts(&metrics["mapping"], Some("source"));
    all.extend(texts(&metrics["unmapped"], Some("column")));
    let mut search = HashSet::new();
    all.retain(|column| search.insert(column.clone()));
    all
}

/// The column that a key means: a column of the source, or the first one that is read into a field.
pub(super) fn place(contract: &Contract, plan: &Plan, columns: &[String], key: &str) -> Option<usize> {
    let named = |name: &str| columns.iter().position(|column| column == name);
    named(key).or_else(|| {
        let field = field_named(contract, key)?;
        let read = plan.describe().into_iter().find(|read| read.field == field && read.source.is_some())?;
        named(&read.source?)
    })
}

/// The field of a name or of a header in templates.
pub(super) fn field_named(contract: &Contract, key: &str) -> Option<&'static str> {
    let found = contract.fields.iter().find(|field| field.name == key || field.header == key);
    found.map(|field| field.name)
}

/// The cells of a landed row.
pub(crate) fn object(payload: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(payload).map_err(|e| {
        Error::new(ErrorKind::Store, OPERATION, "the landed row is not what was written").caused_by(e)
    })
}
