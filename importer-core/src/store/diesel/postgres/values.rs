//! Cells as the server takes them, and its values as canonical text: each is read as what it is, never as the server writes it.

use std::error::Error as StdError;
use std::io::Write;

use bytes::BytesMut;
use chrono::{NaiveDate, NaiveDateTime};
use postgres::Row;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::super::bulk::{Bulk, Conflict, ROWS_PER_STATEMENT};
use super::super::sql::{Cell, TextRow};
use crate::ports::moment_text;

/// A cell that is bound. Its value is never shown.
pub(super) struct Bound<'a>(pub(super) &'a Cell<'a>);

impl std::fmt::Debug for Bound<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bound(..)")
    }
}

impl ToSql for Bound<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self.0 {
            Cell::Null => Ok(IsNull::Yes),
            // A column with a cast takes a text, whatever its cells are.
            Cell::Int(value) if *of == Type::TEXT => value.to_string().to_sql(of, out),
            Cell::Real(value) if *of == Type::TEXT => value.to_string().to_sql(of, out),
            Cell::Flag(value) if *of == Type::TEXT => value.to_string().to_sql(of, out),
            Cell::Int(value) => value.to_sql(of, out),
            Cell::Real(value) => value.to_sql(of, out),
            Cell::Flag(value) => value.to_sql(of, out),
            Cell::Text(value) => value.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Statements are prepared with the types of their cells.
        true
    }

    to_sql_checked!();
}

pub(super) fn type_of(cell: &Cell<'_>) -> Type {
    match cell {
        Cell::Null | Cell::Text(_) => Type::TEXT,
        Cell::Int(_) => Type::INT8,
        Cell::Real(_) => Type::FLOAT8,
        Cell::Flag(_) => Type::BOOL,
    }
}

/// A row of the server, in canonical texts.
pub(in super::super) fn row(row: &Row) -> Result<TextRow, postgres::Error> {
    (0..row.len()).map(|column| text(row, column)).collect::<Result<Vec<_>, _>>().map(TextRow)
}

fn text(row: &Row, column: usize) -> Result<Option<String>, postgres::Error> {
    let of = row.columns()[column].type_();
    Ok(match *of {
        Type::BOOL => row.try_get::<_, Option<bool>>(column)?.map(|value| value.to_string()),
        Type::INT2 => row.try_get::<_, Option<i16>>(column)?.map(|value| value.to_string()),
        Type::INT4 => row.try_get::<_, Option<i32>>(column)?.map(|value| value.to_string()),
        Type::INT8 => row.try_get::<_, Option<i64>>(column)?.map(|value| value.to_string()),
        Type::OID => row.try_get::<_, Option<u32>>(column)?.map(|value| value.to_string()),
        Type::FLOAT4 => row.try_get::<_, Option<f32>>(column)?.map(|value| value.to_string()),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(column)?.map(|value| value.to_string()),
        Type::DATE => {
            row.try_get::<_, Option<NaiveDate>>(column)?.map(|value| value.format("%Y-%m-%d").to_string())
        }
        Type::TIMESTAMP => row.try_get::<_, Option<NaiveDateTime>>(column)?.map(moment_text),
        // A function that gives nothing back.
        Type::VOID => None,
        _ => row.try_get(column)?,
    })
}

/// The statement that copies all rows.
pub(super) fn copy_sql(bulk: &Bulk<'_>) -> String {
    let names: Vec<&str> = bulk.written().iter().map(|&place| bulk.columns[place].name).collect();
    format!("COPY {} ({}) FROM STDIN", bulk.table, names.join(", "))
}

/// All rows in the text format of `COPY`. Dates are in the one form that every setting reads alike.
pub(super) fn copy_rows(bulk: &Bulk<'_>, out: &mut impl Write) -> std::io::Result<()> {
    let written = bulk.written();
    for row in bulk.cells.chunks(bulk.columns.len()) {
        for (index, &place) in written.iter().enumerate() {
            if index > 0 {
                out.write_all(b"\t")?;
            }
            copy_cell(out, &row[place])?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn copy_cell(out: &mut impl Write, cell: &Cell<'_>) -> std::io::Result<()> {
    match cell {
        Cell::Null => out.write_all(b"\\N"),
        Cell::Int(value) => write!(out, "{value}"),
        Cell::Real(value) => write!(out, "{value}"),
        Cell::Flag(value) => out.write_all(if *value { b"t" } else { b"f" }),
        Cell::Text(text) => {
            let mut rest = text.as_bytes();
            while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t')) {
                out.write_all(&rest[..at])?;
                out.write_all(match rest[at] {
                    b'\n' => b"\\n",
                    b'\r' => b"\\r",
                    b'\t' => b"\\t",
                    _ => b"\\\\",
                })?;
                rest = &rest[at + 1..];
            }
            out.write_all(rest)
        }
    }
}

/// A statement of several rows, with the types of its binds.
pub(super) struct Several<'a> {
    pub(super) sql: String,
    pub(super) types: Vec<Type>,
    pub(super) cells: Vec<Cell<'a>>,
}

/// Statements that write all rows: of fifty, ten and one, so that few of them have to be prepared.
pub(super) fn statements<'a>(bulk: &'a Bulk<'a>) -> impl Iterator<Item = Several<'a>> {
    let (written, width) = (bulk.written(), bulk.columns.len());
    let mut rest = bulk.cells.as_slice();
    std::iter::from_fn(move || {
        let left = rest.len() / width;
        let rows = [ROWS_PER_STATEMENT, 10, 1].into_iter().find(|&rows| rows <= left)?;
        let (now, later) = rest.split_at(rows * width);
        rest = later;
        Some(several(bulk, &written, now))
    })
}

fn several<'a>(bulk: &'a Bulk<'a>, written: &[usize], rows: &[Cell<'a>]) -> Several<'a> {
    let names: Vec<&str> = written.iter().map(|&place| bulk.columns[place].name).collect();
    let mut sql = format!("INSERT INTO {} ({}) VALUES ", bulk.table, names.join(", "));
    let (mut types, mut cells) = (Vec::new(), Vec::with_capacity(rows.len()));
    for (number, row) in rows.chunks(bulk.columns.len()).enumerate() {
        sql.push_str(if number == 0 { "(" } else { ", (" });
        for (index, &place) in written.iter().enumerate() {
            let column = &bulk.columns[place];
            let parameter = if column.shared && number > 0 {
                index + 1
            } else {
                // With a cast, a statement is the same whichever of its cells are empty.
                types.push(if column.cast.is_empty() { type_of(&row[place]) } else { Type::TEXT });
                cells.push(row[place]);
                cells.len()
            };
            let comma = if index > 0 { "," } else { "" };
            sql.push_str(&format!("{comma}${parameter}{}", column.cast));
        }
        sql.push(')');
    }
    match bulk.conflict {
        Conflict::Keep => sql.push_str(" ON CONFLICT DO NOTHING"),
        Conflict::Overwrite(clause) => sql.push_str(clause),
        Conflict::Refuse => {}
    }
    Several { sql, types, cells }
}
