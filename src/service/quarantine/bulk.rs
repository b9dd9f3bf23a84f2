use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use importer_core::contracts::Contract;
use importer_core::pipeline::RunReport;
use importer_core::ports::{
    QuarantineEntry, QuarantineFilter, QuarantineStatus, RowId, RunId, RunRecord, Session, SourceLock,
};
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::OPERATION;
use super::bench::{Bench, Draft, SharedBench};
use super::feed::Pull;
use super::send_in::Sending;
use super::view::CellChange;
use crate::service::access::{Action, Desk, Note};
use crate::service::runs;

/// How many rows are read and judged at a time.
const PAGE: i64 = 1_000;

/// What is done to each of many rows.
#[derive(Clone, PartialEq, Eq)]
pub enum BulkChange {
    /// Replaces a text wherever it stands in a column of the source or in the columns of a field.
    Replace {
        /// The column or field.
        field: String,
        /// What is replaced, letter for letter.
        find: String,
        /// What stands there instead.
        replace: String,
    },
    /// Writes what a rule suggests.
    AutoFix {
        /// The rule.
        rule: String,
    },
    /// Exempts the rows from rules.
    Exempt {
        /// The rules.
        rules: Vec<String>,
    },
    /// Looks at the rows once more, by the rules of today.
    Nothing,
}

impl fmt::Debug for BulkChange {
    // A pattern may be somebody's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replace { field, .. } => write!(f, "Replace({field})"),
            Self::AutoFix { rule } => write!(f, "AutoFix({rule})"),
            Self::Exempt { rules } => write!(f, "Exempt({rules:?})"),
            Self::Nothing => f.write_str("Nothing"),
        }
    }
}

/// One correction for many rows.
#[derive(Debug, Clone)]
pub struct BulkFix {
    /// Which rows; only open ones are touched.
    pub filter: QuarantineFilter,
    /// What is done to each.
    pub change: BulkChange,
    /// Why.
    pub reason: String,
    /// Reads rows with the mapping there is now, although their run had another one.
    pub current_mapping: bool,
}

/// What would become of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkRow {
    /// The row.
    pub row: RowId,
    /// Its name in its source.
    pub external_id: String,
    /// The cells that change.
    pub cells: Vec<CellChange>,
    /// The rules that would hold it back all the same; without any, it would go in.
    pub still: Vec<String>,
}

/// What a bulk fix would do, or did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BulkReport {
    /// Open rows that the filter finds.
    pub matched: u64,
    /// Rows among them that the change is about.
    pub changed: u64,
    /// Rows that pass the rules then, and go in.
    pub loaded: u64,
    /// Rows that the rules hold back all the same; nothing changes about them.
    pub still_held: u64,
    /// Rows that pass but that the database refused; they stay in quarantine.
    pub skipped: u64,
    /// How many runs of corrections took them in.
    pub runs: u64,
}

/// What a bulk fix would do, with the first rows it would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BulkPreview {
    /// All rows, counted.
    pub counts: BulkReport,
    /// The first ones.
    pub rows: Vec<BulkRow>,
}

/// Rows of runs whose sources have the same columns and are read by the same mapping.
pub(super) struct Group {
    pub(super) bench: SharedBench,
    pub(super) runs: Vec<RunRecord>,
}

impl Group {
    /// Adds a run to its group.
    pub(super) fn put(groups: &mut Vec<Self>, bench: Bench, run: RunRecord) {
        let same =
            |group: &&mut Self| group.bench.columns == bench.columns && group.bench.system == bench.system;
        match groups.iter_mut().find(same) {
            Some(group) => group.runs.push(run),
            None => groups.push(Self { bench: Arc::new(bench), runs: vec![run] }),
        }
    }
}

