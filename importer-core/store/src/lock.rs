//! One run of a system at a time. Both kinds of lock die with their holder, so a killed run never blocks the next.

#[cfg(feature = "sqlite")]
use importer_core::Result;
#[cfg(feature = "sqlite")]
use importer_core::ports::SystemLock;
use importer_core::{Error, ErrorKind};

pub(super) const OPERATION: &str = "start a run";

pub(super) fn taken(entity: &str, system: &str) -> Error {
    Error::new(ErrorKind::Busy, OPERATION, "another run of this system is at work")
        .at("system", system)
        .at("entity", entity)
        .hint("wait for it, or cancel it")
}

/// The file beside the database that whoever works on a system holds.
#[cfg(feature = "sqlite")]
fn place(database: &std::path::Path, entity: &str, system: &str) -> std::path::PathBuf {
    beside(database, &format!("{}-{}.lock", file_name(entity), file_name(system)))
}

#[cfg(feature = "sqlite")]
fn cannot_use(path: &std::path::Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Store, OPERATION, format!("the lock file cannot be used: {error}"))
        .at("file", path.display())
}

/// A lock on a file beside the database.
#[cfg(feature = "sqlite")]
pub(super) fn file(database: &std::path::Path, entity: &str, system: &str) -> Result<SystemLock> {
    use std::fs::File;

    use importer_core::file_lock::FileLock;
    let path = place(database, entity, system);
    let cannot = |e| cannot_use(&path, &e);
    let open = || File::options().create(true).truncate(false).write(true).open(&path);
    match FileLock::take_soon(open).map_err(cannot)? {
        Some(lock) => Ok(SystemLock(Box::new(lock))),
        None => Err(taken(entity, system)),
    }
}

/// Whether somebody holds the lock; asking makes no file.
#[cfg(feature = "sqlite")]
pub(super) fn is_held(database: &std::path::Path, entity: &str, system: &str) -> Result<bool> {
    use std::fs::{File, TryLockError};
    let path = place(database, entity, system);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(cannot_use(&path, &error)),
    };
    match file.try_lock_shared() {
        // Unlocked at once: a process that is just being started may have a copy of the open file.
        Ok(()) => file.unlock().map(|()| false).map_err(|error| cannot_use(&path, &error)),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(cannot_use(&path, &error)),
    }
}

/// A file whose name begins with that of the database, however that is named.
#[cfg(feature = "sqlite")]
pub(super) fn beside(database: &std::path::Path, end: &str) -> std::path::PathBuf {
    // Two names of one database are one database.
    let real = std::fs::canonicalize(database);
    let mut path = real.as_deref().unwrap_or(database).as_os_str().to_owned();
    path.push(".");
    path.push(end);
    path.into()
}

/// A name as part of a file's name: readable where it can be, never that of another, and never too long.
#[cfg(feature = "sqlite")]
fn file_name(name: &str) -> String {
    const MOST: usize = 40;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.len() <= MOST && name.chars().all(plain) {
        return name.into();
    }
    let readable: String = name.chars().filter(char::is_ascii_alphanumeric).take(MOST).collect();
    format!("{readable}~{:016x}", xxhash_rust::xxh3::xxh3_64(name.as_bytes()))
}

/// The schema of the importer's tables on Postgres, where each schema may have its own.
pub(super) const SCHEMA: &str = "COALESCE((SELECT CAST(relnamespace AS TEXT) FROM pg_class WHERE oid = \
                                 to_regclass('import_runs')), current_schema())";

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_file_of_its_own() {
        let long = "x".repeat(500);
        let longer = format!("{long}x");
        let names = [
            "north", "North", "north_1", "north-1", "north 1", "nord/ost", "é", "ö", "", "a~b", &long,
            &longer,
        ];
        let mut files: Vec<String> = names.iter().map(|name| file_name(name).to_lowercase()).collect();
        assert_eq!(files[0], "north");
        assert!(files.iter().all(|file| file.len() < 80 && !file.contains(['/', '-', '.'])), "{files:?}");
        files.sort();
        files.dedup();
        assert_eq!(files.len(), names.len(), "{files:?}");
    }
}
