use super::cell::Cell;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{MatchFilter, MatchRow, MatchStore, parse_moment};
use importer_core::reasons::Reason;

/// What is said of a row that was taken for somebody known by another id.
const BY_MATCH: [Reason; 3] = [Reason::SameEmailAndName, Reason::SamePhoneAndName, Reason::ProbableMatch];

impl MatchStore for SqlSession {
    fn matches(&mut self, contract: &Contract, filter: &MatchFilter) -> Result<Vec<MatchRow>> {
        let list = match filter.record {
            Some(record) => serde_json::json!(self.gone_into(contract, &[record])?).to_string(),
            None => String::new(),
        };
        // A code is the whole reason, or details and other codes follow it.
        let said = BY_MATCH.map(|reason| {
            let code = reason.code();
            format!("o.reason = '{code}' OR o.reason LIKE '{code}:%' OR o.reason LIKE '{code};%'")
        });
        let mut sql = format!(
            "SELECT o.id, o.run_id, s.external_system, s.external_id, o.core_id, o.reason, r.started_at AS t \
             FROM row_outcomes o JOIN import_runs r ON r.id = o.run_id JOIN {} s ON s.id = o.staging_id \
             WHERE r.entity_type = ? AND NOT r.dry_run AND r.status <> 'rolled_back' AND o.core_id IS NOT NULL \
             AND ({}) AND o.id > ?",
            contract.staging_table(),
            said.join(" OR ")
        );
        let mut binds = vec![Cell::Text(contract.entity), Cell::id(filter.after)];
        if filter.record.is_some() {
            // Outcomes have no index by record; the log of changes has one.
            sql += &format!(
                " AND o.id IN (SELECT l.staging_id FROM change_log l WHERE l.entity_type = ? AND l.core_id {})",
                self.connection.among(true)
            );
            binds.extend([Cell::Text(contract.entity), Cell::Text(&list)]);
        }
        if let Some(run) = filter.run {
            sql += " AND o.run_id = ?";
            binds.push(Cell::id(run));
        }
        sql += " ORDER BY o.id LIMIT ?";
        binds.push(Cell::Int(if filter.limit > 0 { filter.limit } else { i64::MAX }));
        let rows = self.connection.rows("read matches", &sql, &binds)?;
        let found = rows.into_iter().map(|mut row| MatchRow {
            row: row.id(0),
            run: row.id(1),
            record: row.id(4),
            at: row.get(6).and_then(parse_moment).unwrap_or_default(),
            system: row.text(2),
            external_id: row.text(3),
            reason: row.text(5),
        });
        Ok(found.collect())
    }
}
