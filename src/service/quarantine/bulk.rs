use std::sync::{Arc, Mutex, PoisonError};

use importer_core::contracts::Contract;
use importer_core::ports::{QuarantineFilter, QuarantineStatus, RowId};
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::OPERATION;
use super::bench::{Bench, Draft};
use super::change::BulkChange;
use super::feed::Pull;
use super::groups::Group;
use super::pages::{Rows, open};
use super::send_in::Sending;
use super::view::CellChange;
use crate::service::access::{Desk, Note};
use crate::service::runs;

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

impl BulkReport {
    pub(super) fn add(&mut self, other: &Self) {
        self.matched += other.matched;
        self.changed += other.changed;
        self.loaded += other.loaded;
        self.still_held += other.still_held;
    }
}
