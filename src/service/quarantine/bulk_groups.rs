//! The rows that a bulk change is about, by the columns of their sources.

use importer_core::contracts::Contract;
use importer_core::ports::RunRecord;
use importer_core::{Error, ErrorKind, Result};

use super::OPERATION;
use super::bulk::BulkFix;
use super::change::BulkChange;
use super::columns::{columns, field_named};
use super::groups::Group;
use super::pages::open;
use super::revalidator::Revalidator;
use crate::service::access::{Columns, Desk, MaskedSearch, Note};

/// What the filter of a bulk fix finds.
pub(super) struct Found {
    pub(super) groups: Vec<Group>,
    /// Rows whose source has no column that the change is about. They are in no group.
    pub(super) without_column: u64,
}

impl Desk<'_> {
    /// # Errors
    /// When no row has a column that the change is about, the role does not see it, there is no such rule or it suggests nothing, or the
    /// database fails.
    pub(super) fn found(&self, contract: &'static Contract, fix: &BulkFix) -> Result<Found> {
        fix.change.check()?;
        let filter = open(&fix.filter);
        let mut session = self.importer.store()?.session()?;
        let named = filter.rule.iter().chain(fix.change.rules()).map(String::as_str);
        self.importer.known_rules(session.as_mut(), contract.entity, named, OPERATION)?;
        let mut found = Found { groups: Vec::new(), without_column: 0 };
        let mut others: Vec<String> = Vec::new();
        for (id, rows) in MaskedSearch::by(self.mask(), &self.importer.contracts).tally(
            session.as_mut(),
            contract,
            &filter,
        )? {
            let Some(run) = session.run(id)? else { continue };
            match self.revalidator_for(contract, &run, fix)? {
                Some(revalidator) => Group::put(&mut found.groups, revalidator, run),
                None => {
                    found.without_column += u64::try_from(rows).unwrap_or(0);
                    for column in columns(&run) {
                        if !others.contains(&column) {
                            others.push(column);
                        }
                    }
                }
            }
        }
        match &fix.change {
            BulkChange::Replace { field, .. } if found.groups.is_empty() && found.without_column > 0 => {
                Err(Error::new(ErrorKind::Config, OPERATION, "no row that the filter finds has this column")
                    .at("field", field)
                    .hint(format!("the columns are: {}", others.join(", "))))
            }
            _ => Ok(found),
        }
    }

    /// Where rows of a run are changed; nothing when no column of theirs is changed.
    fn revalidator_for(
        &self,
        contract: &'static Contract,
        run: &RunRecord,
        fix: &BulkFix,
    ) -> Result<Option<Revalidator>> {
        let BulkChange::Replace { field, .. } = &fix.change else {
            return Revalidator::of(self.importer, contract, run, &[], fix.current_mapping).map(Some);
        };
        // Of rows that stay as they are nobody need know how they are read: their run may have had another mapping.
        if field_named(contract, field).is_none() && !columns(run).contains(field) {
            return Ok(None);
        }
        let revalidator = Revalidator::of(self.importer, contract, run, &[], fix.current_mapping)?;
        let sought = revalidator.sought(field);
        if sought.is_empty() {
            return Ok(None);
        }
        self.may_seek(&revalidator, &sought, run, fix)?;
        Ok(Some(revalidator))
    }

    /// Whether a text stands in cells is for those alone who see the cells.
    fn may_seek(
        &self,
        revalidator: &Revalidator,
        sought: &[usize],
        run: &RunRecord,
        fix: &BulkFix,
    ) -> Result<()> {
        let BulkChange::Replace { field, .. } = &fix.change else { return Ok(()) };
        let columns = Columns::of(revalidator.contract, run);
        if !sought.iter().any(|at| self.mask().hides(revalidator.class(&columns, *at))) {
            return Ok(());
        }
        let mut note = Note::new("rows in quarantine", &fix.reason).entity(revalidator.contract.entity);
        fix.change.describe(&mut note);
        let error = self.refuse(fix.change.action(), &note, "replace a text in cells that are masked")?;
        Err(error.at("field", field).at("run", run.id).hint("correct the rows one by one, or ask an admin"))
    }
}
