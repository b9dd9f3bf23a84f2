use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::host_keys::HostKey;
#[cfg(feature = "sqlite")]
use super::turn::WriteTurn;
use importer_core::contracts::Contract;
use importer_core::ports::{Session, StewardSession, SystemLock, in_transaction};
use importer_core::{ErrorKind, Result};

const BEGIN: &str = "begin a transaction";
const COMMIT: &str = "commit a transaction";
/// How long a transaction waits to begin on SQLite when a program writes that is no importer, as long as any statement
/// there.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks whether it may, and how long others are let by after a transaction.
const LOOK_AGAIN: Duration = Duration::from_micros(500);
const TURN: Duration = Duration::from_millis(2);

/// One connection with everything the pipeline asks of it.
pub(super) struct SqlSession {
    pub(super) connection: Connection,
    // Dropped after the connection, which takes back what was not committed.
    #[cfg(feature = "sqlite")]
    turn: Option<WriteTurn>,
    /// The claim that each transaction proves.
    #[cfg(feature = "postgres")]
    claim: Option<super::claim::Claim>,
    /// Where the connection waits for the next session.
    #[cfg(feature = "postgres")]
    pool: Option<super::postgres::Pool>,
    /// Whether a transaction is open.
    pub(super) in_transaction: bool,
    /// The host's foreign keys to an entity, while a transaction is open.
    pub(super) host_keys: Option<(&'static str, Arc<[HostKey]>)>,
    /// The entity whose core this transaction has locked.
    pub(super) core_taken: Option<&'static str>,
    /// In a transaction for show, the last id of each table that it has numbered.
    pub(super) shown_ids: Option<BTreeMap<&'static str, i64>>,
    /// Whether somebody was told that this session waits for others.
    pub(super) told_of_waiting: bool,
    patience: Duration,
}

impl SqlSession {
    /// A session that shares its database with nobody, or whose database knows how to.
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            #[cfg(feature = "sqlite")]
            turn: None,
            #[cfg(feature = "postgres")]
            claim: None,
            #[cfg(feature = "postgres")]
            pool: None,
            in_transaction: false,
            host_keys: None,
            core_taken: None,
            shown_ids: None,
            told_of_waiting: false,
            patience: PATIENCE,
        }
    }

    /// A session whose connection waits in a pool for the next one, if this one ends well.
    #[cfg(feature = "postgres")]
    pub(super) fn pooled(mut self, pool: &super::postgres::Pool) -> Self {
        self.pool = Some(pool.clone());
        self
    }

    /// A session that takes turns with others.
    #[cfg(feature = "sqlite")]
    pub(super) fn in_turn(connection: Connection, database: &std::path::Path, patience: Duration) -> Self {
        let mut session = Self::new(connection);
        (session.turn, session.patience) = (Some(WriteTurn::of(database)), patience);
        session
    }

    /// Writes within the open transaction, or in one of its own: a single statement that waits for its turn as SQLite
    /// does would hardly ever have one beside a run.
    pub(super) fn written<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.in_transaction { work(self) } else { in_transaction(self, work) }
    }

    fn begin_on_sqlite(&mut self) -> Result<()> {
        // SQLite's own waiting looks again ten times a second, and would never see the gap between two transactions of a run.
        self.connection.execute(BEGIN, "PRAGMA busy_timeout = 0")?;
        let begun = Instant::now();
        let result = loop {
            // A transaction that begins by reading may not be able to write later.
            match self.connection.execute(BEGIN, "BEGIN IMMEDIATE") {
                Err(error) if error.kind() == ErrorKind::Busy && begun.elapsed() < self.patience => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                result => break result,
            }
        };
        self.connection.execute(BEGIN, "PRAGMA busy_timeout = 10000")?;
        result
    }

    fn begin_on_postgres(&mut self) -> Result<()> {
        self.connection.execute(BEGIN, "BEGIN")?;
        #[cfg(feature = "postgres")]
        if let Some(claim) = self.claim.clone()
            && let Err(error) = claim.prove(&mut self.connection)
        {
            // The first error tells more than a failing rollback.
            let _ = self.connection.execute(BEGIN, "ROLLBACK");
            return Err(error);
        }
        Ok(())
    }

    /// What is known of the host's tables is known for one transaction.
    fn transaction_is(&mut self, open: bool) {
        self.in_transaction = open;
        self.host_keys = None;
        self.core_taken = None;
        self.shown_ids = None;
    }

    /// The transaction is over, and whoever waits may have theirs.
    fn ended(&mut self) {
        self.transaction_is(false);
        #[cfg(feature = "sqlite")]
        if let Some(turn) = &mut self.turn {
            turn.pass();
        }
    }
}

#[cfg(feature = "postgres")]
impl Drop for SqlSession {
    fn drop(&mut self) {
        // Whoever drops a session within a transaction wants nothing of it to last, and closing is the surest way to that.
        if !self.in_transaction
            && self.connection.read_only.is_none()
            && let Some(pool) = &self.pool
            && let super::connection::Backend::Postgres(server) = &mut self.connection.backend
        {
            server.goes_to(pool);
        }
    }
}

impl StewardSession for SqlSession {}

impl Session for SqlSession {
    fn begin(&mut self) -> Result<()> {
        self.connection.may_write("change anything")?;
        let begun = if self.connection.is_postgres() {
            self.begin_on_postgres()
        } else {
            #[cfg(feature = "sqlite")]
            if let Some(turn) = &mut self.turn {
                turn.take()?;
            }
            self.begin_on_sqlite()
        };
        match &begun {
            Ok(()) => self.transaction_is(true),
            Err(_) => self.ended(),
        }
        begun
    }

    fn work_under(&mut self, lock: &SystemLock) {
        // A lock on a file beside a SQLite database cannot be lost.
        let _ = lock;
        #[cfg(feature = "postgres")]
        if self.connection.is_postgres() {
            self.claim = super::claim::of(lock);
        }
    }

    fn begin_preview(&mut self) -> Result<()> {
        self.begin_transaction_for_show()
    }

    fn commit(&mut self) -> Result<()> {
        self.connection.well_read()?;
        if let Err(error) = self.connection.execute(COMMIT, "COMMIT") {
            return Err(self.why_not_committed(error));
        }
        self.ended();
        if !self.connection.is_postgres() {
            // Whoever waits has a turn: a run would otherwise keep the database to itself until its end.
            std::thread::sleep(TURN);
        }
        Ok(())
    }

    fn rollback(&mut self) -> Result<()> {
        let result = self.connection.execute("roll a transaction back", "ROLLBACK");
        self.ended();
        #[cfg(feature = "postgres")]
        if result.is_err() {
            // Nobody knows how the connection stands.
            self.pool = None;
        }
        result
    }

    fn lock_core(&mut self, contract: &Contract) -> Result<()> {
        self.take_core(contract)
    }

    fn is_waited_for(&mut self, contract: &Contract) -> Result<bool> {
        self.core_is_waited_for(contract)
    }
}
