//! Taking whole runs back.

use std::collections::BTreeMap;

use importer_core::contracts::Contract;
use importer_core::ports::{
    AuditOutcome, MergeFilter, MergeId, Moment, RecordId, RollbackItem, RollbackRow, RunId, RunRecord,
    RunStatus, StewardSession, Traces, in_transaction, no_unfinished_rollback,
};
use importer_core::reasons::Reason;
use importer_core::{Error, ErrorKind, Result, pipeline};
use importer_dedupe::history::{self, MergeContext};
use serde::Serialize;

use super::access::{Action, Desk, Note};
use crate::Importer;

const OPERATION: &str = "roll a run back";

/// How many people are looked at at a time.
const PAGE: usize = 500;
/// How many items a report shows.
const SHOWN: i64 = 20;

/// A request to roll a run back, as [`Desk::roll_back`] takes it.
///
/// ```
/// use importer::service::RollbackRequest;
///
/// let rehearsal = RollbackRequest { run: 7.into(), reason: String::new(), dry_run: true };
/// assert!(rehearsal.dry_run);
/// ```
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct RollbackRequest {
    /// The run to roll back.
    pub run: RunId,
    /// The reason, for the audit log; a dry run needs none.
    pub reason: String,
    /// Computes what would become of each change, and writes nothing.
    pub dry_run: bool,
}

impl RollbackRequest {
    /// A rollback of a run for a reason.
    ///
    /// ```
    /// use importer::service::RollbackRequest;
    /// let request = RollbackRequest::new(7.into(), "the wrong file");
    /// assert!(request.run == 7 && !request.dry_run);
    /// ```
    pub fn new(run: RunId, reason: impl Into<String>) -> Self {
        Self { run, reason: reason.into(), dry_run: false }
    }

    /// A rehearsal, which tells what would become of each change and writes nothing.
    ///
    /// ```
    /// assert!(importer::service::RollbackRequest::rehearsal(7.into()).dry_run);
    /// ```
    pub fn rehearsal(run: RunId) -> Self {
        Self { run, reason: String::new(), dry_run: true }
    }
}

/// What a rollback did, or would do; [`Desk::roll_back`] returns it.
///
/// ```
/// use importer::service::RollbackRequest;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let request = RollbackRequest { run: report.run_id, reason: String::new(), dry_run: true };
/// let would = desk.roll_back(&request)?;
/// assert_eq!((would.rollback, would.counts["reverted"]), (None, 1));
/// assert_eq!(importer.count("volunteer")?, 1);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RollbackReport {
    /// The run.
    pub run: RunId,
    /// The rollback, whose items [`Desk::rollback_items`] lists; `None` for a dry run.
    pub rollback: Option<i64>,
    /// True for a dry run, which writes nothing.
    pub dry_run: bool,
    /// The number of changes by outcome: `reverted`, `kept` because of what came since, and `failed`.
    pub counts: BTreeMap<String, u64>,
    /// The merges of the run that were undone.
    pub merges: Vec<MergeId>,
    /// What else of the run ended, such as open suggestions and rows in quarantine.
    pub traces: Traces,
    /// The number of records that are left as they were. The same call takes them back once what keeps them is gone.
    pub left: u64,
    /// True when nothing of the run is left in the core: no record and no value was kept, by this call or an earlier
    /// one.
    pub nothing_left: bool,
    /// The first changes that were not reverted, at most 20 of each outcome.
    pub not_reverted: Vec<RollbackItem>,
}

