use std::fmt;

use super::{Moment, OutcomeKind, RecordId, RowId, RunId, RunRecord, ViolationRow};
use crate::Result;
use crate::contracts::Contract;

/// How a row in quarantine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuarantineStatus {
    /// It waits for somebody.
    Open,
    /// A corrected row took its place.
    Fixed,
    /// It went in, exempt from the rules that held it back.
    Suppressed,
    /// Somebody gave it up, with a reason.
    WontFix,
    /// The source brought another row of the same record.
    Superseded,
}

impl QuarantineStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Open, Self::Fixed, Self::Suppressed, Self::WontFix, Self::Superseded];

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fixed => "fixed",
            Self::Suppressed => "suppressed",
            Self::WontFix => "wont_fix",
            Self::Superseded => "superseded",
        }
    }

    /// The status of a name.
    ///
    /// ```
    /// use importer_core::ports::QuarantineStatus;
    /// assert_eq!(QuarantineStatus::parse("wont_fix"), Some(QuarantineStatus::WontFix));
    /// ```
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// Which rows in quarantine to list.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct QuarantineFilter {
    /// These rows alone; all without any.
    pub rows: Vec<RowId>,
    /// Landed by this run.
    pub run: Option<RunId>,
    /// Read by this adapter.
    pub source: Option<String>,
    /// With ids of this system.
    pub system: Option<String>,
    /// Held back by this rule.
    pub rule: Option<String>,
    /// With a finding of this severity.
    pub severity: Option<String>,
    /// Of this status.
    pub status: Option<QuarantineStatus>,
    /// With this text, letter case aside, in the record's name or anywhere in the row as received.
    pub text: Option<String>,
    /// Held back at or after this moment.
    pub since: Option<Moment>,
    /// Held back before this moment.
    pub until: Option<Moment>,
    /// Only those behind this row, for paging.
    pub after: RowId,
    /// At most this many; all when 0.
    pub limit: i64,
}

/// A row in quarantine.
#[derive(Clone)]
pub struct QuarantineEntry {
    /// The landed row.
    pub row: RowId,
    /// The run that landed it.
    pub run: RunId,
    /// The adapter that read it.
    pub source: String,
    /// The system whose ids it has.
    pub system: String,
    /// Its name in its source.
    pub external_id: String,
    /// Where it stands in its source; 0 when unknown.
    pub position: i64,
    /// The rules that hold it back.
    pub rules: Vec<String>,
    /// How it stands.
    pub status: QuarantineStatus,
    /// When it was held back first.
    pub first_seen_at: Moment,
    /// When a source brought it last.
    pub last_seen_at: Moment,
    /// Who ended it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Moment>,
    /// Why.
    pub reason: Option<String>,
    /// The row that took its place.
    pub corrected_by: Option<RowId>,
    /// The cells by source column, as JSON.
    pub payload_json: String,
}

impl fmt::Debug for QuarantineEntry {
    // The payload is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QuarantineEntry({}, {}, {:?})", self.row, self.status.as_str(), self.rules)
    }
}

/// How rows in quarantine end, who says so and why.
#[derive(Debug, Clone)]
pub struct QuarantineVerdict {
    /// How they stand from now on.
    pub status: QuarantineStatus,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What became of a row, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOutcome {
    /// What became of it.
    pub kind: OutcomeKind,
    /// The record it belongs to.
    pub core_id: Option<RecordId>,
    /// Why.
    pub reason: Option<String>,
}

/// Rows that the rules hold back, and their ways out.
pub trait QuarantineStore {
    /// Rows in quarantine, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn quarantined(&mut self, contract: &Contract, filter: &QuarantineFilter)
    -> Result<Vec<QuarantineEntry>>;
    /// How many rows a filter finds, whatever its limit, by run; in the order of the runs.
    ///
    /// # Errors
    /// When the database fails.
    fn quarantine_runs(
        &mut self,
        contract: &Contract,
        filter: &QuarantineFilter,
    ) -> Result<Vec<(RunId, i64)>>;
    /// Every finding about landed rows, in the order of rows and findings.
    ///
    /// # Errors
    /// When the database fails.
    fn violations_of(&mut self, rows: &[RowId]) -> Result<Vec<ViolationRow>>;
    /// Ends entries that stand at `from`, with their findings, and says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    fn decide_quarantine(
        &mut self,
        rows: &[RowId],
        from: QuarantineStatus,
        verdict: &QuarantineVerdict,
        now: Moment,
    ) -> Result<usize>;
    /// Ends the open entries that rows of a run of corrections take the place of, and says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    fn put_in_place(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        rows: &[RowId],
        verdict: &QuarantineVerdict,
        now: Moment,
    ) -> Result<usize>;
    /// Opens the entries again that rows of a run of corrections took the place of, and says how many there were: for
    /// whoever takes such a run back.
    ///
    /// # Errors
    /// When the database fails.
    fn reopen_corrected(&mut self, contract: &Contract, run: RunId) -> Result<usize>;
    /// What became of a row.
    ///
    /// # Errors
    /// When the database fails.
    fn outcome(&mut self, row: RowId) -> Result<Option<StoredOutcome>>;
}
