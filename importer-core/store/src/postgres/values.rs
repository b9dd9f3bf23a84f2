//! Cells as the server takes them, and its values as what they are, never as the server writes them.

use std::borrow::Cow;
use std::error::Error as StdError;

use bytes::BytesMut;
use chrono::{NaiveDate, NaiveDateTime};
use postgres::Row;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::super::bulk::{Bulk, Conflict};
use super::super::cell::Cell;
use super::super::row::{Value, Values};
use super::Fault;
use importer_core::ports::moment_text;

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

/// The values of a row of the server.
pub(in super::super) fn row(row: &Row) -> Result<Values, Fault> {
    (0..row.len()).map(|column| value(row, column)).collect::<Result<Vec<_>, _>>().map(Values)
}

fn value(row: &Row, column: usize) -> Result<Value, Fault> {
    let whole = |value: Option<i64>| value.map_or(Value::Null, Value::Int);
    let of = row.columns()[column].type_();
    Ok(match *of {
        Type::BOOL => row.try_get::<_, Option<bool>>(column)?.map_or(Value::Null, Value::Flag),
        Type::INT2 => whole(row.try_get::<_, Option<i16>>(column)?.map(Into::into)),
        Type::INT4 => whole(row.try_get::<_, Option<i32>>(column)?.map(Into::into)),
        Type::INT8 => whole(row.try_get(column)?),
        Type::OID => whole(row.try_get::<_, Option<u32>>(column)?.map(Into::into)),
        Type::FLOAT4 => row.try_get::<_, Option<f32>>(column)?.map_or(Value::Null, |v| Value::Real(v.into())),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(column)?.map_or(Value::Null, Value::Real),
        // Days and moments are texts, as SQLite keeps them.
        Type::DATE => {
            let date = row.try_get::<_, Option<NaiveDate>>(column)?;
            date.map_or(Value::Null, |value| Value::Text(value.format("%Y-%m-%d").to_string()))
        }
        Type::TIMESTAMP => {
            let moment = row.try_get::<_, Option<NaiveDateTime>>(column)?;
            moment.map_or(Value::Null, |value| Value::Text(moment_text(value.and_utc())))
        }
        // A function that gives nothing back.
        Type::VOID => Value::Null,
        _ if <String as FromSql>::accepts(of) => {
            row.try_get::<_, Option<String>>(column)?.map_or(Value::Null, Value::Text)
        }
        _ => return Err(Fault::Unread { column: row.columns()[column].name().into(), of: of.name().into() }),
    })
}

/// How many rows one statement takes. Each column is one array, so a statement is prepared once, however many rows there are.
const ROWS_PER_STATEMENT: usize = 1_000;

/// A statement that writes rows, with its parameters.
pub(super) struct Several<'a> {
    pub(super) sql: String,
    pub(super) types: Vec<Type>,
    pub(super) parameters: Vec<Parameter<'a>>,
}

/// What a statement is given for a column: one value for all rows, or one for each.
pub(super) enum Parameter<'a> {
    One(Cell<'a>),
    Texts(Vec<Option<Cow<'a, str>>>),
    Ints(Vec<Option<i64>>),
    Reals(Vec<Option<f64>>),
    Flags(Vec<Option<bool>>),
}

impl std::fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Parameter(..)")
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::One(cell) => Bound(cell).to_sql(of, out),
            Self::Texts(values) => values.to_sql(of, out),
            Self::Ints(values) => values.to_sql(of, out),
            Self::Reals(values) => values.to_sql(of, out),
            Self::Flags(values) => values.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Statements that write all rows. `COPY` would hardly be faster, and a connection does not outlive a `COPY` that the server refuses
/// before it has read the first row: the client has sent one `Sync` too many by then.
pub(super) fn statements<'a>(bulk: &'a Bulk<'a>) -> impl Iterator<Item = Several<'a>> {
    let (written, width) = (bulk.written(), bulk.columns.len());
    bulk.cells.chunks(width * ROWS_PER_STATEMENT).map(move |rows| several(bulk, &written, rows))
}

fn several<'a>(bulk: &'a Bulk<'a>, written: &[usize], rows: &[Cell<'a>]) -> Several<'a> {
    let (mut types, mut parameters) = (Vec::new(), Vec::new());
    let (mut names, mut values, mut arrays, mut columns) = (vec![], vec![], vec![], vec![]);
    for (index, &place) in written.iter().enumerate() {
        let column = &bulk.columns[place];
        let cells = rows.iter().skip(place).step_by(bulk.columns.len());
        names.push(column.name);
        let number = parameters.len() + 1;
        if column.shared {
            let cell = rows[place];
            types.push(type_of(&cell));
            parameters.push(Parameter::One(cell));
            values.push(format!("${number}{}", column.cast));
        } else {
            let (of, parameter) = array(cells, column.cast);
            types.push(of);
            parameters.push(parameter);
            values.push(format!("u.c{index}{}", column.cast));
            arrays.push(format!("${number}"));
            columns.push(format!("c{index}"));
        }
    }
    let from = match arrays.is_empty() {
        true => format!("generate_series(1, {})", rows.len() / bulk.columns.len()),
        false => format!("unnest({}) AS u({})", arrays.join(", "), columns.join(", ")),
    };
    let end = match bulk.conflict {
        Conflict::Keep => " ON CONFLICT DO NOTHING",
        Conflict::Overwrite(clause) => clause,
        Conflict::Refuse => "",
    };
    let sql = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {from}{end}",
        bulk.table,
        names.join(", "),
        values.join(", ")
    );
    Several { sql, types, parameters }
}

