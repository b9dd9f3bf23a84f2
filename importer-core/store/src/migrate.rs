//! Migrations, tracked in a table of our own: a host's Diesel migrations and ours must not see each other's versions.

use include_dir::{Dir, include_dir};

use super::connection::{Backend, Connection};
use super::versions;
use importer_core::{Error, ErrorKind, Result};

#[cfg(feature = "sqlite")]
static SQLITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
#[cfg(feature = "postgres")]
static POSTGRES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

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

fn folder(connection: &Connection) -> &'static Dir<'static> {
    match &connection.backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite(_) => &SQLITE,
        #[cfg(feature = "postgres")]
        Backend::Postgres(_) => &POSTGRES,
    }
}

/// Every migration that this program knows, in their order.
pub(super) fn names(connection: &Connection) -> Vec<String> {
    let folders = folder(connection).dirs().filter_map(|dir| dir.path().file_name()?.to_str());
    let mut names: Vec<String> = folders.map(str::to_owned).collect();
    names.sort();
    names
}

/// The tables that migrations make.
#[cfg(feature = "postgres")]
pub(super) fn tables(connection: &Connection) -> Vec<&'static str> {
    let folder = folder(connection);
    let files = folder.dirs().filter_map(|dir| folder.get_file(dir.path().join("up.sql"))?.contents_utf8());
    let made = |line: &'static str| line.strip_prefix("CREATE TABLE ")?.split(' ').next();
    let mut tables: Vec<&str> = files.flat_map(str::lines).filter_map(made).collect();
    tables.push(versions::TABLE);
    tables.sort_unstable();
    tables
}

fn apply(connection: &mut Connection, name: &str, up: bool) -> Result<()> {
    let path = format!("{name}/{}.sql", if up { "up" } else { "down" });
    let file = folder(connection).get_file(&path).and_then(|file| file.contents_utf8());
    let sql = file.ok_or_else(|| Error::new(ErrorKind::Invariant, OPERATION, "a migration is not there"));
    connection.execute(OPERATION, sql.map_err(|error| error.at("migration", name))?).map_err(|error| {
        // What the host has of the same name is no row that is refused.
        error.at("migration", name)
    })
}
