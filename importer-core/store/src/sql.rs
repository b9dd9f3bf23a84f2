//! SQL with bound cells, and rows read as text.
//!
//! Entities are data, so table and column names are known only at run time: Diesel's typed tables cannot name them.
//! On SQLite, Diesel binds and runs the statements; on Postgres, `postgres` does.

#[cfg(feature = "sqlite")]
use diesel::QueryResult;
#[cfg(feature = "sqlite")]
use diesel::deserialize::{self, FromSql, QueryableByName};
#[cfg(feature = "sqlite")]
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
#[cfg(feature = "sqlite")]
use diesel::query_dsl::RunQueryDsl;
#[cfg(feature = "sqlite")]
use diesel::row::{Field, NamedRow};
#[cfg(feature = "sqlite")]
use diesel::sql_types::{BigInt, Double, Nullable, Text, Untyped};
#[cfg(feature = "sqlite")]
use diesel::sqlite::Sqlite;

use super::connection::{Backend, Connection};
use importer_core::Result;

/// A value to bind.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    Int(i64),
    Real(f64),
    Flag(bool),
    Text(&'a str),
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// Binds a cell on SQLite.
#[cfg(feature = "sqlite")]
pub(super) fn bind<'b>(pass: &mut AstPass<'_, 'b, Sqlite>, cell: &'b Cell<'_>) -> QueryResult<()> {
    const NO_TEXT: Option<&str> = None;
    match cell {
        Cell::Null => pass.push_bind_param::<Nullable<Text>, _>(&NO_TEXT),
        Cell::Int(value) => pass.push_bind_param::<BigInt, _>(value),
        Cell::Real(value) => pass.push_bind_param::<Double, _>(value),
        Cell::Flag(true) => pass.push_bind_param::<BigInt, _>(&1_i64),
        Cell::Flag(false) => pass.push_bind_param::<BigInt, _>(&0_i64),
        Cell::Text(value) => pass.push_bind_param::<Text, _>(value),
    }
}

/// A statement on SQLite. Each `?` is the next bound cell; `?time`, `?date`, `?flag` and `?int` say what a possibly missing
/// cell is, for Postgres, which wants to know.
#[cfg(feature = "sqlite")]
struct Sql<'a> {
    text: &'a str,
    binds: &'a [Cell<'a>],
}

const CASTS: [(&str, &str); 5] = [
    ("time", "::timestamp"),
    ("date", "::date"),
    ("flag", "::boolean"),
    ("int", "::bigint"),
    ("real", "::double precision"),
];

/// What a bound cell is cast to on Postgres, and what stands behind it.
pub(super) fn cast_of(behind: &str) -> Option<(&'static str, &str)> {
    CASTS.iter().find_map(|(name, cast)| behind.strip_prefix(name).map(|rest| (*cast, rest)))
}

#[cfg(feature = "sqlite")]
impl QueryFragment<Sqlite> for Sql<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut parts = self.text.split('?');
        push(&mut pass, parts.next().unwrap_or_default());
        for (part, cell) in parts.zip(self.binds) {
            bind(&mut pass, cell)?;
            push(&mut pass, cast_of(part).map_or(part, |(_, rest)| rest));
        }
        Ok(())
    }
}

/// Stands for a question mark in a name, where the sign itself would be the next bound cell.
const QUESTION_MARK: char = '\u{1}';

/// A name as somebody else chose it, quoted for a statement.
pub(super) fn quoted(name: &str) -> String {
    spelt(&format!("\"{}\"", name.replace('"', "\"\"")))
}

/// A name that is quoted already, for a statement.
pub(super) fn spelt(name: &str) -> String {
    name.replace('?', QUESTION_MARK.encode_utf8(&mut [0; 4]))
}

/// A statement as it is sent, in which names have their question marks again.
#[cfg(feature = "postgres")]
pub(super) fn as_spelt(sql: String) -> String {
    if sql.contains(QUESTION_MARK) { sql.replace(QUESTION_MARK, "?") } else { sql }
}

#[cfg(feature = "sqlite")]
fn push(pass: &mut AstPass<'_, '_, Sqlite>, part: &str) {
    if part.contains(QUESTION_MARK) {
        pass.push_sql(&part.replace(QUESTION_MARK, "?"));
    } else {
        pass.push_sql(part);
    }
}

#[cfg(feature = "sqlite")]
impl QueryId for Sql<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

#[cfg(feature = "sqlite")]
impl Query for Sql<'_> {
    type SqlType = Untyped;
}

