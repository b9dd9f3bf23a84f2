use super::cell::Cell;
use super::landing::{STAGED_ROW, staged_row};
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{
    Moment, RowId, RunControl, RunId, StagedRow, StopRequest, UnfinishedRollback, moment_text,
};

impl RunControl for SqlSession {
    fn ask(&mut self, run: RunId, asked: Option<StopRequest>) -> Result<()> {
        self.written(|session| {
            session.connection.run(
                "ask something of a run",
                "UPDATE import_runs SET requested = ? WHERE id = ?",
                &[asked.map(StopRequest::as_str).into(), Cell::id(run)],
            )?;
            Ok(())
        })
    }

    fn asked(&mut self, run: RunId) -> Result<Option<StopRequest>> {
        let sql = "SELECT requested FROM import_runs WHERE id = ?";
        let rows = self.connection.rows("look what is asked of a run", sql, &[Cell::id(run)])?;
        Ok(rows.first().and_then(|row| row.get(0)).and_then(StopRequest::parse))
    }

    fn label_run(&mut self, run: RunId, label: Option<&str>) -> Result<()> {
        self.written(|session| {
            let sql = "UPDATE import_runs SET label = ? WHERE id = ?";
            session.connection.run("label a run", sql, &[label.into(), Cell::id(run)])?;
            Ok(())
        })
    }

    fn end_held(&mut self, run: RunId, actor: &str, reason: &str, now: Moment) -> Result<u64> {
        self.written(|session| {
        let sql = "UPDATE dq_violations SET status = 'superseded' WHERE status = 'open' AND run_id = ?";
            session.connection.run("end quarantine entries", sql, &[Cell::id(run)])?;
            let sql = "UPDATE quarantine SET status = 'superseded', decided_by = ?, decided_at = ?time, reason = ? \
                       WHERE status = 'open' AND run_id = ?";
            let now = moment_text(now);
            let binds = [Cell::Text(actor), Cell::Text(&now), Cell::Text(reason), Cell::id(run)];
            let ended = session.connection.run("end quarantine entries", sql, &binds)? as u64;
            // Those that a row of the same run had replaced end with the others, and none of them waits again.
            let sql = "UPDATE quarantine SET replaced_in_run_id = NULL WHERE status = 'superseded' AND run_id = ?";
            session.connection.run("end quarantine entries", sql, &[Cell::id(run)])?;
            Ok(ended)
        })
    }

    fn reopen_replaced(&mut self, run: RunId) -> Result<u64> {
        self.written(|session| {
        // A row of the same name that the run has loaded has rightly taken the entry's place.
            let which = "status = 'superseded' AND replaced_in_run_id = ? AND NOT EXISTS (SELECT 1 FROM external_id_map m \
                         WHERE m.id_hash = quarantine.id_hash AND m.external_id = quarantine.external_id \
                         AND m.external_system = quarantine.external_system AND m.entity_type = quarantine.entity_type AND m.last_run_id = ?)";
            let binds = [Cell::id(run), Cell::id(run)];
            let sql = format!(
                "UPDATE dq_violations SET status = 'open' WHERE status = 'superseded' AND staging_id IN \
                 (SELECT staging_id FROM quarantine WHERE {which})"
            );
            session.connection.run("open quarantine entries again", &sql, &binds)?;
            let sql = format!("UPDATE quarantine SET status = 'open', replaced_in_run_id = NULL WHERE {which}");
            Ok(session.connection.run("open quarantine entries again", &sql, &binds)? as u64)
        })
    }

    fn unfinished_rollback(&mut self, entity: &str) -> Result<Vec<UnfinishedRollback>> {
        let sql = "SELECT r.id, r.external_system FROM import_runs r WHERE r.entity_type = ? \
                   AND r.id IN (SELECT b.run_id FROM rollbacks b WHERE b.status = 'running') ORDER BY r.id";
        let rows = self.connection.rows("look for rollbacks", sql, &[Cell::Text(entity)])?;
        Ok(rows
            .into_iter()
            .map(|mut row| UnfinishedRollback { run: row.id(0), system: row.text(1) })
            .collect())
    }

    fn current_rows(
        &mut self,
        contract: &Contract,
        run: RunId,
        unwritten: bool,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<StagedRow>> {
        let mapped = format!(
            "SELECT 1 FROM external_id_map m WHERE {} AND m.external_system = s.external_system AND m.entity_type = ?",
            self.connection.is_id("m", "s.external_id")
        );
        let skipped = format!(
            "EXISTS (SELECT 1 FROM row_outcomes o WHERE o.id = s.id AND o.outcome = 'skipped') AND NOT EXISTS ({mapped})"
        );
        let mut binds = vec![
            Cell::Int((after.max(RowId::of(run, 0))).0),
            Cell::Int(RowId::behind(run).0),
            Cell::Text(contract.entity),
        ];
        let which = if unwritten {
            skipped
        } else {
            binds.push(Cell::Text(contract.entity));
            format!(
                "({skipped} OR EXISTS ({mapped} AND m.staging_id = s.id) OR EXISTS (SELECT 1 FROM quarantine q \
                 WHERE q.staging_id = s.id AND q.status = 'open'))"
            )
        };
        let sql = format!(
            "SELECT {STAGED_ROW} FROM {} s WHERE s.id > ? AND s.id < ? AND {which} ORDER BY s.id LIMIT ?",
            contract.staging_table()
        );
        binds.push(Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX)));
        let rows = self.connection.rows("read stored rows again", &sql, &binds)?;
        Ok(rows.into_iter().map(staged_row).collect())
    }
}
