use importer_core::ports::{QuarantineFilter, QuarantineStatus, RowId};
use importer_core::{Error, ErrorKind, Result};

use super::fix::{Fixed, RowFix, still_open};
use super::list::find;
use super::pages::open;
use crate::service::access::{Action, Desk, MaskedSearch, Note};
use crate::service::runs;
use crate::service::unfinished_rollback::row_not_in_unfinished_rollback;

const OPERATION: &str = "decide about a row in quarantine";

impl Desk<'_> {
    /// Exempts a row from rules, and sends it in as it was received.
    ///
    /// # Errors
    /// As [`Desk::fix`], and when no rule is named.
    pub fn suppress(&self, entity: &str, row: RowId, rules: &[String], reason: &str) -> Result<Fixed> {
        if rules.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                OPERATION,
                "no rule is named that the row is exempt from",
            )
            .at("row", row)
            .hint("name each of the rules that hold it back, such as REQ-001"));
        }
        let fix = RowFix { exempt: rules.to_vec(), reason: reason.into(), ..RowFix::default() };
        self.fix(entity, row, &fix)
    }

    /// Gives a row up: it stays out, and coming again it is not reported again.
    ///
    /// # Errors
    /// When the actor may not, there is no such row or it is not open, or the database fails.
    pub fn reject_row(&self, entity: &str, row: RowId, reason: &str) -> Result<()> {
        self.decide_row(entity, row, reason, QuarantineStatus::Open, QuarantineStatus::WontFix)
    }

    /// Gives up all open rows that a filter finds, in one transaction, and says how many there were.
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such rule, or the database fails; no row is given up then.
    pub fn reject_rows(&self, entity: &str, filter: &QuarantineFilter, reason: &str) -> Result<u64> {
        let contract = runs::contract(entity)?;
        let note = Note::new("rows in quarantine", reason).entity(entity);
        self.act(Action::SuppressRows, note, |session, note| {
            let verdict = self.verdict(QuarantineStatus::WontFix, note);
            let mut filter = open(filter);
            self.importer.known_rules(session, entity, filter.rule.as_deref(), OPERATION)?;
            let mut rows = 0;
            let mut search = MaskedSearch::by(self.mask());
            session.lock_core(contract)?;
            loop {
                let entries = search.rows(session, contract, &filter)?;
                row_not_in_unfinished_rollback(session, contract, &entries, OPERATION)?;
                let page: Vec<RowId> = entries.iter().map(|entry| entry.row).collect();
                let Some(last) = page.last() else { break };
                filter.after = *last;
                let now = self.importer.clock.now();
                rows += session.decide_quarantine(&page, QuarantineStatus::Open, &verdict, now)? as u64;
            }
            note.detail("status", verdict.status.as_str());
            note.detail("rows", rows);
            Ok(rows)
        })
    }

    /// Opens a row again that was given up.
    ///
    /// # Errors
    /// When the actor may not, there is no such row or it was not given up, or the database fails.
    pub fn reopen(&self, entity: &str, row: RowId, reason: &str) -> Result<()> {
        self.decide_row(entity, row, reason, QuarantineStatus::WontFix, QuarantineStatus::Open)
    }

    fn decide_row(
        &self,
        entity: &str,
        row: RowId,
        reason: &str,
        from: QuarantineStatus,
        to: QuarantineStatus,
    ) -> Result<()> {
        let contract = runs::contract(entity)?;
        let note = Note::new(format!("row {row}"), reason).entity(entity);
        self.act(Action::SuppressRows, note, |session, note| {
            session.lock_core(contract)?;
            let (entry, _) = find(session, contract, row, OPERATION)?;
            row_not_in_unfinished_rollback(session, contract, std::slice::from_ref(&entry), OPERATION)?;
            if from == QuarantineStatus::Open {
                still_open(&entry)?;
            } else if entry.status != from {
                let message = format!("it is {}, not given up", entry.status.as_str().replace('_', " "));
                return Err(Error::new(ErrorKind::Config, OPERATION, message)
                    .at("row", row)
                    .hint("what went in is taken back by taking its run of corrections back"));
            }
            note.detail("status", to.as_str());
            let verdict = self.verdict(to, note);
            session.decide_quarantine(&[row], from, &verdict, self.importer.clock.now())?;
            Ok(())
        })
    }
}
