use importer_core::ports::{QuarantineFilter, QuarantineStatus, RowId};
use importer_core::{Error, ErrorKind, Result};

use super::fix::{Fixed, RowFix, still_open};
use super::list::find;
use super::pages::open;
use crate::service::access::{Action, Desk, MaskedSearch, Note};
use crate::service::unfinished_rollback::row_not_in_unfinished_rollback;

const OPERATION: &str = "decide about a row in quarantine";

impl Desk<'_> {
    /// Exempts a row in quarantine from rules and sends it in as it was received.
    ///
    /// The record stays exempt from these rules when its source brings another row of it. If another rule still holds
    /// the row back, [`Fixed::loaded`] is `None` and nothing changes. Needs a steward.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let row = desk.quarantine("volunteer", &Default::default())?[0].row;
    /// let fixed = desk.suppress("volunteer", row, &["REQ-001".into()], "she comes in person")?;
    /// assert_eq!(fixed.loaded.unwrap().outcome, "inserted");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Desk::fix`], and when no rule is named.
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

    /// Gives a row in quarantine up: it stays out, and it is not reported again when it comes again.
    ///
    /// [`Desk::reopen`] opens it again. Needs a steward.
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
    /// let row = desk.quarantine("volunteer", &Default::default())?[0].row;
    /// desk.reject_row("volunteer", row, "a test entry")?;
    /// assert_eq!(desk.quarantine("volunteer", &Default::default())?[0].status, "wont_fix");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such row or it is not open, a rollback of its system is
    /// unfinished, or the database fails.
    pub fn reject_row(&self, entity: &str, row: RowId, reason: &str) -> Result<()> {
        self.decide_row(entity, row, reason, QuarantineStatus::Open, QuarantineStatus::WontFix)
    }

    /// Gives up all open rows that a filter finds, in one transaction.
    ///
    /// Returns the number of rows. The filter's limit and status are not applied. Needs a steward.
    ///
    /// ```
    /// use importer::QuarantineFilter;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let filter = QuarantineFilter { rule: Some("FMT-101".into()), ..QuarantineFilter::default() };
    /// assert_eq!(desk.reject_rows("volunteer", &filter, "entries of a test")?, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such rule, a rollback of one of the systems is
    /// unfinished, or the database fails; no row is given up then.
    pub fn reject_rows(&self, entity: &str, filter: &QuarantineFilter, reason: &str) -> Result<u64> {
        let contract = self.importer.contract(entity)?;
        let note = Note::new("rows in quarantine", reason).entity(entity);
        self.act(Action::SuppressRows, note, |session, note| {
            let verdict = self.verdict(QuarantineStatus::WontFix, note);
            let mut filter = open(filter);
            self.importer.known_rules(session, entity, filter.rule.as_deref(), OPERATION)?;
            let mut rows = 0;
            let mut search = MaskedSearch::by(self.mask(), &self.importer.contracts);
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

    /// Opens a row in quarantine again that was given up. Needs a steward.
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
    /// let row = desk.quarantine("volunteer", &Default::default())?[0].row;
    /// desk.reject_row("volunteer", row, "a test entry")?;
    /// desk.reopen("volunteer", row, "a person after all")?;
    /// assert_eq!(desk.quarantine("volunteer", &Default::default())?[0].status, "open");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, there is no such row or it was not given up, a rollback of its
    /// system is unfinished, or the database fails.
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
        let contract = self.importer.contract(entity)?;
        let note = Note::new(format!("row {row}"), reason).entity(entity);
        self.act(Action::SuppressRows, note, |session, note| {
            session.lock_core(contract)?;
            let (entry, _) = find(session, contract, row, OPERATION)?;
            row_not_in_unfinished_rollback(session, contract, std::slice::from_ref(&entry), OPERATION)?;
            if from == QuarantineStatus::Open {
                still_open(&entry)?;
            } else if entry.status != from {
                let message = format!("it is {}, not rejected", entry.status.as_str().replace('_', " "));
                return Err(Error::new(ErrorKind::Config, OPERATION, message)
                    .at("row", row)
                    .hint("roll back its run of corrections to remove what was imported"));
            }
            note.detail("status", to.as_str());
            let verdict = self.verdict(to, note);
            session.decide_quarantine(&[row], from, &verdict, self.importer.clock.now())?;
            Ok(())
        })
    }
}