impl Desk<'_> {
    /// What a bulk fix would do. Changes nothing; lists at most `most` rows and counts all.
    ///
    /// # Errors
    /// When the actor may not, a name is neither column nor field, or the database fails.
    pub fn preview_bulk(&self, entity: &str, fix: &BulkFix, most: usize) -> Result<BulkPreview> {
        self.authorize(fix.change.action(), &Note::new("rows in quarantine", &fix.reason).entity(entity))?;
        let contract = runs::contract(entity)?;
        let mut preview = BulkPreview::default();
        for group in self.groups(contract, fix)? {
            let mut rows = self.rows(contract, &group, fix)?;
            while let Some(page) = rows.next_page()? {
                preview.counts.add(&page.counts);
                for (changed, entry) in page.changed {
                    if preview.rows.len() < most {
                        preview.rows.push(changed.told(&group.bench, entry));
                    }
                }
            }
        }
        Ok(preview)
    }

    /// Corrects many rows and sends in those that pass then. Rows that do not are left as they are.
    ///
    /// # Errors
    /// As [`Desk::fix`]. Rows that went in before an error stay in; the same call takes the others.
    pub fn fix_bulk(&self, entity: &str, fix: &BulkFix) -> Result<BulkReport> {
        let action = fix.change.action();
        let mut note = Note::new("", &fix.reason).entity(entity);
        fix.change.describe(&mut note);
        self.ready(action, &note)?;
        let contract = runs::contract(entity)?;
        let status = match fix.change {
            BulkChange::Exempt { .. } => QuarantineStatus::Suppressed,
            _ => QuarantineStatus::Fixed,
        };
        let mut done = BulkReport::default();
        for group in self.groups(contract, fix)? {
            let _locks = self.locks(contract, &group)?;
            let counts = Arc::new(Mutex::new(BulkReport::default()));
            let mut rows = self.rows(contract, &group, fix)?;
            let tally = Arc::clone(&counts);
            let pull: Pull = Box::new(move || {
                while let Some(page) = rows.next_page()? {
                    tally.lock().unwrap_or_else(PoisonError::into_inner).add(&page.counts);
                    let passing = page.changed.into_iter().filter(|(changed, _)| changed.still.is_empty());
                    let drafts: Vec<Draft> = passing.map(|(changed, _)| changed.draft).collect();
                    if !drafts.is_empty() {
                        return Ok(drafts);
                    }
                }
                Ok(Vec::new())
            });
            let sending = Sending {
                source: "corrections",
                action,
                verdict: Some(self.verdict(status, &note)),
                note: note.clone(),
            };
            if let Some(report) = self.send_group(&group.bench, pull, sending)? {
                done.skipped += report.counts.skipped;
                done.runs += 1;
            }
            done.add(&counts.lock().unwrap_or_else(PoisonError::into_inner));
        }
        done.loaded -= done.skipped.min(done.loaded);
        Ok(done)
    }

    /// Sends rows in, unless there are none.
    pub(super) fn send_group(
        &self,
        bench: &SharedBench,
        mut pull: Pull,
        sending: Sending,
    ) -> Result<Option<RunReport>> {
        let first = pull()?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut first = Some(first);
        let pull: Pull = Box::new(move || first.take().map_or_else(&mut pull, Ok));
        self.send_in(bench, pull, sending).map(Some)
    }

    fn groups(&self, contract: &'static Contract, fix: &BulkFix) -> Result<Vec<Group>> {
        let filter = open(&fix.filter);
        let mut session = self.importer.store()?.session()?;
        let keys: Vec<&str> = match &fix.change {
            BulkChange::Replace { field, find, .. } => {
                if find.is_empty() {
                    return Err(Error::new(ErrorKind::Config, OPERATION, "there is no text to replace")
                        .at("field", field));
                }
                vec![field]
            }
            BulkChange::AutoFix { rule } if !importer_dq::can_autofix(rule) => {
                return Err(Error::new(ErrorKind::Config, OPERATION, "this rule suggests nothing")
                    .at("rule", rule)
                    .hint("the reference of rules says which of them have an auto-fix"));
            }
            _ => Vec::new(),
        };
        let mut groups: Vec<Group> = Vec::new();
        for (id, _) in session.quarantine_runs(contract, &filter)? {
            let Some(run) = session.run(id)? else { continue };
            let bench = Bench::of(self.importer, contract, &run, &keys, fix.current_mapping)?;
            Group::put(&mut groups, bench, run);
        }
        Ok(groups)
    }

    pub(super) fn locks(&self, contract: &Contract, group: &Group) -> Result<Vec<SourceLock>> {
        let mut sources: Vec<&RunRecord> = group.runs.iter().collect();
        sources.sort_by(|a, b| a.new.source.cmp(&b.new.source));
        sources.dedup_by(|a, b| a.new.source == b.new.source);
        sources.into_iter().map(|run| self.lock(contract, run)).collect()
    }

    fn rows(&self, contract: &'static Contract, group: &Group, fix: &BulkFix) -> Result<Rows> {
        Ok(Rows {
            session: self.importer.store()?.session()?,
            contract,
            bench: Arc::clone(&group.bench),
            filter: open(&fix.filter),
            change: fix.change.clone(),
            runs: group.runs.iter().map(|run| run.id).rev().collect(),
        })
    }
}

fn open(filter: &QuarantineFilter) -> QuarantineFilter {
    QuarantineFilter { status: Some(QuarantineStatus::Open), limit: PAGE, ..filter.clone() }
}

