use std::collections::BTreeMap;

use super::bulk::{Bulk, Column, Conflict, plain, time};
use super::cell::Cell;
use super::names::list_of_ids;
use super::preview_ids::ids_from;
use super::row::Row;
use super::session::SqlSession;
use importer_core::contracts::{Contract, FieldKind};
use importer_core::ports::{
    Change, Contact, ContactKind, CoreRecord, CoreStore, CoreWrite, MapEntry, MatchKey, MissingPeople,
    Moment, Origin, OtherRow, Record, RecordId, RunId, RunRecord, moment_text,
};
use importer_core::{Error, ErrorKind, Result};

const WRITE: &str = "write records";

const MAP: [Column; 11] = [
    plain("entity_type").shared(),
    plain("external_system").shared(),
    plain("external_id"),
    plain("core_id"),
    plain("row_hash"),
    plain("other_hashes"),
    plain("staging_id"),
    time("first_seen_at").shared(),
    time("last_seen_at").shared(),
    plain("last_run_id").shared(),
    plain("id_hash"),
];
const KEYS: [Column; 4] =
    [plain("entity_type").shared(), plain("key_kind"), plain("key_hash"), plain("core_id")];
const CHANGE_COLUMNS: [Column; 12] = [
    plain("id"),
    plain("run_id").shared(),
    plain("entity_type").shared(),
    plain("core_id"),
    plain("staging_id"),
    plain("action"),
    plain("field"),
    plain("old_value"),
    plain("new_value"),
    plain("actor").shared(),
    plain("reason"),
    time("changed_at").shared(),
];
impl CoreStore for SqlSession {
    fn find_external(&mut self, contract: &Contract, system: &str, ids: &[&str]) -> Result<Vec<MapEntry>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let list = list_of_ids(ids);
        let sql = format!(
            "SELECT m.external_id, m.core_id, m.row_hash, m.other_hashes, \
             m.staging_id, m.last_run_id {} \
             AND m.entity_type = ? AND m.external_system = ?",
            self.connection.named_in("external_id_map", "m", "")
        );
        let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system)];
        let rows = self.connection.rows("look ids up", &sql, &binds)?;
        let entries = rows.into_iter().map(|mut row| MapEntry {
            core_id: row.id(1),
            row_hash: row.int(2),
            other_rows: row.get(3).and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default(),
            staging_id: row.id(4),
            last_run: row.id(5),
            external_id: row.text(0),
            known: true,
        });
        Ok(entries.collect())
    }

    fn external_ids_of(
        &mut self,
        contract: &Contract,
        system: &str,
        people: &[RecordId],
    ) -> Result<Vec<(RecordId, String)>> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let list = serde_json::Value::from(people).to_string();
        let sql = format!(
            "SELECT m.core_id, m.external_id {} AND m.entity_type = ? AND m.external_system = ? ORDER BY m.id",
            self.connection.listed_in("external_id_map m", "m.core_id", true)
        );
        let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system)];
        let rows = self.connection.rows("look ids up", &sql, &binds)?;
        Ok(rows.into_iter().map(|mut row| (row.id(0), row.text(1))).collect())
    }

    fn known_elsewhere(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
    ) -> Result<Vec<(String, RecordId)>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let list = list_of_ids(ids);
        let sql = format!(
            "SELECT m.external_id, m.core_id {} AND m.entity_type = ? AND m.external_system <> ? \
             ORDER BY m.id",
            self.connection.named_in("external_id_map", "m", "")
        );
        let binds = [Cell::Text(&list), Cell::Text(contract.entity), Cell::Text(system)];
        let rows = self.connection.rows("look ids up", &sql, &binds)?;
        Ok(rows.into_iter().map(|mut row| (row.text(0), row.id(1))).collect())
    }

    fn missing_people(
        &mut self,
        contract: &Contract,
        system: &str,
        last: RunId,
        run: RunId,
    ) -> Result<MissingPeople> {
        self.count_missing(contract, system, last, run)
    }

    fn find_keys(
        &mut self,
        contract: &Contract,
        keys: &[MatchKey],
        per_key: usize,
    ) -> Result<Vec<(MatchKey, RecordId)>> {
        let mut by_kind: BTreeMap<i16, Vec<i64>> = BTreeMap::new();
        for key in keys {
            by_kind.entry(key.kind).or_default().push(key.hash);
        }
        // A frequent key has thousands of records: only the first ones are read, not all to choose from.
        let list = self.connection.list(true);
        let of_key = "FROM match_keys x WHERE x.key_hash = j.value AND x.entity_type = ? AND x.key_kind = ? \
                      ORDER BY x.core_id";
        let sql = if self.connection.is_postgres() {
            format!(
                "SELECT j.value, k.core_id \
                 FROM {list} j CROSS JOIN LATERAL (SELECT x.core_id {of_key} LIMIT ?) k"
            )
        } else {
            format!(
                "SELECT j.value, k.core_id FROM {list} j \
                 CROSS JOIN match_keys k WHERE k.core_id <= \
                 coalesce((SELECT x.core_id {of_key} LIMIT 1 OFFSET ? - 1), 9223372036854775807) \
                 AND k.key_hash = j.value AND k.entity_type = ? AND k.key_kind = ?"
            )
        };
        let per_key = i64::try_from(per_key).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        for (kind, mut hashes) in by_kind {
            hashes.sort_unstable();
            hashes.dedup();
            let list = serde_json::Value::from(hashes).to_string();
            let (entity, kind_cell) = (Cell::Text(contract.entity), Cell::Int(kind.into()));
            let mut binds = vec![Cell::Text(&list), entity, kind_cell, Cell::Int(per_key)];
            if !self.connection.is_postgres() {
                binds.extend([entity, kind_cell]);
            }
            for row in self.connection.rows("look keys up", &sql, &binds)? {
                found.push((MatchKey { kind, hash: row.int(0) }, row.id(1)));
            }
        }
        found.sort_unstable_by_key(|&(key, id)| (id, key));
        found.dedup();
        Ok(found)
    }

    fn load(&mut self, contract: &Contract, ids: &[RecordId]) -> Result<Vec<CoreRecord>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let list = serde_json::Value::from(ids).to_string();
        let elements = self.connection.among(true);
        let mut columns = Vec::new();
        for (_, field) in contract.columns() {
            columns.push(match field.kind {
                FieldKind::Flag if self.connection.is_postgres() => format!("CAST({} AS TEXT)", field.name),
                FieldKind::Flag => {
                    format!("CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END", field.name)
                }
                FieldKind::Integer => format!("CAST({} AS TEXT)", field.name),
                _ => field.name.to_owned(),
            });
        }
        for (index, column) in columns.iter_mut().enumerate() {
            column.push_str(&format!(" AS c{index}"));
        }
        let sql = format!(
            "SELECT id, origin_source, origin_verified_at AS v, field_origins, {} FROM {} WHERE id {elements} ORDER BY id",
            columns.join(", "),
            contract.core_table()
        );
        let rows = self.connection.rows("read records", &sql, &[Cell::Text(&list)])?;
        let mut records: Vec<CoreRecord> = rows.into_iter().map(|row| core_record(contract, row)).collect();
        self.load_contacts(contract, &list, &mut records)?;
        Ok(records)
    }

    fn reserve_ids(&mut self, contract: &Contract, count: usize) -> Result<Vec<RecordId>> {
        let table = contract.core_table();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if self.connection.is_postgres() {
            let sql = "SELECT nextval(pg_get_serial_sequence(?, 'id')) AS i FROM generate_series(1, ?)";
            let rows = self.connection.rows("reserve ids", sql, &[Cell::Text(&table), Cell::Int(count)])?;
            return Ok(rows.iter().map(|row| row.id(0)).collect());
        }
        let RecordId(last) = self.last_id(contract)?;
        Ok((last + 1..=last + count).map(RecordId).collect())
    }

    fn last_id(&mut self, contract: &Contract) -> Result<RecordId> {
        let table = contract.core_table();
        // AUTOINCREMENT never gives an id twice; neither may an import.
        let (sql, binds) = if self.connection.is_postgres() {
            (format!("SELECT COALESCE(MAX(id), 0) AS i FROM {table}"), vec![])
        } else {
            let sql = format!(
                "SELECT MAX(COALESCE((SELECT MAX(id) FROM {table}), 0), \
                 COALESCE((SELECT seq FROM sqlite_sequence WHERE name = ?), 0)) AS i"
            );
            (sql, vec![Cell::Text(&table)])
        };
        let rows = self.connection.rows("reserve ids", &sql, &binds)?;
        Ok(rows.first().map_or(RecordId(0), |row| row.id(0)))
    }

    fn write(
        &mut self,
        contract: &Contract,
        run: Option<&RunRecord>,
        actor: &str,
        write: &CoreWrite,
        now: Moment,
    ) -> Result<()> {
        let now = moment_text(now);
        self.write_records(contract, &write.inserts, &now, Conflict::Refuse)?;
        let overwrite = overwrite(contract);
        self.write_records(contract, &write.updates, &now, Conflict::Overwrite(&overwrite))?;
        self.write_contacts(contract, write)?;
        self.write_keys(contract, write)?;
        self.write_map(contract, run, &write.map, &now)?;
        self.write_changes(contract, run, actor, write, &now)?;
        match run {
            Some(run) => {
                self.write_images(contract, run, write)?;
                self.write_suggestions(contract, run, &write.suggestions, &now)?;
                self.withdraw_households(contract, run, &write.no_households)
            }
            None => Ok(()),
        }
    }

    fn count(&mut self, contract: &Contract) -> Result<i64> {
        let sql = format!("SELECT COUNT(*) AS n FROM {}", contract.core_table());
        Ok(self.connection.rows("count records", &sql, &[])?.first().map_or(0, |row| row.int(0)))
    }
}

