//! Suites: which rules apply, how strictly, and to which sources.

mod builder;
mod canonical;
mod document;
mod settings;

pub(crate) use builder::is_adapter_code;
pub use builder::{Binding, SuiteBuilder};
pub(crate) use canonical::checksum;
pub use document::{SuiteDocument, VOLUNTEER_SUITE};
pub use settings::{Mode, RuleSettings};
