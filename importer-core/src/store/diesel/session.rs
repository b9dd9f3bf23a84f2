use std::time::{Duration, Instant};

use super::connection::Connection;
use super::sql::Cell;
use crate::contracts::Contract;
use crate::ports::{Session, StewardSession};
use crate::{Error, ErrorKind, Result};

const BEGIN: &str = "begin a transaction";
/// How long a transaction waits to begin on SQLite, as long as any statement there.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks whether it may, and how long others are let by after a transaction.
const LOOK_AGAIN: Duration = Duration::from_micros(500);
const TURN: Duration = Duration::from_millis(2);

/// One connection with everything the pipeline asks of it.
pub(super) struct DieselSession {
    pub(super) connection: Connection,
}

impl DieselSession {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }
}

/// An empty SQLite store in a temporary file without a name, whatever the real store is: the rows in it are nobody's to read,
/// and they are gone with the process, also with one that is killed.
#[cfg(feature = "sqlite")]
pub(super) fn scratch() -> Result<Box<dyn Session>> {
    let open = || {
        let mut connection = Connection::sqlite(std::path::Path::new(""))?;
        super::migrate::up(&mut connection)?;
        // Nothing here has to outlive a crash.
        connection.execute("make a scratch store", "PRAGMA synchronous = OFF")?;
        Ok(connection)
    };
    let connection = open().map_err(|error: Error| {
        error.hint("check that the folder for temporary files exists and may be written to")
    })?;
    Ok(Box::new(DieselSession { connection }))
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
        self.connection.execute("commit a transaction", "COMMIT")?;
        if !self.connection.is_postgres() {
            // Whoever waits has a turn: a run would otherwise keep the database to itself until its end.
            std::thread::sleep(TURN);
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<()> {
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
