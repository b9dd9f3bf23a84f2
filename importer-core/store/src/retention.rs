//! What is old, what of it stays, and taking away the rest.

use super::cell::Cell;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{Kind, Retention, RowId, RunId, Scope, Weighed, moment_text};

const OPERATION: &str = "purge old data";

/// Who is concerned by a merge that stands, since which line of the change log and since when.
const PEOPLE: &str = "CREATE TEMPORARY TABLE importer_merged_people AS \
     SELECT m.entity_type, m.survivor_id AS core_id, MIN(m.change_mark) AS change_mark, MIN(m.merged_at) AS merged_at \
     FROM merge_log m WHERE m.undone_at IS NULL GROUP BY m.entity_type, m.survivor_id \
     UNION ALL SELECT b.entity_type, b.retired_id, MIN(m.change_mark), MIN(m.merged_at) FROM merge_members b \
     JOIN merge_log m ON m.id = b.merge_id WHERE m.undone_at IS NULL GROUP BY b.entity_type, b.retired_id";

/// Rows that came to them since, by what the log says and by whom its lines were found to be about.
const ROWS: &str = "CREATE TEMPORARY TABLE importer_needed_rows AS \
     SELECT c.staging_id AS id FROM importer_merged_people p JOIN change_log c ON c.core_id = p.core_id \
         AND c.entity_type = p.entity_type AND c.id > p.change_mark WHERE c.staging_id IS NOT NULL \
     UNION SELECT c.staging_id FROM importer_merged_people p JOIN change_subjects s ON s.core_id = p.core_id \
         AND s.entity_type = p.entity_type JOIN change_log c ON c.id = s.change_id AND c.id > p.change_mark \
         WHERE c.staging_id IS NOT NULL";

const OPEN: &str = "EXISTS (SELECT 1 FROM quarantine q WHERE q.status = 'open' AND q.staging_id = ";
const NEEDED: &str = "EXISTS (SELECT 1 FROM importer_needed_rows n WHERE n.id = ";
const MERGED: &str = "EXISTS (SELECT 1 FROM importer_merged_people p WHERE p.entity_type = ";

/// A kind as SQL: where it is, its key, what is old, and what of that stays, by reason.
struct Shape<'a> {
    table: String,
    key: &'static str,
    old: String,
    binds: Vec<Cell<'a>>,
    stays: Vec<(&'static str, String)>,
}

impl Retention for SqlSession {
    fn note_needed(&mut self) -> Result<()> {
        self.connection.execute(
            OPERATION,
            "DROP TABLE IF EXISTS importer_needed_rows; DROP TABLE IF EXISTS importer_merged_people",
        )?;
        for sql in [
            PEOPLE,
            "CREATE INDEX importer_merged_people_id ON importer_merged_people (core_id, entity_type)",
            ROWS,
            "CREATE INDEX importer_needed_rows_id ON importer_needed_rows (id)",
        ] {
            self.connection.execute(OPERATION, sql)?;
        }
        if self.connection.is_postgres() {
            // What the planner does not know of a new table, it guesses.
            self.connection
                .execute(OPERATION, "ANALYZE importer_merged_people; ANALYZE importer_needed_rows")?;
        }
        Ok(())
    }

    fn weigh(&mut self, contract: &Contract, scope: &Scope) -> Result<Weighed> {
        let times = times(scope);
        let Shape { table, old, binds, stays, .. } = shape(contract, scope, &times);
        let cases: String = stays.iter().map(|(why, sql)| format!("WHEN {sql} THEN '{why}' ")).collect();
        let why = if cases.is_empty() { "'goes'".into() } else { format!("CASE {cases}ELSE 'goes' END") };
        let sql = format!(
            "SELECT w.why, COUNT(*) AS n FROM (SELECT {why} AS why FROM {table} t WHERE {old}) w GROUP BY w.why"
        );
        let mut weighed = Weighed::default();
        for row in self.connection.rows(OPERATION, &sql, &binds)? {
            let count = row.int(1).unsigned_abs();
            match row.get(0) {
                Some("merge") => weighed.merge = count,
                Some("rollback") => weighed.rollback = count,
                Some("open") => weighed.open = count,
                Some("decided") => weighed.decided = count,
                _ => weighed.goes = count,
            }
        }
        Ok(weighed)
    }

