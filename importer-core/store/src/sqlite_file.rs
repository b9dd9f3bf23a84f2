//! Opening a SQLite file, to write it or, where that may not be, to look at it.
//!
//! A file in WAL mode is read together with two files beside it, of which SQLite makes the second one itself: what was written
//! last (`-wal`), and who is reading and writing at the moment (`-shm`). Where that cannot be made, a file without anything in
//! its `-wal` is complete and can be read as one that nobody changes; one with something in it cannot be read at all.
//!
//! Nothing here opens the file but SQLite itself: closing it would take away the locks that this process holds on it.

use std::io::ErrorKind as IoError;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;

use super::failure::{cannot_connect, failed};
use super::read_only::ReadOnly;
use importer_core::{Error, ErrorKind, Result};

const OPEN: &str = "open the database";

const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

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
    if let Some(what) = forbidden(path, Right::Write) {
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
    let begun = Instant::now();
    loop {
        match connection.batch_execute(settings).map_err(|e| failed(OPEN, e)) {
            Ok(()) => return Ok(connection),
            // Whoever makes the file keeps it locked for a moment, for which SQLite itself does not wait.
            Err(error) if error.kind() == ErrorKind::Busy && begun.elapsed() < PATIENCE => {
                std::thread::sleep(LOOK_AGAIN);
            }
            Err(error) => return Err(error),
        }
    }
}

/// What somebody would do with a file or folder.
#[derive(Clone, Copy)]
enum Right {
    Read,
    Write,
}

/// In words, what forbids it; nothing where it may be done, or where something else is the matter.
#[cfg(unix)]
fn forbidden(path: &Path, right: Right) -> Option<&'static str> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    use rustix::io::Errno;
    let access = match right {
        Right::Read => Access::READ_OK,
        Right::Write => Access::WRITE_OK,
    };
    match accessat(CWD, path, access, AtFlags::EACCESS) {
        Err(Errno::ACCESS | Errno::PERM) => Some("permission denied"),
        Err(Errno::ROFS) => Some("its file system is read-only"),
        _ => None,
    }
}

#[cfg(not(unix))]
fn forbidden(path: &Path, right: Right) -> Option<&'static str> {
    let readonly = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().readonly());
    (matches!(right, Right::Write) && readonly).then_some("permission denied")
}

fn is_about_the_folder(error: &Error) -> bool {
    let message = error.message().to_ascii_lowercase();
    message.contains("unable to open database") || message.contains("readonly database")
}

/// Opens a file that may not be written.
fn look(path: &Path, why: ReadOnly, first: Option<Error>) -> Result<(SqliteConnection, Option<ReadOnly>)> {
    let place = path.display().to_string();
    if let Some(what) = forbidden(path, Right::Read) {
        let message = format!("its file may not be read ({what})");
        return Err(Error::new(ErrorKind::Store, OPEN, message).at("database", place));
    }
    // Behind a link, the other files stand beside what it leads to.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let beside = Beside::of(&path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Who may write beside the file alone would leave files there that its owner cannot use.
    let ways: &[&str] = match (beside.is_nothing(), forbidden(folder, Right::Write)) {
        (true, None) => &["immutable=1"],
        (true, Some(_)) => &["mode=ro", "immutable=1"],
        (false, _) => &["mode=ro"],
    };
    let mut last = None;
    for way in ways {
        match connect(&format!("file:{}?{way}", escaped(&path.display().to_string())), TO_LOOK) {
            Ok(connection) => return Ok((connection, Some(why))),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| Error::new(ErrorKind::Store, OPEN, "it cannot be opened"));
    match beside.why_unreadable() {
        Some(unreadable) if is_about_the_folder(&error) => Err(unreadable.at("database", &place)),
        // The first error was about what was wanted.
        _ => Err(first.unwrap_or_else(|| error.at("database", &place))),
    }
}

/// What lies beside a file.
struct Beside {
    /// The size of what was written last; none when there is no such file.
    wal: Option<u64>,
    /// Whether others have, or had, it open.
    shm: bool,
    /// The size of what a broken-off transaction has left.
    journal: u64,
}

impl Beside {
    fn of(path: &Path) -> Self {
        // What cannot be looked at is there, and not for us.
        let size = |end: &str| match std::fs::metadata(with_end(path, end)) {
            Ok(meta) => Some(meta.len()),
            Err(error) if error.kind() == IoError::NotFound => None,
            Err(_) => Some(1),
        };
        Self { wal: size("-wal"), shm: size("-shm").is_some(), journal: size("-journal").unwrap_or(0) }
    }

    /// Whether everything stands in the file itself and nobody is writing to it.
    fn is_nothing(&self) -> bool {
        self.journal == 0 && (self.wal.is_none() || (self.wal == Some(0) && !self.shm))
    }

    /// What is the matter with a file that could not be opened to be looked at.
    fn why_unreadable(&self) -> Option<Error> {
        let (what, hint) = match self {
            Self { wal: Some(1..), .. } => (
                "the latest changes are still in the write-ahead log (the file ending in `-wal`), which this user cannot read \
                 together with it",
                "let a user who may write it open it once with the importer; or copy all files \
                 that begin with its name to a folder of your own and look there",
            ),
            Self { shm: true, .. } => (
                "another program has it open, and this user may not read its shared-memory file (the file ending in `-shm`)",
                "ask for the right to read it, or try again when that program has ended",
            ),
            Self { journal: 1.., .. } => (
                "a transaction was interrupted, and only a user who may write the file can roll it back",
                "let a user who may write it open it once with the importer",
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
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                out.push(byte.into())
            }
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
