//! Opening a SQLite file, to write it or, where that may not be, to look at it.
//!
//! A file in WAL mode is read together with two files beside it, of which SQLite makes the second one itself: what was written
//! last (`-wal`), and who is reading and writing at the moment (`-shm`). Where that cannot be made, a file without anything in
//! its `-wal` is complete and can be read as one that nobody changes; one with something in it cannot be read at all.

use std::io::{ErrorKind as IoError, Read};
use std::path::{Path, PathBuf};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;

use super::failure::{cannot_connect, failed};
use super::read_only::ReadOnly;
use crate::{Error, ErrorKind, Result};

const OPEN: &str = "open the database";

/// Large pages and a page cache that holds the hot ends of all tables: measured best for bulk imports. The page size
/// counts for new files only; a host's database keeps its own. Foreign keys are declared for everybody else: what is
/// written here refers to what the same transaction has written, and checking each reference costs a tenth of a run.
const TO_WRITE: &str = "PRAGMA busy_timeout = 10000; PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; \
     PRAGMA journal_size_limit = 67108864;";

/// The last of these reads the file, and with it everything beside it that belongs to it.
const TO_LOOK: &str = "PRAGMA busy_timeout = 10000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; \
     PRAGMA schema_version;";

const ASK: &str = "ask for the right to write it and its folder";

/// A connection, and why it may only read, if that is so.
pub(super) fn open(path: &Path) -> Result<(SqliteConnection, Option<ReadOnly>)> {
    if let Err(error) = std::fs::File::options().write(true).open(path)
        && let Some(what) = forbids(&error)
    {
        return look(path, ReadOnly::new(format!("its file may not be written ({what})"), ASK), None);
    }
    match connect(&path.display().to_string(), TO_WRITE) {
        Ok(connection) => Ok((connection, None)),
        // The file may be written and nothing may be made beside it.
        Err(error) if path.is_file() && is_about_the_folder(&error) => {
            let why = ReadOnly::new("nothing may be written into the folder of its file", ASK);
            look(path, why, Some(error.at("database", path.display())))
        }
        Err(error) => Err(error.at("database", path.display())),
    }
}

fn connect(url: &str, settings: &str) -> Result<SqliteConnection> {
    let mut connection = SqliteConnection::establish(url).map_err(cannot_connect)?;
    connection.batch_execute(settings).map_err(|e| failed(OPEN, e))?;
    Ok(connection)
}

/// In words, if it is a matter of rights.
fn forbids(error: &std::io::Error) -> Option<&'static str> {
    match error.kind() {
        IoError::PermissionDenied => Some("permission denied"),
        IoError::ReadOnlyFilesystem => Some("its file system is read-only"),
        _ => None,
    }
}

fn is_about_the_folder(error: &Error) -> bool {
    let message = error.message().to_ascii_lowercase();
    message.contains("unable to open database") || message.contains("readonly database")
}

/// Opens a file that may not be written.
fn look(path: &Path, why: ReadOnly, first: Option<Error>) -> Result<(SqliteConnection, Option<ReadOnly>)> {
    let place = path.display().to_string();
    let beside = Beside::of(path).map_err(|e| {
        Error::new(ErrorKind::Store, OPEN, format!("its file cannot be read: {e}")).at("database", &place)
    })?;
    let how = if beside.is_complete() { "immutable=1" } else { "mode=ro" };
    match connect(&format!("file:{}?{how}", escaped(&place)), TO_LOOK) {
        Ok(connection) => Ok((connection, Some(why))),
        Err(error) => match beside.why_unreadable() {
            Some(unreadable) if is_about_the_folder(&error) => Err(unreadable.at("database", &place)),
            // The first error was about what was wanted.
            _ => Err(first.unwrap_or_else(|| error.at("database", &place))),
        },
    }
}

/// What lies beside a file.
struct Beside {
    /// Whether the file is in WAL mode.
    wal_mode: bool,
    /// The size of what was written last; none when there is no such file.
    wal: Option<u64>,
    /// Whether others have, or had, it open.
    shm: bool,
    /// The size of what a broken-off transaction has left.
    journal: u64,
}

impl Beside {
    fn of(path: &Path) -> std::io::Result<Self> {
        let mut header = Vec::new();
        std::fs::File::open(path)?.take(20).read_to_end(&mut header)?;
        let size = |end: &str| match std::fs::metadata(with_end(path, end)) {
            Ok(meta) => Ok(Some(meta.len())),
            Err(error) if error.kind() == IoError::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        Ok(Self {
            // The versions of the format that a reader and a writer must know.
            wal_mode: header.get(18..20).is_some_and(|versions| versions.contains(&2)),
            wal: size("-wal")?,
            shm: size("-shm")?.is_some(),
            journal: size("-journal")?.unwrap_or(0),
        })
    }

    /// Whether everything stands in the file itself and nobody has it open.
    fn is_complete(&self) -> bool {
        self.wal_mode && (self.wal.is_none() || (self.wal == Some(0) && !self.shm))
    }

    /// What is the matter with a file that could not be opened to be looked at.
    fn why_unreadable(&self) -> Option<Error> {
        let (what, hint) = match self {
            Self { wal_mode: true, wal: Some(1..), .. } => (
                "what was written last still lies in the file with `-wal` behind its name, which this user cannot read \
                 together with it",
                "let somebody open it once who may write it, such as with any command of the importer; or copy all files \
                 that begin with its name to a folder of your own and look there",
            ),
            Self { wal_mode: true, .. } => (
                "another program has it open, and this user may not read the file with `-shm` behind its name",
                "ask for the right to read it, or look again when that program has ended",
            ),
            Self { journal: 1.., .. } => (
                "a transaction was broken off, and only somebody who may write the file can take back what it left",
                "let somebody open it once who may write it, such as with any command of the importer",
            ),
            _ => return None,
        };
        Some(Error::new(ErrorKind::Store, OPEN, what).hint(hint))
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(end);
    path.into()
}

/// A path as a URI takes it.
fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_path_survives_in_a_uri() {
        assert_eq!(escaped("/a b/ü?#%.db"), "/a%20b/%C3%BC%3F%23%25.db");
    }
}
