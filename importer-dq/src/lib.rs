//! Data quality: rules, suites and previews.
//!
//! A [rule](rules) looks at one normalised row and reports findings. A [suite](SuiteDocument) says which rules apply, how
//! strictly, and with what exceptions for which sources. [Compiled](SuiteBuilder) for an entity, a source and a day, it
//! judges batches: which rows go to quarantine, which cells stay out of the core, and why. A [preview](Previewer) counts
//! that beforehand.
//!
//! ```
//! use importer_dq::{Mode, SuiteBuilder, SuiteDocument};
//! let cautious = SuiteBuilder::new(SuiteDocument::volunteers()).with_mode(Some(Mode::Warn));
//! # let _ = cautious;
//! ```

mod autofix;
mod evaluate;
mod mail_domains;
mod preview;
mod reference;
pub mod rules;
mod suite;

pub use autofix::{autofix, autofixed_fields, can_autofix};
pub use evaluate::{Binding, CatalogueEntry, CompiledSuite, SuiteBuilder};
#[cfg(feature = "mx")]
pub use mail_domains::DnsMailDomains;
pub use mail_domains::MailDomains;
pub use preview::{Preview, Previewer, RuleCount};
pub use reference::{reference, reference_of};
pub use rules::{catalogue, plugin, set_catalogue};
pub use suite::{Mode, RuleSettings, SuiteDocument, VOLUNTEER_SUITE};
