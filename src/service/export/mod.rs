//! Files for people: records, findings and rows in quarantine as delimited text.
//!
//! Every cell is safe in a spreadsheet and comes back as it was ([`spreadsheet`]). The first column names the kind of file
//! and holds the ids. Writing and reading go row by row, whatever the size.

mod csv_quoting;
mod quarantine;
mod read;
mod records;
mod text;
mod violations;
mod write;

use importer_core::Result;
use importer_core::ports::AuditOutcome;
#[cfg(doc)]
use importer_plugin::spreadsheet;
use serde::Serialize;

pub use read::{ExportReader, ExportRow};

use super::access::{Action, Desk, Note};

/// What an exported file holds.
///
/// ```
/// use importer::service::ExportKind;
///
/// assert_eq!(ExportKind::Quarantine.of_what(), "row");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExportKind {
    /// Core records.
    Records,
    /// Findings of rules.
    Violations,
    /// Rows in quarantine.
    Quarantine,
}

impl ExportKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Records, Self::Violations, Self::Quarantine];

    /// Returns what the ids in the first column belong to: `record`, `violation` or `row`.
    ///
    /// ```
    /// assert_eq!(importer::service::ExportKind::Records.of_what(), "record");
    /// ```
    pub fn of_what(self) -> &'static str {
        match self {
            Self::Records => "record",
            Self::Violations => "violation",
            Self::Quarantine => "row",
        }
    }

    fn subject(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Violations => "violations",
            Self::Quarantine => "rows in quarantine",
        }
    }
}

/// How many rows are read from the database at a time.
const PAGE: usize = 1_000;
const OPERATION: &str = "write an export";

/// What stands before the id of a row in quarantine: its number has so many digits that spreadsheets would rewrite it.
pub(crate) const ROW: &str = "row ";

/// Columns that are there to be read by people; what stands in them is not read back.
pub(crate) const TOLD: &str = "importer:";

impl Desk<'_> {
    /// Authorises an export, writes it, and tells the audit log how many rows it holds, unless nothing may be written there.
    fn export(
        &self,
        kind: ExportKind,
        entity: &str,
        reason: &str,
        rule: Option<&str>,
        write: impl FnOnce() -> Result<u64>,
    ) -> Result<u64> {
        let mut note = Note::new(kind.subject(), reason).entity(entity);
        self.ready(Action::Export, &note)?;
        self.importer.known_rules(self.importer.store()?.session()?.as_mut(), entity, rule, OPERATION)?;
        let rows = write();
        // What was written before an error has left the house as well.
        note.detail("rows", rows.as_ref().map_or(serde_json::Value::Null, |rows| (*rows).into()));
        self.tell_audit(Action::Export, &note, AuditOutcome::Done)?;
        rows
    }
}
