//! Why a database may be looked at and not changed.

#[cfg(feature = "postgres")]
use super::connection::Connection;
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
        let why = format!("the database may only be looked at: {}", self.why);
        let error = Error::new(ErrorKind::ReadOnly, operation, why).hint(&self.hint);
        if self.database.is_empty() { error } else { error.at("database", &self.database) }
    }
}

/// Whether the server, its settings or the rights of the role let nothing be written. Who may keep a run or a line of the audit
/// log may do something, and is told by the database what not.
#[cfg(feature = "postgres")]
pub(super) fn of_postgres(connection: &mut Connection) -> importer_core::Result<Option<ReadOnly>> {
    let sql = "SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' \
               WHEN current_setting('transaction_read_only') = 'on' THEN 'setting' \
               WHEN to_regclass('import_runs') IS NULL OR has_table_privilege(to_regclass('import_runs'), 'INSERT') \
               OR has_table_privilege(to_regclass('audit_log'), 'INSERT') THEN '' ELSE 'rights' END AS why, \
               CAST(current_user AS TEXT) AS who";
    let Some(mut row) = connection.rows("open the database", sql, &[])?.pop() else { return Ok(None) };
    Ok(match row.get(0) {
        Some("standby") => Some(ReadOnly::new(
            "the server is a standby",
            "do it on the primary server, which the standby follows",
        )),
        Some("setting") => Some(ReadOnly::new(
            "`default_transaction_read_only` is on for this role, database or connection",
            "use a role for which it is off",
        )),
        Some("rights") => {
            let who = row.text(1);
            let hint =
                "use a role that may write, or grant it INSERT, UPDATE and DELETE on the importer's tables";
            Some(ReadOnly::new(format!("the role `{who}` has no right to write its tables"), hint))
        }
        _ => None,
    })
}
