//! Why a database may be looked at and not changed.

use importer_core::{Error, ErrorKind};

/// A reason, and what to do about it.
#[derive(Debug, Clone)]
pub(super) struct ReadOnly {
    pub(super) why: String,
    pub(super) hint: String,
    /// The database, once it is known.
    pub(super) database: String,
}

impl ReadOnly {
    pub(super) fn new(why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { why: why.into(), hint: hint.into(), database: String::new() }
    }

    /// What somebody is told who would change something.
    pub(super) fn error(&self, operation: &'static str) -> Error {
        let why = format!("the database is read-only: {}", self.why);
        let error = Error::new(ErrorKind::ReadOnly, operation, why).hint(&self.hint);
        if self.database.is_empty() { error } else { error.at("database", &self.database) }
    }
}
