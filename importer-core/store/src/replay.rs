//! What was said about people, as it stands since merges and runs were taken back.

use std::collections::BTreeSet;

use super::bulk::{Bulk, Column, Conflict, plain};
use super::cell::Cell;
use super::images::RECORDS;
use super::rollback::left;
use super::row::Row;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{
    ChangeAction, LaterChange, RecordId, RecordImage, ReplayStore, RollbackStore, RowId, RunId, RunRecord,
    Subject, parse_moment,
};

const READ: &str = "read the change log";
const WRITE: &str = "tell the change log again";

const SUBJECTS: [Column; 4] =
    [plain("change_id"), plain("entity_type").shared(), plain("core_id"), plain("action")];

/// Of a rollback's items `i`, those of people whom the last rollback `b` of its run left as they were.
const LEFT: &str = "b.id = (SELECT MAX(x.id) FROM rollbacks x WHERE x.run_id = b.run_id) AND i.field IS NULL \
     AND i.outcome <> 'reverted'";

impl ReplayStore for SqlSession {
    fn later_changes(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        after: i64,
    ) -> Result<Vec<LaterChange>> {
        let mut lines = self.lines(contract, people, "l.id > ?", &[Cell::Int(after)])?;
        let taken_back: BTreeSet<RunId> =
            lines.iter().filter(|line| line.taken_back).filter_map(|line| line.run).collect();
        let taken_back: Vec<RunId> = taken_back.into_iter().collect();
        let left: BTreeSet<_> = self.left_as_they_were(&taken_back, people)?.into_iter().collect();
        lines.retain(|line| match line.run.filter(|_| line.taken_back) {
            Some(run) => left.contains(&(run, line.core_id)),
            None => true,
        });
        Ok(lines)
    }

    fn said_by_runs(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<LaterChange>> {
        self.lines(contract, people, "l.run_id IS NOT NULL", &[])
    }

    fn changed_by(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RecordId,
        limit: usize,
    ) -> Result<Vec<RecordId>> {
        // Whom the log alone names may be somebody about whom no line of the run is any more; then nothing of it is found.
        let sql = "SELECT p.core_id FROM (\
             SELECT u.core_id FROM (SELECT DISTINCT core_id FROM change_log WHERE run_id = ? AND core_id > ? \
                 AND entity_type = ? ORDER BY core_id LIMIT ?) u \
             UNION SELECT u.core_id FROM (SELECT DISTINCT s.core_id FROM change_subjects s JOIN change_log c \
                 ON c.id = s.change_id WHERE c.run_id = ? AND s.core_id > ? AND s.entity_type = ? \
                 ORDER BY s.core_id LIMIT ?) u) p ORDER BY p.core_id LIMIT ?";
        let limit = Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let page = [Cell::id(run), Cell::id(after), Cell::Text(contract.entity), limit];
        let binds = [&page[..], &page[..], &[limit]].concat();
        Ok(self.connection.rows(READ, sql, &binds)?.iter().map(|row| row.id(0)).collect())
    }

    fn put_subjects(&mut self, contract: &Contract, subjects: &[Subject]) -> Result<()> {
        let lines: Vec<i64> = subjects.iter().map(|subject| subject.change).collect();
        let list = serde_json::Value::from(lines).to_string();
        let sql = format!("DELETE FROM change_subjects WHERE change_id {}", self.connection.among(true));
        self.connection.run(WRITE, &sql, &[Cell::Text(&list)])?;
        let mut rows = Bulk::new("change_subjects", &SUBJECTS).room(subjects.len());
        for subject in subjects {
            rows.row([
                Cell::Int(subject.change),
                Cell::Text(contract.entity),
                Cell::id(subject.core_id),
                Cell::Text(subject.action.as_str()),
            ]);
        }
        rows.insert(&mut self.connection, WRITE)
    }

    fn replace_images(
        &mut self,
        contract: &Contract,
        remove: &[(RunId, RecordId)],
        images: &[(RunId, RecordImage)],
    ) -> Result<()> {
        let runs: BTreeSet<RunId> = remove.iter().map(|(run, _)| *run).collect();
        for run in runs {
            let people: Vec<RecordId> =
                remove.iter().filter(|(of, _)| *of == run).map(|(_, person)| *person).collect();
            let list = serde_json::Value::from(people).to_string();
            let sql = format!(
                "DELETE FROM record_images WHERE run_id = ? AND entity_type = ? AND core_id {}",
                self.connection.among(true)
            );
            let binds = [Cell::id(run), Cell::Text(contract.entity), Cell::Text(&list)];
            self.connection.run(WRITE, &sql, &binds)?;
        }
        let texts: Vec<String> =
            images.iter().map(|(_, image)| serde_json::to_string(image).unwrap_or_default()).collect();
        let mut rows = Bulk::new("record_images", &RECORDS).on_conflict(Conflict::Keep);
        for ((run, image), text) in images.iter().zip(&texts) {
            rows.row([Cell::id(*run), Cell::Text(contract.entity), Cell::id(image.id), Cell::Text(text)]);
        }
        rows.insert(&mut self.connection, WRITE)
    }

    fn brought_again(&mut self, rows: &[RowId]) -> Result<Vec<(RowId, RunId)>> {
        let list = serde_json::Value::from(rows).to_string();
        let outcomes = "row_outcomes o JOIN import_runs r ON r.id = o.run_id";
        let sql = format!(
            "SELECT o.staging_id, o.run_id {} AND o.staging_id <> o.id \
             AND NOT r.dry_run",
            self.connection.listed_in(outcomes, "o.staging_id", true)
        );
        let found = self.connection.rows(READ, &sql, &[Cell::Text(&list)])?;
        let others = |(row, run): &(RowId, RunId)| row.run() != *run;
        Ok(found.iter().map(|row| (row.id(0), row.id(1))).filter(others).collect())
    }

    fn left_as_they_were(&mut self, runs: &[RunId], people: &[RecordId]) -> Result<Vec<(RunId, RecordId)>> {
        if runs.is_empty() || people.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT b.run_id, j.value FROM rollbacks b CROSS JOIN {} j \
             WHERE b.id = (SELECT MAX(x.id) FROM rollbacks x WHERE x.run_id = b.run_id) AND b.run_id {} AND {}",
            self.connection.list(true),
            self.connection.among(true),
            left("b.id", "j.value")
        );
        let (runs, people) =
            (serde_json::Value::from(runs).to_string(), serde_json::Value::from(people).to_string());
        let rows = self.connection.rows(READ, &sql, &[Cell::Text(&people), Cell::Text(&runs)])?;
        Ok(rows.iter().map(|row| (row.id(0), row.id(1))).collect())
    }

