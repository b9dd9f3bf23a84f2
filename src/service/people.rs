//! The people of the core, prepared for comparison.

use std::sync::Arc;

use importer_core::contracts::Contract;
use importer_core::pipeline::{ScanPhase, ScanProgress};
use importer_core::ports::{CoreRecord, RecordId, StewardSession};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::PluginFeatures;
use importer_dedupe::matching::people::People;
use importer_dedupe::matching::plugin_terms::Compares;

use crate::Importer;

/// How many records are read at a time.
const PAGE: usize = 2_000;

impl Importer {
    /// Reads all people of the core.
    pub(super) fn people(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        operation: &'static str,
    ) -> Result<People> {
        self.people_told(session, contract, operation, |_| ())
    }

    /// The same; each is told in the order of their ids.
    pub(super) fn people_told(
        &self,
        session: &mut dyn StewardSession,
        contract: &Contract,
        operation: &'static str,
        mut tell: impl FnMut(&CoreRecord),
    ) -> Result<People> {
        let total = u64::try_from(session.count(contract)?).unwrap_or(0);
        let features = PluginFeatures::of(contract, self.lock_plugins().features())?;
        let features = features.map(|features| features as Arc<dyn Compares>);
        let mut people = People::with_further(contract, features.as_ref());
        let mut after = 0;
        loop {
            let page = session.records_after(contract, RecordId(after), PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.id.0;
            let ids: Vec<RecordId> = page.iter().map(|person| person.id).collect();
            let mut known = session.map_of(contract, &ids)?;
            // A stable order: of one person's ids the oldest come first.
            known.sort_by_key(|entry| entry.core_id);
            for person in &page {
                let start = known.partition_point(|entry| entry.core_id < person.id);
                let end = known.partition_point(|entry| entry.core_id <= person.id);
                people.push_known(contract, person, &known[start..end]);
                tell(person);
            }
            let done = people.ids.len() as u64;
            self.observer.scanning(ScanProgress { phase: ScanPhase::Reading, done, total });
            self.not_cancelled(operation)?;
        }
        people.frame.finish();
        Ok(people)
    }

    /// Says that a phase of a scan begins, unless somebody has cancelled it.
    pub(super) fn phase(&self, phase: ScanPhase, total: usize, operation: &'static str) -> Result<()> {
        self.not_cancelled(operation)?;
        self.observer.scanning(ScanProgress { phase, done: 0, total: total as u64 });
        Ok(())
    }

    pub(super) fn not_cancelled(&self, operation: &'static str) -> Result<()> {
        self.cancel.wait_while_paused();
        if self.cancel.is_requested() {
            return Err(Error::new(
                ErrorKind::Cancelled,
                operation,
                "it was cancelled, and nothing was stored",
            )
            .hint("the same request starts it again from the beginning"));
        }
        Ok(())
    }
}

/// The number of a record in the frame. Records come in the order of their ids.
pub(super) fn number_of(people: &People, id: RecordId) -> Option<u32> {
    people.ids.binary_search(&id.0).ok().and_then(|place| u32::try_from(place).ok())
}

/// The id of a record of the frame.
pub(super) fn id_of(people: &People, number: u32) -> RecordId {
    RecordId(people.ids.get(number as usize).copied().unwrap_or_default())
}
