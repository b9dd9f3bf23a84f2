use super::bulk::{Bulk, Column, plain};
use super::cell::Cell;
use super::history::{MAP_IMAGE, map_image};
use super::names::list_of_ids;
use super::outdated::IS_OUTDATED;
use super::preview_ids::ids_from;
use super::row::Row;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{
    MapImage, Moment, RecordId, RecordImage, RollbackItem, RollbackRow, RollbackStore, RowId, RunId,
    RunRecord, Traces, moment_text, parse_moment,
};
use importer_core::{Error, ErrorKind, Result};

const READ: &str = "read what a run did";
const WRITE: &str = "keep what a rollback did";

const ITEMS: [Column; 7] = [
    plain("id"),
    plain("rollback_id").shared(),
    plain("staging_id"),
    plain("core_id"),
    plain("field"),
    plain("outcome"),
    plain("why"),
];

/// A condition: a rollback left a person as they were. It is a subquery with one row, which Postgres looks up person by person
/// in the index, however empty the table seems to be; joined, it would walk all of the rollback for each page.
pub(super) fn left(rollback: &str, person: &str) -> String {
    format!(
        "(SELECT 1 FROM rollback_items i WHERE i.rollback_id = {rollback} AND i.core_id = {person} \
         AND i.field IS NULL AND i.outcome <> 'reverted' LIMIT 1) = 1"
    )
}

impl RollbackStore for SqlSession {
    fn begin_rollback(&mut self, run: RunId, actor: &str, reason: &str, now: Moment) -> Result<RollbackRow> {
        let id = self.id_of_new("rollbacks")?;
        let sql = format!(
            "INSERT INTO rollbacks (id, run_id, status, actor, reason, started_at) VALUES ({id}, ?, 'running', ?, ?, ?time)"
        );
        let now = moment_text(now);
        let binds = [Cell::id(run), Cell::Text(actor), Cell::Text(reason), Cell::Text(&now)];
        self.connection.run(WRITE, &sql, &binds)?;
        self.rollback_of(run)?
            .ok_or_else(|| Error::new(ErrorKind::Store, WRITE, "the new rollback cannot be read back"))
    }

    fn save_rollback(&mut self, rollback: &RollbackRow) -> Result<()> {
        let finished = rollback.finished_at.map(moment_text);
        let counts = serde_json::to_string(&rollback.counts).unwrap_or_default();
        self.connection.run(
            WRITE,
            "UPDATE rollbacks SET status = ?, finished_at = ?time, records_through = ?, rows_through = ?, \
             counts_json = ? WHERE id = ?",
            &[
                Cell::Text(if rollback.done { "done" } else { "running" }),
                finished.as_deref().into(),
                Cell::id(rollback.records_through),
                Cell::id(rollback.rows_through),
                Cell::Text(&counts),
                Cell::Int(rollback.id),
            ],
        )?;
        Ok(())
    }

    fn rollback_of(&mut self, run: RunId) -> Result<Option<RollbackRow>> {
        let sql = "SELECT id, run_id, status, actor, reason, started_at AS s, finished_at AS f, \
             records_through, rows_through, counts_json FROM rollbacks \
             WHERE run_id = ? ORDER BY id DESC LIMIT 1";
        let row = self.connection.rows(READ, sql, &[Cell::id(run)])?.into_iter().next();
        Ok(row.map(|mut row| RollbackRow {
            id: row.int(0),
            run: row.id(1),
            done: row.get(2) == Some("done"),
            started_at: row.get(5).and_then(parse_moment).unwrap_or_default(),
            finished_at: row.get(6).and_then(parse_moment),
            records_through: row.id(7),
            rows_through: row.id(8),
            counts: row.get(9).and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default(),
            actor: row.text(3),
            reason: row.text(4),
        }))
    }

