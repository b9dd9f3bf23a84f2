//! Suites: which rules apply, how strictly, and to which sources.

mod canonical;
mod document;
mod settings;

pub(crate) use canonical::checksum;
pub(crate) use document::is_adapter_code;
pub use document::{SuiteDocument, VOLUNTEER_SUITE};
pub use settings::{Mode, RuleSettings};
