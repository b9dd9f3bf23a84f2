use std::path::Path;

use diesel::Connection as _;
use diesel::connection::SimpleConnection;
#[cfg(feature = "postgres")]
use diesel::pg::PgConnection;
#[cfg(feature = "sqlite")]
use diesel::sqlite::SqliteConnection;

use super::failure::{cannot_connect, failed};
use crate::Result;

/// A connection to either backend.
pub(super) enum Connection {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(PgConnection),
}

/// Compiles one body per backend: Diesel's types differ, the code does not.
macro_rules! on_backend {
    ($connection:expr, |$c:ident| $body:expr) => {
        match $connection {
            #[cfg(feature = "sqlite")]
            crate::store::diesel::connection::Connection::Sqlite($c) => $body,
            #[cfg(feature = "postgres")]
            crate::store::diesel::connection::Connection::Postgres($c) => $body,
        }
    };
}
pub(super) use on_backend;

/// Large pages and a page cache that holds the hot ends of all tables: measured best for bulk imports. The page size
/// counts for new files only; a host's database keeps its own. Foreign keys are declared for everybody else: what is
/// written here refers to what the same transaction has written, and checking each reference costs a tenth of a run.
#[cfg(feature = "sqlite")]
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; \
     PRAGMA journal_size_limit = 67108864;";

#[cfg(feature = "sqlite")]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
#[cfg(feature = "sqlite")]
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(5);

/// Everything here is looked up by keys. The planner would rather scan: a table that was empty when it was last analysed
/// seems to be small, and grows by a million rows within a run.
#[cfg(feature = "postgres")]
const POSTGRES_SETTINGS: &str = "SET TIME ZONE 'UTC'; SET client_min_messages = warning; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off";

impl Connection {
    #[cfg(feature = "sqlite")]
    pub(super) fn sqlite(path: &Path) -> Result<Self> {
        let place = path.display().to_string();
        let mut connection = SqliteConnection::establish(&place).map_err(|e| cannot_connect(e, &place))?;
        let begun = std::time::Instant::now();
        loop {
            let set = connection.batch_execute(SQLITE_SETTINGS);
            match set.map_err(|e| failed("open the database", e).at("database", &place)) {
                Ok(()) => return Ok(Self::Sqlite(connection)),
                // Whoever makes the file keeps it locked for a moment, for which SQLite itself does not wait.
                Err(error) if error.kind() == crate::ErrorKind::Busy && begun.elapsed() < PATIENCE => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(error) => return Err(error),
            }
        }
    }

    #[cfg(feature = "postgres")]
    pub(super) fn postgres(url: &str) -> Result<Self> {
        let mut connection = PgConnection::establish(url).map_err(|e| cannot_connect(e, "postgres"))?;
        connection.batch_execute(POSTGRES_SETTINGS).map_err(|e| failed("open the database", e))?;
        Ok(Self::Postgres(connection))
    }

    /// Runs statements without binds.
    pub(super) fn execute(&mut self, operation: &'static str, sql: &str) -> Result<()> {
        on_backend!(self, |c| c.batch_execute(sql)).map_err(|e| failed(operation, e))
    }

    /// True on Postgres.
    pub(super) fn is_postgres(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
        }
    }
}
