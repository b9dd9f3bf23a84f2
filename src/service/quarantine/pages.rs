//! Rows of a group, read page by page, changed and judged.

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::plugin::Severity;
use importer_core::ports::{QuarantineEntry, QuarantineFilter, QuarantineStatus, RunId, Session};

use super::bulk_report::{BulkReport, BulkRow};
use super::change::{Applied, BulkChange};
use super::revalidator::{Draft, Revalidator, SharedRevalidator};
use super::view::CellChange;
use crate::service::access::MaskedSearch;

/// How many rows are read and judged at a time.
const PAGE: i64 = 1_000;

/// The open rows of a filter, a page at a time.
pub(super) fn open(filter: &QuarantineFilter) -> QuarantineFilter {
    QuarantineFilter { status: Some(QuarantineStatus::Open), limit: PAGE, ..filter.clone() }
}

/// Reads rows of a group page by page, changes and judges them.
pub(super) struct Rows {
    pub(super) session: Box<dyn Session>,
    /// What whoever changes them may seek.
    pub(super) search: MaskedSearch,
    pub(super) contract: &'static Contract,
    pub(super) revalidator: SharedRevalidator,
    pub(super) filter: QuarantineFilter,
    pub(super) change: BulkChange,
    /// The last one is read next.
    pub(super) runs: Vec<RunId>,
}

pub(super) struct Page {
    pub(super) counts: BulkReport,
    pub(super) changed: Vec<(Changed, QuarantineEntry)>,
}

pub(super) struct Changed {
    pub(super) draft: Draft,
    pub(super) cells: Vec<(usize, Option<String>)>,
    pub(super) still: Vec<String>,
}

impl Changed {
    pub(super) fn into_row(self, revalidator: &Revalidator, entry: QuarantineEntry) -> BulkRow {
        let cells = self.cells.into_iter().map(|(column, before)| CellChange {
            column: revalidator.columns.get(column).cloned().unwrap_or_default(),
            before,
            after: self.draft.cells.get(column).cloned().flatten(),
        });
        BulkRow {
            row: entry.row,
            external_id: entry.external_id,
            cells: cells.collect(),
            still: self.still,
            effect: None,
        }
    }
}

impl Rows {
    pub(super) fn next_page(&mut self) -> Result<Option<Page>> {
        while let Some(&run) = self.runs.last() {
            self.filter.run = Some(run);
            let page = self.search.rows(self.session.as_mut(), self.contract, &self.filter)?;
            let Some(last) = page.last() else {
                self.runs.pop();
                continue;
            };
            self.filter.after = last.row;
            return self.judged(page).map(Some);
        }
        Ok(None)
    }

    fn judged(&self, page: Vec<QuarantineEntry>) -> Result<Page> {
        let mut counts = BulkReport { matched: page.len() as u64, ..BulkReport::default() };
        let (mut drafts, mut changed) = (Vec::new(), Vec::new());
        for entry in page {
            let Applied { draft, cells } = self.change.apply(&self.revalidator, &entry)?;
            let about =
                !cells.is_empty() || matches!(self.change, BulkChange::Exempt { .. } | BulkChange::Nothing);
            if about {
                drafts.push(draft);
                changed.push((cells, entry));
            }
        }
        counts.changed = drafts.len() as u64;
        let verdicts = self.revalidator.judge(&drafts)?;
        let mut rows = Vec::with_capacity(drafts.len());
        for ((draft, (cells, entry)), verdict) in drafts.into_iter().zip(changed).zip(verdicts) {
            let mut still: Vec<String> = Vec::new();
            let before = self.revalidator.draft(&entry, &[])?;
            if let Some(value_regression) = self.revalidator.value_regression(&before, &draft, &verdict)? {
                still.push(value_regression.rule);
            }
            for finding in verdict.findings {
                let holds = finding.severity == Severity::Error;
                if holds && !still.contains(&finding.code) {
                    still.push(finding.code);
                }
            }
            counts.still_held += u64::from(!still.is_empty());
            counts.loaded += u64::from(still.is_empty());
            rows.push((Changed { draft, cells, still }, entry));
        }
        Ok(Page { counts, changed: rows })
    }
}
