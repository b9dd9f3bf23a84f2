use super::bulk::{Bulk, Column, plain, time};
use super::cell::Cell;
use super::names::list_of_ids;
use super::row::Row;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{
    CleanRow, Landing, LandingWrite, LoadedRow, Moment, OtherRow, Outcome, OutcomeTally, ReadRow,
    RepeatedRow, RowId, RunId, RunRecord, SeenAs, SeenIndexes, SeenRow, StagedRow, Violation,
    ViolationFilter, ViolationRow, moment_text,
};

const LAND: &str = "land rows";

const STAGING: [Column; 10] = [
    plain("id"),
    plain("run_id").shared(),
    plain("source").shared(),
    plain("external_system").shared(),
    plain("external_id"),
    plain("payload_json"),
    plain("row_hash"),
    plain("source_position"),
    time("extracted_at").shared(),
    plain("corrects"),
];
const CLEAN: [Column; 6] = [
    plain("staging_id"),
    plain("run_id").shared(),
    plain("external_id"),
    plain("payload_json"),
    plain("checksum"),
    plain("row_hash"),
];
const OUTCOMES: [Column; 6] = [
    plain("id"),
    plain("run_id").shared(),
    plain("staging_id"),
    plain("outcome"),
    plain("core_id"),
    plain("reason"),
];
const QUARANTINE: [Column; 13] = [
    plain("staging_id"),
    plain("run_id").shared(),
    plain("entity_type").shared(),
    plain("external_system").shared(),
    plain("external_id"),
    plain("row_hash"),
    plain("rule_codes"),
    plain("status").shared(),
    time("first_seen_at").shared(),
    time("last_seen_at").shared(),
    plain("last_run_id").shared(),
    plain("replaced_in_run_id"),
    plain("id_hash"),
];
const VIOLATIONS: [Column; 11] = [
    plain("run_id").shared(),
    plain("entity_type").shared(),
    plain("staging_id"),
    plain("record_key"),
    plain("rule_code"),
    plain("severity"),
    plain("field"),
    plain("message"),
    plain("details_json"),
    plain("status").shared(),
    time("created_at").shared(),
];

/// What [`staged_row`] reads, of a table `s`.
pub(super) const STAGED_ROW: &str = "s.id, s.external_id, s.payload_json, \
    s.row_hash, s.source_position, s.corrects";

pub(super) fn staged_row(mut row: Row) -> StagedRow {
    StagedRow {
        id: row.id(0),
        external_id: row.text(1),
        payload_json: row.text(2),
        row_hash: row.int(3),
        position: row.optional_int(4).unwrap_or(0),
        corrects: row.optional_id(5),
    }
}

