//! A store, and a session at it: all that is asked of it in one place.

use std::any::Any;

use super::{
    AuditStore, ChangeLog, CoreStore, HistoryStore, HouseholdStore, Landing, MatchStore, QuarantineStore,
    RecordSearchStore, ReplayStore, Retention, RollbackStore, RunControl, RunStore, SuggestionStore,
};
use crate::Result;
use crate::contracts::Contract;

/// Opens sessions.
pub trait Store: Send + Sync {
    /// Brings the tables up to date; a no-op when they are, and when a newer program has changed them in a way that lets this
    /// one read them.
    ///
    /// # Errors
    /// When the database cannot be changed, or this program cannot read what a newer one has made of it.
    fn migrate(&self) -> Result<()>;

    /// A session of its own connection.
    ///
    /// # Errors
    /// When no connection can be had.
    fn session(&self) -> Result<Box<dyn StewardSession>>;

    /// Nothing, when the database may be changed; otherwise an error of kind `ReadOnly` that says why not.
    ///
    /// # Errors
    /// When the database may only be looked at, or cannot be reached.
    fn may_write(&self) -> Result<()> {
        Ok(())
    }

    /// Whether an external system is claimed; asking leaves no trace.
    ///
    /// # Errors
    /// When the database fails.
    fn is_system_locked(&self, entity: &str, system: &str) -> Result<bool> {
        match self.lock_system(entity, system) {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == crate::ErrorKind::Busy => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Claims an external system for one run, through whatever adapter it is read; somebody else's claim, in this process or
    /// in any other that works on the database, is an error of kind `Busy`.
    ///
    /// # Errors
    /// When the system is claimed or the database fails.
    fn lock_system(&self, entity: &str, system: &str) -> Result<SystemLock>;

    /// A session of an empty store that has tables for the contract and is gone when the session is dropped, for dry runs.
    ///
    /// # Errors
    /// When it cannot be made.
    fn scratch(&self, contract: &Contract) -> Result<Box<dyn Session>>;

    /// A short name for reports, without credentials.
    fn describe(&self) -> String;
}

/// Everything the pipeline does to the database, on one connection.
pub trait Session:
    RunStore + RunControl + Landing + CoreStore + SuggestionStore + QuarantineStore + AuditStore + Send
{
    /// From here on every transaction proves that this claim on a system still stands; where claims can be lost while somebody works
    /// under them, beginning one fails then.
    fn work_under(&mut self, lock: &SystemLock) {
        let _ = lock;
    }

    /// Begins a transaction that may write. Where only one may write at a time it waits for its turn, as long as those before
    /// it are importers too.
    ///
    /// # Errors
    /// When the database fails or stays locked.
    fn begin(&mut self) -> Result<()>;
    /// Begins a transaction that writes what would be, and is undone: it uses no ids up. It takes the lock of
    /// [`lock_core`](Self::lock_core) before it writes.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    fn begin_preview(&mut self) -> Result<()> {
        self.begin()
    }
    /// Makes everything since `begin` last.
    ///
    /// # Errors
    /// When the database fails; nothing has changed then.
    fn commit(&mut self) -> Result<()>;
    /// Undoes everything since `begin`.
    ///
    /// # Errors
    /// When the database fails.
    fn rollback(&mut self) -> Result<()>;
    /// Waits until nobody else changes what the database holds of an entity, until the end of the transaction. Every
    /// transaction that changes anything but a run takes this lock before its first change; without it, it may only add
    /// rows that nobody else knows of, as landing does. Two who change the same rows never wait for each other then.
    ///
    /// # Errors
    /// When the database fails.
    fn lock_core(&mut self, contract: &Contract) -> Result<()>;
    /// Whether somebody waits for this transaction, which has the lock of [`lock_core`](Self::lock_core): a long piece of
    /// work lets others in then. Always false where nobody can know.
    ///
    /// # Errors
    /// When the database fails.
    fn is_waited_for(&mut self, contract: &Contract) -> Result<bool>;
}

/// What people need beside the pipeline: the audit log, and the history of records.
pub trait StewardSession:
    Session
    + AuditStore
    + HistoryStore
    + ReplayStore
    + RollbackStore
    + HouseholdStore
    + ChangeLog
    + Retention
    + RecordSearchStore
    + MatchStore
{
}

/// Does something in one transaction: all of it lasts, or nothing.
///
/// # Errors
/// That of `work`, or of the database.
pub fn in_transaction<S: Session + ?Sized, T>(
    session: &mut S,
    work: impl FnOnce(&mut S) -> Result<T>,
) -> Result<T> {
    session.begin()?;
    let result = work(session).and_then(|done| session.commit().map(|()| done));
    if result.is_err() {
        // The first error tells more than a failing rollback.
        let _ = session.rollback();
    }
    result
}

/// Held while a run of a system is at work; released when dropped or when the process dies.
pub struct SystemLock(
    /// What holds it.
    pub Box<dyn Any + Send>,
);

impl std::fmt::Debug for SystemLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemLock")
    }
}
