use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::older_file::OlderRows;
use super::retry::Retried;
use super::run_notes::{MergeSample, RunNotes};
use super::taken_contacts::TakenContacts;
use super::{Anomaly, Counts, DateColumns, RunRequest};
use crate::ErrorKind;
use crate::ports::{AutoMerge, RunId, RunRecord, RunStatus};

/// How long each step took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Durations {
    /// Waiting for the adapter.
    pub extract: u64,
    /// Writing rows as received, and looking them up.
    pub land: u64,
    /// Normalising and judging.
    pub validate: u64,
    /// Finding out who is who.
    pub dedupe: u64,
    /// Writing records.
    pub upsert: u64,
    /// Comparing counts and hashes.
    pub reconcile: u64,
}

/// A plugin that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginReport {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// `in-process`, or `process` for a worker of its own.
    pub isolation: String,
    /// True when it is linked into the program, its hash is on the allow-list, or a pinned key signed it.
    pub verified: bool,
    /// `sha256` for the allow-list, or `minisign:` and the id of the key; absent when it is linked or unverified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<String>,
}

/// A source column that no field takes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmapped {
    /// Its name.
    pub column: String,
    /// A few of its values, to see what it is.
    pub samples: Vec<String>,
}

impl std::fmt::Debug for Unmapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unmapped({})", self.column)
    }
}

/// Everything measured about a run that is not a count; stored with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Metrics {
    /// Rows by rule, whatever the severity.
    pub(super) dq: BTreeMap<String, u64>,
    /// Rows held back by rule.
    pub(super) dq_quarantined: BTreeMap<String, u64>,
    pub(super) unmapped: Vec<Unmapped>,
    pub(super) durations_ms: Durations,
    /// From the beginning of the phases to their end, in microseconds.
    pub(super) elapsed_us: u64,
    pub(super) plugins: Vec<PluginReport>,
    /// Rows left aside because they are older than `since`.
    pub(super) before_since: u64,
    pub(super) mapping: serde_json::Value,
    /// The columns of the source, in their order: a row that is corrected later is read as it was then.
    pub(super) columns: Vec<String>,
    pub(super) resumed: u64,
    /// Sampled records that came back from the database other than they were written.
    pub(super) parity_misses: u64,
    /// True when the same request goes on where this run stopped.
    pub(super) resumable: bool,
    /// What kind of error it failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_kind: Option<ErrorKind>,
    /// True when somebody let it in although the gate held it.
    pub(super) approved: bool,
    /// What else is worth knowing, in sentences.
    pub(super) notes: Vec<String>,
    /// What failed in passing.
    #[serde(skip_serializing_if = "Retried::is_empty")]
    pub(super) retried: Retried,
    /// What loading has to say.
    #[serde(rename = "told")]
    pub(super) run_notes: RunNotes,
    /// What was met of rows that are older than what is known.
    pub(super) older: OlderRows,
    /// How many people the source had before and has no more.
    pub(super) missing: u64,
    /// What was met of contacts that somebody else has.
    pub(super) taken_contacts: TakenContacts,
    /// What was met of dates that cannot be read.
    pub(super) dates: DateColumns,
    /// What the set-level rules said; absent until they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) set_verdict: Option<SetVerdict>,
    /// Whether the external ids name whom they named; absent until that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ids_verdict: Option<SetVerdict>,
}

/// How a run ended, as its report says it; more is in [`RunStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportStatus {
    /// It is still at work.
    Running,
    /// All clean rows are in the core.
    Succeeded,
    /// Some clean rows could not be written.
    PartiallyFailed,
    /// It failed, was cancelled or was paused.
    Failed,
    /// The gate holds it until somebody approves or discards it.
    Held,
    /// It was taken back.
    RolledBack,
}

impl ReportStatus {
    fn of(status: RunStatus) -> Self {
        match status {
            RunStatus::Pending | RunStatus::Running => Self::Running,
            RunStatus::Succeeded => Self::Succeeded,
            RunStatus::PartiallyFailed => Self::PartiallyFailed,
            RunStatus::Failed | RunStatus::Cancelled | RunStatus::Paused => Self::Failed,
            RunStatus::Held => Self::Held,
            RunStatus::RolledBack => Self::RolledBack,
        }
    }