impl Desk<'_> {
    /// Rolls a whole run back: everybody it changed is who they would be without it.
    ///
    /// What people have built on it since is kept and reported. Once what keeps it is gone, the same call takes it back
    /// too. The rollback works in several transactions; an interrupted one is continued by the same call. From its
    /// beginning on, nothing of the run counts. Needs an admin; any role may make a dry run, which needs no reason.
    ///
    /// ```
    /// use importer::service::RollbackRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let request = RollbackRequest { run: report.run_id, reason: "the wrong file".into(), dry_run: false };
    /// let back = desk.roll_back(&request)?;
    /// assert!(back.nothing_left);
    /// assert_eq!(importer.count("volunteer")?, 0);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, there is no reason, there is no such run, it was a dry run, nothing of it is left to
    /// take back, a run of its system is at work, another rollback of the entity is unfinished, somebody cancels it, or
    /// the database fails.
    pub fn roll_back(&self, request: &RollbackRequest) -> Result<RollbackReport> {
        let action = if request.dry_run { Action::ViewRuns } else { Action::RollBackRuns };
        let note = Note::new(format!("run {}", request.run), &request.reason);
        self.authorize(action, &note)?;
        if note.reason.is_empty() && !request.dry_run {
            return Err(Error::new(ErrorKind::Config, OPERATION, "it needs a reason")
                .hint("give one, for the readers of the audit log"));
        }
        let mut session = self.importer.store()?.session()?;
        let run = revertible(self.importer, session.as_mut(), request.run)?;
        let contract = self.importer.contract(&run.new.entity)?;
        let lock = self.importer.store()?.lock_system(&run.new.entity, &run.new.external_system)?;
        session.work_under(&lock);
        // Whoever held the system until now may have changed or taken back the run.
        let run = revertible(self.importer, session.as_mut(), request.run)?;
        self.importer.with_merge_context(contract, |merge_context| {
            let work = Work { desk: self, merge_context, run: &run, note: &note, dry_run: request.dry_run };
            if !request.dry_run {
                return work.all(session.as_mut());
            }
            session.begin_preview()?;
            let report = work.all(session.as_mut());
            // Nothing of it is to last, whether it went well or not.
            session.rollback()?;
            report
        })
    }

    /// Returns what became of each change of a run that was rolled back, in order and behind the item `after`.
    ///
    /// With an outcome it lists only changes of this outcome: `reverted`, `kept` or `failed`. It returns at most
    /// `limit` items, and all of them when that is 0. Each comes with its number, for paging. Reasons hold no values.
    /// Any role may call it.
    ///
    /// ```
    /// use importer::service::RollbackRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let request = RollbackRequest { run: report.run_id, reason: "the wrong file".into(), dry_run: false };
    /// desk.roll_back(&request)?;
    /// let items = desk.rollback_items(report.run_id, Some("reverted"), 0, 10)?;
    /// assert_eq!((items.len(), items[0].1.core_id.0), (1, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see runs, the run was not rolled back, or the database fails.
    pub fn rollback_items(
        &self,
        run: RunId,
        outcome: Option<&str>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, RollbackItem)>> {
        self.query(Action::ViewRuns, &format!("run {run}"), |session| match session.rollback_of(run)? {
            Some(_) => session.rollback_items(run, outcome, after, limit),
            None => {
                let message = format!("run {run} was not rolled back");
                Err(Error::new(ErrorKind::NotFound, "list the outcomes of a run's changes", message))
            }
        })
    }
}

/// A run that is being taken back.
struct Work<'a> {
    desk: &'a Desk<'a>,
    merge_context: &'a MergeContext<'a>,
    run: &'a RunRecord,
    note: &'a Note,
    /// Everything happens in one transaction of the caller's.
    dry_run: bool,
}

