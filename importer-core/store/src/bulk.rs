//! Many rows into one table: multi-row `VALUES` on SQLite, arrays on Postgres.

use super::cell::Cell;

/// A column and, where Postgres has a type of its own for it, the cast from text.
#[derive(Clone)]
pub(super) struct Column {
    pub(super) name: &'static str,
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "SQLite takes the text"))]
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

    /// The places of the columns in which any row has a value: the others need not be told that they have none.
    pub(super) fn written(&self) -> Vec<usize> {
        let width = self.columns.len();
        let has_value = |&place: &usize| {
            self.cells.iter().skip(place).step_by(width).any(|cell| !matches!(cell, Cell::Null))
        };
        (0..width).filter(has_value).collect()
    }
}
