//! Many rows into one table: multi-row `VALUES` on SQLite, `COPY` on Postgres.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;

use super::connection::Connection;
use super::failure::failed;
use super::sql::{BindCell, Cell};
use crate::Result;

/// A column and, where Postgres has a type of its own for it, the cast from text.
#[derive(Clone)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) cast: &'static str,
}

/// Columns of plain text and numbers.
pub(super) const fn plain(name: &'static str) -> Column {
    Column { name, cast: "" }
}

/// A column of moments.
pub(super) const fn time(name: &'static str) -> Column {
    Column { name, cast: "::timestamp" }
}

/// Rows for one table, row after row.
pub(super) struct Bulk<'a> {
    pub(super) table: &'a str,
    pub(super) columns: &'a [Column],
    pub(super) cells: Vec<Cell<'a>>,
    /// What to do about rows that exist: empty, or an `ON CONFLICT` clause.
    pub(super) conflict: &'a str,
}

/// How many rows one statement carries. More saves nothing measurable; fewer pays the call per row again.
const ROWS_PER_STATEMENT: usize = 50;

struct Values<'a> {
    bulk: &'a Bulk<'a>,
    cells: &'a [Cell<'a>],
}

impl<DB: BindCell + Backend> QueryFragment<DB> for Values<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // A failing statement ends its whole transaction, so SQLite need not be able to undo the statement alone.
        pass.push_sql(if DB::CASTS { "INSERT INTO " } else { "INSERT OR FAIL INTO " });
        pass.push_sql(self.bulk.table);
        for (index, column) in self.bulk.columns.iter().enumerate() {
            pass.push_sql(if index == 0 { " (" } else { ", " });
            pass.push_sql(column.name);
        }
        pass.push_sql(") VALUES ");
        for (row, cells) in self.cells.chunks(self.bulk.columns.len()).enumerate() {
            pass.push_sql(if row == 0 { "(" } else { ", (" });
            for (index, (cell, column)) in cells.iter().zip(self.bulk.columns).enumerate() {
                if index > 0 {
                    pass.push_sql(",");
                }
                DB::bind(&mut pass, cell)?;
                if DB::CASTS {
                    pass.push_sql(column.cast);
                }
            }
            pass.push_sql(")");
        }
        pass.push_sql(self.bulk.conflict);
        Ok(())
    }
}

impl QueryId for Values<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for Values<'_> {}

impl<'a> Bulk<'a> {
    /// No rows yet, for a table whose rows must not exist.
    pub(super) fn new(table: &'a str, columns: &'a [Column]) -> Self {
        Self { table, columns, cells: Vec::new(), conflict: "" }
    }

    /// Room for this many rows.
    pub(super) fn room(mut self, rows: usize) -> Self {
        self.cells.reserve_exact(rows * self.columns.len());
        self
    }

    /// Rows that may exist.
    pub(super) fn on_conflict(mut self, conflict: &'a str) -> Self {
        self.conflict = conflict;
        self
    }

    /// Adds a row.
    pub(super) fn row<const N: usize>(&mut self, cells: [Cell<'a>; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.cells.extend(cells);
    }

    /// Writes all rows.
    pub(super) fn insert(&self, connection: &mut Connection, operation: &'static str) -> Result<()> {
        if self.cells.is_empty() {
            return Ok(());
        }
        match connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(c) => self.values(c).map_err(|e| failed(operation, e)),
            #[cfg(feature = "postgres")]
            Connection::Postgres(c) if self.conflict.is_empty() => {
                super::copy::copy(c, self).map_err(|e| failed(operation, e))
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(c) => self.values(c).map_err(|e| failed(operation, e)),
        }
    }

    fn values<C>(&self, connection: &mut C) -> QueryResult<()>
    where
        C: diesel::Connection,
        for<'v> Values<'v>: diesel::query_dsl::methods::ExecuteDsl<C>,
    {
        let width = self.columns.len();
        let mut chunks = self.cells.chunks_exact(width * ROWS_PER_STATEMENT);
        // Two statements in all, whatever the number of rows, so that both stay prepared.
        for cells in chunks.by_ref() {
            Values { bulk: self, cells }.execute(connection)?;
        }
        for cells in chunks.remainder().chunks(width) {
            Values { bulk: self, cells }.execute(connection)?;
        }
        Ok(())
    }
}
