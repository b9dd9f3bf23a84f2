//! Rows as they are read: each value is what the database says that it is, and no number passes through text.

use std::sync::{Arc, Mutex, PoisonError};

use super::failure::ALTERED;
use importer_core::{Error, ErrorKind};

/// A value of a row.
#[derive(Debug, Default)]
pub(super) enum Value {
    #[default]
    Null,
    Int(i64),
    Real(f64),
    #[cfg_attr(
        not(any(feature = "postgres", test)),
        expect(dead_code, reason = "SQLite keeps flags as numbers")
    )]
    Flag(bool),
    Text(String),
}

/// The values of a row, in the order of its columns.
pub(super) struct Values(pub(super) Vec<Value>);

/// A row, whose values are read by the places of their columns. What is missing reads as zero, false or an empty text where the
/// reader does not ask whether it is there.
pub(super) struct Row {
    pub(super) values: Vec<Value>,
    /// What the statement was for.
    pub(super) operation: &'static str,
    pub(super) misread: Misread,
}

impl Row {
    pub(super) fn text(&mut self, column: usize) -> String {
        self.optional(column).unwrap_or_default()
    }

    pub(super) fn optional(&mut self, column: usize) -> Option<String> {
        match self.values.get_mut(column).map(std::mem::take)? {
            Value::Text(text) => Some(text),
            other => self.not(&other, column, "a text"),
        }
    }

    pub(super) fn get(&self, column: usize) -> Option<&str> {
        match self.values.get(column)? {
            Value::Text(text) => Some(text),
            other => self.not(other, column, "a text"),
        }
    }

    pub(super) fn int(&self, column: usize) -> i64 {
        self.optional_int(column).unwrap_or_default()
    }

    pub(super) fn optional_int(&self, column: usize) -> Option<i64> {
        match self.values.get(column)? {
            Value::Int(value) => Some(*value),
            other => self.not(other, column, "a whole number"),
        }
    }

    /// A number that is an id.
    pub(super) fn id<T: From<i64>>(&self, column: usize) -> T {
        self.int(column).into()
    }

    pub(super) fn optional_id<T: From<i64>>(&self, column: usize) -> Option<T> {
        self.optional_int(column).map(Into::into)
    }

    pub(super) fn optional_real(&self, column: usize) -> Option<f64> {
        match self.values.get(column)? {
            Value::Real(value) => Some(*value),
            other => self.not(other, column, "a fraction"),
        }
    }

    /// SQLite has no type of its own for flags, and keeps them as numbers.
    pub(super) fn flag(&self, column: usize) -> bool {
        match self.values.get(column) {
            Some(Value::Flag(value)) => *value,
            Some(Value::Int(value)) => *value == 1,
            Some(other) => self.not(other, column, "a flag").unwrap_or_default(),
            None => false,
        }
    }

    pub(super) fn is_null(&self, column: usize) -> bool {
        matches!(self.values.get(column), None | Some(Value::Null))
    }

    /// Nothing, because the value is missing or not of the kind that is asked for.
    fn not<T>(&self, value: &Value, column: usize, kind: &'static str) -> Option<T> {
        if !matches!(value, Value::Null) {
            self.misread.note(self.operation, column, kind);
        }
        None
    }
}

/// The first value of a connection that was asked for as what it is not. Statement and reader contradict each other then, which
/// no caller can do anything about: the next statement, at the latest the commit, fails of it, so that nothing wrong is kept.
#[derive(Clone, Default)]
pub(super) struct Misread(Arc<Mutex<Option<Error>>>);

impl Misread {
    fn note(&self, operation: &'static str, column: usize, kind: &'static str) {
        let why = format!("column {} of a row is not {kind}, as which it was read", column + 1);
        tracing::error!(operation, "{why}");
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| Error::new(ErrorKind::Invariant, operation, why).hint(ALTERED));
    }

    /// What was misread, once.
    pub(super) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: Vec<Value>) -> Row {
        Row { values, operation: "read people", misread: Misread::default() }
    }

    #[test]
    fn values_are_read_as_what_they_are() {
        let mut row = row(vec![
            Value::Int(i64::MIN),
            Value::Real(0.1 + 0.2),
            Value::Flag(true),
            Value::Int(1),
            Value::Text("a".into()),
            Value::Null,
        ]);
        assert_eq!(row.int(0), i64::MIN);
        assert_eq!(row.optional_real(1), Some(0.1 + 0.2));
        assert!(row.flag(2) && row.flag(3));
        assert_eq!(row.get(4), Some("a"));
        assert_eq!(row.text(4), "a");
        assert_eq!(
            (row.int(5), row.optional_int(5), row.text(5), row.flag(5)),
            (0, None, String::new(), false)
        );
        assert!(row.is_null(5) && !row.is_null(0));
        // Tables of earlier versions have fewer columns.
        assert_eq!(row.optional(6), None);
        assert!(row.misread.take().is_none());
    }

    #[test]
    fn a_value_of_another_kind_is_an_error_that_names_statement_and_column() {
        let row = row(vec![Value::Null, Value::Text("12".into())]);
        assert_eq!(row.int(1), 0);
        assert!(!row.flag(1));
        let error = row.misread.take().expect("a text is no number").to_string();
        assert!(
            error.contains("read people") && error.contains("column 2") && !error.contains("12"),
            "{error}"
        );
        assert!(row.misread.take().is_none(), "it is told once");
    }
}
