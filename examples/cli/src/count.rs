//! Counts as people say them.

use std::fmt::Display;

/// A count with what is counted, and a verb where one follows: `1 row is`, `2 rows are`.
pub(crate) fn counted(count: impl Display + PartialEq + From<u8>, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1.into() { one } else { many })
}
