//! The store of a dry run.

#[cfg(feature = "sqlite")]
use super::connection::Connection;
#[cfg(feature = "sqlite")]
use super::core::contact_owner;
#[cfg(feature = "sqlite")]
use super::session::SqlSession;
#[cfg(not(feature = "sqlite"))]
use importer_core::ErrorKind;
use importer_core::contracts::Contract;
#[cfg(feature = "sqlite")]
use importer_core::contracts::FieldKind;
use importer_core::ports::Session;
use importer_core::{Error, Result};

/// An empty SQLite store in a temporary file without a name, whatever the real store is: the rows in it are nobody's to read,
/// and they are gone with the process, also with one that is killed.
#[cfg(feature = "sqlite")]
pub(super) fn scratch(contract: &Contract) -> Result<Box<dyn Session>> {
    let open = || {
        let mut connection = Connection::sqlite(std::path::Path::new(""))?;
        super::migrate::up(&mut connection)?;
        connection.execute("make a scratch store", &core_tables(contract))?;
        // Nothing here has to outlive a crash.
        connection.execute("make a scratch store", "PRAGMA synchronous = OFF")?;
        Ok(connection)
    };
    let connection = open().map_err(|error: Error| {
        error.hint("check that the folder for temporary files exists and may be written to")
    })?;
    Ok(Box::new(SqlSession::new(connection)))
}

/// The tables of records for a contract of the host, whose migrations are not ours to run; those that ship are there.
#[cfg(feature = "sqlite")]
fn core_tables(contract: &Contract) -> String {
    let fields: String = contract
        .columns()
        .map(|(_, field)| match field.kind {
            FieldKind::Flag | FieldKind::Integer => format!("{} INTEGER, ", field.name),
            _ => format!("{} TEXT, ", field.name),
        })
        .collect();
    format!(
        "CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY AUTOINCREMENT, {fields}ingest_version TEXT NOT NULL, \
         created_at TEXT NOT NULL, updated_at TEXT NOT NULL, origin_source TEXT NOT NULL, origin_verified_at TEXT, \
         field_origins TEXT) STRICT; \
         CREATE TABLE IF NOT EXISTS core_{entity}_contacts ({owner} INTEGER NOT NULL, kind TEXT NOT NULL, \
         value TEXT NOT NULL, original TEXT, extension TEXT, is_primary INTEGER NOT NULL, source TEXT NOT NULL, \
         PRIMARY KEY ({owner}, kind, value)) STRICT, WITHOUT ROWID",
        table = contract.core_table(),
        entity = contract.entity,
        owner = contact_owner(contract),
    )
}

/// A dry run writes its core to SQLite.
#[cfg(not(feature = "sqlite"))]
pub(super) fn scratch(_: &Contract) -> Result<Box<dyn Session>> {
    Err(Error::new(ErrorKind::Config, "start a dry run", "this build has no SQLite, which dry runs need")
        .hint("build with the feature `sqlite`"))
}
