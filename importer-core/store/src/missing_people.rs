//! People whom an external system does not bring any more.

use super::cell::Cell;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{MissingPeople, RunId};

/// The people whom a system has under no id that a run or a later one met, each with its last run. A row that is held back was met as
/// well. To be bound: the entity, what the system asks for, and the run three times.
pub(super) fn missing(system: &str) -> String {
    format!(
        "SELECT m.core_id, MAX(m.last_run_id) AS last FROM external_id_map m \
         WHERE m.entity_type = ? AND m.external_system = {system} AND m.last_run_id < ? \
         AND NOT EXISTS (SELECT 1 FROM external_id_map o WHERE o.core_id = m.core_id AND o.entity_type = m.entity_type \
         AND o.external_system = m.external_system AND o.last_run_id >= ?) \
         AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.id_hash = m.id_hash AND q.external_id = m.external_id \
         AND q.external_system = m.external_system AND q.entity_type = m.entity_type AND q.last_run_id >= ?) \
         GROUP BY m.core_id"
    )
}

impl SqlSession {
    pub(super) fn count_missing(
        &mut self,
        contract: &Contract,
        system: &str,
        last: RunId,
        run: RunId,
    ) -> Result<MissingPeople> {
        let sql =
            format!("SELECT COUNT(*), COUNT(CASE WHEN x.last >= ? THEN 1 END) FROM ({}) x", missing("?"));
        let binds = [
            Cell::id(last),
            Cell::Text(contract.entity),
            Cell::Text(system),
            Cell::id(run),
            Cell::id(run),
            Cell::id(run),
        ];
        let rows = self.connection.rows("look for missing people", &sql, &binds)?;
        let count = |place| rows.first().map_or(0, |row| row.int(place).unsigned_abs());
        Ok(MissingPeople { all: count(0), new: count(1) })
    }
}
