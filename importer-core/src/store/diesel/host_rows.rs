//! Rows of the host that refer to records: moved by merges, moved back when these are undone, counted before a record is taken
//! out. Afterwards no row refers to a record that is not there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::host_tables::HostColumn;
use super::session::DieselSession;
use super::sql::{Cell, quoted};
use crate::contracts::Contract;
use crate::ports::{CoreId, CoreRecord, CoreStore, HostRows, Moved, Reference, RowKey};
use crate::{Error, ErrorKind, Result};

const MOVE: &str = "move the rows that refer to the people";
const BACK: &str = "move the rows back that referred to the people";
const COUNT: &str = "look up what refers to the people";
const KEEP: &str = "change records that rows of the host refer to";

/// What to do about a foreign key between two tables of the host.
pub(super) const TRANSITIVE: &str =
    "a foreign key to rows that refer to people must be declared ON UPDATE CASCADE, or refer to a key of its own";

/// How many columns one call of Postgres' `jsonb_build_array` is given; it takes a hundred.
const COLUMNS: usize = 50;

/// What a table of the host does not take.
fn told(error: Error, column: &HostColumn) -> Error {
    let error = match error.kind() {
        ErrorKind::Refused => Error::new(error.kind(), error.operation(), error.message()).hint(
            "where both have rows of which the table takes only one, change or delete one of them; a foreign key to these \
             rows must be declared ON UPDATE CASCADE; then do it again",
        ),
        _ => error,
    };
    error.at("table", &column.table).at("column", &column.column)
}

fn list_of(people: &[CoreId]) -> String {
    serde_json::Value::from(people).to_string()
}

impl DieselSession {
    /// Lets the rows of the host that refer to those who go refer to the survivor.
    pub(super) fn move_host_rows(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        survivor: CoreId,
        retired: &[CoreId],
        moved: &mut Moved,
    ) -> Result<()> {
        let columns = self.host_columns(contract, references)?;
        if columns.is_empty() {
            return Ok(());
        }
        self.lock_records(contract, &[&[survivor], retired].concat())?;
        self.defer_foreign_keys(true)?;
        for column in &columns {
            if let Some(rows) = self.move_rows(column, survivor, retired).map_err(|e| told(e, column))? {
                moved.host_rows.push(rows);
            }
        }
        self.defer_foreign_keys(false)
    }

    fn move_rows(
        &mut self,
        column: &HostColumn,
        survivor: CoreId,
        retired: &[CoreId],
    ) -> Result<Option<HostRows>> {
        let HostColumn { table_sql, column_sql, .. } = column;
        let (list, elements) = (list_of(retired), self.ids());
        let key = self.key_sql(&column.key)?;
        let sql = format!(
            "SELECT {key} AS k, CAST({column_sql} AS TEXT) AS c FROM {table_sql} WHERE {column_sql} IN {elements}"
        );
        let found = self.connection.rows(MOVE, &sql, &[Cell::Text(&list)])?;
        if found.is_empty() {
            return Ok(None);
        }
        if matches!(column.key, RowKey::Whole(_)) && column.handle.is_none() {
            let why = "its rows could not be told apart when they are to be moved back";
            return Err(Error::new(ErrorKind::Store, MOVE, why).hint("give the table a primary key"));
        }
        let rows = found.into_iter().map(|mut row| (row.text(0), row.int(1))).collect();
        let sql = format!(
            "UPDATE {} {table_sql} SET {column_sql} = ? WHERE {column_sql} IN {elements}",
            self.or_abort()
        );
        self.connection.run(MOVE, &sql, &[Cell::Int(survivor), Cell::Text(&list)])?;
        if !self.count_rows(column, retired)?.is_empty() {
            let why = "a trigger or rule of the table keeps rows from being changed";
            return Err(Error::new(ErrorKind::Refused, MOVE, why));
        }
        let (table, key) = (column.table.clone(), column.key.clone());
        Ok(Some(HostRows { table, column: column.column.clone(), key, rows }))
    }

    /// Lets the rows of the host that a merge has moved refer again to whom they referred to. Rows that are gone, or refer to
    /// somebody else by now, stay as they are.
    pub(super) fn move_host_rows_back(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        survivor: CoreId,
        moved: &Moved,
    ) -> Result<()> {
        if moved.host_rows.is_empty() && moved.references.is_empty() {
            return Ok(());
        }
        let columns = self.host_columns(contract, references)?;
        self.defer_foreign_keys(true)?;
        // The last first: what tells rows apart may be a reference itself.
        for rows in moved.host_rows.iter().rev() {
            let table = self.table_id(&rows.table)?;
            // A table that is gone, or refers to people no longer, is left alone.
            let Some(place) = self.same(&columns, &table, &rows.column) else { continue };
            let column = &columns[place];
            if column.knows(&rows.key) {
                self.rows_back(column, &rows.key, &rows.rows, survivor).map_err(|e| told(e, column))?;
            }
        }
        self.earlier_rows_back(&columns, survivor, moved)?;
        self.defer_foreign_keys(false)
    }

