//! What the server or the way to it failed of, told apart by SQLSTATE: the server's words may be in any language, and what a
//! host's trigger says looks like them.
//!
//! The codes are those of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use std::error::Error as _;

use postgres::error::DbError;

use super::super::failure::{ALTERED, DAMAGED, FULL, MISSING, STOPPED, TAKEN, without_values};
use importer_core::{Error, ErrorKind};

/// Why a call of the driver failed.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum Fault {
    #[error(transparent)]
    Driver(#[from] postgres::Error),
    #[error("the column `{column}` has the type `{of}`, which the importer does not read")]
    Unread { column: String, of: String },
    #[error("the connection is closed")]
    Gone,
}

impl Fault {
    fn db_error(&self) -> Option<&DbError> {
        match self {
            Self::Driver(error) => error.as_db_error(),
            _ => None,
        }
    }
}

/// The failure of a statement.
pub(in super::super) fn failed(operation: &'static str, fault: &Fault) -> Error {
    let Some(db_error) = fault.db_error() else {
        let error = Error::new(ErrorKind::Store, operation, lost(fault));
        return match fault {
            Fault::Unread { .. } => error.hint(ALTERED),
            _ if is_lost(fault) => error.hint(STOPPED),
            _ => error,
        };
    };
    let code = db_error.code().code();
    let message = message(db_error);
    match kind(code) {
        ErrorKind::Refused => Error::new(ErrorKind::Refused, operation, message),
        kind => {
            let error = Error::new(kind, operation, format!("{message} (SQLSTATE {code})"));
            match hint(code, db_error) {
                Some(hint) => error.hint(hint),
                None => error,
            }
        }
    }
}

/// What a failure means. A row can be at fault for what stands in it (class 22), for a constraint (class 23) and for what
/// a trigger of the host says of it (`RAISE EXCEPTION`, which is a constraint in SQLite); for nothing else.
fn kind(code: &str) -> ErrorKind {
    match code {
        "P0001" => ErrorKind::Refused,
        _ if code.starts_with("22") || code.starts_with("23") => ErrorKind::Refused,
        // Serialization failure, deadlock, lock not available, too many connections, starting up.
        "40001" | "40P01" | "55P03" | "53300" | "57P03" => ErrorKind::Busy,
        _ => ErrorKind::Store,
    }
}

/// What the server says, without values.
fn message(db_error: &DbError) -> String {
    let code = db_error.code().code();
    // The messages of this class quote the value in the quotes of their language.
    if code.starts_with("22") {
        let what = match code {
            "22001" => "a value is longer than its column takes",
            "22003" => "a number is larger than its column takes",
            "22007" | "22008" => "a value is no date or moment of its column's type",
            "22021" | "22P05" => "a text has a character that the database does not take",
            _ => "a value does not fit its column",
        };
        let table = db_error.table().map(|table| format!(" of {table}")).unwrap_or_default();
        return format!("{what}{table} (SQLSTATE {code})");
    }
    without_values(db_error.message())
}

/// What to do about a failure of the server.
fn hint(code: &str, db_error: &DbError) -> Option<String> {
    let limit = |setting: &str| {
        format!(
            "raise `{setting}` for the importer's role (ALTER ROLE … SET {setting} = …) and start the same again: it goes on \
             where it stopped"
        )
    };
    Some(match code {
        "57014" => {
            "somebody cancelled the statement, or it took longer than `statement_timeout` allows; then raise that for the \
             importer's role (ALTER ROLE … SET statement_timeout = 0) and start the same again: it continues where it stopped"
                .into()
        }
        "55P03" => "another session holds what is needed for longer than `lock_timeout` allows; try again when it is done".into(),
        "25P03" => limit("idle_in_transaction_session_timeout"),
        "25P04" => limit("transaction_timeout"),
        "57P05" => limit("idle_session_timeout"),
        "40001" | "40P01" => "another session wrote to the same rows; try again".into(),
        "53300" => "the server has no connection left; try again, or raise `max_connections`".into(),
        "53100" => FULL.into(),
        "53200" => "the server has no memory left; start the same again when it has: it continues where it stopped".into(),
        "57P01" | "57P02" | "57P03" | "57P04" => STOPPED.into(),
        "42501" => {
            let table = db_error.table().map_or("the importer's tables".into(), |table| format!("table {table}"));
            format!(
                "let its owner or an administrator run GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO the importer's \
                 role, and GRANT USAGE on the schema and its sequences; then start the same again"
            )
        }
        "42P01" => MISSING.into(),
        "42P07" => TAKEN.into(),
        "3F000" => {
            "no schema of the search path can be used: give the role one (CREATE SCHEMA … AUTHORIZATION …; \
             ALTER ROLE … SET search_path = …)"
                .into()
        }
        _ if code.starts_with("XX") => DAMAGED.into(),
        _ if code.starts_with("08") => STOPPED.into(),
        _ => return None,
    })
}