impl Work<'_> {
    fn all(&self, session: &mut dyn StewardSession) -> Result<RollbackReport> {
        // From the first merge that is taken back on, the run is half taken back.
        let mut rollback = self.begin(session)?;
        let merges = self.merges(session)?;
        while !self.step(session, |session| {
            history::roll_back_records(session, self.merge_context, self.run, &mut rollback)
        })? {
            self.desk.importer.not_cancelled(OPERATION)?;
        }
        while !self.step(session, |session| {
            history::roll_back_rows(session, self.merge_context, self.run, &mut rollback)
        })? {
            self.desk.importer.not_cancelled(OPERATION)?;
        }
        while self.others(session)? {
            self.desk.importer.not_cancelled(OPERATION)?;
        }
        let traces = self.step(session, |session| self.end(session, &mut rollback))?;
        let mut not_reverted = Vec::new();
        for outcome in ["failed", "kept"] {
            let items = session.rollback_items(self.run.id, Some(outcome), 0, SHOWN)?;
            not_reverted.extend(items.into_iter().map(|(_, item)| item));
        }
        let left = session.left_by(rollback.id, RecordId(0), usize::MAX)?.len() as u64;
        Ok(RollbackReport {
            run: self.run.id,
            rollback: (!self.dry_run).then_some(rollback.id),
            dry_run: self.dry_run,
            counts: rollback.counts,
            merges,
            traces,
            left,
            nothing_left: left == 0 && !keeps_values(session, self.merge_context.contract, self.run.id)?,
            not_reverted,
        })
    }

    /// Does a step in a transaction of its own, unless the caller has one.
    fn step<T>(
        &self,
        session: &mut dyn StewardSession,
        work: impl FnOnce(&mut dyn StewardSession) -> Result<T>,
    ) -> Result<T> {
        let contract = self.merge_context.contract;
        if self.dry_run {
            session.lock_core(contract)?;
            return work(session);
        }
        in_transaction(session, |session| {
            session.lock_core(contract)?;
            work(session)
        })
    }

    /// Tries again the rollbacks of other runs that had to leave somebody because of this one; true when that took anybody back.
    fn others(&self, session: &mut dyn StewardSession) -> Result<bool> {
        let mut any = false;
        for id in session.left_with(self.run)? {
            let Some(run) = session.run(id)? else { continue };
            // A run of the other system may be at work; whoever takes the other run back once more comes to the same.
            let (own, other) = (&self.run.new, &run.new);
            let lock = (own.external_system != other.external_system)
                .then(|| self.desk.importer.store()?.lock_system(&other.entity, &other.external_system));
            let lock = match lock.transpose() {
                Err(error) if error.kind() == ErrorKind::Busy => continue,
                lock => lock?,
            };
            any |= self.step(session, |session| self.again(session, &run))?;
            drop(lock);
        }
        Ok(any)
    }

    /// Tries a rollback again that had to leave somebody, in the caller's transaction; true when somebody was taken back.
    fn again(&self, session: &mut dyn StewardSession, run: &RunRecord) -> Result<bool> {
        let left = |session: &mut dyn StewardSession| match session.rollback_of(run.id)? {
            Some(rollback) => Ok(session.left_by(rollback.id, RecordId(0), usize::MAX)?.len()),
            None => Ok(0),
        };
        let before = left(session)?;
        let (actor, now) = (&self.desk.actor.name, self.desk.importer.clock.now());
        let reason = Reason::RolledBackWithRun.with(format_args!("{}, {}", self.run.id, self.note.reason));
        let mut rollback = session.begin_rollback(run.id, actor, &reason, now)?;
        while !history::roll_back_records(session, self.merge_context, run, &mut rollback)? {}
        while !history::roll_back_rows(session, self.merge_context, run, &mut rollback)? {}
        let work = Work {
            desk: self.desk,
            merge_context: self.merge_context,
            run,
            note: self.note,
            dry_run: self.dry_run,
        };
        work.end(session, &mut rollback)?;
        Ok(left(session)? < before)
    }

    /// Takes back what the run merged, the last first.
    fn merges(&self, session: &mut dyn StewardSession) -> Result<Vec<MergeId>> {
        session.guard_references(true)?;
        let undone = self.undo_merges(session);
        // Whether anything refers to the records of a page is asked once for the page.
        session.guard_references(false)?;
        undone
    }

    fn undo_merges(&self, session: &mut dyn StewardSession) -> Result<Vec<MergeId>> {
        let run = Some(self.run.id);
        let filter =
            MergeFilter { standing: true, run, newest_first: true, limit: 1, ..MergeFilter::default() };
        let mut undone = Vec::new();
        loop {
            // Taking one back does later ones again, under new numbers.
            let Some(last) = session.merges(self.merge_context.contract, &filter)?.pop() else {
                return Ok(undone);
            };
            self.step(session, |session| {
                history::undo(
                    session,
                    self.merge_context,
                    MergeId(last.id.0),
                    &self.desk.actor.name,
                    &self.note.reason,
                )
            })?;
            undone.push(last.id);
        }
    }

    /// A new rollback, or the one that was interrupted.
    fn begin(&self, session: &mut dyn StewardSession) -> Result<RollbackRow> {
        match session.rollback_of(self.run.id)?.filter(|rollback| !rollback.done) {
            Some(rollback) => self.step(session, |session| {
                self.audit(session, "go on", &rollback.counts, self.desk.importer.clock.now())?;
                Ok(rollback)
            }),
            None => self.step(session, |session| {
                if !self.dry_run {
                    // Of people whom both changed, neither could say what they would be without it.
                    no_unfinished_rollback(session, self.merge_context.contract.entity, OPERATION)?;
                }
                let (actor, now) = (&self.desk.actor.name, self.desk.importer.clock.now());
                // From here on its word does not count, whatever happens between the pages.
                let mut run = self.run.clone();
                pipeline::end(&mut run, RunStatus::RolledBack, "", now);
                run.error_summary.clone_from(&self.run.error_summary);
                session.save_run(&run)?;
                let rollback = session.begin_rollback(self.run.id, actor, &self.note.reason, now)?;
                self.audit(session, "begin", &BTreeMap::new(), now)?;
                Ok(rollback)
            }),
        }
    }

    fn end(&self, session: &mut dyn StewardSession, rollback: &mut RollbackRow) -> Result<Traces> {
        let now = self.desk.importer.clock.now();
        let mut traces = session.end_traces(self.merge_context.contract, self.run)?;
        // What was corrected waits in quarantine again.
        traces.rows_reopened += session.reopen_corrected(self.merge_context.contract, self.run.id)? as u64;
        (rollback.done, rollback.finished_at) = (true, Some(now));
        session.save_rollback(rollback)?;
        self.audit(session, "end", &rollback.counts, now)?;
        Ok(traces)
    }

    /// It is many transactions: one that is broken off has been told of.
    fn audit(
        &self,
        session: &mut dyn StewardSession,
        what: &str,
        counts: &BTreeMap<String, u64>,
        now: Moment,
    ) -> Result<()> {
        if self.dry_run {
            return Ok(());
        }
        let mut note =
            Note::new(format!("run {}", self.run.id), &self.note.reason).entity(&self.run.new.entity);
        note.detail("what", what);
        for (outcome, count) in counts {
            note.detail(outcome, *count);
        }
        session.audit(&self.desk.line(Action::RollBackRuns, &note, AuditOutcome::Done), now)
    }
}

