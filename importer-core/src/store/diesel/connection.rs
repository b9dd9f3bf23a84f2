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

/// Everything here is looked up by keys. The planner would rather scan: a table that was empty when it was last analysed
/// seems to be small, and grows by a million rows within a run.
#[cfg(feature = "postgres")]
const POSTGRES_SETTINGS: &str = "SET TIME ZONE 'UTC'; SET client_min_messages = warning; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off";

#[cfg(feature = "sqlite")]
#[diesel::declare_sql_function]
extern "SQL" {
    /// What [`Connection::digest_function`] names on SQLite.
    fn importer_digest(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

impl Connection {
    #[cfg(feature = "sqlite")]
    pub(super) fn sqlite(path: &Path) -> Result<Self> {
        let place = path.display().to_string();
        let mut connection = SqliteConnection::establish(&place).map_err(|e| cannot_connect(e, &place))?;
        connection
            .batch_execute(SQLITE_SETTINGS)
            .map_err(|e| failed("open the database", e).at("database", &place))?;
        Ok(Self::Sqlite(connection))
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

    /// The name of a function that makes a short text of a long one, the same one each time.
    pub(super) fn digest_function(&mut self) -> Result<&'static str> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(c) => {
                let digest = |text: String| format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()));
                importer_digest_utils::register_impl(c, digest).map_err(|e| failed("add a function", e))?;
                Ok("importer_digest")
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok("md5"),
        }
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
