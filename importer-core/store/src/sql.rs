//! Running statements, and the parts of statements that differ between the databases.
//!
//! Entities are data, so table and column names are known only at run time: Diesel's typed tables cannot name them.
//! On SQLite, Diesel binds and runs the statements; on Postgres, `postgres` does.

#[cfg(feature = "sqlite")]
use diesel::query_dsl::RunQueryDsl;

use super::cell::Cell;

use super::connection::{Backend, Connection};
use super::row::{Row, Values};
#[cfg(feature = "sqlite")]
use super::sqlite_sql::Sql;
use importer_core::Result;

impl Connection {
    /// Runs a statement and says how many rows it changed.
    pub(super) fn run(&mut self, operation: &'static str, text: &str, binds: &[Cell<'_>]) -> Result<usize> {
        self.well_read()?;
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

    /// Reads rows, each value by the type that the database says it has.
    pub(super) fn rows(
        &mut self,
        operation: &'static str,
        text: &str,
        binds: &[Cell<'_>],
    ) -> Result<Vec<Row>> {
        self.well_read()?;
        let rows: Vec<Values> = match &mut self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(c) => {
                Sql { text, binds }.load(c).map_err(|error| self.failed_sqlite(operation, error))
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres(c) => {
                c.rows(text, binds).map_err(|fault| self.failed_postgres(operation, &fault))
            }
        }?;
        let row = |Values(values)| Row { values, operation, misread: self.misread.clone() };
        Ok(rows.into_iter().map(row).collect())
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
