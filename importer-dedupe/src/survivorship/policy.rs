use std::collections::BTreeMap;

use importer_core::Result;
use serde::{Deserialize, Serialize};

use super::document;

/// The policy that ships, as a document with its explanation.
pub const DEFAULT_POLICY: &str = include_str!("../../policies/survivorship.yaml");

/// What can tell two values apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Criterion {
    NonNull,
    Manual,
    MostRecent,
    SourcePriority,
    SameSource,
}

/// A survivorship policy: criteria in their order, sources in theirs, and exceptions by field.
///
/// ```
/// use importer_dedupe::{DEFAULT_POLICY, Policy};
/// let policy = Policy::parse(DEFAULT_POLICY, "survivorship.yaml")?;
/// assert_eq!(policy, Policy::shipped());
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    pub(super) survivorship: String,
    pub(super) version: u32,
    pub(super) order: Vec<Criterion>,
    pub(super) source_priority: Vec<String>,
    pub(super) fields: BTreeMap<String, Vec<Criterion>>,
}

impl Policy {
    /// Reads a policy document; `origin` is its file's name, for errors.
    ///
    /// # Errors
    /// When it is not a policy document, an order lets blanks win or asks the same twice, or an exception is for a field that
    /// there is not; with line and column.
    pub fn parse(yaml: &str, origin: &str) -> Result<Self> {
        document::read(yaml, origin)
    }

    /// The policy that ships.
    pub fn shipped() -> Self {
        match Self::parse(DEFAULT_POLICY, "survivorship.yaml") {
            Ok(policy) => policy,
            // The document is part of the program; its example tests it.
            Err(error) => unreachable!("the shipped policy is broken: {error}"),
        }
    }

    pub(super) fn order(&self, field: &str) -> &[Criterion] {
        self.fields.get(field).unwrap_or(&self.order)
    }

    pub(super) fn rank(&self, source: &str) -> usize {
        self.source_priority.iter().position(|s| s == source).unwrap_or(self.source_priority.len())
    }

    pub(super) fn checksum(&self) -> String {
        let content = serde_json::to_string(self).unwrap_or_default();
        let hash = xxhash_rust::xxh3::xxh3_64(content.as_bytes());
        format!("{}/{} {hash:016x}", self.survivorship, self.version)
    }
}
