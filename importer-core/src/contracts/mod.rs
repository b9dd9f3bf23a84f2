//! Canonical entities, described as data.
//!
//! Mapping, normalisation, rules, storage, masking and templates are all driven from these descriptions: a new entity
//! is a new description and its tables, never a new code path. A host brings its own in [`Contracts`].

mod contract;
mod field;
mod known;
mod volunteer;

pub use contract::Contract;
pub use field::{Field, FieldKind, PiiClass};
pub use known::Contracts;
pub use volunteer::VOLUNTEER;

/// The contracts that ship.
pub const CONTRACTS: &[&Contract] = &[&VOLUNTEER];

/// A shipped contract by the name of its entity.
///
/// ```
/// let contract = importer_core::contracts::find("volunteer").unwrap();
/// assert!(contract.field("email_normalized").is_some());
/// ```
pub fn find(entity: &str) -> Option<&'static Contract> {
    CONTRACTS.iter().copied().find(|c| c.entity == entity)
}
