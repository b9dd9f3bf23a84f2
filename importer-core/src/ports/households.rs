use super::{Moment, RecordId, SuggestionId};
use crate::Result;
use crate::contracts::Contract;

/// People who live together.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Household {
    /// Its id.
    pub id: i64,
    /// Who lives in it, ascending.
    pub members: Vec<RecordId>,
}

/// Links between people who live together; never merges.
pub trait HouseholdStore {
    /// Lets the two people of a suggestion live together, and all who live with either; returns the household.
    ///
    /// # Errors
    /// When the database fails.
    fn link_household(
        &mut self,
        contract: &Contract,
        suggestion: SuggestionId,
        actor: &str,
        now: Moment,
    ) -> Result<i64>;
    /// Takes a link back that a suggestion had led to; a household of one is none.
    ///
    /// # Errors
    /// When the database fails.
    fn part_household(&mut self, contract: &Contract, suggestion: SuggestionId) -> Result<()>;
    /// The households of a person.
    ///
    /// # Errors
    /// When the database fails.
    fn households(&mut self, contract: &Contract, id: RecordId) -> Result<Vec<Household>>;
    /// Who of these lives in a household.
    ///
    /// # Errors
    /// When the database fails.
    fn living_with_others(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<RecordId>>;
}