#[cfg(feature = "sqlite")]
impl<C> RunQueryDsl<C> for Sql<'_> {}

/// A row of canonical texts.
pub(super) struct TextRow(pub(super) Vec<Option<String>>);

#[cfg(feature = "sqlite")]
impl QueryableByName<Sqlite> for TextRow {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut cells = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a row lost a column")?;
            cells.push(field.value().map(<String as FromSql<Text, Sqlite>>::from_sql).transpose()?);
        }
        Ok(Self(cells))
    }
}

impl TextRow {
    pub(super) fn text(&mut self, column: usize) -> String {
        self.0.get_mut(column).and_then(Option::take).unwrap_or_default()
    }

    pub(super) fn optional(&mut self, column: usize) -> Option<String> {
        self.0.get_mut(column).and_then(Option::take)
    }

    pub(super) fn get(&self, column: usize) -> Option<&str> {
        self.0.get(column)?.as_deref()
    }

    pub(super) fn int(&self, column: usize) -> i64 {
        self.optional_int(column).unwrap_or_default()
    }

    pub(super) fn optional_int(&self, column: usize) -> Option<i64> {
        self.get(column)?.parse().ok()
    }

    pub(super) fn flag(&self, column: usize) -> bool {
        matches!(self.get(column), Some("1" | "true"))
    }
}

impl Connection {
    /// Runs a statement and says how many rows it changed.
    pub(super) fn run(&mut self, operation: &'static str, text: &str, binds: &[Cell<'_>]) -> Result<usize> {
        match &mut self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(c) => {
                Sql { text, binds }.execute(c).map_err(|error| self.failed_sqlite(operation, error))
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres(c) => {
                c.run(text, binds).map_err(|fault| self.failed_postgres(operation, &fault))
            }
        }
    }

    /// Reads rows, on Postgres each value by its type. Every column that is selected on SQLite must be text.
    pub(super) fn rows(
        &mut self,
        operation: &'static str,
        text: &str,
        binds: &[Cell<'_>],
    ) -> Result<Vec<TextRow>> {
        match &mut self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(c) => {
                Sql { text, binds }.load(c).map_err(|error| self.failed_sqlite(operation, error))
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres(c) => {
                c.rows(text, binds).map_err(|fault| self.failed_postgres(operation, &fault))
            }
        }
    }

    /// A condition: the expression holds a bound text, letter case aside. No sign of the text is a wildcard.
    pub(super) fn holds_text(&self, expression: &str) -> String {
        let find = if self.is_postgres() { "strpos" } else { "instr" };
        format!("{find}(LOWER({expression}), LOWER(?)) > 0")
    }

    /// A bound JSON list of numbers as an array of Postgres, which reads it several times as fast as the elements of the list.
    pub(super) const NUMBERS: &'static str = "translate(?, '[]', '{}')::bigint[]";

    /// The beginning of a query for the rows of `table` whose `column` is in a bound JSON list: SQLite walks the list and
    /// seeks, Postgres is told an array, of which it knows that it is short.
    pub(super) fn listed_in(&self, table: &str, column: &str, of_numbers: bool) -> String {
        if self.is_postgres() {
            format!("FROM {table} WHERE {column} {}", self.among(of_numbers))
        } else {
            format!("FROM {} j CROSS JOIN {table} WHERE {column} = j.value", self.list(of_numbers))
        }
    }

    /// The end of a condition: what stands before it is in a bound JSON list. Postgres is told an array, of which it knows that
    /// it is short and may be looked up in an index; of a subquery it would rather walk the whole list for each row.
    pub(super) fn among(&self, of_numbers: bool) -> String {
        match (self.is_postgres(), of_numbers) {
            // By a subquery, which is done once; the bare array would be read again for each row that it is compared with.
            (true, _) => format!("= ANY(ARRAY{})", self.list(of_numbers)),
            (false, _) => format!("IN {}", self.list(of_numbers)),
        }
    }

    /// An expression for the elements of a bound JSON list, as a subquery with one column `value`.
    pub(super) fn list(&self, of_numbers: bool) -> &'static str {
        match (self.is_postgres(), of_numbers) {
            (true, true) => "(SELECT value FROM unnest(translate(?, '[]', '{}')::bigint[]) AS value)",
            (true, false) => "(SELECT value FROM json_array_elements_text(?::json))",
            (false, _) => "(SELECT value FROM json_each(?))",
        }
    }
}