fn core_record(contract: &Contract, mut row: Row) -> CoreRecord {
    let mut record = Record::new(contract.fields.len());
    for (column, (place, _)) in contract.columns().enumerate() {
        record.set(place, row.get(4 + column));
    }
    let field_origins = row.get(3).and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    CoreRecord {
        id: row.id(0),
        record,
        contacts: Vec::new(),
        origin: Origin { verified_at: row.optional(2), source: row.text(1) },
        field_origins,
    }
}

/// The clause that replaces a whole record; its creation stays.
pub(super) fn overwrite(contract: &Contract) -> String {
    let mut clause = String::from(" ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at");
    let own = ["ingest_version", "origin_source", "origin_verified_at", "field_origins"];
    for name in contract.columns().map(|(_, field)| field.name).chain(own) {
        clause.push_str(&format!(", {name} = excluded.{name}"));
    }
    clause
}

/// The columns of the core table.
fn core_columns(contract: &Contract) -> Vec<Column> {
    let own = [
        plain("ingest_version").shared(),
        time("created_at").shared(),
        time("updated_at").shared(),
        plain("origin_source"),
        time("origin_verified_at"),
        plain("field_origins"),
    ];
    let fields = contract.columns().map(|(_, field)| Column {
        name: field.name,
        cast: match field.kind {
            FieldKind::Date => "::date",
            FieldKind::Timestamp => "::timestamp",
            FieldKind::Flag => "::boolean",
            FieldKind::Integer => "::bigint",
            _ => "",
        },
        shared: false,
    });
    [plain("id")].into_iter().chain(fields).chain(own).collect()
}

