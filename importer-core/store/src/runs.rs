use super::cell::Cell;
use super::row::Row;
use super::session::SqlSession;
use importer_core::ports::{
    Moment, NewRun, Phase, RunFilter, RunId, RunRecord, RunStatus, RunStore, moment_text, parse_moment,
};
use importer_core::{Error, ErrorKind, Result};

const READ: &str = "read a run";

impl RunStore for SqlSession {
    fn create_run(&mut self, new: &NewRun, now: Moment) -> Result<RunRecord> {
        new.check_names()?;
        self.written(|session| {
        let now_text = moment_text(now);
            let sql = "INSERT INTO import_runs (entity_type, source, external_system, label, status, phase, dry_run, actor, \
                       started_at, updated_at, ingest_version, mapping_name, mapping_version, mapping_checksum, \
                       rules_checksum, request_json, counts_json, metrics_json) \
                       VALUES (?, ?, ?, ?, 'running', 'extract', ?flag, ?, ?time, ?time, ?, ?, ?, ?, ?, ?, '{}', '{}') \
                       RETURNING id";
            let rows = session.connection.rows(
                "begin a run",
                sql,
                &[
                    Cell::Text(&new.entity),
                    Cell::Text(&new.source),
                    Cell::Text(&new.external_system),
                    new.label.as_deref().into(),
                    Cell::Flag(new.dry_run),
                    Cell::Text(&new.actor),
                    Cell::Text(&now_text),
                    Cell::Text(&now_text),
                    Cell::Text(&new.ingest_version),
                    Cell::Text(&new.mapping_name),
                    Cell::Int(new.mapping_version),
                    Cell::Text(&new.mapping_checksum),
                    Cell::Text(&new.rules_checksum),
                    Cell::Text(&new.request_json),
                ],
            )?;
            let id = rows.first().and_then(|row| row.optional_int(0));
            let id =
                id.ok_or_else(|| Error::new(ErrorKind::Store, "begin a run", "the database gave the run no id"))?;
            session.run(RunId(id))?
                .ok_or_else(|| Error::new(ErrorKind::Store, "begin a run", "the new run cannot be read back"))
        })
    }

    fn save_run(&mut self, run: &RunRecord) -> Result<()> {
        self.written(|session| {
        let times = [Some(run.updated_at), run.finished_at, run.freshness].map(|t| t.map(moment_text));
            let sql = "UPDATE import_runs SET status = ?, phase = ?, updated_at = ?time, finished_at = ?time, \
                       adapter_cursor = ?, rows_read = ?, loaded_through = ?, counts_json = ?, metrics_json = ?, \
                       anomaly_flags = ?, error_summary = ?, freshness_max_timestamp = ?time, hashes = ? WHERE id = ?";
            session.connection.run(
                "store the state of a run",
                sql,
                &[
                    Cell::Text(run.status.as_str()),
                    Cell::Text(run.phase.as_str()),
                    times[0].as_deref().into(),
                    times[1].as_deref().into(),
                    run.cursor.as_deref().into(),
                    Cell::Int(run.rows_read),
                    Cell::id(run.loaded_through),
                    Cell::Text(&run.counts_json),
                    Cell::Text(&run.metrics_json),
                    Cell::Text(&run.anomaly_flags),
                    run.error_summary.as_deref().into(),
                    times[2].as_deref().into(),
                    run.hashes.as_deref().into(),
                    Cell::id(run.id),
                ],
            )?;
            Ok(())
        })
    }

    fn run(&mut self, id: RunId) -> Result<Option<RunRecord>> {
        let sql = format!("{} WHERE id = ?", SELECT);
        let rows = self.connection.rows(READ, &sql, &[Cell::id(id)])?;
        rows.into_iter().next().map(record).transpose()
    }

    fn runs(&mut self, filter: &RunFilter) -> Result<Vec<RunRecord>> {
        let mut sql = format!("{} WHERE 1 = 1", SELECT);
        let mut binds = Vec::new();
        let texts = [
            (filter.entity.as_deref(), "entity_type"),
            (filter.source.as_deref(), "source"),
            (filter.external_system.as_deref(), "external_system"),
            (filter.status.map(RunStatus::as_str), "status"),
        ];
        for (value, column) in texts.into_iter().filter_map(|(value, column)| Some((value?, column))) {
            sql.push_str(&format!(" AND {column} = ?"));
            binds.push(Cell::Text(value));
        }
        let moments = [(filter.since, ">="), (filter.until, "<")];
        let moments = moments.map(|(at, comes)| (at.map(moment_text), comes));
        for (at, comes) in &moments {
            if let Some(at) = at {
                sql.push_str(&format!(" AND started_at {comes} ?time"));
                binds.push(Cell::Text(at));
            }
        }
        if let Some(before) = filter.before {
            sql.push_str(" AND id < ?");
            binds.push(Cell::id(before));
        }
        sql.push_str(" ORDER BY id DESC LIMIT ?");
        binds.push(Cell::Int(if filter.limit > 0 { filter.limit } else { i64::MAX }));
        self.connection.rows(READ, &sql, &binds)?.into_iter().map(record).collect()
    }