/// The cells of a column. One that is cast takes one type, so that its statement is the same whatever its cells are.
fn array<'a: 'c, 'c>(cells: impl Iterator<Item = &'c Cell<'a>> + Clone, cast: &str) -> (Type, Parameter<'a>) {
    let first = || cells.clone().find(|cell| !matches!(cell, Cell::Null));
    let kind = match cast {
        "" => first(),
        "::bigint" => Some(&Cell::Int(0)),
        "::double precision" => Some(&Cell::Real(0.0)),
        "::boolean" => Some(&Cell::Flag(false)),
        _ => None,
    };
    match kind {
        Some(Cell::Int(_)) => {
            let int = |cell: &Cell<'a>| if let Cell::Int(value) = cell { Some(*value) } else { None };
            (Type::INT8_ARRAY, Parameter::Ints(cells.map(int).collect()))
        }
        Some(Cell::Real(_)) => {
            let real = |cell: &Cell<'a>| if let Cell::Real(value) = cell { Some(*value) } else { None };
            (Type::FLOAT8_ARRAY, Parameter::Reals(cells.map(real).collect()))
        }
        Some(Cell::Flag(_)) => {
            let flag = |cell: &Cell<'a>| if let Cell::Flag(value) = cell { Some(*value) } else { None };
            (Type::BOOL_ARRAY, Parameter::Flags(cells.map(flag).collect()))
        }
        _ => {
            let text = |cell: &Cell<'a>| match *cell {
                Cell::Null => None,
                Cell::Int(value) => Some(value.to_string().into()),
                Cell::Real(value) => Some(value.to_string().into()),
                Cell::Flag(value) => Some(value.to_string().into()),
                Cell::Text(text) => Some(Cow::Borrowed(text)),
            };
            (Type::TEXT_ARRAY, Parameter::Texts(cells.map(text).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bulk::{plain, real, time};
    use super::*;

    #[test]
    fn rows_are_written_column_by_column() {
        let columns = [plain("run_id").shared(), plain("id"), time("at"), plain("note")];
        let mut bulk = Bulk::new("t", &columns).on_conflict(Conflict::Keep);
        bulk.row([Cell::Int(7), Cell::Int(1), Cell::Null, Cell::Null]);
        bulk.row([Cell::Int(7), Cell::Int(2), Cell::Text("2026-01-01T00:00:00Z"), Cell::Null]);
        let all: Vec<Several<'_>> = statements(&bulk).collect();
        assert_eq!(all.len(), 1);
        assert_eq!(
            all[0].sql,
            "INSERT INTO t (run_id, id, at) SELECT $1, u.c1, u.c2::timestamp FROM unnest($2, $3) AS u(c1, c2) \
             ON CONFLICT DO NOTHING"
        );
        assert_eq!(all[0].types, [Type::INT8, Type::INT8_ARRAY, Type::TEXT_ARRAY]);
        assert_eq!(format!("{:?}", all[0].parameters[2]), "Parameter(..)");
    }

    #[test]
    fn numbers_are_sent_as_numbers_whatever_their_column_is_cast_to() {
        let columns = [plain("id"), real("score")];
        let mut bulk = Bulk::new("t", &columns);
        bulk.row([Cell::Int(1), Cell::Null]);
        bulk.row([Cell::Int(2), Cell::Real(0.5)]);
        let all: Vec<Several<'_>> = statements(&bulk).collect();
        assert_eq!(all[0].types, [Type::INT8_ARRAY, Type::FLOAT8_ARRAY]);
        assert!(matches!(&all[0].parameters[1], Parameter::Reals(reals) if *reals == [None, Some(0.5)]));
    }
}
