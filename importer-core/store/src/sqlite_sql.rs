//! Statements with bound cells on SQLite, through Diesel.

use diesel::QueryResult;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{BigInt, Double, Nullable, Text, Untyped};
use diesel::sqlite::{Sqlite, SqliteType};

use super::cell::{Cell, QUESTION_MARK, cast_of};
use super::row::{Value, Values};

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

impl QueryableByName<Sqlite> for Values {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        let mut values = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a row lost a column")?;
            let Some(value) = field.value() else {
                values.push(Value::Null);
                continue;
            };
            values.push(match value.value_type() {
                Some(SqliteType::Long) => Value::Int(FromSql::<BigInt, Sqlite>::from_sql(value)?),
                Some(SqliteType::Double) => Value::Real(FromSql::<Double, Sqlite>::from_sql(value)?),
                Some(SqliteType::Text) => Value::Text(FromSql::<Text, Sqlite>::from_sql(value)?),
                None => Value::Null,
                Some(other) => {
                    let column = field.field_name().unwrap_or_default();
                    return Err(format!("the column `{column}` holds a value of the type {other:?}, which the importer does not read").into());
                }
            });
        }
        Ok(Self(values))
    }
}

#[cfg(test)]
mod tests {
    use super::super::connection::Connection;

    fn connection() -> Connection {
        Connection::sqlite(std::path::Path::new("")).unwrap()
    }

    #[test]
    fn values_are_read_as_the_database_keeps_them() {
        let mut connection = connection();
        let sql = "SELECT 9223372036854775807, -1, 0.1 + 0.2, 'a', NULL, 1 = 1";
        let mut row = connection.rows("read people", sql, &[]).unwrap().pop().unwrap();
        assert_eq!((row.int(0), row.int(1)), (i64::MAX, -1));
        assert_eq!(row.optional_real(2), Some(0.1 + 0.2));
        assert_eq!((row.text(3), row.optional_int(4), row.flag(5)), ("a".into(), None, true));
        connection.well_read().unwrap();
    }

    #[test]
    fn bytes_are_an_error_that_names_statement_and_column() {
        let error = connection().rows("read people", "SELECT x'00' AS photo", &[]).err().unwrap().to_string();
        assert!(error.contains("read people") && error.contains("`photo`"), "{error}");
    }

    #[test]
    fn after_a_value_was_misread_the_next_statement_fails() {
        let mut connection = connection();
        let rows = connection.rows("count people", "SELECT 'many'", &[]).unwrap();
        assert_eq!(rows[0].int(0), 0);
        let error = connection.run("write people", "CREATE TABLE t (a)", &[]).unwrap_err().to_string();
        assert!(error.contains("count people") && error.contains("column 1"), "{error}");
        assert!(!error.contains("many"), "{error}");
        connection.run("write people", "CREATE TABLE t (a)", &[]).unwrap();
    }
}
