use std::fmt;

use importer_core::plugin::Finding;
use importer_core::ports::{CoreId, QuarantineEntry, RowId, RunId, ViolationRow, moment_text};
use serde::Serialize;
use serde_json::{Map, Value};

/// A row in quarantine without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RowSummary {
    /// Its id.
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
    /// `open`, `fixed`, `suppressed`, `wont_fix` or `superseded`.
    pub status: &'static str,
    /// When it was held back first.
    pub first_seen_at: String,
    /// When a source brought it last.
    pub last_seen_at: String,
    /// Who ended it.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The row that took its place.
    pub corrected_by: Option<RowId>,
}

impl From<&QuarantineEntry> for RowSummary {
    fn from(entry: &QuarantineEntry) -> Self {
        Self {
            row: entry.row,
            run: entry.run,
            source: entry.source.clone(),
            system: entry.system.clone(),
            external_id: entry.external_id.clone(),
            position: entry.position,
            rules: entry.rules.clone(),
            status: entry.status.as_str(),
            first_seen_at: moment_text(entry.first_seen_at),
            last_seen_at: moment_text(entry.last_seen_at),
            decided_by: entry.decided_by.clone(),
            decided_at: entry.decided_at.map(moment_text),
            reason: entry.reason.clone(),
            corrected_by: entry.corrected_by,
        }
    }
}

/// What a rule found about a row, and what to do about it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FindingView {
    /// The rule.
    pub rule: String,
    /// The severity that counts.
    pub severity: &'static str,
    /// The field it is about; empty for the row.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// How it stands; empty for a finding that is not stored.
    pub status: String,
    /// What the rule advises.
    pub hint: String,
    /// What the rule would write instead, where it has an idea.
    pub suggestion: Option<String>,
}

impl fmt::Debug for FindingView {
    // A suggestion is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FindingView({} {} {})", self.rule, self.severity, self.field)
    }
}

impl FindingView {
    pub(super) fn stored(row: &ViolationRow) -> Self {
        let v = &row.violation;
        Self {
            rule: v.rule_code.clone(),
            severity: v.severity.as_str(),
            field: v.field.clone(),
            message: v.message.clone(),
            status: row.status.clone(),
            hint: String::new(),
            suggestion: None,
        }
    }

    pub(super) fn found(finding: &Finding) -> Self {
        Self {
            rule: finding.code.clone(),
            severity: finding.severity.as_str(),
            field: finding.column.clone(),
            message: finding.message.clone(),
            status: String::new(),
            hint: String::new(),
            suggestion: None,
        }
    }
}

/// Everything about a row in quarantine.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct RowDetail {
    /// The row.
    #[serde(flatten)]
    pub summary: RowSummary,
    /// The entity.
    pub entity: String,
    /// The columns of its source, in their order.
    pub columns: Vec<String>,
    /// The cells as received, by column; missing ones are left out.
    pub raw: Map<String, Value>,
    /// The values by field, as the rules saw them.
    pub normalised: Map<String, Value>,
    /// Everything found about it.
    pub findings: Vec<FindingView>,
}

impl fmt::Debug for RowDetail {
    // Cells are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowDetail({:?}, {} findings)", self.summary.row, self.findings.len())
    }
}

/// A cell before and after a change.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CellChange {
    /// The column.
    pub column: String,
    /// What it held; nothing when it was missing.
    pub before: Option<String>,
    /// What it would hold.
    pub after: Option<String>,
}

impl fmt::Debug for CellChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellChange({})", self.column)
    }
}

/// Where a corrected row went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Loaded {
    /// The run of corrections.
    pub run: RunId,
    /// The corrected row.
    pub row: RowId,
    /// The record it belongs to.
    pub record: Option<CoreId>,
    /// `inserted`, `updated` or `unchanged`.
    pub outcome: &'static str,
    /// Why.
    pub why: Option<String>,
}
