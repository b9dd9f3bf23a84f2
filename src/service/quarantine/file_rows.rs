//! Rows of a corrected file: looked up, corrected and judged.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use importer_core::Result;
use importer_core::contracts::{Contract, PiiClass};
use importer_core::plugin::Severity;
use importer_core::ports::{QuarantineFilter, QuarantineStatus, RowId, RunId, Session};

use super::bench::{Draft, SharedBench};
use super::file::FileReport;
use crate::service::access::{Mask, Seen};
use crate::service::export::{ExportReader, ExportRow};

/// How many rows are looked up and judged at a time.
const PAGE: usize = 1_000;

/// Reads the rows of a group out of a file, corrects and judges them.
pub(super) struct FileRows {
    pub(super) file: ExportReader,
    pub(super) session: Box<dyn Session>,
    pub(super) contract: &'static Contract,
    pub(super) bench: SharedBench,
    pub(super) runs: BTreeSet<RunId>,
    /// Where each column of the file belongs.
    pub(super) cells: Vec<Option<usize>>,
    /// What whoever reads the file back was shown.
    pub(super) mask: Mask,
    pub(super) seen: Seen,
    pub(super) told: Arc<Mutex<FileReport>>,
}

impl FileRows {
    /// The next rows that pass; none at the end of the file.
    pub(super) fn next_drafts(&mut self) -> Result<Vec<Draft>> {
        loop {
            let mut rows: Vec<ExportRow> = Vec::new();
            let mut end = true;
            while let Some(row) = self.file.next_row()? {
                if self.runs.contains(&(row.id >> 32)) {
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
            rows: rows.iter().map(|row| row.id).collect(),
            status: Some(QuarantineStatus::Open),
            ..QuarantineFilter::default()
        };
        let entries = self.session.quarantined(self.contract, &filter)?;
        let entries: HashMap<RowId, _> = entries.into_iter().map(|entry| (entry.row, entry)).collect();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut drafts, mut numbers) = (Vec::new(), Vec::new());
        for row in rows {
            let Some(entry) = entries.get(&row.id) else {
                told.not_open += 1;
                told.problem(row.number, row.id, "it is not open in quarantine".into());
                continue;
            };
            let classes = self.seen.columns(self.session.as_mut(), entry.run)?;
            let is_as_shown = |place: usize, before: &Option<String>, cell: &str| {
                let class =
                    self.bench.columns.get(place).map_or(PiiClass::Sensitive, |name| classes.class(name));
                // A file has no other way to write a missing cell than an empty one.
                self.mask.exported(class, before.as_deref().unwrap_or_default()) == Some(cell)
            };
            let mut draft = self.bench.draft(entry, &[])?;
            let mut changed = false;
            for (at, (cell, place)) in row.cells.into_iter().zip(&self.cells).enumerate() {
                // What was masked when it was written cannot have been corrected.
                let Some(place) = place.filter(|_| !row.masked.contains(&at)) else { continue };
                // Compared with what was shown and never with what is masked: who types a value must not learn whether it is
                // the hidden one.
                if draft.cells.get(place).is_some_and(|before| !is_as_shown(place, before, &cell)) {
                    self.bench.set(&mut draft, place, Some(cell))?;
                    changed = true;
                }
            }
            if changed {
                drafts.push(draft);
                numbers.push(row.number);
            } else {
                told.unchanged += 1;
            }
        }
        let verdicts = self.bench.judge(&drafts)?;
        let mut passing = Vec::with_capacity(drafts.len());
        for ((draft, number), verdict) in drafts.into_iter().zip(numbers).zip(verdicts) {
            if !verdict.held {
                told.loaded += 1;
                passing.push(draft);
                continue;
            }
            told.still_held += 1;
            let errors = verdict.findings.into_iter().filter(|finding| finding.severity == Severity::Error);
            let codes: BTreeSet<String> = errors.map(|finding| finding.code).collect();
            let why = format!("held back by {}", codes.into_iter().collect::<Vec<_>>().join(", "));
            told.problem(number, draft.correction.corrects.unwrap_or_default(), why);
        }
        Ok(passing)
    }
}
