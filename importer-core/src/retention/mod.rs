//! How long data are kept.

mod policy;

pub use policy::{Cutoffs, DEFAULT_RETENTION, Days, OpenEntries, RetentionDays, RetentionPolicy};
