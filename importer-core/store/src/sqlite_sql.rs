//! Statements with bound cells on SQLite, through Diesel.

use diesel::QueryResult;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Double, Nullable, Text, Untyped};
use diesel::sqlite::Sqlite;

use super::cell::{Cell, QUESTION_MARK, TextRow, cast_of};

/// Binds a cell on SQLite.
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
pub(super) struct Sql<'a> {
    pub(super) text: &'a str,
    pub(super) binds: &'a [Cell<'a>],
}

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

fn push(pass: &mut AstPass<'_, '_, Sqlite>, part: &str) {
    if part.contains(QUESTION_MARK) {
        pass.push_sql(&part.replace(QUESTION_MARK, "?"));
    } else {
        pass.push_sql(part);
    }
}

impl QueryId for Sql<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Sql<'_> {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for Sql<'_> {}

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
