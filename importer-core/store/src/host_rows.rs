//! Rows of the host that refer to records: moved by merges, and moved back when these are undone.

use std::collections::{BTreeMap, HashMap};

use super::cell::{Cell, quoted};
use super::host_others::others_of;
use super::host_sql::{at_column, list_of};
use super::host_tables::HostColumn;
use super::session::SqlSession;
use importer_core::contracts::Contract;
use importer_core::ports::{HostRows, MovedReferences, RecordId, Reference, RowKey};
use importer_core::{Error, ErrorKind, Result};

const MOVE: &str = "move the rows that refer to the people";
pub(super) const BACK: &str = "move the rows back that referred to the people";

impl SqlSession {
    /// Lets the rows of the host that refer to those who go refer to the survivor.
    pub(super) fn move_host_rows(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        survivor: RecordId,
        retired: &[RecordId],
        moved: &mut MovedReferences,
    ) -> Result<()> {
        let columns = self.host_columns(contract, references)?;
        if columns.is_empty() {
            return Ok(());
        }
        self.lock_records(contract, &[&[survivor], retired].concat())?;
        self.defer_foreign_keys(true)?;
        for column in &columns {
            if let Some(rows) = self.move_rows(column, survivor, retired).map_err(|e| at_column(e, column))? {
                moved.host_rows.push(rows);
            }
        }
        self.defer_foreign_keys(false)
    }

    fn move_rows(
        &mut self,
        column: &HostColumn,
        survivor: RecordId,
        retired: &[RecordId],
    ) -> Result<Option<HostRows>> {
        let HostColumn { table_sql, column_sql, .. } = column;
        let (list, elements) = (list_of(retired), self.ids());
        let key = self.key_sql(&column.key)?;
        let others = self.others_sql(&column.others);
        let sql = format!(
            "SELECT {key} AS k, CAST({column_sql} AS BIGINT) AS c{others} FROM {table_sql} WHERE {column_sql} IN {elements}"
        );
        let found = self.connection.rows(MOVE, &sql, &[Cell::Text(&list)])?;
        if found.is_empty() {
            return Ok(None);
        }
        if matches!(column.key, RowKey::Whole(_)) && column.handle.is_none() {
            let why = "its rows could not be told apart when they are to be moved back";
            return Err(Error::new(ErrorKind::Store, MOVE, why).hint("give the table a primary key"));
        }
        let others_were = match column.others.len() {
            0 => Vec::new(),
            count => found.iter().map(|row| others_of(row, 2, count)).collect(),
        };
        let rows = found.into_iter().map(|mut row| (row.text(0), row.id(1))).collect();
        let sql = format!(
            "UPDATE {} {table_sql} SET {column_sql} = ? WHERE {column_sql} IN {elements}",
            self.or_abort()
        );
        self.connection.run(MOVE, &sql, &[Cell::id(survivor), Cell::Text(&list)])?;
        if !self.count_rows(column, retired)?.is_empty() {
            let why = "a trigger or rule of the table keeps rows from being changed";
            return Err(Error::new(ErrorKind::Refused, MOVE, why));
        }
        let (table, key) = (column.table.clone(), column.key.clone());
        let (others, column) = (column.others.clone(), column.column.clone());
        Ok(Some(HostRows { table, column, key, rows, others, others_were }))
    }

    /// Lets the rows of the host that a merge has moved refer again to whom they referred to. Rows that are gone, or refer to
    /// somebody else by now, stay as they are.
    pub(super) fn move_host_rows_back(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        survivor: RecordId,
        moved: &MovedReferences,
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
            if !rows.others.is_empty() {
                self.rows_with_others_back(contract, column, rows, survivor)
                    .map_err(|e| at_column(e, column))?;
            } else if column.is_told_apart_by(&rows.key) {
                self.rows_back(column, &rows.key, &rows.rows, survivor).map_err(|e| at_column(e, column))?;
            }
        }
        self.earlier_rows_back(&columns, survivor, moved)?;
        self.defer_foreign_keys(false)
    }

    /// The same for what earlier versions kept of a merge.
    fn earlier_rows_back(
        &mut self,
        columns: &[HostColumn],
        survivor: RecordId,
        moved: &MovedReferences,
    ) -> Result<()> {
        let mut by_column: BTreeMap<(&str, &str), Vec<(String, RecordId)>> = BTreeMap::new();
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
            self.rows_back(column, &key, &rows, survivor).map_err(|e| at_column(e, column))?;
        }
        Ok(())
    }

    fn rows_back(
        &mut self,
        column: &HostColumn,
        key: &RowKey,
        rows: &[(String, RecordId)],
        survivor: RecordId,
    ) -> Result<()> {
        let key_sql = self.key_sql(key)?;
        let mut by_person: BTreeMap<RecordId, Vec<&str>> = BTreeMap::new();
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

    pub(super) fn give_rows(
        &mut self,
        column: &HostColumn,
        what: &str,
        by_person: BTreeMap<RecordId, Vec<&str>>,
        survivor: RecordId,
    ) -> Result<()> {
        let HostColumn { table_sql, column_sql, .. } = column;
        let sql = format!(
            "UPDATE {} {table_sql} SET {column_sql} = ? WHERE {column_sql} = ? AND {what} IN {}",
            self.or_abort(),
            self.connection.list(false)
        );
        for (person, which) in by_person {
            let which = serde_json::Value::from(which).to_string();
            let binds = [Cell::id(person), Cell::id(survivor), Cell::Text(&which)];
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
        rows: &[(String, RecordId)],
        survivor: RecordId,
    ) -> Result<Vec<(String, RecordId)>> {
        let HostColumn { table_sql, column_sql, .. } = column;
        let mut wanted: HashMap<&str, Vec<RecordId>> = HashMap::new();
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
        let found = self.connection.rows(BACK, &sql, &[Cell::id(survivor), Cell::Text(&keys)])?;
        let whose = found.into_iter().filter_map(|mut row| {
            let was = wanted.get_mut(row.get(1)?)?.pop()?;
            Some((row.text(0), was))
        });
        Ok(whose.collect())
    }
}
