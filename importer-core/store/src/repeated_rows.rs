//! Rows that were taken for known ones and are news: landed from the bytes of those.

use std::collections::BTreeSet;

use super::cell::Cell;
use super::landing::violation_row;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{
    Landing, Moment, Outcome, OutcomeKind, ReadRow, RepeatedRow, RowId, RunId, RunRecord, Violation,
    moment_text,
};

const AGAIN: &str = "land rows again";

impl SqlSession {
    pub(super) fn read_so_far(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<ReadRow>> {
        let staging = contract.staging_table();
        let sql = format!(
            "SELECT x.i AS i, x.s AS s, x.external_id, x.row_hash AS h FROM \
             (SELECT s.id AS i, s.id AS s, s.external_id, s.row_hash FROM {staging} s WHERE s.id > ? AND s.id < ? \
             UNION ALL SELECT o.id, s.id, s.external_id, s.row_hash FROM row_outcomes o \
             JOIN {staging} s ON s.id = o.staging_id WHERE o.id > ? AND o.id < ? AND o.staging_id <> o.id) x \
             ORDER BY x.i LIMIT ?"
        );
        let (from, to) = (Cell::Int((after.max(RowId::of(run, 0))).0), Cell::Int(RowId::behind(run).0));
        let limit = Cell::Int(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = self.connection.rows("read what a run has read", &sql, &[from, to, from, to, limit])?;
        let read = rows.into_iter().map(|mut row| ReadRow {
            row: row.id(0),
            staging_id: row.id(1),
            row_hash: row.int(3),
            external_id: row.text(2),
        });
        Ok(read.collect())
    }

    pub(super) fn land_rows_again(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        rows: &[RepeatedRow],
        now: Moment,
    ) -> Result<Vec<(RepeatedRow, Vec<String>)>> {
        let mut landed = Vec::new();
        for row in rows {
            if self.has_bytes(contract, row)? {
                let codes = self.land_row_again(contract, run, row, &moment_text(now))?;
                landed.push((*row, codes));
            }
        }
        Ok(landed)
    }

    /// The retention policy may have taken them.
    fn has_bytes(&mut self, contract: &Contract, row: &RepeatedRow) -> Result<bool> {
        let from = if row.held {
            format!("{} s WHERE s.id = ?", contract.staging_table())
        } else {
            let (staging, clean) = (contract.staging_table(), contract.clean_table());
            format!("{staging} s JOIN {clean} c ON c.staging_id = s.id WHERE s.id = ?")
        };
        let sql = format!("SELECT '1' AS t FROM {from}");
        Ok(!self.connection.rows(AGAIN, &sql, &[Cell::id(row.staging_id)])?.is_empty())
    }

    fn land_row_again(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        row: &RepeatedRow,
        now: &str,
    ) -> Result<Vec<String>> {
        let (new, old, run_id) = (Cell::id(row.row), Cell::id(row.staging_id), Cell::id(run.id));
        let staging = contract.staging_table();
        let sql = format!(
            "INSERT INTO {staging} (id, run_id, source, external_system, external_id, payload_json, row_hash, \
             source_position, extracted_at) SELECT ?, ?, ?, external_system, external_id, payload_json, row_hash, \
             COALESCE(?int, source_position), ?time FROM {staging} WHERE id = ?"
        );
        let position = Cell::optional_id(row.position);
        let binds = [new, run_id, Cell::Text(&run.new.source), position, Cell::Text(now), old];
        self.connection.run(AGAIN, &sql, &binds)?;
        self.connection.run(AGAIN, "DELETE FROM row_outcomes WHERE id = ?", &[new])?;
        let mut counted = BTreeSet::new();
        if row.held {
            let sql = "SELECT rule_codes FROM quarantine WHERE staging_id = ?";
            let codes =
                self.connection.rows(AGAIN, sql, &[old])?.pop().map_or(String::new(), |mut r| r.text(0));
            counted.extend(codes.split(',').map(str::to_owned));
            let outcome = Outcome {
                row: row.row,
                staging_id: row.row,
                kind: OutcomeKind::Quarantined,
                core_id: None,
                reason: Some(codes.into()),
            };
            self.write_outcomes(run.id, &[outcome])?;
            if !run.new.dry_run {
                let hash = self.connection.hash_column();
                let sql = format!(
                    "INSERT INTO quarantine (staging_id, run_id, entity_type, external_system, external_id, \
                     row_hash, rule_codes, status, first_seen_at, last_seen_at, last_run_id{hash}) \
                     SELECT ?, ?, entity_type, external_system, external_id, row_hash, rule_codes, 'open', \
                     ?time, ?time, ?{hash} FROM quarantine WHERE staging_id = ?"
                );
                let binds = [new, run_id, Cell::Text(now), Cell::Text(now), run_id, old];
                self.connection.run(AGAIN, &sql, &binds)?;
            }
        } else {
            let clean = contract.clean_table();
            let sql = format!(
                "INSERT INTO {clean} (staging_id, run_id, external_id, payload_json, checksum, row_hash) \
                 SELECT ?, ?, external_id, payload_json, checksum, row_hash FROM {clean} WHERE staging_id = ?"
            );
            self.connection.run(AGAIN, &sql, &[new, run_id, old])?;
        }
        let found = self.findings_again(row)?;
        self.write_violations(contract, run, &found, now)?;
        let codes: BTreeSet<String> = found.into_iter().map(|violation| violation.rule_code).collect();
        Ok(codes.difference(&counted).cloned().collect())
    }

    /// What was found about the row when it came before, said of the row that it is now.
    fn findings_again(&mut self, row: &RepeatedRow) -> Result<Vec<Violation>> {
        let sql = format!(
            "{} FROM dq_violations v WHERE v.staging_id = ? AND v.status <> 'preview' ORDER BY v.id",
            super::landing::VIOLATION
        );
        let rows = self.connection.rows(AGAIN, &sql, &[Cell::id(row.staging_id)])?;
        let found = rows.into_iter().map(|found| {
            let mut violation = violation_row(found).violation;
            violation.staging_id = row.row;
            let details = serde_json::from_str::<serde_json::Map<_, _>>(&violation.details_json);
            if let (Ok(mut details), Some(position)) = (details, row.position) {
                details.insert("position".into(), position.into());
                violation.details_json = serde_json::Value::from(details).to_string();
            }
            violation
        });
        Ok(found.collect())
    }
}