    /// The same for what earlier versions kept of a merge.
    fn earlier_rows_back(&mut self, columns: &[HostColumn], survivor: CoreId, moved: &Moved) -> Result<()> {
        let mut by_column: BTreeMap<(&str, &str), Vec<(String, CoreId)>> = BTreeMap::new();
        for (table, column, key, was) in &moved.references {
            by_column.entry((table, column)).or_default().push((key.clone(), *was));
        }
        for ((table, column), rows) in by_column {
            let table = self.table_id(table)?;
            let Some(place) = self.same(columns, &table, column) else { continue };
            let column = &columns[place];
            let key = match (&column.key, column.single_key()) {
                (RowKey::Named(_), _) => column.key.clone(),
                // The host no longer names it; the key that it named was the table's own.
                (_, Some(key)) => RowKey::Named(quoted(key)),
                _ => continue,
            };
            self.rows_back(column, &key, &rows, survivor).map_err(|e| told(e, column))?;
        }
        Ok(())
    }

    fn rows_back(
        &mut self,
        column: &HostColumn,
        key: &RowKey,
        rows: &[(String, CoreId)],
        survivor: CoreId,
    ) -> Result<()> {
        let key_sql = self.key_sql(key)?;
        let mut by_person: BTreeMap<CoreId, Vec<&str>> = BTreeMap::new();
        match (key, &column.handle) {
            (RowKey::Whole(_), Some(handle)) => {
                let handles = self.handles(column, &key_sql, handle, rows, survivor)?;
                for (handle, was) in &handles {
                    by_person.entry(*was).or_default().push(handle);
                }
                self.give_rows(column, handle, by_person, survivor)
            }
            (RowKey::Whole(_), None) => Ok(()),
            _ => {
                for (key, was) in rows {
                    by_person.entry(*was).or_default().push(key);
                }
                self.give_rows(column, &key_sql, by_person, survivor)
            }
        }
    }

    fn give_rows(
        &mut self,
        column: &HostColumn,
        what: &str,
        by_person: BTreeMap<CoreId, Vec<&str>>,
        survivor: CoreId,
    ) -> Result<()> {
        let HostColumn { table_sql, column_sql, .. } = column;
        let sql = format!(
            "UPDATE {} {table_sql} SET {column_sql} = ? WHERE {column_sql} = ? AND {what} IN {}",
            self.or_abort(),
            self.connection.list(false)
        );
        for (person, which) in by_person {
            let which = serde_json::Value::from(which).to_string();
            let binds = [Cell::Int(person), Cell::Int(survivor), Cell::Text(&which)];
            self.connection.run(BACK, &sql, &binds)?;
        }
        Ok(())
    }

    /// Where rows of a table without a key are now, as many as were moved of each kind, and to whom each goes back.
    fn handles(
        &mut self,
        column: &HostColumn,
        key_sql: &str,
        handle: &str,
        rows: &[(String, CoreId)],
        survivor: CoreId,
    ) -> Result<Vec<(String, CoreId)>> {
        let HostColumn { table_sql, column_sql, .. } = column;
        let mut wanted: HashMap<&str, Vec<CoreId>> = HashMap::new();
        for (key, was) in rows {
            wanted.entry(key).or_default().push(*was);
        }
        let keys = serde_json::Value::from(wanted.keys().copied().collect::<Vec<_>>()).to_string();
        // On Postgres a row keeps its address only while nobody else changes it.
        let lock = if self.connection.is_postgres() { " FOR UPDATE" } else { "" };
        let sql = format!(
            "SELECT CAST({handle} AS TEXT) AS h, {key_sql} AS k FROM {table_sql} WHERE {column_sql} = ? \
             AND {key_sql} IN {}{lock}",
            self.connection.list(false)
        );
        let found = self.connection.rows(BACK, &sql, &[Cell::Int(survivor), Cell::Text(&keys)])?;
        let whose = found.into_iter().filter_map(|mut row| {
            let was = wanted.get_mut(row.get(1)?)?.pop()?;
            Some((row.text(0), was))
        });
        Ok(whose.collect())
    }

