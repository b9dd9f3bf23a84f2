//! What the rules found.

use importer_core::Result;
use importer_core::ports::{ViolationFilter, ViolationRow};

use crate::Importer;

impl Importer {
    /// Findings in the order of their ids; page with [`ViolationFilter::after`].
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from [`Desk::violations`](super::Desk::violations).
    ///
    /// # Errors
    /// When the database fails.
    pub fn violations(&self, filter: &ViolationFilter) -> Result<Vec<ViolationRow>> {
        self.store()?.session()?.violations(filter)
    }

    /// The rules with the modes that count for a source.
    ///
    /// # Errors
    /// When the suite does not fit the rules.
    pub fn rules(&self, entity: &str, source: &str) -> Result<Vec<importer_dq::CatalogueEntry>> {
        let contract = super::runs::contract(entity)?;
        Ok(self.compile_suite(&self.mapping(contract)?, contract, source)?.catalogue())
    }
}