    fn advance_watermark(&mut self, run: &RunRecord, observed: Option<Moment>, now: Moment) -> Result<()> {
        self.written(|session| {
            let (freshness, now) = (run.freshness.map(moment_text), moment_text(now));
            let sql = "UPDATE import_runs SET told_freshness = ?time WHERE id = ?";
            let observed = observed.map(moment_text);
            session.connection.run(
                "advance a watermark",
                sql,
                &[observed.as_deref().into(), Cell::id(run.id)],
            )?;
            let sql = "INSERT INTO watermarks \
                       (entity_type, source, external_system, max_source_timestamp, run_id, advanced_at) \
                       VALUES (?, ?, ?, ?time, ?, ?time) \
                       ON CONFLICT (entity_type, source, external_system) DO UPDATE SET \
                       max_source_timestamp = CASE WHEN watermarks.max_source_timestamp IS NULL \
                           OR excluded.max_source_timestamp > watermarks.max_source_timestamp \
                           THEN excluded.max_source_timestamp ELSE watermarks.max_source_timestamp END, \
                       run_id = excluded.run_id, advanced_at = excluded.advanced_at";
            session.connection.run(
                "advance a watermark",
                sql,
                &[
                    Cell::Text(&run.new.entity),
                    Cell::Text(&run.new.source),
                    Cell::Text(&run.new.external_system),
                    freshness.as_deref().into(),
                    Cell::id(run.id),
                    Cell::Text(&now),
                ],
            )?;
            Ok(())
        })
    }

    fn watermark(&mut self, entity: &str, source: &str, system: &str) -> Result<Option<Moment>> {
        let sql = "SELECT max_source_timestamp AS t FROM watermarks WHERE entity_type = ? AND source = ? \
                   AND external_system = ?";
        let binds = [Cell::Text(entity), Cell::Text(source), Cell::Text(system)];
        let rows = self.connection.rows("read a watermark", sql, &binds)?;
        Ok(rows.first().and_then(|row| row.get(0)).and_then(parse_moment))
    }
}

const SELECT: &str = "SELECT id, entity_type, source, external_system, label, status, phase, \
     dry_run, actor, started_at AS started, updated_at AS updated, finished_at AS finished, \
     ingest_version, mapping_name, mapping_version, mapping_checksum, rules_checksum, \
     request_json, adapter_cursor, rows_read, loaded_through, \
     counts_json, metrics_json, anomaly_flags, error_summary, freshness_max_timestamp AS freshness, hashes FROM import_runs";

fn record(mut row: Row) -> Result<RunRecord> {
    let unreadable =
        |what: &str| Error::new(ErrorKind::Store, READ, format!("its {what} is not one this version knows"));
    let time = |row: &Row, column| row.get(column).and_then(parse_moment);
    Ok(RunRecord {
        id: row.id(0),
        status: row.get(5).and_then(RunStatus::parse).ok_or_else(|| unreadable("status"))?,
        phase: row.get(6).and_then(Phase::parse).ok_or_else(|| unreadable("phase"))?,
        started_at: time(&row, 9).ok_or_else(|| unreadable("start"))?,
        updated_at: time(&row, 10).ok_or_else(|| unreadable("last change"))?,
        finished_at: time(&row, 11),
        freshness: time(&row, 25),
        rows_read: row.int(19),
        loaded_through: row.id(20),
        new: NewRun {
            dry_run: row.flag(7),
            mapping_version: row.int(14),
            entity: row.text(1),
            source: row.text(2),
            external_system: row.text(3),
            label: row.optional(4),
            actor: row.text(8),
            ingest_version: row.text(12),
            mapping_name: row.text(13),
            mapping_checksum: row.text(15),
            rules_checksum: row.text(16),
            request_json: row.text(17),
        },
        cursor: row.optional(18),
        counts_json: row.text(21),
        metrics_json: row.text(22),
        anomaly_flags: row.text(23),
        error_summary: row.optional(24),
        hashes: row.optional(26),
    })
}
