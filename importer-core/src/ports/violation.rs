//! What rules found, as it is written and as it is read.

use super::{Moment, RowId, RunId};

/// One finding about one row.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Violation {
    /// The landed row.
    pub staging_id: RowId,
    /// `system:external id`.
    pub record_key: String,
    /// The rule.
    pub rule_code: String,
    /// The severity that counts.
    pub severity: importer_plugin::Severity,
    /// The field it is about.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// The row as received and as normalised.
    pub details_json: String,
}

/// A stored finding.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ViolationRow {
    /// Its id.
    pub id: i64,
    /// The run that found it.
    pub run_id: RunId,
    /// The entity.
    pub entity: String,
    /// How it stands.
    pub status: String,
    /// Where the row stands in its source; 0 when unknown.
    pub position: i64,
    /// The finding.
    pub violation: Violation,
}

/// Which findings to list.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ViolationFilter {
    /// Of this run only.
    pub run: Option<RunId>,
    /// Of this entity only.
    pub entity: Option<String>,
    /// About rows that this adapter read only.
    pub source: Option<String>,
    /// Of this rule only.
    pub rule: Option<String>,
    /// Of this severity only.
    pub severity: Option<String>,
    /// Only with this text, letter case aside, in the record's name, the field or the message.
    pub text: Option<String>,
    /// Found at or after this moment.
    pub since: Option<Moment>,
    /// Found before this moment.
    pub until: Option<Moment>,
    /// Of this status only; without it, all but those of dry runs, unless a run is named.
    pub status: Option<String>,
    /// Only those behind this id, for paging.
    pub after: i64,
    /// At most this many; all when 0.
    pub limit: i64,
}
