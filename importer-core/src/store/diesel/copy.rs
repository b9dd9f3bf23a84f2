//! `COPY … FROM STDIN` on Postgres, in its text format.

use std::cell::RefCell;
use std::io::Write;

use diesel::QueryResult;
use diesel::pg::{CopyTarget, Pg, PgConnection};
use diesel::prelude::ExecuteCopyFromDsl;
use diesel::query_builder::AstPass;

use super::bulk::Bulk;
use super::sql::Cell;

thread_local! {
    // Diesel asks the target's type for its name, and the type cannot carry one that is known only at run time.
    static TARGET: RefCell<String> = const { RefCell::new(String::new()) };
}

diesel::table! {
    /// Stands for any table; its name is never used.
    any_table (id) {
        id -> BigInt,
    }
}

struct Target;

impl CopyTarget for Target {
    type Table = any_table::table;
    type SqlType = diesel::sql_types::BigInt;

    fn walk_target(mut pass: AstPass<'_, '_, Pg>) -> QueryResult<()> {
        TARGET.with_borrow(|target| pass.push_sql(target));
        Ok(())
    }
}

/// Copies all rows of `bulk`.
pub(super) fn copy(connection: &mut PgConnection, bulk: &Bulk<'_>) -> QueryResult<()> {
    let written = bulk.written('$');
    TARGET.with_borrow_mut(|target| {
        target.clear();
        target.push_str(bulk.table);
        for (index, column) in written.iter().enumerate() {
            target.push_str(if index == 0 { " (" } else { ", " });
            target.push_str(bulk.columns[column.place].name);
        }
        target.push(')');
    });
    let width = bulk.columns.len();
    diesel::copy_from(any_table::table)
        .from_raw_data(Target, |out: &mut dyn Write| {
            let mut line = Vec::with_capacity(4096);
            for row in bulk.cells.chunks(width) {
                line.clear();
                for (index, column) in written.iter().enumerate() {
                    if index > 0 {
                        line.push(b'\t');
                    }
                    write_cell(&mut line, &row[column.place])?;
                }
                line.push(b'\n');
                out.write_all(&line)?;
            }
            Ok::<(), CopyFailed>(())
        })
        .execute(connection)
        .map_err(CopyFailed::into_query_error)?;
    Ok(())
}

fn write_cell(line: &mut Vec<u8>, cell: &Cell<'_>) -> std::io::Result<()> {
    match cell {
        Cell::Null => line.extend_from_slice(b"\\N"),
        Cell::Int(value) => write!(line, "{value}")?,
        Cell::Real(value) => write!(line, "{value}")?,
        Cell::Flag(value) => line.push(if *value { b't' } else { b'f' }),
        Cell::Text(text) => {
            for &byte in text.as_bytes() {
                match byte {
                    b'\\' => line.extend_from_slice(b"\\\\"),
                    b'\n' => line.extend_from_slice(b"\\n"),
                    b'\r' => line.extend_from_slice(b"\\r"),
                    b'\t' => line.extend_from_slice(b"\\t"),
                    other => line.push(other),
                }
            }
        }
    }
    Ok(())
}

/// Diesel wants one error type for what the database and what the writer says.
#[derive(Debug, thiserror::Error)]
enum CopyFailed {
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
    #[error(transparent)]
    Write(#[from] std::io::Error),
}

impl CopyFailed {
    fn into_query_error(self) -> diesel::result::Error {
        match self {
            Self::Database(error) => error,
            Self::Write(error) => diesel::result::Error::SerializationError(Box::new(error)),
        }
    }
}
