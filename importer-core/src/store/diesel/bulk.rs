//! Many rows into one table: multi-row `VALUES` on SQLite, `COPY` on Postgres.

use diesel::QueryResult;
use diesel::backend::Backend as DieselBackend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;

use super::connection::{Backend, Connection};
use super::sql::{BindCell, Cell};
use crate::Result;

/// A column and, where Postgres has a type of its own for it, the cast from text.
#[derive(Clone)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) cast: &'static str,
    /// Whether all rows of one write have the same value: it is bound once per statement then.
    pub(super) shared: bool,
}

impl Column {
    /// A column that has the same value in all rows of one write.
    pub(super) const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }
}

/// Columns of plain text and numbers.
pub(super) const fn plain(name: &'static str) -> Column {
    Column { name, cast: "", shared: false }
}

/// A column of moments.
pub(super) const fn time(name: &'static str) -> Column {
    Column { name, cast: "::timestamp", shared: false }
}

/// A column of fractions.
pub(super) const fn real(name: &'static str) -> Column {
    Column { name, cast: "::double precision", shared: false }
}

/// What to do about a row that exists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict<'a> {
    /// It must not.
    Refuse,
    /// It stays as it is.
    Keep,
    /// An `ON CONFLICT … DO UPDATE` clause.
    Overwrite(&'a str),
}

/// Rows for one table, row after row.
pub(super) struct Bulk<'a> {
    pub(super) table: &'a str,
    pub(super) columns: &'a [Column],
    pub(super) cells: Vec<Cell<'a>>,
    /// What to do about rows that exist.
    pub(super) conflict: Conflict<'a>,
}

/// How many rows one statement carries. More saves nothing measurable; fewer pays the call per row again.
const ROWS_PER_STATEMENT: usize = 50;

struct Values<'a> {
    bulk: &'a Bulk<'a>,
    written: &'a [Written],
    cells: &'a [Cell<'a>],
}

/// A column that takes part in a statement.
pub(super) struct Written {
    /// Its place in a row.
    pub(super) place: usize,
    /// What names the first row's parameter again; nothing where each row has a value of its own.
    again: Option<String>,
}

impl<DB: BindCell + DieselBackend> QueryFragment<DB> for Values<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        // A failing statement ends its whole transaction, so SQLite need not be able to undo the statement alone.
        pass.push_sql(match self.bulk.conflict {
            _ if DB::CASTS => "INSERT INTO ",
            Conflict::Keep => "INSERT OR IGNORE INTO ",
            _ => "INSERT OR FAIL INTO ",
        });
        pass.push_sql(self.bulk.table);
        for (index, column) in self.written.iter().enumerate() {
            pass.push_sql(if index == 0 { " (" } else { ", " });
            pass.push_sql(self.bulk.columns[column.place].name);
        }
        pass.push_sql(") VALUES ");
        for (row, cells) in self.cells.chunks(self.bulk.columns.len()).enumerate() {
            pass.push_sql(if row == 0 { "(" } else { ", (" });
            for (index, column) in self.written.iter().enumerate() {
                if index > 0 {
                    pass.push_sql(",");
                }
                match column.again.as_deref().filter(|_| row > 0) {
                    Some(again) => pass.push_sql(again),
                    None => DB::bind(&mut pass, &cells[column.place])?,
                }
                if DB::CASTS {
                    pass.push_sql(self.bulk.columns[column.place].cast);
                }
            }
            pass.push_sql(")");
        }
        match self.bulk.conflict {
            Conflict::Keep if DB::CASTS => pass.push_sql(" ON CONFLICT DO NOTHING"),
            Conflict::Overwrite(clause) => pass.push_sql(clause),
            Conflict::Refuse | Conflict::Keep => {}
        }
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
        Self { table, columns, cells: Vec::new(), conflict: Conflict::Refuse }
    }

    /// Room for this many rows.
    pub(super) fn room(mut self, rows: usize) -> Self {
        self.cells.reserve_exact(rows * self.columns.len());
        self
    }

    /// Rows that may exist.
    pub(super) fn on_conflict(mut self, conflict: Conflict<'a>) -> Self {
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
        let written = match &mut connection.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(c) => self.values(c, '?'),
            #[cfg(feature = "postgres")]
            Backend::Postgres(c) if self.conflict == Conflict::Refuse => super::copy::copy(c, self),
            #[cfg(feature = "postgres")]
            Backend::Postgres(c) => self.values(c, '$'),
        };
        written.map_err(|e| connection.failed(operation, e))
    }

    fn values<C>(&self, connection: &mut C, sign: char) -> QueryResult<()>
    where
        C: diesel::Connection,
        for<'v> Values<'v>: diesel::query_dsl::methods::ExecuteDsl<C>,
    {
        let width = self.columns.len();
        let written = self.written(sign);
        let mut chunks = self.cells.chunks_exact(width * ROWS_PER_STATEMENT);
        // Two statements in all, whatever the number of rows, so that both stay prepared.
        for cells in chunks.by_ref() {
            Values { bulk: self, written: &written, cells }.execute(connection)?;
        }
        for cells in chunks.remainder().chunks(width) {
            Values { bulk: self, written: &written, cells }.execute(connection)?;
        }
        Ok(())
    }

    /// The columns in which any row has a value: the others need not be told that they have none. `sign` marks numbered
    /// parameters; those of the first row are numbered as the written columns are.
    pub(super) fn written(&self, sign: char) -> Vec<Written> {
        let width = self.columns.len();
        let has_value = |&place: &usize| {
            self.cells.iter().skip(place).step_by(width).any(|cell| !matches!(cell, Cell::Null))
        };
        let places = (0..width).filter(has_value).enumerate();
        places
            .map(|(number, place)| Written {
                place,
                again: self.columns[place].shared.then(|| format!("{sign}{}", number + 1)),
            })
            .collect()
    }
}