    /// Its name, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::PartiallyFailed => "partially_failed",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::RolledBack => "rolled_back",
        }
    }
}

/// What a run did, for programs ([`RunReport::to_json`]) and for people.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// The run's id.
    pub run_id: RunId,
    /// The adapter's name.
    pub source: String,
    /// The entity.
    pub entity: String,
    /// How it ended.
    pub status: ReportStatus,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// The counts.
    pub counts: Counts,
    /// Rows by rule, whatever the severity.
    pub dq: BTreeMap<String, u64>,
    /// Source columns that no field takes.
    pub unmapped_fields: Vec<String>,
    /// What the gate flagged.
    pub anomalies: Vec<Anomaly>,
    /// The latest change the source told of.
    pub freshness_max_timestamp: Option<String>,
    /// How long each step took, in milliseconds.
    pub durations_ms: Durations,
    /// Rows read per second of the whole run.
    pub rows_per_second: f64,
    /// The plugins that took part.
    pub plugins: Vec<PluginReport>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What kind of error that was; none for a run of an earlier version.
    #[serde(skip)]
    pub error_kind: Option<ErrorKind>,
    /// A few of the rows that a dry run would merge with somebody known; all of them are counted as `auto_merged`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would_merge: Vec<MergeSample>,
    /// How far the run merged without people; unknown where a host's own resolver decides.
    #[serde(skip)]
    pub auto_merge: Option<AutoMerge>,
    /// Rows held back by rule.
    #[serde(skip)]
    pub quarantined_by_rule: BTreeMap<String, u64>,
    /// Columns that no field takes, with samples.
    #[serde(skip)]
    pub unmapped: Vec<Unmapped>,
    /// People whom the source had before and has no more; none where it holds only a part.
    #[serde(skip)]
    pub missing_people: u64,
    /// Rows left aside because they are older than `since`.
    #[serde(skip)]
    pub before_since: u64,
    /// What else is worth knowing, in sentences.
    #[serde(skip)]
    pub notes: Vec<String>,
}

impl RunReport {
    /// The report of a stored run.
    pub fn of(run: &RunRecord) -> Self {
        let metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
        let counts: Counts = serde_json::from_str(&run.counts_json).unwrap_or_default();
        let d = metrics.durations_ms;
        let steps = d.extract + d.land + d.validate + d.dedupe + d.upsert + d.reconcile;
        // A process that was killed told its steps and not its end; a short run has steps of no whole millisecond.
        let total = metrics.elapsed_us.max(steps * 1000);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rows_per_second =
            if total == 0 { 0.0 } else { (counts.read as f64 * 10_000_000.0 / total as f64).round() / 10.0 };
        Self {
            run_id: run.id,
            source: run.new.source.clone(),
            entity: run.new.entity.clone(),
            status: ReportStatus::of(run.status),
            dry_run: run.new.dry_run,
            counts,
            dq: metrics.dq,
            unmapped_fields: metrics.unmapped.iter().map(|u| u.column.clone()).collect(),
            anomalies: serde_json::from_str(&run.anomaly_flags).unwrap_or_default(),
            freshness_max_timestamp: run.freshness.map(crate::ports::moment_text),
            durations_ms: d,
            rows_per_second,
            plugins: metrics.plugins,
            error: run.error_summary.clone(),
            error_kind: metrics.error_kind,
            would_merge: metrics.run_notes.would_merge,
            auto_merge: serde_json::from_str::<RunRequest>(&run.new.request_json)
                .ok()
                .and_then(|r| r.auto_merge),
            quarantined_by_rule: metrics.dq_quarantined,
            unmapped: metrics.unmapped,
            missing_people: metrics.missing,
            before_since: metrics.before_since,
            notes: metrics.notes.into_iter().chain(metrics.retried.note()).collect(),
        }
    }

    /// One JSON object.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What was said of a run as a whole; stored with it, so that going on does not ask again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SetVerdict {
    pub(super) anomalies: Vec<Anomaly>,
    /// One of them holds the run.
    pub(super) holds: bool,
}