    /// How many rows of the host refer to each of these records, table by table.
    pub(super) fn host_rows_of(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        people: &[CoreId],
    ) -> Result<Vec<(String, CoreId, u64)>> {
        let columns = self.host_columns(contract, references)?;
        let keys = self.host_keys(contract)?;
        let mut found = Vec::new();
        if columns.is_empty() && keys.is_empty() {
            return Ok(found);
        }
        self.lock_records(contract, people)?;
        for column in &columns {
            let counts = self.count_rows(column, people).map_err(|e| told(e, column))?;
            found.extend(counts.into_iter().map(|(person, rows)| (column.table.clone(), person, rows)));
        }
        let list = list_of(people);
        for key in keys.iter().filter(|key| key.to_id().is_none()) {
            let sql = format!(
                "SELECT CAST(p.id AS TEXT) AS c, CAST(COUNT(*) AS TEXT) AS n {} GROUP BY p.id",
                self.by_value(contract, &key.table.sql, &key.pairs)
            );
            let told = |error: Error| error.at("table", &key.table.name);
            for row in self.connection.rows(COUNT, &sql, &[Cell::Text(&list)]).map_err(told)? {
                found.push((key.table.name.clone(), row.int(0), row.int(1).unsigned_abs()));
            }
        }
        Ok(found)
    }

    fn count_rows(&mut self, column: &HostColumn, people: &[CoreId]) -> Result<Vec<(CoreId, u64)>> {
        let HostColumn { table_sql, column_sql, .. } = column;
        // A record that refers to itself does not stay because of that.
        let others = if column.of_core { format!(" AND {column_sql} <> id") } else { String::new() };
        let sql = format!(
            "SELECT CAST({column_sql} AS TEXT) AS c, CAST(COUNT(*) AS TEXT) AS n FROM {table_sql} \
             WHERE {column_sql} IN {}{others} GROUP BY {column_sql}",
            self.ids()
        );
        let rows = self.connection.rows(COUNT, &sql, &[Cell::Text(&list_of(people))])?;
        Ok(rows.iter().map(|row| (row.int(0), row.int(1).unsigned_abs())).collect())
    }

    /// Which columns of these records rows of the host refer to by value.
    pub(super) fn values_of_host(
        &mut self,
        contract: &Contract,
        people: &[CoreId],
    ) -> Result<BTreeMap<CoreId, BTreeSet<String>>> {
        let mut found: BTreeMap<CoreId, BTreeSet<String>> = BTreeMap::new();
        let list = list_of(people);
        for key in self.host_keys(contract)?.iter().filter(|key| key.to_id().is_none() && !key.follows) {
            let sql = format!(
                "SELECT DISTINCT CAST(p.id AS TEXT) AS c {}",
                self.by_value(contract, &key.table.sql, &key.pairs)
            );
            let told = |error: Error| error.at("table", &key.table.name);
            for row in self.connection.rows(COUNT, &sql, &[Cell::Text(&list)]).map_err(told)? {
                found.entry(row.int(0)).or_default().extend(key.pairs.iter().map(|(_, to)| to.clone()));
            }
        }
        Ok(found)
    }

    /// Rows of the host joined with the records of a bound list that they refer to by value.
    fn by_value(&self, contract: &Contract, table: &str, pairs: &[(String, String)]) -> String {
        let on: Vec<String> =
            pairs.iter().map(|(own, to)| format!("h.{} = p.{}", quoted(own), quoted(to))).collect();
        format!(
            "FROM {} p JOIN {table} h ON {} WHERE p.id IN {}",
            contract.core_table(),
            on.join(" AND "),
            self.ids()
        )
    }

    /// Refuses to overwrite a value that rows of the host refer to.
    pub(super) fn keep_referred_values(&mut self, contract: &Contract, people: &[CoreRecord]) -> Result<()> {
        if self.host_keys(contract)?.iter().all(|key| key.to_id().is_some()) {
            return Ok(());
        }
        let ids: Vec<CoreId> = people.iter().map(|person| person.id).collect();
        let referred = self.values_of_host(contract, &ids)?;
        let changed: Vec<CoreId> = referred.keys().copied().collect();
        for now in self.load(contract, &changed)? {
            let Some(after) = people.iter().find(|person| person.id == now.id) else { continue };
            for column in referred.get(&now.id).into_iter().flatten() {
                let differs = |place| now.record.get(place) != after.record.get(place);
                if contract.index(column).is_some_and(differs) {
                    let why = format!("rows of the host refer to its `{column}`, which would change");
                    return Err(Error::new(ErrorKind::Refused, KEEP, why)
                        .at("record", now.id)
                        .at("table", self.table_by_value(contract, column)?)
                        .hint("let them refer to `id`, which never changes, or declare that they follow on update"));
                }
            }
        }
        Ok(())
    }

    fn table_by_value(&mut self, contract: &Contract, column: &str) -> Result<String> {
        let keys = self.host_keys(contract)?;
        let key = keys.iter().find(|key| key.to_id().is_none() && key.pairs.iter().any(|(_, to)| to == column));
        Ok(key.map_or_else(String::new, |key| key.table.name.clone()))
    }

