//! Rows of a corrected file: looked up, corrected and judged.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use importer_core::Result;
use importer_core::contracts::{Contract, PiiClass};
use importer_core::plugin::{Finding, Severity};
use importer_core::ports::{QuarantineEntry, QuarantineFilter, QuarantineStatus, RowId, RunId, Session};

use super::file_report::{FileProblem, FileReport, FileWarning};
use super::revalidator::{Draft, Judged, Revalidator, SharedRevalidator};
use crate::service::access::{ASK, Columns, Mask, MaskedSearch};
use crate::service::export::{ExportReader, ExportRow};

/// How many rows are looked up and judged at a time.
const PAGE: usize = 1_000;

/// Where a column of the file belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnTarget {
    /// It is there to be read by people.
    ForPeople,
    /// To the rows of another source.
    Elsewhere,
    /// To this column of the source.
    At(usize),
}

/// What became of the rows of a group.
#[derive(Default)]
pub(super) struct GroupOutcome {
    pub(super) report: FileReport,
    /// Columns that the role does not see and that somebody typed into, for the audit log.
    pub(super) hidden: BTreeSet<String>,
}

/// Reads the rows of a group out of a file, corrects and judges them.
pub(super) struct FileRows {
    pub(super) file: ExportReader,
    pub(super) session: Box<dyn Session>,
    pub(super) contract: &'static Contract,
    pub(super) revalidator: SharedRevalidator,
    pub(super) runs: BTreeSet<RunId>,
    /// Where each column of the file belongs.
    pub(super) places: Vec<ColumnTarget>,
    /// What whoever reads the file back was shown.
    pub(super) mask: Mask,
    pub(super) search: MaskedSearch,
    pub(super) outcome: Arc<Mutex<GroupOutcome>>,
}

/// A row of the file with what was made of it.
struct Corrected {
    number: u64,
    line: u64,
    before: Draft,
    draft: Draft,
    run: RunId,
}

/// What the cells of a row of the file say.
enum Read {
    AsItWas,
    Corrected(Box<Corrected>),
    /// Somebody typed what cannot be taken, in this column if it is one that the role does not see.
    NotTaken {
        why: String,
        hidden: Option<String>,
    },
}

impl FileRows {
    /// The next rows that pass; none at the end of the file.
    pub(super) fn next_drafts(&mut self) -> Result<Vec<Draft>> {
        loop {
            let mut rows: Vec<ExportRow> = Vec::new();
            let mut end = true;
            while let Some(row) = self.file.next_row()? {
                if self.runs.contains(&RowId(row.id).run()) {
                    rows.push(row);
                }
                if rows.len() >= PAGE {
                    end = false;
                    break;
                }
            }
            let passing = self.passing(rows)?;
            if end || !passing.is_empty() {
                return Ok(passing);
            }
        }
    }

