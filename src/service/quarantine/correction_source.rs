//! Corrected rows as a source, so that they go the way of every import.

use std::sync::{Arc, Mutex, PoisonError};

use importer_core::Result;
use importer_core::pipeline::Correction;
use importer_core::plugin::{
    Adapter, AdapterMeta, Batch, Error, Extract, Finding, Host, OpenRequest, Source,
};
use importer_core::ports::{BatchVerdict, Rules, SetJudge};

use super::revalidator::{Draft, SharedRevalidator};

/// Gives the next rows, none at the end. At most some thousand at a time.
pub(super) type Pull = Box<dyn FnMut() -> Result<Vec<Draft>> + Send>;

/// What is known about the rows of the batch that was handed over last.
pub(super) type Notes = Arc<Mutex<Vec<Correction>>>;

/// Corrected rows as an adapter; it opens once.
pub(super) struct CorrectionSource {
    name: &'static str,
    revalidator: SharedRevalidator,
    notes: Notes,
    pull: Mutex<Option<Pull>>,
}

impl CorrectionSource {
    pub(super) fn new(name: &'static str, revalidator: SharedRevalidator, notes: Notes, pull: Pull) -> Self {
        Self { name, revalidator, notes, pull: Mutex::new(Some(pull)) }
    }
}

impl Adapter for CorrectionSource {
    fn meta(&self) -> AdapterMeta {
        AdapterMeta::new(self.name, "Rows that people corrected")
    }

    fn open(&self, _: &OpenRequest, _: &Host) -> Result<Box<dyn Source>, Error> {
        let pull = self.pull.lock().unwrap_or_else(PoisonError::into_inner).take();
        let pull = pull.ok_or_else(|| Error::bug("corrected rows are read once"))?;
        Ok(Box::new(Rows {
            revalidator: Arc::clone(&self.revalidator),
            notes: Arc::clone(&self.notes),
            pull,
        }))
    }
}

struct Rows {
    revalidator: SharedRevalidator,
    notes: Notes,
    pull: Pull,
}

impl Source for Rows {
    fn columns(&self) -> Vec<String> {
        self.revalidator.columns.clone()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        // The error's own text says where and what to do.
        let drafts = (self.pull)().map_err(|error| Error::data(error.to_string()))?;
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.clear();
        for draft in drafts {
            out.push_row(draft.position, draft.cells.iter().map(Option::as_deref))?;
            notes.push(draft.correction);
        }
        Ok(())
    }
}

/// The rules, which let rows pass that are exempt from them. What a run as a whole must be like is not asked of the few
/// rows that somebody corrected.
pub(super) struct Exempting {
    pub(super) revalidator: SharedRevalidator,
    pub(super) notes: Notes,
}

impl Rules for Exempting {
    fn judge(&self, rows: &Batch, from_adapter: &[Finding]) -> Result<BatchVerdict> {
        let mut verdict = self.revalidator.suite.judge(rows, from_adapter)?;
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        for (row, note) in notes.iter().enumerate().filter(|(_, note)| !note.exempt.is_empty()) {
            verdict.exempt(row, |code| note.exempt.iter().any(|exempt| exempt == code));
        }
        Ok(verdict)
    }

    fn judge_set(&self) -> Result<Option<Box<dyn SetJudge>>> {
        Ok(None)
    }

    fn checksum(&self) -> String {
        Rules::checksum(&self.revalidator.suite)
    }
}