fn field_cell(kind: FieldKind, value: Option<&str>) -> Result<Cell<'_>> {
    let Some(text) = value else { return Ok(Cell::Null) };
    // What was kept in another form, under another setting of the server, would be read as another day.
    if kind == FieldKind::Date && !is_iso(text) {
        return Err(Error::new(
            ErrorKind::Invariant,
            WRITE,
            "a date is not in its normal form, year-month-day",
        )
        .hint(
            "an earlier version kept it in the form of the server's `DateStyle`; correct the record by hand",
        ));
    }
    Ok(match kind {
        FieldKind::Flag => Cell::Flag(text == "true"),
        FieldKind::Integer => Cell::Int(text.parse().map_err(|_| {
            Error::new(ErrorKind::Invariant, WRITE, "a whole number is not in its normal form")
        })?),
        _ => Cell::Text(text),
    })
}

/// Whether a date stands as `1951-02-11`.
fn is_iso(text: &str) -> bool {
    let mut signs = text.bytes().enumerate();
    text.len() == 10
        && signs.all(|(i, sign)| if matches!(i, 4 | 7) { sign == b'-' } else { sign.is_ascii_digit() })
}

/// The columns of the change log with the one that names a merge or a rollback.
pub(super) fn columns_with(cause: &'static str) -> Vec<Column> {
    CHANGE_COLUMNS.iter().cloned().chain([plain(cause).shared()]).collect()
}