    fn passing(&mut self, rows: Vec<ExportRow>) -> Result<Vec<Draft>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let filter = QuarantineFilter {
            rows: rows.iter().map(|row| RowId(row.id)).collect(),
            status: Some(QuarantineStatus::Open),
            ..QuarantineFilter::default()
        };
        let entries = self.session.quarantined(self.contract, &filter)?;
        let entries: HashMap<RowId, _> = entries.into_iter().map(|entry| (entry.row, entry)).collect();
        let outcome = Arc::clone(&self.outcome);
        let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        let mut corrected = Vec::new();
        for row in rows {
            let problem = |why: String| FileProblem::new(row.number, row.line, RowId(row.id), why);
            let Some(entry) = entries.get(&RowId(row.id)) else {
                outcome.report.not_open += 1;
                outcome.report.problem(problem("it is not open in quarantine".into()));
                continue;
            };
            match self.read(entry, &row)? {
                Read::AsItWas => outcome.report.unchanged += 1,
                Read::Corrected(row) => corrected.push(*row),
                Read::NotTaken { why, hidden } => {
                    outcome.report.not_taken += 1;
                    outcome.report.problem(problem(why));
                    outcome.hidden.extend(hidden);
                }
            }
        }
        let drafts: Vec<Draft> = corrected.iter().map(|row| row.draft.clone()).collect();
        let verdicts = self.revalidator.judge(&drafts)?;
        let mut passing = Vec::with_capacity(drafts.len());
        for (row, verdict) in corrected.into_iter().zip(verdicts) {
            if self.passes(&row, &verdict, &mut outcome.report)? {
                passing.push(row.draft);
            }
        }
        Ok(passing)
    }

    fn read(&mut self, entry: &QuarantineEntry, row: &ExportRow) -> Result<Read> {
        let landed = self.search.columns(self.session.as_mut(), entry.run)?;
        let before = self.revalidator.draft(entry, &[])?;
        let (mut draft, mut changed) = (before.clone(), false);
        for (at, (cell, place)) in row.cells.iter().zip(&self.places).enumerate() {
            let name = || self.file.columns().get(at).cloned().unwrap_or_default();
            let place = match *place {
                // What was masked when it was written cannot have been corrected.
                _ if row.masked.contains(&at) => continue,
                ColumnTarget::At(place) => place,
                ColumnTarget::Elsewhere if !cell.trim().is_empty() => {
                    let why = format!("the source of this row has no column `{}`", name());
                    let why = format!("{why}; write the value under a column of its source or a field");
                    return Ok(Read::NotTaken { why, hidden: None });
                }
                ColumnTarget::ForPeople | ColumnTarget::Elsewhere => continue,
            };
            // Compared with what was shown and never with what is masked: who types a value must not learn whether it is the
            // hidden one.
            let Some(old) = before.cells.get(place) else { continue };
            if shown(self.mask, shown_as(&self.revalidator, landed, place), old.as_deref()) == Some(cell) {
                continue;
            }
            if self.mask.hides(self.revalidator.class(landed, place)) {
                let why =
                    format!("`{}` is a cell that a {} does not see and may not set", name(), self.mask.0);
                return Ok(Read::NotTaken { why: format!("{why}; {ASK}"), hidden: Some(name()) });
            }
            self.revalidator.set(&mut draft, place, Some(cell.clone()))?;
            changed = true;
        }
        let (number, line) = (row.number, row.line);
        let corrected = || Box::new(Corrected { number, line, before, draft, run: entry.run });
        Ok(if changed { Read::Corrected(corrected()) } else { Read::AsItWas })
    }

    /// Whether a corrected row goes in; tells why not, or what of it is not taken.
    fn passes(&mut self, row: &Corrected, verdict: &Judged, report: &mut FileReport) -> Result<bool> {
        let id = row.draft.correction.corrects.unwrap_or_default();
        let of = |severity: Severity| {
            let found = verdict.findings.iter().filter(move |finding| finding.severity == severity);
            found.cloned().collect::<Vec<Finding>>()
        };
        let landed = self.search.columns(self.session.as_mut(), row.run)?;
        if verdict.held {
            report.still_held += 1;
            let errors = of(Severity::Error);
            let codes: BTreeSet<&str> = errors.iter().map(|finding| finding.code.as_str()).collect();
            let why = format!("held back by {}", codes.into_iter().collect::<Vec<_>>().join(", "));
            let mut problem = FileProblem::new(row.number, row.line, id, why);
            if report.has_room() {
                problem.findings = self.revalidator.findings_view(self.mask, landed, &row.draft, &errors);
            }
            report.problem(problem);
            return Ok(false);
        }
        if let Some(value_regression) = self.revalidator.value_regression(&row.before, &row.draft, verdict)? {
            report.not_taken += 1;
            report.problem(FileProblem::new(row.number, row.line, id, value_regression.why()));
            return Ok(false);
        }
        report.loaded += 1;
        let warnings = of(Severity::Warning);
        if !warnings.is_empty() && report.has_room_to_warn() {
            let findings = self.revalidator.findings_view(self.mask, landed, &row.draft, &warnings);
            report.warnings.push(FileWarning { number: row.number, line: row.line, row: id, findings });
        }
        Ok(true)
    }
}

/// The class by which a cell was masked when it was written.
fn shown_as(revalidator: &Revalidator, landed: &Columns, place: usize) -> PiiClass {
    revalidator.columns.get(place).map_or(PiiClass::Sensitive, |name| landed.class(name))
}

/// A cell as the file showed it. A file has no other way to write a missing cell than an empty one.
fn shown(mask: Mask, class: PiiClass, cell: Option<&str>) -> Option<&str> {
    mask.exported(class, cell.unwrap_or_default())
}
