//! Migrations, tracked in a table of our own: a host's Diesel migrations and ours must not see each other's versions.

use super::connection::Connection;
use super::migrations::{names, text};
use super::versions;
use importer_core::{Error, ErrorKind, Result};

const OPERATION: &str = "migrate the database";

/// Runs what is missing.
pub(super) fn up(connection: &mut Connection) -> Result<()> {
    // Looked at first, so that a session that may only read finds an up-to-date database up to date.
    let applied = versions::applied(connection)?;
    let names = names(connection);
    if names.iter().all(|name| applied.iter().any(|version| version.name == *name)) {
        return Ok(());
    }
    if let Some(why) = &connection.read_only {
        return Err(versions::too_old(&applied, &names, why));
    }
    #[cfg(feature = "postgres")]
    if connection.is_postgres() {
        super::requirements::may_migrate(connection)?;
    }
    in_transaction(connection, |connection| {
        let applied = versions::prepare(connection)?;
        for name in names {
            if !applied.iter().any(|version| version.name == name) {
                apply(connection, &name, true)?;
                versions::note(connection, &name)?;
            }
        }
        Ok(())
    })
}

/// Takes everything back, the newest first.
pub(super) fn down(connection: &mut Connection) -> Result<()> {
    connection.may_write(OPERATION)?;
    if !connection.is_postgres() {
        // A host's rows may refer to ours; then nothing is taken away.
        connection.execute(OPERATION, "PRAGMA foreign_keys = ON")?;
    }
    in_transaction(connection, |connection| {
        let applied = versions::prepare(connection)?;
        let is_applied = |name: &&String| applied.iter().any(|version| version.name == **name);
        for name in names(connection).iter().rev().filter(is_applied) {
            apply(connection, name, false)?;
        }
        connection.execute(OPERATION, "DROP TABLE importer_schema_migrations")
    })
}

fn in_transaction(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<()>,
) -> Result<()> {
    let begin = if connection.is_postgres() {
        // Two hosts that start at once must not both migrate; the number is arbitrary.
        "BEGIN; SELECT pg_advisory_xact_lock(7305808869231650162)"
    } else {
        "BEGIN IMMEDIATE"
    };
    connection.execute(OPERATION, begin)?;
    match work(connection) {
        Ok(()) => connection.execute(OPERATION, "COMMIT"),
        Err(error) => {
            // The first error tells more than a failing rollback.
            let _ = connection.execute(OPERATION, "ROLLBACK");
            Err(error)
        }
    }
}

fn apply(connection: &mut Connection, name: &str, up: bool) -> Result<()> {
    let sql = text(connection, name, up)
        .ok_or_else(|| Error::new(ErrorKind::Invariant, OPERATION, "a migration is not there"));
    connection.execute(OPERATION, sql.map_err(|error| error.at("migration", name))?).map_err(|error| {
        // What the host has of the same name is no row that is refused.
        error.at("migration", name)
    })
}
