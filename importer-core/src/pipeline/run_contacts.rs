//! Which rows of a run share a contact, worked out before the first of them is loaded: who is who at a contact then does not depend
//! on which of its rows comes first.
//!
//! Kept is a hash for each contact that several different rows have, and the ids of these rows; the rows themselves are read
//! back with the batch that needs them. Of a long list, the contacts that only one row has are left out from the beginning.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::clean_rows::{self, Which};
use super::context::RunContext;
use super::payload;
use super::resolve::{MOST, RunContacts, hashed};
use super::working::Working;
use crate::Result;
use crate::ports::{CoreRecord, RowId, Session};

/// Of how many rows the contacts are all kept until it is known which of them repeat.
const FEW: u64 = 250_000;
/// How many bits tell which contacts of a long list came before: 16 MiB.
const BITS: usize = 1 << 27;

/// Reads the clean rows of a run.
pub(super) fn read(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &Working,
) -> Result<RunContacts> {
    // A correction is one row, whatever else is corrected with it; its preview knows no more.
    if context.corrections.is_some() {
        return Ok(RunContacts::default());
    }
    let repeated = match work.counts.clean {
        ..2 => return Ok(RunContacts::default()),
        2..=FEW => None,
        _ => Some(repeated(context, session, work)?),
    };
    let compared = context.policies.resolver.looks_at(context.contract);
    let mut found = Found::default();
    each_row(context, session, work, &mut |row, person, contacts| {
        let is_asked = |key: &u64| repeated.as_ref().is_none_or(|repeated| repeated.contains(key));
        let mut print = None;
        for &contact in contacts.iter().filter(|key| is_asked(key)) {
            let print = *print.get_or_insert_with(|| self::print(&compared, person, contacts));
            found.take(contact, print, row);
        }
    })?;
    Ok(RunContacts {
        rows: found
            .several
            .into_iter()
            .map(|(key, rows)| (key, rows.into_iter().map(|r| r.1).collect()))
            .collect(),
    })
}

/// Contacts that met, and the rows of those that met again.
#[derive(Default)]
struct Found {
    first: FxHashMap<u64, (u32, RowId)>,
    several: FxHashMap<u64, Vec<(u32, RowId)>>,
}

impl Found {
    fn take(&mut self, contact: u64, print: u32, row: RowId) {
        if let Some(rows) = self.several.get_mut(&contact) {
            if rows.len() <= MOST && rows.iter().all(|(known, _)| *known != print) {
                rows.push((print, row));
            }
            return;
        }
        match self.first.get(&contact) {
            None => _ = self.first.insert(contact, (print, row)),
            // The same again says nothing new.
            Some((known, _)) if *known == print => {}
            Some(first) => _ = self.several.insert(contact, vec![*first, (print, row)]),
        }
    }
}

/// Which contacts of a long list came before, with a few that did not.
fn repeated(context: &RunContext<'_>, session: &mut dyn Session, work: &Working) -> Result<FxHashSet<u64>> {
    let mut seen = vec![0_u64; BITS / 64];
    let mut repeated = FxHashSet::default();
    each_row(context, session, work, &mut |_, _, contacts| {
        for &contact in contacts {
            let bit = usize::try_from(contact % BITS as u64).unwrap_or_default();
            let (word, mask) = (&mut seen[bit / 64], 1 << (bit % 64));
            if *word & mask == 0 {
                *word |= mask;
            } else {
                repeated.insert(contact);
            }
        }
    })?;
    Ok(repeated)
}

fn each_row(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &Working,
    visit: &mut dyn FnMut(RowId, &CoreRecord, &[u64]),
) -> Result<()> {
    let (contract, system) = (context.contract, &work.run.new.external_system);
    let (mut keys, mut hashes) = (Vec::new(), Vec::new());
    clean_rows::each_batch(context, session, work, Which::Landed, &mut |_, rows| {
        for (id, row) in rows {
            let person = payload::person(contract, &row.payload_json, system)?;
            keys.clear();
            context.policies.resolver.contact_keys(contract, &person, &mut keys);
            hashes.clear();
            hashes.extend(keys.iter().map(hashed));
            if !hashes.is_empty() {
                visit(*id, &person, &hashes);
            }
        }
        Ok(())
    })
}

/// Equal for rows that say the same of who somebody is.
fn print(compared: &[usize], person: &CoreRecord, contacts: &[u64]) -> u32 {
    let mut hasher = FxHasher::default();
    for place in compared {
        person.record.get(*place).hash(&mut hasher);
    }
    contacts.hash(&mut hasher);
    let hash = hasher.finish();
    u32::try_from(hash >> 32).unwrap_or_default()
}
