//! Values to bind, and names as they stand in a statement.

/// A value to bind.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    Int(i64),
    Real(f64),
    Flag(bool),
    Text(&'a str),
}

impl Cell<'_> {
    pub(super) fn id(id: impl Into<i64>) -> Self {
        Self::Int(id.into())
    }

    pub(super) fn optional_id(id: Option<impl Into<i64>>) -> Self {
        id.map_or(Self::Null, Self::id)
    }
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
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

/// Stands for a question mark in a name, where the sign itself would be the next bound cell.
pub(super) const QUESTION_MARK: char = '\u{1}';

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