    fn old(
        &mut self,
        contract: &Contract,
        scope: &Scope,
        after: i64,
        limit: usize,
    ) -> Result<(Vec<i64>, Option<i64>)> {
        let times = times(scope);
        let Shape { table, key, old, mut binds, stays } = shape(contract, scope, &times);
        let stays: Vec<String> = stays.into_iter().map(|(_, sql)| sql).collect();
        let goes = if stays.is_empty() {
            "1".into()
        } else {
            format!("CASE WHEN {} THEN 0 ELSE 1 END", stays.join(" OR "))
        };
        // A window of ids is looked at, however many of them go: joined as a whole, each page would cost as much as all.
        let sql = format!(
            "SELECT t.{key} AS i, {goes} AS goes FROM \
             (SELECT * FROM {table} t WHERE {old} AND t.{key} > ? ORDER BY t.{key} LIMIT ?) t ORDER BY t.{key}"
        );
        binds.extend([Cell::Int(after), Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX))]);
        let rows = self.connection.rows(OPERATION, &sql, &binds)?;
        let last = rows.last().map(|row| row.int(0));
        Ok((rows.iter().filter(|row| row.flag(1)).map(|row| row.int(0)).collect(), last))
    }

    fn forget(&mut self, contract: &Contract, kind: Kind, ids: &[i64]) -> Result<u64> {
        let (table, key) = place(contract, kind);
        let set = match kind {
            Kind::OpenViolations => Some("details_json = '{}', message = '(anonymised)'"),
            Kind::Suggestions => Some("features_json = '{}'"),
            Kind::ChangeLog => Some("old_value = NULL, new_value = NULL"),
            Kind::EndedMerges => Some("before_json = '{}', decisions_json = '{}'"),
            _ => None,
        };
        let what = set.map_or(format!("DELETE FROM {table}"), |set| format!("UPDATE {table} SET {set}"));
        let sql = format!("{what} WHERE {key} {}", self.connection.among(true));
        let list = serde_json::Value::from(ids).to_string();
        Ok(self.connection.run(OPERATION, &sql, &[Cell::Text(&list)])? as u64)
    }

    fn images(&mut self, run: RunId) -> Result<u64> {
        let sql = "SELECT (SELECT COUNT(*) FROM record_images WHERE run_id = ?) \
                   + (SELECT COUNT(*) FROM map_images WHERE run_id = ?) AS n";
        let rows = self.connection.rows(OPERATION, sql, &[Cell::id(run), Cell::id(run)])?;
        Ok(rows.first().map_or(0, |row| row.int(0).unsigned_abs()))
    }

    fn forget_images(&mut self, run: RunId, limit: usize) -> Result<u64> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut gone = 0;
        for (table, key) in [("record_images", "core_id"), ("map_images", "id_hash")] {
            let sql = format!(
                "DELETE FROM {table} WHERE run_id = ? AND {key} IN \
                 (SELECT i.{key} FROM {table} i WHERE i.run_id = ? ORDER BY i.{key} LIMIT ?)"
            );
            gone +=
                self.connection.run(OPERATION, &sql, &[Cell::id(run), Cell::id(run), Cell::Int(limit)])?;
        }
        Ok(gone as u64)
    }
}

/// The moments of a scope as text: before which things are old, and from which on they may be rolled back.
fn times(scope: &Scope) -> [String; 2] {
    // Without an end to rollbacks, everything since the beginning of time may be.
    [
        moment_text(scope.before),
        scope.rollback_from.map_or_else(|| "0001-01-01T00:00:00Z".into(), moment_text),
    ]
}

fn place(contract: &Contract, kind: Kind) -> (String, &'static str) {
    match kind {
        Kind::Staging => (contract.staging_table(), "id"),
        Kind::Clean => (contract.clean_table(), "staging_id"),
        Kind::Outcomes => ("row_outcomes".into(), "id"),
        Kind::Violations | Kind::OpenViolations => ("dq_violations".into(), "id"),
        Kind::Quarantine => ("quarantine".into(), "staging_id"),
        Kind::Suggestions => ("dedupe_suggestions".into(), "id"),
        Kind::ChangeLog => ("change_log".into(), "id"),
        Kind::EndedMerges => ("merge_log".into(), "id"),
        Kind::RollbackItems => ("rollback_items".into(), "id"),
    }
}

