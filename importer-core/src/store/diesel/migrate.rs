//! Migrations, tracked in a table of our own: a host's Diesel migrations and ours must not see each other's versions.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::connection::{Backend, Connection};
use super::versions;
use crate::{Error, ErrorKind, Result};

#[cfg(feature = "sqlite")]
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

const OPERATION: &str = "migrate the database";

/// Runs what is missing.
pub(super) fn up(connection: &mut Connection) -> Result<()> {
    // Looked at first, so that a session that may only read finds an up-to-date database up to date.
    let applied = versions::applied(connection)?;
    let names = names(connection)?;
    if names.iter().all(|name| applied.iter().any(|version| version.name == *name)) {
        return Ok(());
    }
    if let Some(why) = &connection.read_only {
        return Err(versions::too_old(&applied, &names, why));
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
        for name in names(connection)?.iter().rev().filter(is_applied) {
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

/// Every migration that this program knows, in their order.
pub(super) fn names(connection: &Connection) -> Result<Vec<String>> {
    let mut names: Vec<String> = match &connection.backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite(_) => MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)
            .map_err(broken)?
            .iter()
            .map(|m| m.name().to_string())
            .collect(),
        #[cfg(feature = "postgres")]
        Backend::Postgres(_) => MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES)
            .map_err(broken)?
            .iter()
            .map(|m| m.name().to_string())
            .collect(),
    };
    names.sort();
    Ok(names)
}

fn apply(connection: &mut Connection, name: &str, up: bool) -> Result<()> {
    match &mut connection.backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite(c) => {
            for migration in MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE).map_err(broken)? {
                if migration.name().to_string() == name {
                    if up { migration.run(c) } else { migration.revert(c) }.map_err(broken)?;
                }
            }
        }
        #[cfg(feature = "postgres")]
        Backend::Postgres(c) => {
            for migration in MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES).map_err(broken)? {
                if migration.name().to_string() == name {
                    if up { migration.run(c) } else { migration.revert(c) }.map_err(broken)?;
                }
            }
        }
    }
    Ok(())
}

fn broken(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    match error.downcast::<diesel::result::Error>() {
        Ok(error) => super::failure::failed(OPERATION, *error),
        Err(error) => {
            let message = error.to_string();
            // The database's own words stand behind the migration's name.
            let told = message.split_once(" with: ").map_or(&*message, |(_, told)| told);
            let hint = super::failure::hint(told);
            let out = Error::new(ErrorKind::Store, OPERATION, message);
            match hint {
                Some(hint) => out.hint(hint),
                None => out,
            }
        }
    }
}