/// The column of contacts that names whose they are.
pub(super) fn contact_owner(contract: &Contract) -> &'static str {
    match contract.entity {
        "volunteer" => "volunteer_id",
        _ => "owner_id",
    }
}

/// Numbers as a JSON list; nothing when there are none.
pub(super) fn json_list(rows: &[OtherRow]) -> Option<String> {
    if rows.is_empty() { None } else { serde_json::to_string(rows).ok() }
}

impl SqlSession {
    fn load_contacts(&mut self, contract: &Contract, ids: &str, records: &mut [CoreRecord]) -> Result<()> {
        let sql = format!(
            "SELECT {0} AS i, kind, value, original, extension, is_primary, source \
             FROM core_{3}_contacts WHERE {0} {1} ORDER BY {0}, kind, is_primary DESC, value{2}",
            contact_owner(contract),
            self.connection.among(true),
            // By bytes, as everywhere else.
            if self.connection.is_postgres() { " COLLATE \"C\"" } else { "" },
            contract.entity
        );
        for mut row in self.connection.rows("read contacts", &sql, &[Cell::Text(ids)])? {
            let id = row.int(0);
            let kind = if row.get(1) == Some("email") { ContactKind::Email } else { ContactKind::Phone };
            let contact = Contact {
                kind,
                primary: row.flag(5),
                value: row.text(2).into(),
                original: row.optional(3).map(Into::into),
                extension: row.optional(4).map(Into::into),
                source: row.text(6).into(),
            };
            if let Ok(place) = records.binary_search_by_key(&id, |r| r.id.0) {
                records[place].contacts.push(contact);
            }
        }
        Ok(())
    }

    pub(super) fn write_records(
        &mut self,
        contract: &Contract,
        records: &[CoreRecord],
        now: &str,
        conflict: Conflict<'_>,
    ) -> Result<()> {
        let (table, columns) = (contract.core_table(), core_columns(contract));
        let origins: Vec<Option<String>> =
            records
                .iter()
                .map(|r| {
                    if r.field_origins.is_empty() {
                        None
                    } else {
                        serde_json::to_string(&r.field_origins).ok()
                    }
                })
                .collect();
        let mut rows = Bulk::new(&table, &columns).on_conflict(conflict).room(records.len());
        for (record, origins) in records.iter().zip(&origins) {
            rows.cells.push(Cell::id(record.id));
            for (place, field) in contract.columns() {
                rows.cells.push(field_cell(field.kind, record.record.get(place))?);
            }
            rows.cells.extend([
                Cell::Text(contract.version),
                Cell::Text(now),
                Cell::Text(now),
                Cell::Text(&record.origin.source),
                record.origin.verified_at.as_deref().into(),
                origins.as_deref().into(),
            ]);
        }
        rows.insert(&mut self.connection, WRITE)
    }

    pub(super) fn write_contacts(&mut self, contract: &Contract, write: &CoreWrite) -> Result<()> {
        let table = format!("core_{}_contacts", contract.entity);
        let owner = contact_owner(contract);
        let columns = [
            plain(owner),
            plain("kind"),
            plain("value"),
            plain("original"),
            plain("extension"),
            plain("is_primary"),
            plain("source"),
        ];
        let conflict = format!(
            " ON CONFLICT ({owner}, kind, value) DO UPDATE SET original = excluded.original, \
             extension = excluded.extension, is_primary = excluded.is_primary, source = excluded.source"
        );
        let (known, unknown) = (Conflict::Overwrite(&conflict), Conflict::Refuse);
        for (records, conflict) in [(&write.inserts, unknown), (&write.updates, known)] {
            let mut rows = Bulk::new(&table, &columns).on_conflict(conflict);
            for record in records {
                for contact in &record.contacts {
                    rows.row([
                        Cell::id(record.id),
                        Cell::Text(contact.kind.as_str()),
                        Cell::Text(&contact.value),
                        contact.original.as_deref().into(),
                        contact.extension.as_deref().into(),
                        Cell::Flag(contact.primary),
                        Cell::Text(&contact.source),
                    ]);
                }
            }
            rows.insert(&mut self.connection, WRITE)?;
        }
        Ok(())
    }

