use std::sync::{Arc, Mutex, PoisonError};

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{QuarantineFilter, QuarantineStatus};

use super::bulk_report::{BulkPreview, BulkReport};
use super::change::BulkChange;
use super::correction_source::Pull;
use super::effect::Effects;
use super::groups::Group;
use super::pages::{Rows, open};
use super::reprocess::ReprocessRequest;
use super::revalidator::Draft;
use super::{CORRECTIONS, OPERATION};
use crate::service::access::{Desk, MaskedSearch, Note};

/// One change for many rows in quarantine, as [`Desk::preview_bulk`] and [`Desk::fix_bulk`] take it.
///
/// ```
/// use importer::QuarantineFilter;
/// use importer::service::{BulkChange, BulkFix};
///
/// let fix = BulkFix {
///     filter: QuarantineFilter { rule: Some("FMT-101".into()), ..QuarantineFilter::default() },
///     change: BulkChange::AutoFix { rule: "FMT-101".into() },
///     reason: "as suggested".into(),
///     current_mapping: false,
/// };
/// assert_eq!(fix.filter.status, None, "open rows alone are touched in any case");
/// ```
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct BulkFix {
    /// The rows. Only open ones are touched, and the filter's limit is not applied.
    pub filter: QuarantineFilter,
    /// The change that each row gets.
    pub change: BulkChange,
    /// The reason, for the audit log.
    pub reason: String,
    /// Reads the rows with the mapping of this importer, although their run had another one; otherwise another mapping
    /// is an error.
    pub current_mapping: bool,
}

impl BulkFix {
    /// A change of all open rows that a filter passes, for a reason.
    ///
    /// ```
    /// use importer::QuarantineFilter;
    /// use importer::service::{BulkChange, BulkFix};
    /// let change = BulkChange::AutoFix { rule: "FMT-101".into() };
    /// let fix = BulkFix::new(QuarantineFilter::default(), change, "as suggested");
    /// assert!(!fix.current_mapping);
    /// ```
    pub fn new(filter: QuarantineFilter, change: BulkChange, reason: impl Into<String>) -> Self {
        Self { filter, change, reason: reason.into(), current_mapping: false }
    }
}

impl Desk<'_> {
    /// Computes what a bulk change would do. Nothing changes.
    ///
    /// Returns the counts of all rows, and at most `most` rows with their cells, masked for the role. Needs a steward.
    /// The reason of the change may be empty.
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
    /// let preview = desk.preview_bulk("volunteer", &fix, 10)?;
    /// assert_eq!((preview.counts.changed, preview.counts.loaded), (1, 1));
    /// assert_eq!(importer.count("volunteer")?, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, the change names a rule that does not exist or suggests nothing, no row has the column,
    /// the column is masked for the role, the mapping is another one than that of a row's run, or the database fails.
    pub fn preview_bulk(&self, entity: &str, fix: &BulkFix, most: usize) -> Result<BulkPreview> {
        self.authorize(fix.change.action(), &Note::new("rows in quarantine", &fix.reason).entity(entity))?;
        let contract = self.importer.contract(entity)?;
        let mut preview = BulkPreview::default();
        let (mut session, mut search) =
            (self.importer.store()?.session()?, MaskedSearch::by(self.mask(), &self.importer.contracts));
        let mut effects = Effects::default();
        let found = self.found(contract, fix)?;
        preview.counts.leave(found.without_column);
        for group in found.groups {
            let mut rows = self.rows(contract, &group, fix)?;
            while let Some(mut page) = rows.next_page()? {
                preview.counts.add(&page.counts);
                page.changed.truncate(most - preview.rows.len());
                let passing = page.changed.iter().filter(|(changed, _)| changed.still.is_empty());
                let drafts: Vec<Draft> = passing.map(|(changed, _)| changed.draft.clone()).collect();
                let mut shown = match drafts.is_empty() {
                    true => Vec::new(),
                    false => effects.of(self, &group.revalidator, &drafts)?,
                }
                .into_iter();
                for (changed, entry) in page.changed {
                    let columns = search.columns(session.as_mut(), entry.run)?;
                    let payload = entry.payload_json.clone();
                    let mut row = changed.into_row(&group.revalidator, entry);
                    self.mask().bulk_row(columns, &payload, &mut row);
                    row.effect = if row.still.is_empty() { shown.next() } else { None };
                    preview.rows.push(row);
                }
            }
        }
        Ok(preview)
    }

    /// Changes many rows in quarantine and sends in those that pass the rules then. All others are left as they are.
    ///
    /// Rows go in by runs of corrections, one for each external system and set of columns. Returns the counts. The
    /// audit log gets one line for each run. Needs a steward.
    ///
    /// ```
    /// use importer::service::{BulkChange, BulkFix};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let fix = BulkFix {
    ///     filter: Default::default(),
    ///     change: BulkChange::Replace { field: "email".into(), find: "@@".into(), replace: "@".into() },
    ///     reason: "a typo of the form".into(),
    ///     current_mapping: false,
    /// };
    /// assert_eq!(desk.fix_bulk("volunteer", &fix)?.loaded, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Desk::fix`] and [`Desk::preview_bulk`]. Rows that went in before an error stay in; the same call takes
    /// the others.
    pub fn fix_bulk(&self, entity: &str, fix: &BulkFix) -> Result<BulkReport> {
        let action = fix.change.action();
        let mut note = Note::new("", &fix.reason).entity(entity);
        fix.change.describe(&mut note);
        self.ready(action, &note)?;
        let contract = self.importer.contract(entity)?;
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
            search: MaskedSearch::by(self.mask(), &self.importer.contracts),
            contract,
            revalidator: Arc::clone(&group.revalidator),
            filter: open(&fix.filter),
            change: fix.change.clone(),
            runs: group.runs.iter().map(|run| run.id).rev().collect(),
        })
    }
}
