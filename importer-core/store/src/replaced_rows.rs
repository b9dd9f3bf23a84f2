//! What a source said of its people before it said something else.

use super::cell::Cell;
use super::names::list_of_ids;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::RunId;

impl SqlSession {
    /// The rows that were loaded under external ids before the last one, by the lines that they left in the change log. What was
    /// rolled back is as if it had not come.
    pub(super) fn loaded_before(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
    ) -> Result<Vec<(String, i64, RunId)>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let joins = format!(
            "JOIN change_log c ON c.core_id = m.core_id AND c.entity_type = m.entity_type \
             JOIN {} s ON s.id = c.staging_id JOIN import_runs r ON r.id = s.run_id",
            contract.staging_table()
        );
        let sql = format!(
            "SELECT DISTINCT m.external_id, s.row_hash, s.run_id {} AND m.entity_type = ? AND m.external_system = ? \
             AND s.external_id = m.external_id AND s.external_system = m.external_system AND s.id < m.staging_id \
             AND r.status <> 'rolled_back'",
            self.connection.named_in("external_id_map", "m", &joins)
        );
        let list = list_of_ids(ids);
        let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system)];
        let rows = self.connection.rows("look earlier rows up", &sql, &binds)?;
        Ok(rows.into_iter().map(|mut row| (row.text(0), row.int(1), row.id(2))).collect())
    }
}