/// Whether the connection is gone; otherwise the driver could not make sense of something.
fn is_lost(fault: &Fault) -> bool {
    match fault {
        Fault::Driver(error) => {
            error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>())
        }
        Fault::Unread { .. } => false,
        Fault::Gone => true,
    }
}

/// What happened, in the words of the driver and the system.
fn lost(fault: &Fault) -> String {
    match fault {
        Fault::Driver(error) if is_lost(fault) => match error.source() {
            Some(cause) => format!("the connection to the server was lost: {cause}"),
            None => "the connection to the server was lost".into(),
        },
        // Its causes may quote what they could not understand.
        Fault::Driver(error) => error.to_string().split(": ").next().unwrap_or_default().to_owned(),
        Fault::Unread { .. } => fault.to_string(),
        Fault::Gone => "the connection to the server was lost".into(),
    }
}

/// Whether a statement failed because nothing may be written, or not that table.
pub(in super::super) fn is_write_refused(fault: &Fault) -> bool {
    fault.db_error().is_some_and(|db_error| matches!(db_error.code().code(), "25006" | "42501"))
}

/// Why there is no connection.
pub(in super::super) fn cannot_connect(fault: &Fault, place: &super::Place) -> Error {
    const OPEN: &str = "open the database";
    let error = match fault.db_error() {
        Some(db_error) => {
            let code = db_error.code().code();
            let error =
                Error::new(kind(code), OPEN, format!("{} (SQLSTATE {code})", refused(code, db_error)));
            match code {
                "28P01" | "28000" => error.hint("check the user, the password and the server's pg_hba.conf"),
                "3D000" => {
                    error.hint("create the database (CREATE DATABASE … ENCODING 'UTF8'), or name another")
                }
                "42501" => {
                    error.hint("let an administrator run GRANT CONNECT ON DATABASE … TO the importer's role")
                }
                "53300" | "57P03" => error.hint("try again in a while"),
                _ => error,
            }
        }
        None => {
            let cause = match fault {
                Fault::Driver(error) => deepest(error),
                other => other.to_string(),
            };
            Error::new(ErrorKind::Store, OPEN, format!("the server cannot be reached: {cause}"))
                .hint("check that the server runs, and that its host, port and TLS settings are right")
        }
    };
    error.at("database", place.describe())
}

/// Some of what a server says to a connection names what was sent as a user, which may be a misplaced password.
fn refused(code: &str, db_error: &DbError) -> String {
    match code {
        "28P01" => "the server refuses the password".into(),
        "28000" => "the server refuses this user from here".into(),
        "3D000" => "the server has no such database".into(),
        _ => without_values(db_error.message()),
    }
}

/// The cause that the system or TLS names; what stands before it is the driver's.
fn deepest(error: &postgres::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_a_row_is_a_rows_fault() {
        for code in ["22001", "22P02", "23505", "23514", "23000", "P0001"] {
            assert_eq!(kind(code), ErrorKind::Refused, "{code}");
        }
        for code in ["57014", "42501", "53100", "57P01", "54000", "25P02", "08006", "XX001", "42P01", "P0002"]
        {
            assert_eq!(kind(code), ErrorKind::Store, "{code}");
        }
        for code in ["40001", "40P01", "55P03"] {
            assert_eq!(kind(code), ErrorKind::Busy, "{code}");
        }
    }
}
