//! What a source said of its people, the last time and before.

use super::cell::Cell;
use super::names::list_of_ids;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::LoadedRow;

impl SqlSession {
    /// The rows that were loaded under external ids, by the lines that they left in the change log.
    pub(super) fn loaded_under(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
    ) -> Result<Vec<LoadedRow>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let joins = format!(
            "JOIN change_log c ON c.core_id = m.core_id AND c.entity_type = m.entity_type \
             JOIN {} s ON s.id = c.staging_id JOIN import_runs r ON r.id = s.run_id",
            contract.staging_table()
        );
        let sql = format!(
            "SELECT DISTINCT m.external_id, s.payload_json, s.row_hash, s.run_id, s.id, m.staging_id {} \
             AND m.entity_type = ? AND m.external_system = ? AND s.external_id = m.external_id \
             AND s.external_system = m.external_system AND s.id <= m.staging_id AND r.status <> 'rolled_back'",
            self.connection.named_in("external_id_map", "m", &joins)
        );
        let list = list_of_ids(ids);
        let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system)];
        let rows = self.connection.rows("look loaded rows up", &sql, &binds)?;
        let loaded = rows.into_iter().map(|mut row| LoadedRow {
            external_id: row.text(0),
            payload_json: row.text(1),
            row_hash: row.int(2),
            run: row.id(3),
            last: row.int(4) == row.int(5),
        });
        Ok(loaded.collect())
    }
}
