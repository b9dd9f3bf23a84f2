//! A claim on an external system on Postgres: an advisory lock on a connection of its own, which dies with its process.
//!
//! A connection can be lost without its process: a firewall forgets it, somebody ends it. Then another process may claim the system
//! while the first still works. So each transaction of whoever works under a claim proves it, and holds a second lock, shared, while
//! it lasts; whoever takes a claim waits for that lock. What was begun under a claim is therefore done before the next one begins, and
//! whoever has lost theirs stops at their next transaction.

use super::advisory::{is_about, key};
use super::cell::Cell;
use super::connection::Connection;
use super::lock::{OPERATION, taken};
use importer_core::ports::SystemLock;
use importer_core::{Error, ErrorKind, Result};

/// The claim, as long as its connection lives.
struct Held {
    claim: Claim,
    _connection: Connection,
}

/// What proves a claim.
#[derive(Clone)]
pub(super) struct Claim {
    entity: String,
    system: String,
    /// The server's process behind the connection that holds it.
    process: i64,
}

/// The text whose hash is the number of a lock.
fn name(kind: &str, entity: &str, system: &str) -> String {
    format!("{kind}:{entity}:{system}")
}

/// Claims a system; none when somebody else has.
fn try_claim(connection: &mut Connection, entity: &str, system: &str) -> Result<Option<Claim>> {
    let sql = format!("SELECT pg_try_advisory_lock({}) AS t, pg_backend_pid() AS p", key());
    let rows = connection.rows(OPERATION, &sql, &[Cell::Text(&name("importer", entity, system))])?;
    let row = rows.first().filter(|row| row.flag(0));
    Ok(row.map(|row| Claim { entity: entity.into(), system: system.into(), process: row.int(1) }))
}

/// Claims a system, and waits until nobody works under a claim that was lost.
pub(super) fn take(mut connection: Connection, entity: &str, system: &str) -> Result<SystemLock> {
    super::requirements::may_run(&mut connection)?;
    // The server needs a moment to notice that a killed client is gone.
    for _ in 0..20 {
        if let Some(claim) = try_claim(&mut connection, entity, system)? {
            let sql = format!("SELECT pg_advisory_xact_lock({})", key());
            connection.rows(OPERATION, &sql, &[Cell::Text(&name("importer:work", entity, system))])?;
            return Ok(SystemLock(Box::new(Held { claim, _connection: connection })));
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Err(taken(entity, system))
}

/// Whether somebody has claimed a system.
pub(super) fn is_held(mut connection: Connection, entity: &str, system: &str) -> Result<bool> {
    Ok(try_claim(&mut connection, entity, system)?.is_none())
}

/// What proves the claim that a lock of this store is.
pub(super) fn of(lock: &SystemLock) -> Option<Claim> {
    lock.0.downcast_ref::<Held>().map(|held| held.claim.clone())
}

impl Claim {
    /// Proves the claim for the open transaction.
    ///
    /// # Errors
    /// When it is lost.
    pub(super) fn prove(&self, connection: &mut Connection) -> Result<()> {
        const PROVE: &str = "go on with a run";
        let sql = format!("SELECT pg_advisory_xact_lock_shared({})", key());
        let work = name("importer:work", &self.entity, &self.system);
        connection.rows(PROVE, &sql, &[Cell::Text(&work)])?;
        let sql = format!("SELECT 1 AS t FROM pg_locks l WHERE l.granted AND l.pid = ? AND {}", is_about());
        let claim = name("importer", &self.entity, &self.system);
        let held = connection.rows(PROVE, &sql, &[Cell::Int(self.process), Cell::Text(&claim)])?;
        if !held.is_empty() {
            return Ok(());
        }
        let why = "the connection that held its claim on the system was ended, and another process may be at work by now";
        Err(Error::new(ErrorKind::Store, PROVE, why)
            .at("system", &self.system)
            .hint("start the same request again: it continues where it stopped"))
    }
}
