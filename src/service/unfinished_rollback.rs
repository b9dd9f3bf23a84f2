//! While a run is half taken back: what would outlive it, or spoil its rollback, has to wait until that is done.

use std::collections::BTreeSet;

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{MergeFilter, QuarantineEntry, RecordId, StewardSession, no_unfinished_rollback};

use crate::Importer;

impl Importer {
    /// An error while any run of an entity is half taken back, before anything of a call is written or told the audit log.
    /// Whoever changes records asks again in the transaction that does.
    pub(super) fn no_unfinished_rollback(&self, entity: &str, operation: &'static str) -> Result<()> {
        no_unfinished_rollback(self.store()?.session()?.as_mut(), entity, operation)
    }
}

/// An error when a run is half taken back that has to do with any of these people, or with anybody who was ever merged with
/// them: what is said about them now could not be told from what was said before. Belongs behind
/// [`lock_core`](importer_core::ports::Session::lock_core).
///
/// # Errors
/// As said, or when the database fails.
pub(super) fn not_in_unfinished_rollback(
    session: &mut dyn StewardSession,
    contract: &Contract,
    people: &[RecordId],
    operation: &'static str,
) -> Result<()> {
    let half = session.unfinished_rollback(contract.entity)?;
    if half.is_empty() {
        return Ok(());
    }
    let people = ever_merged(session, contract, people)?;
    for half in half {
        if let Some(id) = session.touched_by(contract, half.run, &people)?.first() {
            return Err(half.refuses(operation).at("concerns", format!("{} {id}", contract.entity)));
        }
    }
    Ok(())
}

/// An error when a run of the system is half taken back that brought a row in quarantine: which rows wait there, and which
/// are over with their run, is for the rollback to say. Belongs behind
/// [`lock_core`](importer_core::ports::Session::lock_core).
///
/// # Errors
/// As said, or when the database fails.
pub(super) fn row_not_in_unfinished_rollback(
    session: &mut dyn StewardSession,
    contract: &Contract,
    entries: &[QuarantineEntry],
    operation: &'static str,
) -> Result<()> {
    for half in session.unfinished_rollback(contract.entity)? {
        if let Some(entry) = entries.iter().find(|entry| entry.system == half.system) {
            return Err(half.refuses(operation).at("row", entry.row));
        }
    }
    Ok(())
}

/// These people, and everybody whom merges connect with them, whether those stand or were taken back.
fn ever_merged(
    session: &mut dyn StewardSession,
    contract: &Contract,
    people: &[RecordId],
) -> Result<Vec<RecordId>> {
    let mut found: BTreeSet<RecordId> = people.iter().copied().collect();
    let mut new: Vec<RecordId> = found.iter().copied().collect();
    while !new.is_empty() {
        let filter = MergeFilter { people: std::mem::take(&mut new), ..MergeFilter::default() };
        for row in session.merges(contract, &filter)? {
            let members = std::iter::once(row.merge.survivor).chain(row.merge.retired);
            new.extend(members.filter(|id| found.insert(*id)));
        }
    }
    Ok(found.into_iter().collect())
}
