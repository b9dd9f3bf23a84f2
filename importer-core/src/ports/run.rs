//! Runs, as the store keeps them.

use super::{Moment, RowId, RunId};
use crate::Result;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunStatus {
    /// Asked for, not begun.
    Pending,
    /// At work, or interrupted: whoever holds the lock of its system tells.
    Running,
    /// Done. Quarantined rows alone leave a run succeeded.
    Succeeded,
    /// Done, but some clean rows could not be written.
    PartiallyFailed,
    /// Ended by an error.
    Failed,
    /// Ended by somebody.
    Cancelled,
    /// Waiting for somebody to approve what the gate found.
    Held,
    /// Stopped by somebody, to go on later.
    Paused,
    /// Taken back.
    RolledBack,
}

impl RunStatus {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Pending, "pending"),
        (Self::Running, "running"),
        (Self::Succeeded, "succeeded"),
        (Self::PartiallyFailed, "partially_failed"),
        (Self::Failed, "failed"),
        (Self::Cancelled, "cancelled"),
        (Self::Held, "held"),
        (Self::Paused, "paused"),
        (Self::RolledBack, "rolled_back"),
    ];

    /// Its name in the database and in reports.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(s, _)| *s == self).map_or("", |(_, name)| name)
    }

    /// The status of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(s, _)| *s)
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Extract, land, validate.
    Extract,
    /// The run as a whole is judged.
    Gate,
    /// Dedupe, upsert.
    Load,
    /// Counts and hashes are compared.
    Reconcile,
    /// Over.
    Done,
}

impl Phase {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Extract, "extract"),
        (Self::Gate, "gate"),
        (Self::Load, "load"),
        (Self::Reconcile, "reconcile"),
        (Self::Done, "done"),
    ];

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(p, _)| *p == self).map_or("", |(_, name)| name)
    }

    /// The phase of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(p, _)| *p)
    }
}

/// A run to begin.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct NewRun {
    /// The entity.
    pub entity: String,
    /// The adapter's name.
    pub source: String,
    /// The name under which the source's ids are kept.
    pub external_system: String,
    /// A word for people.
    pub label: Option<String>,
    /// Whether it may change the core.
    pub dry_run: bool,
    /// Who asked for it.
    pub actor: String,
    /// The contract's version.
    pub ingest_version: String,
    /// The mapping's name.
    pub mapping_name: String,
    /// The mapping's version.
    pub mapping_version: i64,
    /// The mapping's checksum.
    pub mapping_checksum: String,
    /// The checksum of rules and policies.
    pub rules_checksum: String,
    /// What was asked for, as JSON.
    pub request_json: String,
}

/// A run as it stands.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// What was asked for.
    pub new: NewRun,
    /// How it stands.
    pub status: RunStatus,
    /// How far it is.
    pub phase: Phase,
    /// When it began.
    pub started_at: Moment,
    /// When it last moved.
    pub updated_at: Moment,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// Where the adapter stands.
    pub cursor: Option<String>,
    /// How many rows were read.
    pub rows_read: i64,
    /// The last clean row that is loaded.
    pub loaded_through: RowId,
    /// Counts, as JSON.
    pub counts_json: String,
    /// Everything measured: rule counts, durations, unmapped fields, as JSON.
    pub metrics_json: String,
    /// What the gate flagged, as JSON.
    pub anomaly_flags: String,
    /// Why it failed.
    pub error_summary: Option<String>,
    /// The latest change the source told of.
    pub freshness: Option<Moment>,
    /// The sum of all row hashes, in hexadecimal.
    pub hashes: Option<String>,
}

/// Which runs to list.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct RunFilter {
    /// Of this entity only.
    pub entity: Option<String>,
    /// Of this source only.
    pub source: Option<String>,
    /// Of this external system only.
    pub external_system: Option<String>,
    /// Of this status only.
    pub status: Option<RunStatus>,
    /// Begun at or after this moment only.
    pub since: Option<Moment>,
    /// Begun before this moment only.
    pub until: Option<Moment>,
    /// Begun before this one only, to go on behind the last of a page.
    pub before: Option<RunId>,
    /// At most this many, the newest first; all when 0.
    pub limit: i64,
}

/// Runs and watermarks.
pub trait RunStore {
    /// Begins a run.
    ///
    /// # Errors
    /// When the database fails.
    fn create_run(&mut self, run: &NewRun, now: Moment) -> Result<RunRecord>;
    /// Stores how a run stands.
    ///
    /// # Errors
    /// When the database fails.
    fn save_run(&mut self, run: &RunRecord) -> Result<()>;
    /// A run by id.
    ///
    /// # Errors
    /// When the database fails.
    fn run(&mut self, id: RunId) -> Result<Option<RunRecord>>;
    /// Runs, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    fn runs(&mut self, filter: &RunFilter) -> Result<Vec<RunRecord>>;
    /// Advances the watermark of a run's source and system; it goes back only when runs are taken back. `observed` is what the rows
    /// told that the run read itself.
    ///
    /// # Errors
    /// When the database fails.
    fn advance_watermark(&mut self, run: &RunRecord, observed: Option<Moment>, now: Moment) -> Result<()>;
    /// The watermark of a system that is read through a source: two files of two systems share the source `csv`, and
    /// one of them tells nothing about the other.
    ///
    /// # Errors
    /// When the database fails.
    fn watermark(&mut self, entity: &str, source: &str, system: &str) -> Result<Option<Moment>>;
}
