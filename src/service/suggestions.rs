//! Pairs to look at, and who lives with whom.

use importer_core::Result;
use importer_core::ports::{CoreId, Household, SuggestionFilter, SuggestionRow};

use super::access::{Action, Desk};
use crate::Importer;

impl Importer {
    /// Suggestions in the order of their ids; page with [`SuggestionFilter::after`].
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from [`Desk::suggestions`](super::Desk::suggestions).
    ///
    /// # Errors
    /// When the database fails.
    pub fn suggestions(&self, filter: &SuggestionFilter) -> Result<Vec<SuggestionRow>> {
        self.store()?.session()?.suggestions(filter)
    }

    /// A filter for suggestions that wait for a decision now: open ones, and deferred ones whose time has come.
    pub fn pending_suggestions(&self) -> SuggestionFilter {
        SuggestionFilter { waiting_at: Some(self.clock.now()), ..SuggestionFilter::default() }
    }
}

impl Desk<'_> {
    /// The households of a person.
    ///
    /// # Errors
    /// When the actor may not see records, or the database fails.
    pub fn households(&self, entity: &str, id: CoreId) -> Result<Vec<Household>> {
        let contract = super::runs::contract(entity)?;
        self.query(Action::ViewRecords, &format!("{entity} {id}"), |session| session.households(contract, id))
    }
}