fn shape<'a>(contract: &'a Contract, scope: &'a Scope, times: &'a [String; 2]) -> Shape<'a> {
    let (table, key) = place(contract, scope.kind);
    let needed = || ("merge", format!("{NEEDED}t.{key})"));
    let entity = contract.entity;
    // An entry that a run ended which may be rolled back would be open again then.
    let ended_by = format!(
        "IN (SELECT r.id FROM import_runs r WHERE r.finished_at IS NULL OR r.finished_at >= '{}')",
        times[1]
    );
    let reopens = |row: &str| {
        let sql = format!(
            "EXISTS (SELECT 1 FROM quarantine q WHERE q.staging_id = {row} AND q.status = 'superseded' \
             AND q.replaced_in_run_id {ended_by})"
        );
        ("rollback", sql)
    };
    let merged = |more: &str| ("merge", format!("{MERGED}'{entity}' AND {more})"));
    let (before, rollback_from) = (Cell::Text(&times[0]), &times[1]);
    let rows = || {
        let range = vec![Cell::Int(RowId::of(scope.run, 0).0), Cell::Int(RowId::behind(scope.run).0)];
        (format!("t.{key} > ? AND t.{key} < ?"), range)
    };
    let (old, binds, stays) = match scope.kind {
        Kind::Staging => {
            let (old, binds) = rows();
            let mut stays = vec![needed(), reopens("t.id")];
            if scope.keep_open {
                stays.push(("open", format!("{OPEN}t.id)")));
            }
            (old, binds, stays)
        }
        Kind::Clean => {
            let (old, binds) = rows();
            (old, binds, vec![needed()])
        }
        Kind::Outcomes => {
            let (old, binds) = rows();
            (old, binds, vec![merged("p.core_id = t.core_id")])
        }
        Kind::Violations => {
            let mut stays = vec![reopens("t.staging_id")];
            let mut old = "t.run_id = ?".to_owned();
            if scope.keep_open {
                stays.push(("open", format!("{OPEN}t.staging_id)")));
            } else {
                // Those are anonymised, which is told on a line of its own.
                old += &format!(" AND NOT {OPEN}t.staging_id)");
            }
            (old, vec![Cell::id(scope.run)], stays)
        }
        Kind::OpenViolations => (
            format!("t.run_id = ? AND t.details_json <> '{{}}' AND {OPEN}t.staging_id)"),
            vec![Cell::id(scope.run)],
            Vec::new(),
        ),
        Kind::Quarantine => (
            "t.run_id = ? AND t.status <> 'open' AND COALESCE(t.decided_at, t.last_seen_at) < ?time".into(),
            vec![Cell::id(scope.run), before],
            vec![
                ("decided", "t.status IN ('suppressed', 'wont_fix')".into()),
                ("rollback", format!("t.status = 'superseded' AND t.replaced_in_run_id {ended_by}")),
            ],
        ),
        Kind::Suggestions => (
            "t.entity_type = ? AND t.decision IN ('accepted', 'rejected', 'auto_merged') AND t.features_json <> '{}' \
             AND COALESCE(t.decided_at, t.created_at) < ?time"
                .into(),
            vec![Cell::Text(entity), before],
            vec![merged("(p.core_id = t.left_id OR p.core_id = t.right_id)")],
        ),
        Kind::ChangeLog => (
            "t.entity_type = ? AND (t.old_value IS NOT NULL OR t.new_value IS NOT NULL) AND t.changed_at < ?time".into(),
            vec![Cell::Text(entity), before],
            vec![
                merged(
                    "(p.core_id = t.core_id OR p.core_id = (SELECT s.core_id FROM change_subjects s \
                     WHERE s.change_id = t.id)) AND t.id > p.change_mark",
                ),
                // Digits and letters of our own making.
                ("rollback", format!("t.changed_at >= '{rollback_from}'")),
            ],
        ),
        Kind::EndedMerges => (
            "t.entity_type = ? AND t.undone_at IS NOT NULL AND t.undone_at < ?time \
             AND (t.before_json <> '{}' OR t.decisions_json <> '{}')"
                .into(),
            vec![Cell::Text(entity), before],
            Vec::new(),
        ),
        Kind::RollbackItems => (
            "t.rollback_id IN (SELECT b.id FROM rollbacks b JOIN import_runs r ON r.id = b.run_id \
             WHERE r.entity_type = ? AND b.status = 'done' AND b.finished_at < ?time)"
                .into(),
            vec![Cell::Text(entity), before],
            // With whom the last attempt left as they were, the run's word stands.
            vec![(
                "rollback",
                "t.field IS NULL AND t.outcome <> 'reverted' AND t.rollback_id = (SELECT MAX(x.id) FROM rollbacks x \
                 WHERE x.run_id = (SELECT b.run_id FROM rollbacks b WHERE b.id = t.rollback_id))"
                    .into(),
            )],
        ),
    };
    Shape { table, key, old, binds, stays }
}
