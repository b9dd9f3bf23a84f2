use super::cell::Cell;
use super::landing::{VIOLATION, violation_row};
use super::row::Row;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{
    Moment, OutcomeKind, QuarantineEntry, QuarantineFilter, QuarantineStatus, QuarantineStore,
    QuarantineVerdict, RowId, RunId, RunRecord, SeenAs, SeenRow, StoredOutcome, ViolationRow, moment_text,
    parse_moment,
};

const DECIDE: &str = "decide about rows in quarantine";

impl QuarantineStore for SqlSession {
    fn quarantined(
        &mut self,
        contract: &Contract,
        filter: &QuarantineFilter,
    ) -> Result<Vec<QuarantineEntry>> {
        let select = "SELECT q.staging_id, q.run_id, r.source, q.external_system, \
             q.external_id, COALESCE(s.source_position, 0) AS p, q.rule_codes, q.status, q.first_seen_at AS f, q.last_seen_at AS l, \
             q.decided_by, q.decided_at AS d, q.reason, q.corrected_by, COALESCE(s.payload_json, '{}') AS b";
        let limit = if filter.limit > 0 { filter.limit } else { i64::MAX };
        let rows = self.filtered(contract, filter, select, "ORDER BY q.staging_id LIMIT ?", Some(limit))?;
        Ok(rows.into_iter().map(entry).collect())
    }

    fn quarantine_runs(
        &mut self,
        contract: &Contract,
        filter: &QuarantineFilter,
    ) -> Result<Vec<(RunId, i64)>> {
        let select = "SELECT q.run_id, COUNT(*) AS n";
        let rows = self.filtered(contract, filter, select, "GROUP BY q.run_id ORDER BY q.run_id", None)?;
        Ok(rows.into_iter().map(|row| (row.id(0), row.id(1))).collect())
    }

    fn violations_of(&mut self, rows: &[RowId]) -> Result<Vec<ViolationRow>> {
        let list = serde_json::Value::from(rows).to_string();
        let sql = format!(
            "{VIOLATION} {} AND v.status <> 'preview' ORDER BY v.staging_id, v.id",
            self.connection.listed_in("dq_violations v", "v.staging_id", true)
        );
        let rows = self.connection.rows("read violations", &sql, &[Cell::Text(&list)])?;
        Ok(rows.into_iter().map(violation_row).collect())
    }

    fn decide_quarantine(
        &mut self,
        rows: &[RowId],
        from: QuarantineStatus,
        verdict: &QuarantineVerdict,
        now: Moment,
    ) -> Result<usize> {
        let list = serde_json::Value::from(rows).to_string();
        let (now, to) = (moment_text(now), verdict.status.as_str());
        let listed = self.connection.among(true);
        let sql = format!(
            "UPDATE dq_violations SET status = ? WHERE status = ? AND staging_id {listed} AND staging_id IN \
             (SELECT staging_id FROM quarantine WHERE status = ?)"
        );
        let from = Cell::Text(from.as_str());
        self.connection.run(DECIDE, &sql, &[Cell::Text(to), from, Cell::Text(&list), from])?;
        let sql = format!(
            "UPDATE quarantine SET status = ?, decided_by = ?, decided_at = ?time, reason = ? \
             WHERE status = ? AND staging_id {listed}"
        );
        let binds = [
            Cell::Text(to),
            Cell::Text(&verdict.actor),
            Cell::Text(&now),
            Cell::Text(&verdict.reason),
            from,
            Cell::Text(&list),
        ];
        self.connection.run(DECIDE, &sql, &binds)
    }

