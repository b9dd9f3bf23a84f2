use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::host_tables::HostKey;
use super::sql::Cell;
use crate::contracts::Contract;
use crate::ports::{Session, StewardSession};
use crate::{Error, ErrorKind, Result};

const BEGIN: &str = "begin a transaction";
const COMMIT: &str = "commit a transaction";
/// How long a transaction waits to begin on SQLite, as long as any statement there.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks whether it may, and how long others are let by after a transaction.
const LOOK_AGAIN: Duration = Duration::from_micros(500);
const TURN: Duration = Duration::from_millis(2);

/// One connection with everything the pipeline asks of it.
pub(super) struct DieselSession {
    pub(super) connection: Connection,
    /// Whether a transaction is open.
    pub(super) in_transaction: bool,
    /// The host's foreign keys to an entity, while a transaction is open.
    pub(super) host_keys: Option<(&'static str, Arc<[HostKey]>)>,
    // Dropped after the connection, with everything in it.
    _folder: Option<tempfile::TempDir>,
}

impl DieselSession {
    pub(super) fn new(connection: Connection) -> Self {
        Self::within(connection, None)
    }

    fn within(connection: Connection, folder: Option<tempfile::TempDir>) -> Self {
        Self { connection, in_transaction: false, host_keys: None, _folder: folder }
    }

    /// What is known of the host's tables is known for one transaction.
    fn transaction_is(&mut self, open: bool) {
        self.in_transaction = open;
        self.host_keys = None;
    }
}

/// An empty SQLite store in a temporary file, whatever the real store is.
#[cfg(feature = "sqlite")]
pub(super) fn scratch() -> Result<Box<dyn Session>> {
    let cannot = |e: std::io::Error| {
        Error::new(ErrorKind::Store, "make a scratch store for the dry run", e.to_string())
            .hint("check that the folder for temporary files exists and may be written to")
    };
    let folder = tempfile::Builder::new().prefix("importer-dry-run").tempdir().map_err(cannot)?;
    let mut connection = Connection::sqlite(&folder.path().join("scratch.db"))?;
    super::migrate::up(&mut connection)?;
    // Nothing here has to outlive a crash.
    connection.execute("make a scratch store", "PRAGMA synchronous = OFF")?;
    Ok(Box::new(DieselSession::within(connection, Some(folder))))
}

/// A dry run writes its core to SQLite.
#[cfg(not(feature = "sqlite"))]
pub(super) fn scratch() -> Result<Box<dyn Session>> {
    Err(Error::new(ErrorKind::Config, "start a dry run", "this build has no SQLite, which dry runs need")
        .hint("build with the feature `sqlite`"))
}

impl StewardSession for DieselSession {}

impl Session for DieselSession {
    fn begin(&mut self) -> Result<()> {
        self.connection.may_write("change anything")?;
        self.transaction_is(true);
        if self.connection.is_postgres() {
            return self.connection.execute(BEGIN, "BEGIN");
        }
        // SQLite's own waiting looks again ten times a second, and would never see the gap between two transactions of a run.
        self.connection.execute(BEGIN, "PRAGMA busy_timeout = 0")?;
        let begun = Instant::now();
        let result = loop {
            // A transaction that begins by reading may not be able to write later.
            match self.connection.execute(BEGIN, "BEGIN IMMEDIATE") {
                Err(error) if error.kind() == ErrorKind::Busy && begun.elapsed() < PATIENCE => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                result => break result,
            }
        };
        self.connection.execute(BEGIN, "PRAGMA busy_timeout = 10000")?;
        result
    }

    fn commit(&mut self) -> Result<()> {
        if let Err(error) = self.connection.execute(COMMIT, "COMMIT") {
            return Err(self.why_not_committed(error));
        }
        self.transaction_is(false);
        if !self.connection.is_postgres() {
            // Whoever waits has a turn: a run would otherwise keep the database to itself until its end.
            std::thread::sleep(TURN);
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<()> {
        self.transaction_is(false);
        self.connection.execute("roll a transaction back", "ROLLBACK")
    }

    fn lock_core(&mut self, contract: &Contract) -> Result<()> {
        if self.connection.is_postgres() {
            let name = format!("importer:core:{}", contract.entity);
            let sql = "SELECT CAST(pg_advisory_xact_lock(hashtextextended(?, 0)) AS TEXT) AS t";
            self.connection.rows("wait for the core", sql, &[Cell::Text(&name)])?;
        }
        // A SQLite transaction that may write is the only one.
        Ok(())
    }
}