    fn leave(&mut self, run: RunId, people: &[RecordId], why: &str) -> Result<()> {
        let Some(rollback) = self.rollback_of(run)? else { return Ok(()) };
        for person in people {
            let id = self.id_of_new("rollback_items")?;
            let sql = format!(
                "INSERT INTO rollback_items (id, rollback_id, core_id, outcome, why) VALUES ({id}, ?, ?, 'kept', ?)"
            );
            let binds = [Cell::Int(rollback.id), Cell::id(*person), Cell::Text(why)];
            self.connection.run(WRITE, &sql, &binds)?;
        }
        Ok(())
    }

    fn left_with(&mut self, run: &RunRecord) -> Result<Vec<RunId>> {
        let sql = format!(
            "SELECT DISTINCT b.run_id FROM rollbacks b \
             JOIN rollback_items i ON i.rollback_id = b.id JOIN import_runs r ON r.id = b.run_id \
             WHERE {LEFT} AND b.status = 'done' AND b.run_id <> ? AND r.entity_type = ? AND i.core_id IN \
             (SELECT o.core_id FROM row_outcomes o WHERE o.id > ? AND o.id < ? AND o.core_id IS NOT NULL \
              UNION SELECT k.core_id FROM rollback_items k JOIN rollbacks m ON m.id = k.rollback_id WHERE m.run_id = ?)"
        );
        let binds = [
            Cell::id(run.id),
            Cell::Text(&run.new.entity),
            Cell::Int(RowId::of(run.id, 0).0),
            Cell::Int(RowId::behind(run.id).0),
            Cell::id(run.id),
        ];
        let mut runs: Vec<RunId> =
            self.connection.rows(READ, &sql, &binds)?.iter().map(|row| row.id(0)).collect();
        runs.sort_unstable_by(|one, other| other.cmp(one));
        Ok(runs)
    }
}

impl SqlSession {
    /// Lines that are somebody's word about people, in order; `condition` is about a line `l` of the log.
    fn lines(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        condition: &str,
        binds: &[Cell<'_>],
    ) -> Result<Vec<LaterChange>> {
        let list = serde_json::Value::from(people).to_string();
        let columns = |subject: &str, action: &str| {
            format!(
                "SELECT l.id AS n, l.id AS i, {subject} AS p, l.run_id AS r, \
                 l.staging_id AS s, {action} AS a, l.field, l.old_value, l.new_value, l.actor, l.changed_at AS t, \
                 CASE WHEN EXISTS (SELECT 1 FROM import_runs r WHERE r.id = l.run_id \
                 AND r.status = 'rolled_back') THEN 1 ELSE 0 END AS b"
            )
        };
        let word = format!("l.merge_id IS NULL AND l.rollback_id IS NULL AND {condition}");
        let sql = format!(
            "SELECT u.i, u.p, u.r, u.s, u.a, u.field, u.old_value, u.new_value, u.actor, u.t, u.b FROM ({} {} \
             AND l.entity_type = ? AND {word} AND NOT EXISTS (SELECT 1 FROM change_subjects s WHERE s.change_id = l.id) \
             UNION ALL {} {} AND s.entity_type = ? AND l.id = s.change_id AND {word}) u ORDER BY u.n",
            columns("l.core_id", "l.action"),
            self.connection.listed_in("change_log l", "l.core_id", true),
            columns("s.core_id", "s.action"),
            self.connection.listed_in("change_subjects s CROSS JOIN change_log l", "s.core_id", true),
        );
        let half = [&[Cell::Text(&list), Cell::Text(contract.entity)], binds].concat();
        let rows = self.connection.rows(READ, &sql, &[&half[..], &half[..]].concat())?;
        Ok(rows.into_iter().map(line).collect())
    }
}

fn line(mut row: Row) -> LaterChange {
    LaterChange {
        id: row.int(0),
        core_id: row.id(1),
        run: row.optional_id(2),
        taken_back: row.flag(10),
        row: row.optional_id(3),
        action: match row.get(4) {
            Some("created") => ChangeAction::Created,
            Some("confirmed") => ChangeAction::Confirmed,
            _ => ChangeAction::Updated,
        },
        at: row.get(9).and_then(parse_moment).unwrap_or_default(),
        field: row.optional(5),
        old: row.optional(6),
        new: row.optional(7),
        actor: row.text(8),
    }
}
