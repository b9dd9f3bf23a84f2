//! Many rows into one table of SQLite, by multi-row `VALUES`.

use diesel::QueryResult;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::sqlite::{Sqlite, SqliteConnection};

use super::bulk::{Bulk, Conflict};
use super::cell::Cell;
use super::sqlite_sql::bind;

/// How many rows one statement carries. More saves nothing measurable; fewer pays the call per row again.
const ROWS_PER_STATEMENT: usize = 50;

struct Values<'a> {
    bulk: &'a Bulk<'a>,
    written: &'a [Written],
    cells: &'a [Cell<'a>],
}

/// A column that takes part in a statement.
struct Written {
    /// Its place in a row.
    place: usize,
    /// What names the first row's parameter again; nothing where each row has a value of its own.
    parameter: Option<String>,
}

impl QueryFragment<Sqlite> for Values<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        // A failing statement ends its whole transaction, so SQLite need not be able to undo the statement alone.
        pass.push_sql(match self.bulk.conflict {
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
                match column.parameter.as_deref().filter(|_| row > 0) {
                    Some(parameter) => pass.push_sql(parameter),
                    None => bind(&mut pass, &cells[column.place])?,
                }
            }
            pass.push_sql(")");
        }
        if let Conflict::Overwrite(clause) = self.bulk.conflict {
            pass.push_sql(clause);
        }
        Ok(())
    }
}

impl QueryId for Values<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for Values<'_> {}

/// Writes all rows.
pub(super) fn insert(connection: &mut SqliteConnection, bulk: &Bulk<'_>) -> QueryResult<()> {
    let width = bulk.columns.len();
    // Parameters of the first row are numbered as the written columns are.
    let places = bulk.written().into_iter().enumerate();
    let parameter =
        |number: usize, place: usize| bulk.columns[place].shared.then(|| format!("?{}", number + 1));
    let written: Vec<Written> =
        places.map(|(number, place)| Written { place, parameter: parameter(number, place) }).collect();
    let mut chunks = bulk.cells.chunks_exact(width * ROWS_PER_STATEMENT);
    // Two statements in all, whatever the number of rows, so that both stay prepared.
    for cells in chunks.by_ref() {
        Values { bulk, written: &written, cells }.execute(connection)?;
    }
    for cells in chunks.remainder().chunks(width) {
        Values { bulk, written: &written, cells }.execute(connection)?;
    }
    Ok(())
}
