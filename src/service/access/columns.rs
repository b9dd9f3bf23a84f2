//! How personal the columns of sources are.

use std::collections::BTreeMap;

use importer_core::Result;
use importer_core::contracts::{Contract, Contracts, PiiClass};
use importer_core::ports::{RunId, RunRecord, Session};
use serde_json::Value;

/// How personal the columns of a source are, by the mapping of the run that read it.
#[derive(Debug, Default)]
pub(crate) struct Columns(pub(super) BTreeMap<String, PiiClass>);

impl Columns {
    pub(crate) fn of(contract: &Contract, run: &RunRecord) -> Self {
        let metrics: Value = serde_json::from_str(&run.metrics_json).unwrap_or_default();
        let mut classes: BTreeMap<String, PiiClass> = BTreeMap::new();
        for assignment in metrics["mapping"].as_array().into_iter().flatten() {
            let (Some(column), Some(field)) = (assignment["source"].as_str(), assignment["field"].as_str())
            else {
                continue;
            };
            let class = class_of(contract, field);
            let known = classes.entry(column.to_owned()).or_insert(class);
            *known = (*known).max(class);
        }
        Self(classes)
    }

    pub(crate) fn class(&self, column: &str) -> PiiClass {
        self.0.get(column).copied().unwrap_or(PiiClass::Sensitive)
    }
}

pub(crate) fn class_of(contract: &Contract, field: &str) -> PiiClass {
    contract.field(field).map_or(PiiClass::Sensitive, |field| field.pii)
}

/// The columns of runs, looked up once each.
#[derive(Debug)]
pub(crate) struct ColumnsOfRuns {
    contracts: Contracts,
    known: BTreeMap<RunId, Columns>,
}

impl ColumnsOfRuns {
    pub(crate) fn new(contracts: &Contracts) -> Self {
        Self { contracts: contracts.clone(), known: BTreeMap::new() }
    }

    /// The columns of a run; of one that is gone, or of an unknown entity, everything is sensitive.
    pub(crate) fn of(&mut self, session: &mut dyn Session, run: RunId) -> Result<&Columns> {
        use std::collections::btree_map::Entry;
        match self.known.entry(run) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let run = session.run(run)?;
                let contracts = &self.contracts;
                let columns = run.and_then(|run| Some(Columns::of(contracts.find(&run.new.entity)?, &run)));
                Ok(place.insert(columns.unwrap_or_default()))
            }
        }
    }
}
