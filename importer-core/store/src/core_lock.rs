//! The lock on the core of an entity: whoever changes rows that others may change too takes it first, so that rows are
//! locked in one order everywhere, and nobody waits for one who waits for them.
//!
//! On SQLite a transaction that may write is the only one. On Postgres it is an advisory lock until the end of the
//! transaction; those who wait for it get it in the order in which they came.

use super::advisory::{is_about, key};
use super::cell::Cell;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;

/// Under this target of the log stands who waits for whom; a program for people shows it.
const TARGET: &str = "importer::waiting";
const WAIT: &str = "wait for the core";

impl SqlSession {
    /// Takes the lock, unless this transaction has it.
    pub(super) fn take_core(&mut self, contract: &Contract) -> Result<()> {
        if self.core_is_ours(contract) || !self.connection.is_postgres() {
            return Ok(());
        }
        let name = name(contract);
        let sql = format!("SELECT pg_try_advisory_xact_lock({}) AS t", key());
        let free = self.connection.rows(WAIT, &sql, &[Cell::Text(&name)])?;
        if !free.first().is_some_and(|row| row.flag(0)) {
            self.tell_of_waiting(contract)?;
            let sql = format!("SELECT pg_advisory_xact_lock({}) AS t", key());
            self.connection.rows(WAIT, &sql, &[Cell::Text(&name)])?;
        }
        self.core_taken = Some(contract.entity);
        Ok(())
    }

    /// Whether somebody waits for the lock that this transaction has.
    pub(super) fn core_is_waited_for(&mut self, contract: &Contract) -> Result<bool> {
        if !self.core_is_ours(contract) || !self.connection.is_postgres() {
            return Ok(false);
        }
        let sql = format!("SELECT '1' AS t FROM pg_locks l WHERE NOT l.granted AND {} LIMIT 1", is_about());
        let name = name(contract);
        Ok(!self.connection.rows("look who waits", &sql, &[Cell::Text(&name)])?.is_empty())
    }

    fn core_is_ours(&self, contract: &Contract) -> bool {
        self.core_taken == Some(contract.entity)
    }

    /// Once for each session: a run that lets others in after each batch would tell it as often.
    fn tell_of_waiting(&mut self, contract: &Contract) -> Result<()> {
        if std::mem::replace(&mut self.told_of_waiting, true) {
            return Ok(());
        }
        let sql = "SELECT id, source FROM import_runs WHERE entity_type = ? AND status = 'running' \
                   ORDER BY id DESC LIMIT 4";
        let runs = self.connection.rows(WAIT, sql, &[Cell::Text(contract.entity)])?;
        let runs: Vec<String> = runs
            .iter()
            .map(|run| format!("run {} ({})", run.int(0), run.get(1).unwrap_or_default()))
            .collect();
        if runs.is_empty() {
            tracing::info!(target: TARGET, entity = contract.entity, "waiting until somebody else has written");
        } else {
            tracing::info!(
                target: TARGET,
                entity = contract.entity,
                "waiting until it is let in; at work: {}",
                runs.join(", ")
            );
        }
        Ok(())
    }
}

fn name(contract: &Contract) -> String {
    format!("importer:core:{}", contract.entity)
}