    fn put_in_place(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        rows: &[RowId],
        verdict: &QuarantineVerdict,
        now: Moment,
    ) -> Result<usize> {
        let (Some(first), Some(last)) = (rows.iter().min(), rows.iter().max()) else { return Ok(0) };
        let staging = contract.staging_table();
        let list = serde_json::Value::from(rows).to_string();
        let corrected = format!(
            "(SELECT c.corrects FROM {staging} c WHERE c.id {} AND c.corrects IS NOT NULL)",
            self.connection.among(true)
        );
        let sql = format!(
            "UPDATE dq_violations SET status = ? WHERE status = 'open' AND staging_id IN {corrected} AND staging_id IN \
             (SELECT staging_id FROM quarantine WHERE status = 'open')"
        );
        self.connection.run(DECIDE, &sql, &[Cell::Text(verdict.status.as_str()), Cell::Text(&list)])?;
        // A row is corrected at most once in a run. The rows of a batch lie side by side, so that one walk finds them all.
        let sql = format!(
            "UPDATE quarantine SET status = ?, decided_by = ?, decided_at = ?time, reason = ?, corrected_by = c.id \
             FROM {staging} c WHERE c.id >= ? AND c.id <= ? AND c.run_id = ? AND c.corrects = quarantine.staging_id \
             AND quarantine.status = 'open' AND c.id {}",
            self.connection.among(true)
        );
        let now = moment_text(now);
        let binds = [
            Cell::Text(verdict.status.as_str()),
            Cell::Text(&verdict.actor),
            Cell::Text(&now),
            Cell::Text(&verdict.reason),
            Cell::id(*first),
            Cell::id(*last),
            Cell::id(run.id),
            Cell::Text(&list),
        ];
        self.connection.run(DECIDE, &sql, &binds)
    }

    fn reopen_corrected(&mut self, contract: &Contract, run: RunId) -> Result<usize> {
        let which = format!(
            "entity_type = ? AND corrected_by > ? AND corrected_by < ? AND staging_id IN \
             (SELECT c.corrects FROM {} c WHERE c.run_id = ? AND c.corrects IS NOT NULL)",
            contract.staging_table()
        );
        let binds = [
            Cell::Text(contract.entity),
            Cell::Int(RowId::of(run, 0).0),
            Cell::Int(RowId::behind(run).0),
            Cell::id(run),
        ];
        let sql = format!(
            "UPDATE dq_violations SET status = 'open' WHERE status IN ('fixed', 'suppressed') AND staging_id IN \
             (SELECT staging_id FROM quarantine WHERE {which})"
        );
        self.connection.run("open rows in quarantine again", &sql, &binds)?;
        let sql = format!(
            "UPDATE quarantine SET status = 'open', decided_by = NULL, decided_at = NULL, reason = NULL, \
             corrected_by = NULL WHERE {which}"
        );
        self.connection.run("open rows in quarantine again", &sql, &binds)
    }

    fn outcome(&mut self, row: RowId) -> Result<Option<StoredOutcome>> {
        let sql = "SELECT outcome, core_id, reason FROM row_outcomes WHERE id = ?";
        let found = self.connection.rows("read what became of a row", sql, &[Cell::id(row)])?.pop();
        Ok(found.map(|mut row| StoredOutcome {
            kind: match row.get(0) {
                Some("inserted") => OutcomeKind::Inserted,
                Some("updated") => OutcomeKind::Updated,
                Some("unchanged") => OutcomeKind::Unchanged,
                Some("skipped") => OutcomeKind::Skipped,
                _ => OutcomeKind::Quarantined,
            },
            core_id: row.optional_id(1),
            reason: row.optional(2),
        }))
    }
}

impl SqlSession {
    /// The rows of a filter.
    fn filtered(
        &mut self,
        contract: &Contract,
        filter: &QuarantineFilter,
        select: &str,
        end: &str,
        limit: Option<i64>,
    ) -> Result<Vec<Row>> {
        // An entry whose row the retention policy took is there without it.
        let mut sql = format!(
            "{select} FROM quarantine q JOIN import_runs r ON r.id = q.run_id \
             LEFT JOIN {} s ON s.id = q.staging_id WHERE q.entity_type = ? AND q.staging_id > ?",
            contract.staging_table()
        );
        let mut binds = vec![Cell::Text(contract.entity), Cell::id(filter.after)];
        let list = serde_json::Value::from(filter.rows.as_slice()).to_string();
        if !filter.rows.is_empty() {
            sql.push_str(&format!(" AND q.staging_id {}", self.connection.among(true)));
            binds.push(Cell::Text(&list));
        }
        if let Some(run) = filter.run {
            sql.push_str(" AND q.staging_id >= ?");
            binds.push(Cell::Int(RowId::of(run, 0).0));
        }
        if let Some(run) = filter.run {
            sql.push_str(" AND q.staging_id < ?");
            binds.push(Cell::Int(RowId::behind(run).0));
        }
        let (since, until) = (filter.since.map(moment_text), filter.until.map(moment_text));
        let text = self.connection.holds_text("q.external_id || ' ' || COALESCE(s.payload_json, '')");
        let finding = |column| {
            format!(
                "EXISTS (SELECT 1 FROM dq_violations v WHERE v.staging_id = q.staging_id AND v.{column} = ?)"
            )
        };
        let rule = finding("rule_code");
        let severity = finding("severity");
        for (condition, value) in [
            ("r.source = ?", filter.source.as_deref()),
            ("q.external_system = ?", filter.system.as_deref()),
            ("q.status = ?", filter.status.map(QuarantineStatus::as_str)),
            ("q.first_seen_at >= ?time", since.as_deref()),
            ("q.first_seen_at < ?time", until.as_deref()),
            (&rule, filter.rule.as_deref()),
            (&severity, filter.severity.as_deref()),
            (&text, filter.text.as_deref()),
        ] {
            if let Some(value) = value {
                sql.push_str(&format!(" AND {condition}"));
                binds.push(Cell::Text(value));
            }
        }
        sql.push(' ');
        sql.push_str(end);
        binds.extend(limit.map(Cell::Int));
        self.connection.rows("list rows in quarantine", &sql, &binds)
    }

