use super::cell::Cell;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{ChangeFilter, ChangeLog, ChangeRow, parse_moment};
use importer_core::{Error, ErrorKind, Result};

const READ: &str = "read the change log";

impl ChangeLog for SqlSession {
    fn changes(&mut self, contract: &Contract, filter: &ChangeFilter) -> Result<Vec<ChangeRow>> {
        let sql = "SELECT id, core_id, run_id, \
             staging_id, action, field, old_value, new_value, actor, reason, changed_at AS t \
             FROM change_log WHERE core_id = ? AND entity_type = ? AND id > ? ORDER BY id LIMIT ?";
        let limit = if filter.limit > 0 { filter.limit } else { i64::MAX };
        let binds =
            [Cell::id(filter.record), Cell::Text(contract.entity), Cell::Int(filter.after), Cell::Int(limit)];
        let rows = self.connection.rows(READ, sql, &binds)?;
        let change = |mut row: super::row::Row| {
            Ok(ChangeRow {
                id: row.int(0),
                core_id: row.id(1),
                run_id: row.optional_id(2),
                row: row.optional_id(3),
                action: row.text(4),
                field: row.optional(5),
                old: row.optional(6),
                new: row.optional(7),
                actor: row.text(8),
                reason: row.text(9),
                at: row
                    .get(10)
                    .and_then(parse_moment)
                    .ok_or_else(|| Error::new(ErrorKind::Store, READ, "a line of it has no moment"))?,
            })
        };
        rows.into_iter().map(change).collect()
    }
}