/// Whether a value was kept that a run had changed, because somebody changed it again, of anybody who is still there.
fn keeps_values(session: &mut dyn StewardSession, contract: &Contract, run: RunId) -> Result<bool> {
    let mut after = 0;
    loop {
        let people = session.with_kept_values(run, RecordId(after), PAGE)?;
        let Some(&last) = people.last() else { return Ok(false) };
        after = last.0;
        if !session.born(contract, &people)?.is_empty() {
            return Ok(true);
        }
        for id in people {
            if session.survivor_of(contract, id)?.is_some() {
                return Ok(true);
            }
        }
    }
}

fn revertible(importer: &Importer, session: &mut dyn StewardSession, id: RunId) -> Result<RunRecord> {
    let refuse = |kind, why: &str| Err(Error::new(kind, OPERATION, why.to_owned()).at("run", id));
    let Some(run) = session.run(id)? else {
        return refuse(ErrorKind::NotFound, "there is no such run");
    };
    if run.status == RunStatus::RolledBack
        && let Some(rollback) = session.rollback_of(id)?.filter(|rollback| rollback.done)
    {
        // What kept somebody may be gone by now.
        if !session.left_by(rollback.id, RecordId(0), 1)?.is_empty() {
            return Ok(run);
        }
        let contract = importer.contract(&run.new.entity)?;
        return match keeps_values(session, contract, id)? {
            false => refuse(ErrorKind::Config, "it is already rolled back, and nothing of it is left"),
            true => refuse(
                ErrorKind::Config,
                "it is already rolled back; what is left of it are values that were changed again since",
            )
            .map_err(|error| {
                error.coded("only_kept_values_left").hint("the list of its changes shows which")
            }),
        };
    }
    match run.status {
        _ if run.new.dry_run => refuse(ErrorKind::Config, "it was a dry run and changed nothing"),
        _ => Ok(run),
    }
}