impl Landing for SqlSession {
    fn known(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
        seen_indexes: SeenIndexes,
    ) -> Result<Vec<(String, SeenRow)>> {
        let mut known = Vec::new();
        if ids.is_empty() {
            return Ok(known);
        }
        let list = list_of_ids(ids);
        let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system)];
        if seen_indexes.mapped {
            self.known_mapped(&binds, &mut known)?;
        }
        if seen_indexes.held {
            self.known_held(contract, &binds, &mut known)?;
        }
        Ok(known)
    }

    fn seen_indexes(&mut self, contract: &Contract, system: &str) -> Result<SeenIndexes> {
        let binds = [Cell::Text(contract.entity), Cell::Text(system)];
        let mut any = |table| -> Result<bool> {
            let sql =
                format!("SELECT '1' AS t FROM {table} WHERE entity_type = ? AND external_system = ? LIMIT 1");
            Ok(!self.connection.rows("look rows up", &sql, &binds)?.is_empty())
        };
        Ok(SeenIndexes { mapped: any("external_id_map")?, held: any("quarantine")? })
    }

    fn loaded_rows(&mut self, contract: &Contract, system: &str, ids: &[&str]) -> Result<Vec<LoadedRow>> {
        self.loaded_under(contract, system, ids)
    }

    fn land(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        write: &LandingWrite,
        now: Moment,
    ) -> Result<()> {
        let now = moment_text(now);
        // Before anything is written; a run that brings new rows only keeps nobody waiting.
        if !run.new.dry_run && changes_others(write) {
            importer_core::ports::Session::lock_core(self, contract)?;
        }
        let (staging, clean) = (contract.staging_table(), contract.clean_table());
        let mut rows = Bulk::new(&staging, &STAGING).room(write.staged.len());
        for row in &write.staged {
            rows.row([
                Cell::id(row.id),
                Cell::id(run.id),
                Cell::Text(&run.new.source),
                Cell::Text(&run.new.external_system),
                Cell::Text(&row.external_id),
                Cell::Text(&row.payload_json),
                Cell::Int(row.row_hash),
                Cell::Int(row.position),
                Cell::Text(&now),
                Cell::optional_id(row.corrects),
            ]);
        }
        rows.insert(&mut self.connection, LAND)?;
        let mut rows = Bulk::new(&clean, &CLEAN).room(write.clean.len());
        for row in &write.clean {
            rows.row([
                Cell::id(row.staging_id),
                Cell::id(run.id),
                Cell::Text(&row.external_id),
                Cell::Text(&row.payload_json),
                Cell::Int(row.checksum),
                Cell::Int(row.row_hash),
            ]);
        }
        rows.insert(&mut self.connection, LAND)?;
        self.write_violations(contract, run, &write.violations, &now)?;
        self.write_outcomes(run.id, &write.outcomes)?;
        // A dry run leaves no trace in what later runs look at.
        if !run.new.dry_run {
            self.write_quarantine(contract, run, write, &now)?;
        }
        Ok(())
    }

    fn rows_read(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<ReadRow>> {
        self.read_so_far(contract, run, after, limit)
    }

    fn land_repeated(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        rows: &[RepeatedRow],
        now: Moment,
    ) -> Result<Vec<(RepeatedRow, Vec<String>)>> {
        self.land_rows_again(contract, run, rows, now)
    }

    fn end_replaced(&mut self, run: &RunRecord) -> Result<()> {
        if run.new.dry_run {
            return Ok(());
        }
        let which = "status = 'open' AND replaced_in_run_id = ?";
        let binds = [Cell::id(run.id)];
        let sql = format!(
            "UPDATE dq_violations SET status = 'superseded' WHERE status = 'open' AND staging_id IN \
             (SELECT staging_id FROM quarantine WHERE {which})"
        );
        self.connection.run("end quarantine entries", &sql, &binds)?;
        let sql = format!("UPDATE quarantine SET status = 'superseded' WHERE {which}");
        self.connection.run("end quarantine entries", &sql, &binds)?;
        Ok(())
    }

    fn clean_rows(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<CleanRow>> {
        let sql = format!(
            "SELECT staging_id, external_id, payload_json, checksum, \
             row_hash FROM {} WHERE staging_id > ? AND staging_id < ? ORDER BY staging_id LIMIT ?",
            contract.clean_table()
        );
        let from = after.max(RowId::of(run, 0));
        let binds = [
            Cell::id(from),
            Cell::Int(RowId::behind(run).0),
            Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
        ];
        let rows = self.connection.rows("read clean rows", &sql, &binds)?;
        Ok(rows.into_iter().map(clean_row).collect())
    }

    fn clean_rows_of(&mut self, contract: &Contract, ids: &[RowId]) -> Result<Vec<CleanRow>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let list = serde_json::Value::from(ids).to_string();
        let sql = format!(
            "SELECT c.staging_id, c.external_id, c.payload_json, c.checksum, c.row_hash {} ORDER BY c.staging_id",
            self.connection.listed_in(&format!("{} c", contract.clean_table()), "c.staging_id", true)
        );
        let rows = self.connection.rows("read clean rows", &sql, &[Cell::Text(&list)])?;
        Ok(rows.into_iter().map(clean_row).collect())
    }

    fn repeated_clean_rows(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<(RowId, CleanRow)>> {
        let sql = format!(
            "SELECT o.id, c.staging_id, c.external_id, c.payload_json, \
             c.checksum, c.row_hash FROM row_outcomes o \
             JOIN {} c ON c.staging_id = o.staging_id WHERE o.id > ? AND o.id < ? AND o.staging_id <> o.id \
             AND o.outcome = 'unchanged' ORDER BY o.id LIMIT ?",
            contract.clean_table()
        );
        let binds = [
            Cell::Int((after.max(RowId::of(run, 0))).0),
            Cell::Int(RowId::behind(run).0),
            Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
        ];
        let rows = self.connection.rows("read clean rows of earlier runs", &sql, &binds)?;
        let clean = rows.into_iter().map(|mut row| {
            let clean = CleanRow {
                staging_id: row.id(1),
                checksum: row.int(4),
                row_hash: row.int(5),
                external_id: row.text(2),
                payload_json: row.text(3),
            };
            (row.id(0), clean)
        });
        Ok(clean.collect())
    }

    fn staged_rows(&mut self, contract: &Contract, ids: &[RowId]) -> Result<Vec<StagedRow>> {
        let list = serde_json::Value::from(ids).to_string();
        let table = contract.staging_table();
        let sql = format!(
            "SELECT {STAGED_ROW} {} ORDER BY s.id",
            self.connection.listed_in(&format!("{table} s"), "s.id", true)
        );
        let rows = self.connection.rows("read landed rows", &sql, &[Cell::Text(&list)])?;
        Ok(rows.into_iter().map(staged_row).collect())
    }

    fn rules_with_findings(&mut self, ids: &[RowId]) -> Result<Vec<(RowId, String)>> {
        let list = serde_json::Value::from(ids).to_string();
        let sql = format!(
            "SELECT v.staging_id, v.rule_code {} AND v.status <> 'preview'",
            self.connection.listed_in("dq_violations v", "v.staging_id", true)
        );
        let rows = self.connection.rows("look findings up", &sql, &[Cell::Text(&list)])?;
        Ok(rows.into_iter().map(|mut row| (row.id(0), row.text(1))).collect())
    }

    fn write_outcomes(&mut self, run: RunId, outcomes: &[Outcome]) -> Result<()> {
        let mut rows = Bulk::new("row_outcomes", &OUTCOMES).room(outcomes.len());
        for outcome in outcomes {
            rows.row([
                Cell::id(outcome.row),
                Cell::id(run),
                Cell::id(outcome.staging_id),
                Cell::Text(outcome.kind.as_str()),
                Cell::optional_id(outcome.core_id),
                outcome.reason.as_deref().into(),
            ]);
        }
        rows.insert(&mut self.connection, "write what became of rows")
    }

    fn tally(&mut self, run: RunId) -> Result<OutcomeTally> {
        let sql = "SELECT outcome, COUNT(*) AS n FROM row_outcomes WHERE id > ? AND id < ? GROUP BY outcome";
        let binds = [Cell::Int(RowId::of(run, 0).0), Cell::Int(RowId::behind(run).0)];
        let rows = self.connection.rows("count what became of rows", sql, &binds)?;
        Ok(rows.into_iter().map(|mut row| (row.text(0), row.int(1))).collect())
    }

    fn violations(&mut self, filter: &ViolationFilter) -> Result<Vec<ViolationRow>> {
        let mut sql = format!("{VIOLATION} FROM dq_violations v WHERE v.id > ?");
        let mut binds = vec![Cell::Int(filter.after)];
        if let Some(run) = filter.run {
            sql.push_str(" AND run_id = ?");
            binds.push(Cell::id(run));
        }
        let status = filter.status.as_deref();
        for (column, value) in [
            ("entity_type", filter.entity.as_deref()),
            ("rule_code", filter.rule.as_deref()),
            ("severity", filter.severity.as_deref()),
            ("status", status),
        ] {
            if let Some(value) = value {
                sql.push_str(&format!(" AND {column} = ?"));
                binds.push(Cell::Text(value));
            }
        }
        if status.is_none() && filter.run.is_none() {
            sql.push_str(" AND status <> 'preview'");
        }
        if let Some(source) = filter.source.as_deref() {
            sql.push_str(" AND run_id IN (SELECT id FROM import_runs WHERE source = ?)");
            binds.push(Cell::Text(source));
        }
        if let Some(text) = filter.text.as_deref() {
            sql.push_str(" AND ");
            sql.push_str(&self.connection.holds_text("record_key || ' ' || field || ' ' || message"));
            binds.push(Cell::Text(text));
        }
        let (since, until) = (filter.since.map(moment_text), filter.until.map(moment_text));
        for (comparison, moment) in [(">=", &since), ("<", &until)] {
            if let Some(moment) = moment {
                sql.push_str(&format!(" AND created_at {comparison} ?time"));
                binds.push(Cell::Text(moment));
            }
        }
        sql.push_str(" ORDER BY id LIMIT ?");
        binds.push(Cell::Int(if filter.limit > 0 { filter.limit } else { i64::MAX }));
        let rows = self.connection.rows("list violations", &sql, &binds)?;
        Ok(rows.into_iter().map(violation_row).collect())
    }
}

/// Whether rows are changed that others may change too: whoever merges, corrects or takes back writes these entries in an order
/// of their own.
fn changes_others(write: &LandingWrite) -> bool {
    !(write.replaced.is_empty()
        && write.seen_again.is_empty()
        && write.held_again.is_empty()
        && write.held_last.is_empty())
}

impl SqlSession {
    fn known_mapped(&mut self, binds: &[Cell<'_>], known: &mut Vec<(String, SeenRow)>) -> Result<()> {
        let sql = format!(
            "SELECT m.external_id, m.row_hash, m.staging_id, \
             m.core_id, m.other_hashes, m.id {} \
             AND m.entity_type = ? AND m.external_system = ?",
            self.connection.named_in("external_id_map", "m", "")
        );
        for mut row in self.connection.rows("look rows up", &sql, binds)? {
            let id = row.text(0);
            let current = row.int(2);
            let entry = |seen_as, row_hash, staging_id| SeenRow {
                seen_as,
                payload_purged: false,
                row_hash,
                staging_id,
                map_entry: row.optional_int(5),
                core_id: row.optional_id(3),
                rule_codes: None,
                payload_json: None,
                replaced_in: None,
            };
            let others: Vec<OtherRow> =
                row.get(4).and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
            let others = others.into_iter().map(|other| match other {
                OtherRow::Apart(hash, staging_id, record) => {
                    SeenRow { core_id: Some(record), ..entry(SeenAs::Aside, hash, staging_id) }
                }
                OtherRow::Earlier(hash, staging_id) => entry(SeenAs::Earlier, hash, staging_id),
                OtherRow::Aside(hash) => entry(SeenAs::Aside, hash, RowId(current)),
            });
            let current = entry(SeenAs::Current, row.int(1), RowId(current));
            known.extend(others.chain([current]).map(|entry| (id.clone(), entry)));
        }
        Ok(())
    }

    pub(super) fn write_violations(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        violations: &[Violation],
        now: &str,
    ) -> Result<()> {
        let mut rows = Bulk::new("dq_violations", &VIOLATIONS);
        for violation in violations {
            rows.row([
                Cell::id(run.id),
                Cell::Text(contract.entity),
                Cell::id(violation.staging_id),
                Cell::Text(&violation.record_key),
                Cell::Text(&violation.rule_code),
                Cell::Text(violation.severity.as_str()),
                Cell::Text(&violation.field),
                Cell::Text(&violation.message),
                Cell::Text(&violation.details_json),
                Cell::Text(if run.new.dry_run { "preview" } else { "open" }),
                Cell::Text(now),
            ]);
        }
        rows.insert(&mut self.connection, "write violations")
    }

    fn write_quarantine(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        write: &LandingWrite,
        now: &str,
    ) -> Result<()> {
        let system = run.new.external_system.as_str();
        if !write.replaced.is_empty() {
            let list = list_of_ids(&write.replaced);
            let sql = format!(
                "UPDATE quarantine SET replaced_in_run_id = ? WHERE staging_id IN (SELECT q.staging_id {} \
                 AND q.entity_type = ? AND q.external_system = ? AND q.status = 'open')",
                self.connection.named_in("quarantine", "q", "")
            );
            let binds =
                [Cell::id(run.id), Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system)];
            self.connection.run("mark quarantine entries", &sql, &binds)?;
        }
        let mut rows = Bulk::new("quarantine", &QUARANTINE);
        for row in &write.quarantined {
            rows.row([
                Cell::id(row.staging_id),
                Cell::id(run.id),
                Cell::Text(contract.entity),
                Cell::Text(system),
                Cell::Text(&row.external_id),
                Cell::Int(row.row_hash),
                Cell::Text(&row.rule_codes),
                Cell::Text("open"),
                Cell::Text(now),
                Cell::Text(now),
                Cell::id(run.id),
                if row.replaced { Cell::id(run.id) } else { Cell::Null },
                self.connection.hash_cell(&row.external_id),
            ]);
        }
        rows.insert(&mut self.connection, "write the quarantine")?;
        // A failing statement ends its whole transaction, so SQLite need not be able to undo the statement alone.
        let update = if self.connection.is_postgres() { "UPDATE" } else { "UPDATE OR FAIL" };
        if !write.seen_again.is_empty() {
            importer_core::ports::no_unfinished_rollback(self, contract.entity, "note rows seen again")?;
            let list = serde_json::Value::from(write.seen_again.as_slice()).to_string();
            let sql = format!(
                "{update} external_id_map SET last_seen_at = ?time, last_run_id = ? WHERE id {}",
                self.connection.among(true)
            );
            let binds = [Cell::Text(now), Cell::id(run.id), Cell::Text(&list)];
            self.connection.run("note rows seen again", &sql, &binds)?;
        }
        if !write.held_again.is_empty() {
            let list = serde_json::Value::from(write.held_again.as_slice()).to_string();
            let sql = format!(
                "{update} quarantine SET last_seen_at = ?time, last_run_id = ? WHERE staging_id {}",
                self.connection.among(true)
            );
            let binds = [Cell::Text(now), Cell::id(run.id), Cell::Text(&list)];
            self.connection.run("note rows held again", &sql, &binds)?;
        }
        if !write.held_last.is_empty() {
            let list = serde_json::Value::from(write.held_last.as_slice()).to_string();
            let sql = format!(
                "{update} quarantine SET replaced_in_run_id = NULL WHERE status = 'open' AND staging_id {}",
                self.connection.among(true)
            );
            self.connection.run("note rows held again", &sql, &[Cell::Text(&list)])?;
        }
        Ok(())
    }
}

/// What [`violation_row`] reads.
pub(super) const VIOLATION: &str = "SELECT v.id, v.run_id, v.entity_type, v.status, \
     v.staging_id, v.record_key, v.rule_code, v.severity, v.field, v.message, v.details_json";

fn clean_row(mut row: Row) -> CleanRow {
    CleanRow {
        staging_id: row.id(0),
        checksum: row.int(3),
        row_hash: row.int(4),
        external_id: row.text(1),
        payload_json: row.text(2),
    }
}

pub(super) fn violation_row(mut row: Row) -> ViolationRow {
    let severity = match row.get(7) {
        Some("info") => importer_core::plugin::Severity::Info,
        Some("warning") => importer_core::plugin::Severity::Warning,
        _ => importer_core::plugin::Severity::Error,
    };
    let details_json = row.text(10);
    // The position travels in the details, so that listing needs no look at the landed rows.
    let position = serde_json::from_str::<serde_json::Value>(&details_json)
        .ok()
        .and_then(|details| details.get("position")?.as_i64())
        .unwrap_or(0);
    ViolationRow {
        id: row.int(0),
        run_id: row.id(1),
        entity: row.text(2),
        status: row.text(3),
        position,
        violation: Violation {
            staging_id: row.id(4),
            record_key: row.text(5),
            rule_code: row.text(6),
            severity,
            field: row.text(8),
            message: row.text(9),
            details_json,
        },
    }
}
