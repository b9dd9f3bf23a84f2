//! Database errors in the importer's own terms, without the values that databases like to quote.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DieselError};

use crate::{Error, ErrorKind};

pub(super) fn failed(operation: &'static str, error: DieselError) -> Error {
    let (message, refusable) = match &error {
        DieselError::DatabaseError(kind, info) => {
            let connection_lost = matches!(
                kind,
                DatabaseErrorKind::ClosedConnection
                    | DatabaseErrorKind::UnableToSendCommand
                    | DatabaseErrorKind::SerializationFailure
                    | DatabaseErrorKind::ReadOnlyTransaction
            );
            (without_values(info.message()), !connection_lost)
        }
        other => (without_values(&other.to_string()), false),
    };
    if is_locked(&message) {
        return Error::new(ErrorKind::Busy, operation, message)
            .hint("another program is writing to the database; try again when it is done");
    }
    match hint(&message) {
        Some(hint) => Error::new(ErrorKind::Store, operation, message).hint(hint),
        // What has no sign of a failing machine is the database's answer to what it was given.
        None if refusable => Error::new(ErrorKind::Refused, operation, message),
        None => Error::new(ErrorKind::Store, operation, message),
    }
}

pub(super) fn cannot_connect(error: ConnectionError, place: &str) -> Error {
    let message = match error {
        ConnectionError::BadConnection(message) => without_values(message.trim()),
        other => without_values(&other.to_string()),
    };
    let hint =
        hint(&message).unwrap_or("check that the database exists and may be reached with these rights");
    Error::new(ErrorKind::Store, "open the database", message).at("database", place).hint(hint)
}

fn is_locked(message: &str) -> bool {
    message.contains("database is locked") || message.contains("database table is locked")
}

pub(super) fn hint(message: &str) -> Option<&'static str> {
    let hints = [
        ("disk is full", "free some space and start the same run again: it goes on where it stopped"),
        ("No space left", "free some space and start the same run again: it goes on where it stopped"),
        ("readonly database", "the file or its folder is read-only; the importer must write to both"),
        ("unable to open", "check that the folder exists and may be written to"),
        ("not a database", "the file is something else than a SQLite database; choose another --db"),
        ("disk I/O error", "the file system failed or is full; start the same run again when it is well"),
        ("malformed", "the database is damaged; restore it from a backup"),
        (
            "terminating connection",
            "the server was stopped; start the same run again: it goes on where it stopped",
        ),
        ("server closed", "the server was stopped; start the same run again: it goes on where it stopped"),
        ("no such table", "the importer's tables are missing; run its migrations"),
        ("does not exist", "the importer's tables are missing; run its migrations"),
        (
            "already exists",
            "a table of that name belongs to somebody else; give the importer a database or schema without it",
        ),
    ];
    let message = message.to_ascii_lowercase();
    hints.iter().find(|(sign, _)| message.contains(&sign.to_ascii_lowercase())).map(|&(_, hint)| hint)
}

/// Postgres quotes the offending value behind a colon; it is personal data.
fn without_values(message: &str) -> String {
    message.split(": \"").next().unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_cut_off() {
        assert_eq!(
            without_values("invalid input syntax for type date: \"1985-13-01\""),
            "invalid input syntax for type date"
        );
        assert_eq!(
            without_values("relation \"core_volunteers\" already exists"),
            "relation \"core_volunteers\" already exists"
        );
    }
}