    pub(super) fn write_keys(&mut self, contract: &Contract, write: &CoreWrite) -> Result<()> {
        // In the order of the index, so that each of its pages is visited once per batch.
        let mut keys = write.keys.clone();
        keys.sort_unstable_by_key(|&(key, id)| (key.hash, key.kind, id));
        keys.dedup();
        // A record that is new has no keys yet; only those of others need a look at what is there.
        let (new, known): (Vec<_>, Vec<_>) = keys
            .into_iter()
            .partition(|&(_, id)| write.inserts.binary_search_by_key(&id, |record| record.id).is_ok());
        for (keys, conflict) in [(new, Conflict::Refuse), (known, Conflict::Keep)] {
            let mut rows = Bulk::new("match_keys", &KEYS).room(keys.len()).on_conflict(conflict);
            for (key, id) in keys {
                rows.row([
                    Cell::Text(contract.entity),
                    Cell::Int(key.kind.into()),
                    Cell::Int(key.hash),
                    Cell::id(id),
                ]);
            }
            rows.insert(&mut self.connection, WRITE)?;
        }
        Ok(())
    }

    fn write_map(
        &mut self,
        contract: &Contract,
        run: Option<&RunRecord>,
        map: &[MapEntry],
        now: &str,
    ) -> Result<()> {
        let Some(run) = run else { return Ok(()) };
        let overwrite = Conflict::Overwrite(
            " ON CONFLICT (id_hash, external_system, entity_type) DO UPDATE SET core_id = excluded.core_id, \
             row_hash = excluded.row_hash, other_hashes = excluded.other_hashes, staging_id = excluded.staging_id, \
             last_seen_at = excluded.last_seen_at, last_run_id = excluded.last_run_id",
        );
        let (known, new): (Vec<_>, Vec<_>) = map.iter().partition(|entry| entry.known);
        for (entries, conflict) in [(new, Conflict::Refuse), (known, overwrite)] {
            let others: Vec<Option<String>> = entries.iter().map(|e| json_list(&e.other_rows)).collect();
            let mut rows = Bulk::new("external_id_map", &MAP).room(entries.len()).on_conflict(conflict);
            for (entry, others) in entries.into_iter().zip(&others) {
                rows.row([
                    Cell::Text(contract.entity),
                    Cell::Text(&run.new.external_system),
                    Cell::Text(&entry.external_id),
                    Cell::id(entry.core_id),
                    Cell::Int(entry.row_hash),
                    others.as_deref().into(),
                    Cell::id(entry.staging_id),
                    Cell::Text(now),
                    Cell::Text(now),
                    Cell::id(run.id),
                    self.connection.hash_cell(&entry.external_id),
                ]);
            }
            rows.insert(&mut self.connection, WRITE)?;
        }
        Ok(())
    }

    fn write_changes(
        &mut self,
        contract: &Contract,
        run: Option<&RunRecord>,
        actor: &str,
        write: &CoreWrite,
        now: &str,
    ) -> Result<()> {
        let run = run.map(|run| run.id);
        self.write_lines(contract, &CHANGE_COLUMNS, run, None, actor, &write.changes, now)
    }

    /// Writes lines of the change log; behind its own columns stands what caused them, where it is a merge or a rollback.
    #[expect(clippy::too_many_arguments, reason = "what all lines of a write have in common")]
    pub(super) fn write_lines(
        &mut self,
        contract: &Contract,
        columns: &[Column],
        run: Option<RunId>,
        cause: Option<i64>,
        actor: &str,
        changes: &[Change],
        now: &str,
    ) -> Result<()> {
        let first = self.shown_ids("change_log", changes.len())?;
        let mut rows = Bulk::new("change_log", columns).room(changes.len());
        for (id, change) in ids_from(first).zip(changes) {
            rows.cells.extend([
                Cell::optional_id(id),
                Cell::optional_id(run),
                Cell::Text(contract.entity),
                Cell::id(change.core_id),
                Cell::optional_id(change.row),
                Cell::Text(change.action.as_str()),
                change.field.as_deref().into(),
                change.old.as_deref().into(),
                change.new.as_deref().into(),
                Cell::Text(actor),
                Cell::Text(&change.reason),
                Cell::Text(now),
            ]);
            rows.cells.extend(cause.map(Cell::Int));
        }
        rows.insert(&mut self.connection, "write the change log")
    }
}