    /// Refuses to take out records that rows of the host refer to.
    pub(super) fn keep_referred(&mut self, contract: &Contract, people: &[CoreId]) -> Result<()> {
        let Some((table, person, rows)) = self.host_rows_of(contract, &[], people)?.into_iter().next() else {
            return Ok(());
        };
        let why = format!("{rows} of the host's rows refer to it, and cannot be moved");
        Err(Error::new(ErrorKind::Refused, KEEP, why).at("record", person).at("table", table).hint(
            "let them refer to `id` alone, or to another record, or to none; then do it again",
        ))
    }

    /// Nobody may add a row that refers to these records until the transaction ends. SQLite has one writer anyway.
    fn lock_records(&mut self, contract: &Contract, people: &[CoreId]) -> Result<()> {
        if !self.connection.is_postgres() {
            return Ok(());
        }
        let sql = format!(
            "SELECT CAST(id AS TEXT) AS i FROM {} WHERE id IN {} ORDER BY id FOR UPDATE",
            contract.core_table(),
            self.ids()
        );
        self.connection.rows(MOVE, &sql, &[Cell::Text(&list_of(people))])?;
        Ok(())
    }

    /// Foreign keys among the host's own tables may be wrong between two statements, where the database allows it.
    fn defer_foreign_keys(&mut self, defer: bool) -> Result<()> {
        let sql = match (self.connection.is_postgres(), defer) {
            (true, true) => "SET CONSTRAINTS ALL DEFERRED",
            (true, false) => "SET CONSTRAINTS ALL IMMEDIATE",
            // Checked when the transaction ends.
            (false, true) => "PRAGMA defer_foreign_keys = ON",
            (false, false) => return Ok(()),
        };
        self.connection.execute(MOVE, sql).map_err(|error| match error.kind() {
            ErrorKind::Refused => error.hint(TRANSITIVE),
            _ => error,
        })
    }

    /// SQLite does not say which foreign key keeps a transaction from being committed.
    pub(super) fn why_not_committed(&mut self, error: Error) -> Error {
        if error.kind() != ErrorKind::Refused || self.connection.is_postgres() {
            return error;
        }
        let Some((_, keys)) = self.host_keys.clone() else { return error };
        let mut tables: Vec<String> = keys.iter().map(|key| key.table.name.to_lowercase()).collect();
        tables.dedup();
        let list = serde_json::Value::from(tables).to_string();
        let sql = "SELECT DISTINCT v.\"table\", v.parent FROM sqlite_master m \
                   JOIN pragma_foreign_key_list(m.name) f JOIN pragma_foreign_key_check(m.name) v \
                   WHERE m.type = 'table' AND LOWER(f.\"table\") IN (SELECT value FROM json_each(?)) LIMIT 1";
        match self.connection.rows(COUNT, sql, &[Cell::Text(&list)]).ok().and_then(|mut rows| rows.pop()) {
            Some(mut row) => {
                let (table, parent) = (row.text(0), row.text(1));
                error.at("table", table).at("refers to", parent).hint(TRANSITIVE)
            }
            None => error,
        }
    }

    /// The elements of a bound list of ids. On SQLite they are to be numbers for the comparison, so that a column of text is
    /// compared as its foreign key is.
    fn ids(&self) -> &'static str {
        if self.connection.is_postgres() {
            self.connection.list(true)
        } else {
            "(SELECT CAST(value AS INTEGER) FROM json_each(?))"
        }
    }

    /// A constraint of a SQLite table may say that the other row goes instead.
    fn or_abort(&self) -> &'static str {
        if self.connection.is_postgres() { "" } else { "OR ABORT" }
    }

    /// An expression for what tells rows apart, as text.
    fn key_sql(&mut self, key: &RowKey) -> Result<String> {
        Ok(match key {
            RowKey::Named(column) => format!("CAST({column} AS TEXT)"),
            RowKey::Primary(columns) => self.text_of(columns),
            RowKey::Whole(columns) => {
                let text = self.text_of(columns);
                let digest = self.connection.digest_function()?;
                format!("{digest}({text})")
            }
        })
    }

    fn text_of(&self, columns: &[String]) -> String {
        if columns.is_empty() {
            return "''".into();
        }
        let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        if self.connection.is_postgres() {
            let parts = names.chunks(COLUMNS).map(|part| format!("CAST(jsonb_build_array({}) AS TEXT)", part.join(", ")));
            parts.collect::<Vec<_>>().join(" || ")
        } else {
            let parts: Vec<String> = names.iter().map(|name| format!("quote({name})")).collect();
            parts.join(" || ',' || ")
        }
    }
}
