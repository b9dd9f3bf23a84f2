//! Database errors in the importer's own terms, without the values that databases like to quote.

#[cfg(feature = "sqlite")]
use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DieselError};

#[cfg(feature = "sqlite")]
use importer_core::{Error, ErrorKind};

#[cfg(feature = "sqlite")]
pub(super) fn failed(operation: &'static str, error: DieselError) -> Error {
    use DatabaseErrorKind as K;
    let (message, refusable) = match &error {
        DieselError::DatabaseError(kind, info) => {
            let message = without_values(info.message());
            match kind {
                K::UniqueViolation
                | K::ForeignKeyViolation
                | K::NotNullViolation
                | K::CheckViolation
                | K::RestrictViolation
                | K::ExclusionViolation => return Error::new(ErrorKind::Refused, operation, message),
                K::ClosedConnection
                | K::UnableToSendCommand
                | K::SerializationFailure
                | K::ReadOnlyTransaction => (message, false),
                _ => (message, true),
            }
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

/// Whether a statement failed because nothing may be written.
#[cfg(feature = "sqlite")]
pub(super) fn is_write_refused(error: &DieselError) -> bool {
    let DieselError::DatabaseError(kind, info) = error else { return false };
    matches!(kind, DatabaseErrorKind::ReadOnlyTransaction) || info.message().starts_with(READ_ONLY_FILE)
}

#[cfg(feature = "sqlite")]
pub(super) fn cannot_connect(error: ConnectionError) -> Error {
    let message = match error {
        ConnectionError::BadConnection(message) => without_values(message.trim()),
        other => without_values(&other.to_string()),
    };
    // No statement was sent, so nobody but the driver speaks, and it words things in ways of its own.
    let hint = if message.to_ascii_lowercase().contains("unable to open") {
        NO_FOLDER
    } else {
        "check that the database exists and may be reached with these rights"
    };
    Error::new(ErrorKind::Store, "open the database", message).hint(hint)
}

#[cfg(feature = "sqlite")]
fn is_locked(message: &str) -> bool {
    message == "database is locked" || message.starts_with("database table is locked")
}

/// How SQLite words that a file may not be written.
#[cfg(feature = "sqlite")]
const READ_ONLY_FILE: &str = "attempt to write a readonly database";
#[cfg(feature = "sqlite")]
const MISMATCH: &str = "what that foreign key refers to has to be unique; correct the host's table";
pub(super) const FULL: &str = "free some space and start the same run again: it continues where it stopped";
#[cfg(feature = "postgres")]
pub(super) const STOPPED: &str =
    "the server was stopped; start the same run again: it continues where it stopped";
pub(super) const MISSING: &str = "the importer's tables are missing; run its migrations";
pub(super) const TAKEN: &str =
    "a table of that name belongs to somebody else; give the importer a database or schema without it";
pub(super) const ALTERED: &str =
    "another program may have changed the importer's tables; compare them with its migrations";
pub(super) const DAMAGED: &str = "the database is damaged; restore it from a backup";
#[cfg(feature = "sqlite")]
const NO_FOLDER: &str = "check that the folder exists and may be written to";

/// What a failure of SQLite itself calls for. The driver tells no code for these, and what a host's trigger
/// says looks the same from outside; so a message counts only as a whole, as SQLite words it.
#[cfg(feature = "sqlite")]
pub(super) fn hint(message: &str) -> Option<&'static str> {
    // How it begins and how it ends; between them may be a name.
    let wordings = [
        ("database or disk is full", "", FULL),
        (READ_ONLY_FILE, "", "the file or its folder is read-only; the importer must write to both"),
        ("foreign key mismatch - ", "", MISMATCH),
        ("unable to open database", "", NO_FOLDER),
        ("file is not a database", "", "the file is not a SQLite database; choose another one"),
        ("disk I/O error", "", "the file system failed or is full; start the same run again when it is well"),
        ("the column `", "which the importer does not read", ALTERED),
        ("database disk image is malformed", "", DAMAGED),
        ("malformed database schema", "", DAMAGED),
        ("no such table: ", "", MISSING),
        ("table ", " already exists", TAKEN),
        ("view ", " already exists", TAKEN),
        ("index ", " already exists", TAKEN),
    ];
    let found = wordings.iter().find(|(begin, end, _)| message.starts_with(begin) && message.ends_with(end));
    found.map(|&(.., hint)| hint)
}

/// A database quotes the offending value behind a colon; it is personal data.
pub(super) fn without_values(message: &str) -> String {
    message.split(": \"").next().unwrap_or(message).to_owned()
}

#[cfg(all(test, feature = "sqlite"))]
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

    #[test]
    fn only_the_databases_own_wording_is_a_failing_machine() {
        let kind = |message: &str| {
            let info = Box::new(message.to_owned());
            failed("x", DieselError::DatabaseError(DatabaseErrorKind::Unknown, info)).kind()
        };
        for own in [
            "database or disk is full",
            "database disk image is malformed",
            "no such table: core_volunteers",
            "table core_volunteers already exists",
        ] {
            assert_eq!(kind(own), ErrorKind::Store, "{own}");
        }
        for theirs in [
            "disk is full of these",
            "could not find the employer",
            "the employer does not exist",
            "this person already exists",
            "malformed name",
            "the room is locked; the database is locked too",
        ] {
            assert_eq!(kind(theirs), ErrorKind::Refused, "{theirs}");
        }
        assert_eq!(kind("database is locked"), ErrorKind::Busy);
    }

    #[test]
    fn a_violated_constraint_is_a_refusal_whatever_its_text() {
        let info = Box::new("database or disk is full".to_owned());
        let error = failed("x", DieselError::DatabaseError(DatabaseErrorKind::CheckViolation, info));
        assert_eq!(error.kind(), ErrorKind::Refused);
    }
}