    /// What the quarantine knows of external ids: rows that are held back or given up, rows that went in by hand, and rows that the
    /// run which brought them last replaced by others itself.
    pub(super) fn known_held(
        &mut self,
        contract: &Contract,
        binds: &[Cell<'_>],
        known: &mut Vec<(String, SeenRow)>,
    ) -> Result<()> {
        let staging = contract.staging_table();
        let joins = format!(
            "LEFT JOIN {staging} s ON s.id = q.staging_id AND q.status <> 'open' \
             LEFT JOIN {staging} c ON c.id = q.corrected_by \
             LEFT JOIN external_id_map m ON {} AND m.external_system = q.external_system AND m.entity_type = q.entity_type",
            self.connection.is_id("m", "c.external_id")
        );
        let sql = format!(
            "SELECT q.external_id, q.row_hash, q.staging_id, q.rule_codes, \
             m.core_id, m.id, s.payload_json, q.status, \
             q.replaced_in_run_id, CASE WHEN q.status = 'open' AND NOT EXISTS (SELECT 1 FROM {staging} b WHERE b.id = q.staging_id) \
             THEN 1 ELSE 0 END AS b {} AND q.entity_type = ? \
             AND q.external_system = ? AND (q.status <> 'superseded' OR \
             (q.last_run_id >= q.replaced_in_run_id AND s.id IS NOT NULL))",
            self.connection.named_in("quarantine", "q", &joins)
        );
        for mut row in self.connection.rows("look rows up", &sql, binds)? {
            let went_in = matches!(row.get(7), Some("fixed" | "suppressed"));
            let superseded = row.get(7) == Some("superseded");
            if went_in && row.is_null(4) {
                // What took its place is gone, as after the run was taken back: the row speaks for itself again.
                continue;
            }
            let seen_as = match (went_in, superseded) {
                (true, _) => SeenAs::ByHand,
                (_, true) => SeenAs::Superseded,
                _ => SeenAs::Held,
            };
            let entry = SeenRow {
                seen_as,
                row_hash: row.int(1),
                staging_id: row.id(2),
                map_entry: if went_in { row.optional_int(5) } else { None },
                core_id: if went_in { row.optional_id(4) } else { None },
                // A corrected row passed the rules; one that went in without passing is exempt from them.
                rule_codes: if row.get(7) == Some("fixed") { None } else { row.optional(3) },
                payload_json: row.optional(6).filter(|_| !superseded),
                payload_purged: row.flag(9),
                replaced_in: row.optional_id(8),
            };
            known.push((row.text(0), entry));
        }
        Ok(())
    }
}

fn entry(mut row: Row) -> QuarantineEntry {
    QuarantineEntry {
        row: row.id(0),
        run: row.id(1),
        source: row.text(2),
        system: row.text(3),
        external_id: row.text(4),
        position: row.int(5),
        rules: row.text(6).split(',').filter(|code| !code.is_empty()).map(Into::into).collect(),
        status: row.get(7).and_then(QuarantineStatus::parse).unwrap_or(QuarantineStatus::Open),
        first_seen_at: row.get(8).and_then(parse_moment).unwrap_or_default(),
        last_seen_at: row.get(9).and_then(parse_moment).unwrap_or_default(),
        decided_by: row.optional(10),
        decided_at: row.get(11).and_then(parse_moment),
        reason: row.optional(12),
        corrected_by: row.optional_id(13),
        payload_json: row.text(14),
    }
}
