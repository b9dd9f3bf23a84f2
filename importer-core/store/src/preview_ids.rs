//! Transactions whose end is a rollback, because somebody only wants to see what would be.
//!
//! They write like others, so that what is shown is what would be done. But a Postgres sequence does not take ids back, and
//! whoever looks often would use them up: such a transaction numbers its rows itself, behind the last ones there are. Behind
//! the lock of the core nobody else adds rows there. (SQLite takes its ids back.)

use std::collections::BTreeMap;

use super::session::SqlSession;
use importer_core::Result;
use importer_core::ports::Session;

impl SqlSession {
    pub(super) fn begin_transaction_for_show(&mut self) -> Result<()> {
        Session::begin(self)?;
        self.shown_ids = self.connection.is_postgres().then(BTreeMap::new);
        Ok(())
    }

    /// The ids of so many new rows of a table, the first of them; none where the database gives them.
    pub(super) fn shown_ids(&mut self, table: &'static str, count: usize) -> Result<Option<i64>> {
        let Some(ids) = &mut self.shown_ids else { return Ok(None) };
        let last = match ids.get(table) {
            Some(last) => *last,
            None => {
                let sql = format!("SELECT COALESCE(MAX(id), 0) AS i FROM {table}");
                self.connection.rows("look for the last id", &sql, &[])?.first().map_or(0, |row| row.int(0))
            }
        };
        ids.insert(table, last + i64::try_from(count).unwrap_or(i64::MAX));
        Ok(Some(last + 1))
    }

    /// What stands for the id of a new row in an `INSERT`.
    pub(super) fn id_of_new(&mut self, table: &'static str) -> Result<String> {
        let given = if self.connection.is_postgres() { "DEFAULT" } else { "NULL" };
        Ok(self.shown_ids(table, 1)?.map_or_else(|| given.to_owned(), |id| id.to_string()))
    }
}

/// The ids of rows, from the first one on; none for each where the database gives them.
pub(super) fn ids_from(first: Option<i64>) -> impl Iterator<Item = Option<i64>> {
    (0..).map(move |number| first.map(|first| first + number))
}
