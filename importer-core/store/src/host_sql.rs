//! What statements about a host's tables are made of, and what is told when one of them fails.

use super::cell::{Cell, quoted};
use super::host_tables::HostColumn;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{RecordId, RowKey};
use importer_core::{Error, ErrorKind, Result};

const PREPARE: &str = "prepare to move the rows that refer to the people";

/// What to do about a foreign key between two tables of the host.
const TRANSITIVE: &str = "a foreign key to rows that refer to people must be declared ON UPDATE CASCADE, or refer to a key of its own";

/// How many columns one call of Postgres' `jsonb_build_array` is given; it takes a hundred.
const COLUMNS: usize = 50;

/// What a table of the host does not take.
pub(super) fn at_column(error: Error, column: &HostColumn) -> Error {
    let error = match error.kind() {
        ErrorKind::Refused => Error::new(error.kind(), error.operation(), error.message()).hint(
            "where both have rows of which the table takes only one, change or delete one of them; a foreign key to these \
             rows must be declared ON UPDATE CASCADE; then do it again",
        ),
        _ => error,
    };
    error.at("table", &column.table).at("column", &column.column)
}

/// Ids as a list to be bound.
pub(super) fn list_of(people: &[RecordId]) -> String {
    serde_json::Value::from(people).to_string()
}

impl SqlSession {
    /// Nobody may add a row that refers to these records until the transaction ends. SQLite has one writer anyway.
    pub(super) fn lock_records(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()> {
        if !self.connection.is_postgres() {
            return Ok(());
        }
        let sql = format!(
            "SELECT id FROM {} WHERE id IN {} ORDER BY id FOR UPDATE",
            contract.core_table(),
            self.ids()
        );
        self.connection.rows(PREPARE, &sql, &[Cell::Text(&list_of(people))])?;
        Ok(())
    }

    /// Foreign keys among the host's own tables may be wrong between two statements, where the database allows it.
    pub(super) fn defer_foreign_keys(&mut self, defer: bool) -> Result<()> {
        let sql = match (self.connection.is_postgres(), defer) {
            (true, true) => "SET CONSTRAINTS ALL DEFERRED",
            (true, false) => "SET CONSTRAINTS ALL IMMEDIATE",
            // Checked when the transaction ends.
            (false, true) => "PRAGMA defer_foreign_keys = ON",
            (false, false) => return Ok(()),
        };
        self.connection.execute(PREPARE, sql).map_err(|error| match error.kind() {
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
        match self.connection.rows(PREPARE, sql, &[Cell::Text(&list)]).ok().and_then(|mut rows| rows.pop()) {
            Some(mut row) => {
                let (table, parent) = (row.text(0), row.text(1));
                error.at("table", table).at("refers to", parent).hint(TRANSITIVE)
            }
            None => error,
        }
    }

    /// The elements of a bound list of ids. On SQLite they are to be numbers for the comparison, so that a column of text is
    /// compared as its foreign key is.
    pub(super) fn ids(&self) -> &'static str {
        if self.connection.is_postgres() {
            self.connection.list(true)
        } else {
            "(SELECT CAST(value AS INTEGER) FROM json_each(?))"
        }
    }

    /// A constraint of a SQLite table may say that the other row goes instead.
    pub(super) fn or_abort(&self) -> &'static str {
        if self.connection.is_postgres() { "" } else { "OR ABORT" }
    }

    /// An expression for what tells rows apart, as text.
    pub(super) fn key_sql(&mut self, key: &RowKey) -> Result<String> {
        Ok(match key {
            RowKey::Named(column) => format!("CAST({column} AS TEXT)"),
            RowKey::Primary(columns) => self.text_of(columns),
            RowKey::Whole(columns) => {
                let text = self.text_of(columns);
                self.connection.digest_of(&text)?
            }
        })
    }

    fn text_of(&self, columns: &[String]) -> String {
        if columns.is_empty() {
            return "''".into();
        }
        let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        if self.connection.is_postgres() {
            let parts = names
                .chunks(COLUMNS)
                .map(|part| format!("CAST(jsonb_build_array({}) AS TEXT)", part.join(", ")));
            parts.collect::<Vec<_>>().join(" || ")
        } else {
            let parts: Vec<String> = names.iter().map(|name| format!("quote({name})")).collect();
            parts.join(" || ',' || ")
        }
    }
}
