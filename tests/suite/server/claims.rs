//! Claims on systems, whose connections can be lost while somebody works under them.

use std::sync::mpsc;
use std::time::Duration;

use importer::ErrorKind;
use importer_core::ports::{StewardSession, Store, SystemLock};
use importer_store::SqlStore;

use super::{Database, database, set};

/// A store in which a system is claimed, and a session that works under the claim.
fn claimed(database: &Database) -> (SqlStore, SystemLock, Box<dyn StewardSession>) {
    let store = SqlStore::open(&database.url).unwrap();
    store.migrate().unwrap();
    let lock = store.lock_system("volunteer", "north").unwrap();
    let mut session = store.session().unwrap();
    session.work_under(&lock);
    (store, lock, session)
}

/// Connections that hold claims.
const CLAIMS: &str = "FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' \
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Ends the connections that hold claims, as a firewall or an administrator does.
fn end_claims(database: &Database) {
    assert_eq!(database.number(&format!("SELECT COUNT(pg_terminate_backend(pid)) AS t {CLAIMS}")), 1);
    while database.number(&format!("SELECT COUNT(*) AS t {CLAIMS}")) > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn whoever_lost_a_claim_stops_at_the_next_transaction() {
    let Some(database) = database() else { return };
    let (store, _lock, mut session) = claimed(&database);
    session.begin().unwrap();
    session.commit().unwrap();
    end_claims(&database);
    let error = session.begin().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{error}");
    assert!(
        error.to_string().contains("north") && error.to_string().contains("continues where it stopped"),
        "{error}"
    );
    // Somebody else may work.
    let _other = store.lock_system("volunteer", "north").unwrap();
    assert!(session.begin().is_err());
}

#[test]
fn a_claim_that_was_lost_is_free_only_when_what_was_begun_under_it_is_done() {
    let Some(database) = database() else { return };
    let (store, _lock, mut session) = claimed(&database);
    session.begin().unwrap();
    end_claims(&database);
    let (tell, told) = mpsc::channel();
    let next = store.clone();
    let waits = std::thread::spawn(move || {
        let lock = next.lock_system("volunteer", "north").unwrap();
        tell.send(()).unwrap();
        lock
    });
    assert!(
        told.recv_timeout(Duration::from_millis(600)).is_err(),
        "taken while its former holder was writing"
    );
    session.commit().unwrap();
    told.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(session.begin().is_err());
    drop(waits.join().unwrap());
}

#[test]
fn a_claim_outlives_the_time_that_sessions_may_be_idle() {
    let Some(database) = database() else { return };
    set(&database, "idle_session_timeout = '200ms'");
    let (store, _lock, mut session) = claimed(&database);
    std::thread::sleep(Duration::from_millis(800));
    session.begin().unwrap();
    session.commit().unwrap();
    assert_eq!(store.lock_system("volunteer", "north").unwrap_err().kind(), ErrorKind::Busy);
}
