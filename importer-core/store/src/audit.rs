use super::cell::Cell;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::ports::{
    AuditEntry, AuditFilter, AuditOutcome, AuditRow, AuditStore, Moment, moment_text, parse_moment,
};

impl AuditStore for SqlSession {
    fn audit(&mut self, entry: &AuditEntry, now: Moment) -> Result<()> {
        self.written(|session| {
        let details = serde_json::to_string(&entry.details).unwrap_or_else(|_| "{}".into());
            session.connection.run(
                "write the audit log",
                "INSERT INTO audit_log (done_at, actor, role, action, entity_type, subject, outcome, reason, details_json) \
                 VALUES (?time, ?, ?, ?, ?, ?, ?, ?, ?)",
                &[
                    Cell::Text(&moment_text(now)),
                    Cell::Text(&entry.actor),
                    Cell::Text(&entry.role),
                    Cell::Text(&entry.action),
                    entry.entity.as_deref().into(),
                    Cell::Text(&entry.subject),
                    Cell::Text(entry.outcome.as_str()),
                    Cell::Text(&entry.reason),
                    Cell::Text(&details),
                ],
            )?;
            Ok(())
        })
    }

    fn audit_log(&mut self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        let mut sql = String::from(
            "SELECT id, done_at AS t, actor, role, action, entity_type, subject, outcome, reason, \
             details_json FROM audit_log WHERE id > ?",
        );
        let mut binds = vec![Cell::Int(filter.after)];
        for (column, value) in
            [("actor", &filter.actor), ("action", &filter.action), ("subject", &filter.subject)]
        {
            if let Some(value) = value {
                sql.push_str(&format!(" AND {column} = ?"));
                binds.push(Cell::Text(value));
            }
        }
        let (since, until) = (filter.since.map(moment_text), filter.until.map(moment_text));
        for (comparison, moment) in [(">=", &since), ("<", &until)] {
            if let Some(moment) = moment {
                sql.push_str(&format!(" AND done_at {comparison} ?time"));
                binds.push(Cell::Text(moment));
            }
        }
        sql.push_str(" ORDER BY id LIMIT ?");
        binds.push(Cell::Int(if filter.limit > 0 { filter.limit } else { i64::MAX }));
        let rows = self.connection.rows("read the audit log", &sql, &binds)?;
        let lines = rows.into_iter().map(|mut row| AuditRow {
            id: row.int(0),
            at: row.get(1).and_then(parse_moment).unwrap_or_default(),
            entry: AuditEntry {
                actor: row.text(2),
                role: row.text(3),
                action: row.text(4),
                entity: row.optional(5),
                subject: row.text(6),
                outcome: match row.get(7) {
                    Some("refused") => AuditOutcome::Refused,
                    _ => AuditOutcome::Done,
                },
                reason: row.text(8),
                details: row.get(9).and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default(),
            },
        });
        Ok(lines.collect())
    }
}
