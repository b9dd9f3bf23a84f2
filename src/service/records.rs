//! Core records.

use importer_core::Result;
use importer_core::ports::{CoreId, CoreRecord, HostReference};

use crate::Importer;

impl Importer {
    /// How many records of an entity there are.
    ///
    /// # Errors
    /// When there is no such entity or the database fails.
    pub fn count(&self, entity: &str) -> Result<i64> {
        self.store()?.session()?.count(super::runs::contract(entity)?)
    }

    /// A record by id.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from [`Desk::record`](super::Desk::record).
    ///
    /// # Errors
    /// When there is no such entity or the database fails.
    pub fn record(&self, entity: &str, id: CoreId) -> Result<Option<CoreRecord>> {
        Ok(self.store()?.session()?.load(super::runs::contract(entity)?, &[id])?.pop())
    }

    /// What of the host's tables refers to records, as merging, undoing and rolling back see it: by foreign keys of the
    /// database, and by [`Builder::reference`](crate::Builder::reference).
    ///
    /// # Errors
    /// When there is no such entity or the database fails.
    pub fn host_references(&self, entity: &str) -> Result<Vec<HostReference>> {
        let contract = super::runs::contract(entity)?;
        self.store()?.session()?.host_references(contract, &self.references)
    }
}