    fn touched_by(&mut self, contract: &Contract, run: RunId, people: &[RecordId]) -> Result<Vec<RecordId>> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        let sql = format!(
            "SELECT x.core_id FROM (\
             SELECT core_id FROM change_log WHERE run_id = ? AND entity_type = ? AND core_id {elements} \
             UNION SELECT s.core_id FROM change_subjects s JOIN change_log c ON c.id = s.change_id \
             WHERE c.run_id = ? AND s.entity_type = ? AND s.core_id {elements} \
             UNION SELECT core_id FROM external_id_map WHERE entity_type = ? AND core_id {elements} \
             AND (last_run_id = ? OR (staging_id > ? AND staging_id < ?))) x ORDER BY x.core_id"
        );
        let (entity, list) = (Cell::Text(contract.entity), Cell::Text(&list));
        let said = [Cell::id(run), entity, list];
        let range = [Cell::id(run), Cell::Int(RowId::of(run, 0).0), Cell::Int(RowId::behind(run).0)];
        let binds = [&said[..], &said, &[entity, list], &range].concat();
        Ok(self.connection.rows(READ, &sql, &binds)?.iter().map(|row| row.id(0)).collect())
    }

    fn log_rollback(&mut self, rollback: i64, items: &[RollbackItem]) -> Result<()> {
        let first = self.shown_ids("rollback_items", items.len())?;
        let mut rows = Bulk::new("rollback_items", &ITEMS).room(items.len());
        for (id, item) in ids_from(first).zip(items) {
            rows.row([
                Cell::optional_id(id),
                Cell::Int(rollback),
                Cell::optional_id(item.row),
                Cell::id(item.core_id),
                item.field.as_deref().into(),
                Cell::Text(&item.outcome),
                Cell::Text(&item.why),
            ]);
        }
        rows.insert(&mut self.connection, WRITE)
    }

    fn rollback_items(
        &mut self,
        run: RunId,
        outcome: Option<&str>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, RollbackItem)>> {
        let mut sql = String::from(
            "SELECT id, staging_id, core_id, field, outcome, \
             why FROM rollback_items WHERE rollback_id IN (SELECT b.id FROM rollbacks b WHERE b.run_id = ?) \
             AND (outcome = 'reverted' OR field IS NOT NULL \
             OR rollback_id = (SELECT MAX(b.id) FROM rollbacks b WHERE b.run_id = ?)) AND id > ?",
        );
        let mut binds = vec![Cell::id(run), Cell::id(run), Cell::Int(after)];
        if let Some(outcome) = outcome {
            sql.push_str(" AND outcome = ?");
            binds.push(Cell::Text(outcome));
        }
        sql.push_str(" ORDER BY id LIMIT ?");
        binds.push(Cell::Int(if limit > 0 { limit } else { i64::MAX }));
        let rows = self.connection.rows(READ, &sql, &binds)?;
        let item = |mut row: Row| {
            let item = RollbackItem {
                row: row.optional_id(1),
                core_id: row.id(2),
                field: row.optional(3),
                outcome: row.text(4),
                why: row.text(5),
            };
            (row.int(0), item)
        };
        Ok(rows.into_iter().map(item).collect())
    }

    fn earlier_rollback(&mut self, rollback: &RollbackRow) -> Result<Option<i64>> {
        let sql = "SELECT MAX(id) AS i FROM rollbacks WHERE run_id = ? AND id < ?";
        let binds = [Cell::Int(rollback.run.0), Cell::Int(rollback.id)];
        Ok(self.connection.rows(READ, sql, &binds)?.first().and_then(|row| row.optional_int(0)))
    }

    fn left_by(&mut self, rollback: i64, after: RecordId, limit: usize) -> Result<Vec<RecordId>> {
        let sql = "SELECT x.core_id FROM (SELECT DISTINCT core_id FROM rollback_items \
                   WHERE rollback_id = ? AND outcome <> 'reverted' AND field IS NULL AND core_id > ?) x \
                   ORDER BY x.core_id LIMIT ?";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.connection.rows(READ, sql, &[rollback, after.0, limit].map(Cell::Int))?;
        Ok(rows.iter().map(|row| row.id(0)).collect())
    }

    fn kept_by(&mut self, rollback: i64, people: &[RecordId]) -> Result<Vec<RecordId>> {
        let list = serde_json::Value::from(people).to_string();
        let sql = format!(
            "SELECT j.value FROM {} j WHERE {} ORDER BY j.value",
            self.connection.list(true),
            left("?", "j.value")
        );
        let rows = self.connection.rows(READ, &sql, &[Cell::Text(&list), Cell::Int(rollback)])?;
        Ok(rows.iter().map(|row| row.id(0)).collect())
    }

    fn with_kept_values(&mut self, run: RunId, after: RecordId, limit: usize) -> Result<Vec<RecordId>> {
        let sql = "SELECT x.core_id FROM (SELECT DISTINCT i.core_id FROM rollbacks b \
                   JOIN rollback_items i ON i.rollback_id = b.id WHERE b.run_id = ? AND i.outcome = 'kept' \
                   AND i.field IS NOT NULL AND i.core_id > ?) x ORDER BY x.core_id LIMIT ?";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.connection.rows(READ, sql, &[Cell::id(run), Cell::id(after), Cell::Int(limit)])?;
        Ok(rows.iter().map(|row| row.id(0)).collect())
    }

    fn taken_back(&mut self, runs: &[RunId]) -> Result<Vec<RunId>> {
        let list = serde_json::Value::from(runs).to_string();
        let sql = format!(
            "SELECT r.id {} AND r.status = 'rolled_back'",
            self.connection.listed_in("import_runs r", "r.id", true)
        );
        Ok(self.connection.rows(READ, &sql, &[Cell::Text(&list)])?.iter().map(|row| row.id(0)).collect())
    }

    fn record_images(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        runs: &[RunId],
    ) -> Result<Vec<(RunId, RecordImage)>> {
        let list = serde_json::Value::from(people).to_string();
        let sql = format!(
            "SELECT k.run_id, k.image_json {} AND k.entity_type = ? AND k.run_id = ?",
            self.connection.listed_in("record_images k", "k.core_id", true)
        );
        let mut found = Vec::new();
        for run in runs {
            let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::id(*run)];
            for row in self.connection.rows(READ, &sql, &binds)? {
                let image = serde_json::from_str(row.get(1).unwrap_or_default()).map_err(|e| {
                    Error::new(ErrorKind::Store, READ, "the image of a record is not what was written")
                        .at("run", row.int(0))
                        // What JSON says about itself quotes it.
                        .at("column", e.column())
                })?;
                found.push((row.id(0), image));
            }
        }
        Ok(found)
    }

    fn map_images(
        &mut self,
        contract: &Contract,
        system: &str,
        run: RunId,
        names: &[&str],
    ) -> Result<Vec<MapImage>> {
        let list = list_of_ids(names);
        let sql = format!(
            "SELECT k.image_json {} AND k.entity_type = ? AND k.external_system = ? AND k.run_id = ?",
            self.connection.named_in("map_images", "k", "")
        );
        let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system), Cell::id(run)];
        let rows = self.connection.rows(READ, &sql, &binds)?;
        Ok(rows.iter().filter_map(|row| serde_json::from_str(row.get(0)?).ok()).collect())
    }

    fn map_named(&mut self, contract: &Contract, system: &str, names: &[&str]) -> Result<Vec<MapImage>> {
        let list = list_of_ids(names);
        let sql = format!(
            "SELECT {MAP_IMAGE} {} AND m.entity_type = ? AND m.external_system = ?",
            self.connection.named_in("external_id_map", "m", "")
        );
        let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system)];
        Ok(self.connection.rows(READ, &sql, &binds)?.into_iter().map(map_image).collect())
    }

    fn landed_by(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<(RowId, String)>> {
        let sql = format!(
            "SELECT o.id, s.external_id FROM row_outcomes o JOIN {} s ON s.id = o.staging_id \
             WHERE o.id > ? AND o.id < ? AND o.core_id IS NOT NULL ORDER BY o.id LIMIT ?",
            contract.staging_table()
        );
        let binds = [
            Cell::Int((after.max(RowId::of(run, 0))).0),
            Cell::Int(RowId::behind(run).0),
            Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
        ];
        let rows = self.connection.rows(READ, &sql, &binds)?;
        Ok(rows.into_iter().map(|mut row| (row.id(0), row.text(1))).collect())
    }

    fn forget_people(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()> {
        let list = serde_json::Value::from(people).to_string();
        let elements = self.connection.among(true);
        for column in ["left_id", "right_id"] {
            let sql = format!(
                "UPDATE dedupe_suggestions SET decision = 'superseded', own_decision = 'superseded' WHERE entity_type = ? \
                 AND {column} {elements} AND (decision IN ('open', 'deferred') OR {IS_OUTDATED})"
            );
            let binds = [Cell::Text(contract.entity), Cell::Text(&list)];
            self.connection.run(WRITE, &sql, &binds)?;
        }
        self.leave_households(contract, people)
    }

    fn reopen_outdated(&mut self, contract: &Contract, people: &[RecordId], run: RunId) -> Result<()> {
        if people.is_empty() { Ok(()) } else { self.open_outdated_since(contract, people, run) }
    }

    fn end_traces(&mut self, contract: &Contract, run: &RunRecord) -> Result<Traces> {
        let id = [Cell::id(run.id)];
        // Pairs that nobody has decided about; who finds them again may suggest them again.
        let withdraw = format!(
            "DELETE FROM dedupe_suggestions WHERE run_id = ? AND (decision = 'open' OR {IS_OUTDATED}) AND NOT EXISTS (SELECT 1 FROM suggestion_decisions d WHERE d.suggestion_id = dedupe_suggestions.id) \
             AND NOT EXISTS (SELECT 1 FROM merge_log m WHERE m.suggestion_id = dedupe_suggestions.id)"
        );
        let suggestions_withdrawn = self.connection.run(WRITE, &withdraw, &id)? as u64;
        self.open_outdated_by(contract, run.id)?;
        let end = "UPDATE dq_violations SET status = 'superseded' WHERE run_id = ? AND status = 'open'";
        self.connection.run(WRITE, end, &id)?;
        let end = "UPDATE quarantine SET status = 'superseded' WHERE run_id = ? AND status = 'open'";
        let rows_ended = self.connection.run(WRITE, end, &id)? as u64;
        let rows_reopened = self.reopen_ended(run.id)?;
        self.lower_watermark(run)?;
        Ok(Traces { suggestions_withdrawn, rows_ended, rows_reopened })
    }
}

impl SqlSession {
    /// The watermark of a run's source is what those runs told that stand. What a run only found again counts for nothing: too
    /// low a watermark reads rows again, too high a one would leave some out.
    fn lower_watermark(&mut self, run: &RunRecord) -> Result<()> {
        let stand = "FROM import_runs r WHERE r.entity_type = watermarks.entity_type AND r.source = watermarks.source \
                     AND r.external_system = watermarks.external_system AND r.told_freshness IS NOT NULL \
                     AND r.status <> 'rolled_back' AND r.id <> ?";
        let which = "entity_type = ? AND source = ? AND external_system = ?";
        let new = &run.new;
        let of = [Cell::Text(&new.entity), Cell::Text(&new.source), Cell::Text(&new.external_system)];
        let [entity, source, system] = of;
        let id = Cell::id(run.id);
        let sql = format!("DELETE FROM watermarks WHERE {which} AND NOT EXISTS (SELECT 1 {stand})");
        self.connection.run(WRITE, &sql, &[entity, source, system, id])?;
        let sql = format!(
            "UPDATE watermarks SET max_source_timestamp = (SELECT MAX(r.told_freshness) {stand}), \
             run_id = (SELECT MAX(r.id) {stand}) WHERE {which}"
        );
        self.connection.run(WRITE, &sql, &[id, id, entity, source, system])?;
        Ok(())
    }

    /// Opens entries of the quarantine again that the run ended by bringing other rows of theirs. What a later run brought of
    /// them ended them all the same: then it is that run, of which they are reopened when it is taken back, too.
    fn reopen_ended(&mut self, run: RunId) -> Result<u64> {
        let same = |table: &str| {
            format!(
                "{table}.id_hash = quarantine.id_hash AND {table}.external_id = quarantine.external_id AND {table}.external_system = quarantine.external_system \
                 AND {table}.entity_type = quarantine.entity_type"
            )
        };
        let (later, mapped) = (same("b"), same("m"));
        let ended = "status = 'superseded' AND replaced_in_run_id = ? AND run_id <> ?";
        let id = Cell::id(run);
        let by_quarantine = format!(
            "SELECT MIN(b.replaced_in_run_id) FROM quarantine b WHERE {later} AND b.run_id = ? AND b.replaced_in_run_id > ?"
        );
        let by_map =
            format!("SELECT MIN(m.last_run_id) FROM external_id_map m WHERE {mapped} AND m.last_run_id > ?");
        let sql = format!(
            "UPDATE quarantine SET replaced_in_run_id = COALESCE(({by_quarantine}), ({by_map}), replaced_in_run_id) WHERE {ended}"
        );
        self.connection.run(WRITE, &sql, &[id, id, id, id, id])?;
        let sql =
            "UPDATE quarantine SET replaced_in_run_id = NULL WHERE status = 'superseded' AND run_id = ?";
        self.connection.run(WRITE, sql, &[id])?;
        // Who was kept in the core, and what somebody decided about the run's own row, stands.
        let which = format!(
            "{ended} AND NOT EXISTS (SELECT 1 FROM external_id_map m WHERE {mapped} AND m.last_run_id = ?) \
             AND NOT EXISTS (SELECT 1 FROM quarantine b WHERE {later} AND b.run_id >= ? AND b.status <> 'superseded')"
        );
        let sql = format!(
            "UPDATE dq_violations SET status = 'open' WHERE status = 'superseded' AND staging_id IN \
             (SELECT staging_id FROM quarantine WHERE {which})"
        );
        self.connection.run(WRITE, &sql, &[id, id, id, id])?;
        let sql = format!("UPDATE quarantine SET status = 'open', replaced_in_run_id = NULL WHERE {which}");
        Ok(self.connection.run(WRITE, &sql, &[id, id, id, id])? as u64)
    }
}
