use std::sync::{Arc, Mutex, PoisonError};

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{QuarantineFilter, QuarantineStatus};

use super::bulk_report::{BulkPreview, BulkReport};
use super::change::BulkChange;
use super::correction_source::Pull;
use super::groups::Group;
use super::pages::{Rows, open};
use super::reprocess::ReprocessRequest;
use super::revalidator::Draft;
use super::{CORRECTIONS, OPERATION};
use crate::service::access::{Desk, MaskedSearch, Note};
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

impl Desk<'_> {
    /// What a bulk fix would do. Changes nothing; lists at most `most` rows, masked, and counts all.
    ///
    /// # Errors
    /// When the actor may not, no row has a column of the name, or the database fails.
    pub fn preview_bulk(&self, entity: &str, fix: &BulkFix, most: usize) -> Result<BulkPreview> {
        self.authorize(fix.change.action(), &Note::new("rows in quarantine", &fix.reason).entity(entity))?;
        let contract = runs::contract(entity)?;
        let mut preview = BulkPreview::default();
        let (mut session, mut search) = (self.importer.store()?.session()?, MaskedSearch::by(self.mask()));
        let found = self.found(contract, fix)?;
        preview.counts.leave(found.without_column);
        for group in found.groups {
            let mut rows = self.rows(contract, &group, fix)?;
            while let Some(page) = rows.next_page()? {
                preview.counts.add(&page.counts);
                for (changed, entry) in page.changed {
                    if preview.rows.len() < most {
                        let columns = search.columns(session.as_mut(), entry.run)?;
                        let payload = entry.payload_json.clone();
                        let mut row = changed.findings_view(&group.revalidator, entry);
                        self.mask().bulk_row(columns, &payload, &mut row);
                        preview.rows.push(row);
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
        self.importer.no_unfinished_rollback(entity, OPERATION)?;
        let status = match fix.change {
            BulkChange::Exempt { .. } => QuarantineStatus::Suppressed,
            _ => QuarantineStatus::Fixed,
        };
        let mut done = BulkReport::default();
        let found = self.found(contract, fix)?;
        done.leave(found.without_column);
        for group in found.groups {
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
            let request = ReprocessRequest {
                source: CORRECTIONS,
                action,
                verdict: Some(self.verdict(status, &note)),
                note: note.clone(),
            };
            if let Some(report) = self.reprocess_group(&group.revalidator, pull, request)? {
                done.skipped += report.counts.skipped;
                done.runs += 1;
            }
            done.add(&counts.lock().unwrap_or_else(PoisonError::into_inner));
        }
        done.loaded -= done.skipped.min(done.loaded);
        Ok(done)
    }

    fn rows(&self, contract: &'static Contract, group: &Group, fix: &BulkFix) -> Result<Rows> {
        Ok(Rows {
            session: self.importer.store()?.session()?,
            search: MaskedSearch::by(self.mask()),
            contract,
            revalidator: Arc::clone(&group.revalidator),
            filter: open(&fix.filter),
            change: fix.change.clone(),
            runs: group.runs.iter().map(|run| run.id).rev().collect(),
        })
    }
}
