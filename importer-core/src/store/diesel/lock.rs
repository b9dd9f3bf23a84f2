//! One run of a source at a time. Both kinds of lock die with their holder, so a killed run never blocks the next.

use crate::ports::SourceLock;
use crate::{Error, ErrorKind, Result};

const OPERATION: &str = "start a run";

fn taken(entity: &str, source: &str) -> Error {
    Error::new(ErrorKind::Busy, OPERATION, "another run of this source is at work")
        .at("source", source)
        .at("entity", entity)
        .hint("wait for it, or cancel it")
}

/// The file beside the database that whoever works on a source holds.
#[cfg(feature = "sqlite")]
fn place(database: &std::path::Path, entity: &str, source: &str) -> std::path::PathBuf {
    let safe = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let mut path = database.as_os_str().to_owned();
    path.push(format!(".{}-{}.lock", safe(entity), safe(source)));
    path.into()
}

#[cfg(feature = "sqlite")]
fn cannot_use(path: &std::path::Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Store, OPERATION, format!("the lock file cannot be used: {error}"))
        .at("file", path.display())
}

/// A lock on a file beside the database.
#[cfg(feature = "sqlite")]
pub(super) fn file(database: &std::path::Path, entity: &str, source: &str) -> Result<SourceLock> {
    use std::fs::{File, TryLockError};
    let path = place(database, entity, source);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|e| cannot_use(&path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(SourceLock(Box::new(file))),
        Err(TryLockError::WouldBlock) => Err(taken(entity, source)),
        Err(TryLockError::Error(e)) => Err(cannot_use(&path, &e)),
    }
}

/// Whether somebody holds the lock; asking makes no file.
#[cfg(feature = "sqlite")]
pub(super) fn is_held(database: &std::path::Path, entity: &str, source: &str) -> Result<bool> {
    use std::fs::{File, TryLockError};
    let path = place(database, entity, source);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(cannot_use(&path, &error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(cannot_use(&path, &e)),
    }
}

/// An advisory lock on a connection of its own.
#[cfg(feature = "postgres")]
pub(super) fn advisory(
    mut connection: super::connection::Connection,
    entity: &str,
    source: &str,
) -> Result<SourceLock> {
    use super::sql::Cell;
    let name = format!("importer:{entity}:{source}");
    let sql = "SELECT CAST(pg_try_advisory_lock(hashtextextended(?, 0)) AS TEXT)";
    // The server needs a moment to notice that a killed client is gone.
    for _ in 0..20 {
        let rows = connection.rows(OPERATION, sql, &[Cell::Text(&name)])?;
        if rows.first().is_some_and(|row| row.flag(0)) {
            return Ok(SourceLock(Box::new(connection)));
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Err(taken(entity, source))
}
