//! Connections that wait for their next use, with the statements that the server knows of them.
//!
//! Opening a connection and preparing its statements takes the server longer than most calls of people take. A connection comes
//! back only from a session that ended well, outside a transaction, and only if it may write: nothing that was set for one call
//! is there in the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres::Client;

use super::{Statements, apart};

/// How many wait at most; those that are given back beyond it are closed.
const MOST: usize = 4;
/// How long one may wait. Firewalls and servers end what is quiet for longer, often without a word.
const LONGEST: Duration = Duration::from_secs(60);
/// How many statements one may have prepared: few calls make texts of their own, such as those for tables of a host.
const STATEMENTS: usize = 500;

/// A client with its statements.
pub(super) struct Idle {
    /// Gone only once it is used again.
    client: Option<Client>,
    statements: Statements,
}

impl Idle {
    pub(super) fn new(client: Client, statements: Statements) -> Self {
        Self { client: Some(client), statements }
    }

    /// What it holds, to be used again.
    pub(super) fn parts(mut self) -> (Option<Client>, Statements) {
        (self.client.take(), std::mem::take(&mut self.statements))
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        // Closing waits for the server, also where the last store is dropped within a runtime.
        if let Some(client) = self.client.take() {
            apart(|| drop(client));
        }
    }
}

/// Connections to one database; clones share them.
#[derive(Clone, Default)]
pub(in super::super) struct Pool(Arc<Mutex<Vec<(Instant, Idle)>>>);

impl Pool {
    /// The connection that was given back last; none when none waits.
    pub(super) fn take(&self) -> Option<Idle> {
        let (fresh, old) = {
            let mut waiting = self.waiting();
            let old = waiting.iter().take_while(|(since, _)| since.elapsed() > LONGEST).count();
            let old: Vec<_> = waiting.drain(..old).collect();
            (waiting.pop(), old)
        };
        // Closing takes a moment, which nobody else has to wait for.
        drop(old);
        fresh.map(|(_, idle)| idle)
    }

    /// Lets a connection wait for its next use; gives it back where it may not.
    pub(super) fn keep(&self, idle: Idle) -> Option<Idle> {
        if idle.client.as_ref().is_none_or(Client::is_closed) || idle.statements.len() > STATEMENTS {
            return Some(idle);
        }
        let mut waiting = self.waiting();
        if waiting.len() >= MOST {
            return Some(idle);
        }
        waiting.push((Instant::now(), idle));
        None
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(Instant, Idle)>> {
        // Each change is one step, so a panic of another thread leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