/// Reads rows of a group page by page, changes and judges them.
struct Rows {
    session: Box<dyn Session>,
    contract: &'static Contract,
    bench: SharedBench,
    filter: QuarantineFilter,
    change: BulkChange,
    /// The last one is read next.
    runs: Vec<RunId>,
}

struct Page {
    counts: BulkReport,
    changed: Vec<(Changed, QuarantineEntry)>,
}

struct Changed {
    draft: Draft,
    cells: Vec<(usize, Option<String>)>,
    still: Vec<String>,
}

impl Changed {
    fn told(self, bench: &Bench, entry: QuarantineEntry) -> BulkRow {
        let cells = self.cells.into_iter().map(|(column, before)| CellChange {
            column: bench.columns.get(column).cloned().unwrap_or_default(),
            before,
            after: self.draft.cells.get(column).cloned().flatten(),
        });
        BulkRow { row: entry.row, external_id: entry.external_id, cells: cells.collect(), still: self.still }
    }
}

impl Rows {
    fn next_page(&mut self) -> Result<Option<Page>> {
        while let Some(&run) = self.runs.last() {
            self.filter.run = Some(run);
            let page = self.session.quarantined(self.contract, &self.filter)?;
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
            let (draft, cells) = self.change.apply(&self.bench, &entry)?;
            let about =
                !cells.is_empty() || matches!(self.change, BulkChange::Exempt { .. } | BulkChange::Nothing);
            if about {
                drafts.push(draft);
                changed.push((cells, entry));
            }
        }
        counts.changed = drafts.len() as u64;
        let verdicts = self.bench.judge(&drafts)?;
        let mut rows = Vec::with_capacity(drafts.len());
        for ((draft, (cells, entry)), verdict) in drafts.into_iter().zip(changed).zip(verdicts) {
            let mut still: Vec<String> = Vec::new();
            for finding in verdict.findings {
                let holds = finding.severity == importer_core::plugin::Severity::Error;
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

impl BulkReport {
    fn add(&mut self, other: &Self) {
        self.matched += other.matched;
        self.changed += other.changed;
        self.loaded += other.loaded;
        self.still_held += other.still_held;
    }
}

impl BulkChange {
    fn action(&self) -> Action {
        match self {
            Self::Exempt { .. } => Action::SuppressRows,
            _ => Action::FixRows,
        }
    }

    /// For the audit log, which holds no values.
    fn describe(&self, note: &mut Note) {
        match self {
            Self::Replace { field, .. } => {
                note.detail("change", "replace");
                note.detail("field", field.as_str());
            }
            Self::AutoFix { rule } => {
                note.detail("change", "auto_fix");
                note.detail("rule", rule.as_str());
            }
            Self::Exempt { rules } => {
                note.detail("change", "exempt");
                note.detail("rules", rules.clone());
            }
            Self::Nothing => note.detail("change", "none"),
        }
    }

    /// The changed row, and what its changed cells held before.
    fn apply(&self, bench: &Bench, entry: &QuarantineEntry) -> Result<(Draft, Vec<(usize, Option<String>)>)> {
        let exempt: &[String] = if let Self::Exempt { rules } = self { rules } else { &[] };
        let mut draft = bench.draft(
            entry.row,
            &entry.external_id,
            entry.position,
            &entry.payload_json,
            &entry.rules,
            exempt,
        )?;
        let mut writes: Vec<(usize, String)> = Vec::new();
        match self {
            Self::Replace { field, find, replace } => {
                let named = bench.columns.iter().position(|column| column == field);
                let columns = named.map_or_else(|| bench.columns_of_key(field), |column| vec![column]);
                for column in columns {
                    if let Some(Some(cell)) = draft
                        .cells
                        .get(column)
                        .filter(|c| c.as_deref().is_some_and(|c| c.contains(find.as_str())))
                    {
                        writes.push((column, cell.replace(find.as_str(), replace)));
                    }
                }
            }
            Self::AutoFix { rule } if entry.rules.iter().any(|code| code == rule) => {
                for field in importer_dq::autofixed_fields(rule) {
                    for column in bench.columns_of(field) {
                        let Some(Some(cell)) = draft.cells.get(column) else { continue };
                        if let Some(better) = importer_dq::autofix(rule, field, cell, bench.country()) {
                            writes.push((column, better));
                        }
                    }
                }
            }
            _ => {}
        }
        let mut cells = Vec::with_capacity(writes.len());
        for (column, value) in writes {
            let before = draft.cells.get(column).cloned().flatten();
            if before.as_deref() != Some(value.as_str()) {
                bench.set(&mut draft, column, Some(value))?;
                cells.push((column, before));
            }
        }
        Ok((draft, cells))
    }
}
