use std::fmt;

use importer_core::plugin::Finding;
use importer_core::ports::{QuarantineEntry, RecordId, RowId, RunId, ViolationRow, moment_text};
use serde::Serialize;
use serde_json::{Map, Value};

/// A row in quarantine without its cells, as lists show it.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let row = &desk.quarantine("volunteer", &Default::default())?[0];
/// assert_eq!((row.external_id.as_str(), row.status), ("2", "open"));
/// assert_eq!(row.rules, ["FMT-101"]);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RowSummary {
    /// The id of the row.
    pub row: RowId,
    /// The run that landed it.
    pub run: RunId,
    /// The adapter that read it.
    pub source: String,
    /// The external system that its external id belongs to.
    pub system: String,
    /// The external id, which is its name in its source; masked if the role does not see it.
    pub external_id: String,
    /// The place of the row in its source, such as its line in a file; 0 when unknown.
    pub position: i64,
    /// The codes of the rules that hold it back.
    pub rules: Vec<String>,
    /// The status: `open`, `fixed`, `suppressed`, `wont_fix` or `superseded`.
    pub status: &'static str,
    /// The moment at which it was held back first, in UTC.
    pub first_seen_at: String,
    /// The moment at which a source brought it last, in UTC.
    pub last_seen_at: String,
    /// The actor who decided about it.
    pub decided_by: Option<String>,
    /// The moment of the decision, in UTC.
    pub decided_at: Option<String>,
    /// The reason for the decision; masked if it quotes a value that the role does not see.
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
///
/// Its `Debug` text holds no suggestion, because suggestions are personal data.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let row = desk.quarantine("volunteer", &Default::default())?[0].row;
/// let finding = &desk.quarantined_row("volunteer", row)?.findings[0];
/// assert_eq!((finding.rule.as_str(), finding.field.as_str()), ("FMT-101", "email_normalized"));
/// assert_eq!((finding.severity, finding.status.as_str()), ("error", "open"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FindingView {
    /// The code of the rule.
    pub rule: String,
    /// The severity that counts: `error`, `warning` or `info`.
    pub severity: &'static str,
    /// The field that the finding is about; empty for the row as a whole.
    pub field: String,
    /// What is wrong; masked if it is about a value that the role does not see.
    pub message: String,
    /// The status of the stored finding; empty for a finding that is not stored.
    pub status: String,
    /// What the rule advises.
    pub hint: String,
    /// The value that the rule would write instead, where it suggests one; masked if the role does not see the field.
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

/// Everything about a row in quarantine; [`Desk::quarantined_row`](crate::service::Desk::quarantined_row) returns it.
///
/// Its `Debug` text holds no cells, because cells are personal data.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let row = desk.quarantine("volunteer", &Default::default())?[0].row;
/// let detail = desk.quarantined_row("volunteer", row)?;
/// assert_eq!((detail.raw["id"].as_str(), detail.normalised["last_name"].as_str()), (Some("2"), Some("Ray")));
/// assert_eq!(detail.columns[..4], ["id", "first_name", "last_name", "email"]);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct RowDetail {
    /// The row without its cells.
    #[serde(flatten)]
    pub summary: RowSummary,
    /// The entity.
    pub entity: String,
    /// The columns of its source, in their order.
    pub columns: Vec<String>,
    /// The cells as received, by column; missing ones are left out, masked ones are `***`.
    pub raw: Map<String, Value>,
    /// The values by field, as the rules saw them; masked ones are `***`.
    pub normalised: Map<String, Value>,
    /// Every finding about the row.
    pub findings: Vec<FindingView>,
}

impl fmt::Debug for RowDetail {
    // Cells are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowDetail({:?}, {} findings)", self.summary.row, self.findings.len())
    }
}

/// A cell before and after a change; both are `***` if the role does not see the column.
///
/// Its `Debug` text holds no value, because values are personal data.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// # let change = importer::service::BulkChange::Replace {
/// #     field: "email".into(),
/// #     find: "@@".into(),
/// #     replace: "@".into(),
/// # };
/// # let fix = importer::service::BulkFix {
/// #     filter: Default::default(),
/// #     change,
/// #     reason: "a typo of the form".into(),
/// #     current_mapping: false,
/// # };
/// let cell = &desk.preview_bulk("volunteer", &fix, 10)?.rows[0].cells[0];
/// assert_eq!(cell.before.as_deref(), Some("bob@@example.org"));
/// assert_eq!(cell.after.as_deref(), Some("bob@example.org"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CellChange {
    /// The column of the source.
    pub column: String,
    /// The cell before the change; `None` when it was missing.
    pub before: Option<String>,
    /// The cell after the change.
    pub after: Option<String>,
}

impl fmt::Debug for CellChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CellChange({})", self.column)
    }
}

/// The place in the core where a corrected row went.
///
/// ```
/// use importer::service::RowFix;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let row = desk.quarantine("volunteer", &Default::default())?[0].row;
/// let values = vec![("email".into(), "bob@example.org".into())];
/// let fixed = desk.fix("volunteer", row, &RowFix { values, reason: "he called".into(), ..RowFix::default() })?;
/// let loaded = fixed.loaded.unwrap();
/// assert_eq!((loaded.outcome, importer.report(loaded.run)?.source.as_str()), ("inserted", "corrections"));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Loaded {
    /// The run of corrections.
    pub run: RunId,
    /// The id of the corrected row, which was landed beside the original.
    pub row: RowId,
    /// The record that the row belongs to.
    pub record: Option<RecordId>,
    /// What became of the row: `inserted`, `updated` or `unchanged`.
    pub outcome: &'static str,
    /// Why the row was taken for this person, or what kept a value; parts about fields that the role does not see are
    /// masked.
    pub why: Option<String>,
}
