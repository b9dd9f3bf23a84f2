//! Purging and anonymising what is old, as a policy says.

use std::collections::BTreeMap;

use importer_core::contracts::{Contract, Contracts};
use importer_core::pipeline;
use importer_core::ports::{
    Kind, Moment, RunFilter, RunId, RunRecord, RunStatus, Scope, StewardSession, Weighed, in_transaction,
};
use importer_core::retention::{Cutoffs, OpenEntries, RetentionPolicy};
use importer_core::{ErrorKind, Result};

use super::access::{Action, Desk, Note};

const OPERATION: &str = "purge what is old";
/// How many rows one transaction takes.
const BATCH: usize = 5_000;
/// How often a batch is tried again that somebody else keeps from being written.
const TRIES: u32 = 6;

/// What a retention policy takes away, or took away; [`Desk::retention`] returns it.
///
/// ```
/// use importer::retention::RetentionPolicy;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let report = desk.retention(&RetentionPolicy::shipped(), true, "")?;
/// assert_eq!((report.policy.as_str(), report.dry_run), ("default/1", true));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct RetentionReport {
    /// The name and version of the policy, such as `default/1`.
    pub policy: String,
    /// True for a dry run, after which everything is still there.
    pub dry_run: bool,
    /// What happens to each kind of data.
    pub tables: Vec<RetentionTable>,
}

/// What a retention policy does to one kind of data.
///
/// ```
/// use importer::retention::RetentionPolicy;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let report = desk.retention(&RetentionPolicy::shipped(), true, "")?;
/// let log = report.tables.iter().find(|table| table.table == "change_log").unwrap();
/// assert!(log.anonymised, "the lines stay and their values go");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct RetentionTable {
    /// The kind of data, such as `staging`.
    pub table: &'static str,
    /// True when values go and lines stay.
    pub anonymised: bool,
    /// The number of entries that go.
    pub gone: u64,
    /// The number of entries that are old and stay, by reason: `unfinished` (their run is not over), `rollback` (their
    /// run can be rolled back), `merge` (undoing a merge may need them), `open` (their entry in quarantine is open),
    /// `decided` (somebody decided so for good).
    pub kept: BTreeMap<&'static str, u64>,
}

impl RetentionTable {
    fn new(table: &'static str, anonymised: bool) -> Self {
        Self { table, anonymised, ..Self::default() }
    }

    fn keep(&mut self, why: &'static str, count: u64) {
        if count > 0 {
            *self.kept.entry(why).or_default() += count;
        }
    }

    fn weighed(&mut self, weighed: &Weighed) {
        self.keep("merge", weighed.merge);
        self.keep("rollback", weighed.rollback);
        self.keep("open", weighed.open);
        self.keep("decided", weighed.decided);
    }
}

impl Desk<'_> {
    /// Purges and anonymises old data as a policy says, in batches.
    ///
    /// With `dry_run` it only counts what would go, and needs no reason. What an undo of a merge or a rollback of a run
    /// may need stays. People, the id map, merges that stand and the audit log are not touched. Returns the counts of
    /// each kind of data. Needs an admin.
    ///
    /// ```
    /// use importer::retention::RetentionPolicy;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let report = desk.retention(&RetentionPolicy::shipped(), false, "the yearly cleaning")?;
    /// assert!(report.tables.iter().all(|table| table.gone == 0), "nothing is old yet");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, a rollback is unfinished, or the database fails; what was purged by
    /// then stays purged.
    pub fn retention(
        &self,
        policy: &RetentionPolicy,
        dry_run: bool,
        reason: &str,
    ) -> Result<RetentionReport> {
        let mut note = Note::new("old data", reason);
        note.detail("policy", policy.name());
        if dry_run {
            self.authorize(Action::Retain, &note)?;
        } else {
            self.allowed(Action::Retain, &note)?;
            // What a rollback puts back is in what a purge takes away, and what it has put back is old.
            for contract in self.importer.contracts.all() {
                self.importer.no_unfinished_rollback(contract.entity, OPERATION)?;
            }
            // A purge is many transactions; one that is broken off has been told of.
            let mut begun = note.clone();
            begun.detail("what", "begin");
            self.act(Action::Retain, begun, |_, _| Ok(()))?;
        }
        let mut session = self.importer.store()?.session()?;
        session.note_needed()?;
        let mut purge = Purge {
            contracts: &self.importer.contracts,
            cutoffs: policy.cutoffs(self.importer.clock.now()),
            keep_open: policy.open_quarantine() == OpenEntries::Keep,
            dry_run,
            runs: session.runs(&RunFilter::default())?,
            session: session.as_mut(),
        };
        let report = RetentionReport { policy: policy.name(), dry_run, tables: purge.all()? };
        if !dry_run {
            note.detail("what", "end");
            for table in &report.tables {
                note.detail(table.table, table.gone);
            }
            self.act(Action::Retain, note, |_, _| Ok(()))?;
        }
        Ok(report)
    }
}

struct Purge<'a> {
    contracts: &'a Contracts,
    session: &'a mut dyn StewardSession,
    runs: Vec<RunRecord>,
    cutoffs: Cutoffs,
    keep_open: bool,
    dry_run: bool,
}

/// When a run was last at work.
fn moved(run: &RunRecord) -> Moment {
    run.finished_at.unwrap_or(run.updated_at)
}

impl Purge<'_> {
    /// Whether a run may still need what it has stored. One that failed and could go on does not any more, once something
    /// newer of its system was loaded.
    fn is_unfinished(&self, run: &RunRecord) -> bool {
        let waits = matches!(
            run.status,
            RunStatus::Pending | RunStatus::Running | RunStatus::Paused | RunStatus::Held
        );
        let outdated = || self.runs.iter().any(|other| pipeline::is_outdated_by(run, other));
        waits || (pipeline::is_resumable(run) && !outdated())
    }

    fn all(&mut self) -> Result<Vec<RetentionTable>> {
        let c = self.cutoffs;
        let mut tables = vec![self.of_runs(Kind::Violations, c.violations)?];
        if !self.keep_open {
            tables.push(self.of_runs(Kind::OpenViolations, c.violations)?);
        }
        // A normalised row refers to the row as received, so it goes first.
        for (kind, before) in [
            (Kind::Quarantine, c.quarantine),
            (Kind::Outcomes, c.outcomes),
            (Kind::Clean, c.clean),
            (Kind::Staging, c.staging),
        ] {
            tables.push(self.of_runs(kind, before)?);
        }
        tables.push(self.samples()?);
        for (kind, before) in [
            (Kind::Suggestions, c.suggestions),
            (Kind::ChangeLog, c.change_log),
            (Kind::EndedMerges, c.merges),
            (Kind::RollbackItems, c.rollbacks),
        ] {
            let mut table = RetentionTable::new(kind.as_str(), kind.is_anonymised());
            for contract in self.contracts.all() {
                if let Some(before) = before {
                    self.scope(&mut table, contract, &self.scope_of(kind, RunId(0), before))?;
                }
            }
            tables.push(table);
        }
        tables.push(self.images()?);
        Ok(tables)
    }

    fn scope_of(&self, kind: Kind, run: RunId, before: Moment) -> Scope {
        Scope { kind, run, before, rollback_from: self.cutoffs.images, keep_open: self.keep_open }
    }

    fn may_be_rolled_back(&self, run: &RunRecord) -> bool {
        let loads = !run.new.dry_run && run.status != RunStatus::RolledBack;
        loads && self.cutoffs.images.is_none_or(|from| moved(run) >= from)
    }

    /// What belongs to runs, run by run: the rows of a run are a range of ids.
    fn of_runs(&mut self, kind: Kind, before: Option<Moment>) -> Result<RetentionTable> {
        let mut table = RetentionTable::new(kind.as_str(), kind.is_anonymised());
        let Some(before) = before else { return Ok(table) };
        let old: Vec<RunRecord> = self.runs.iter().filter(|run| moved(run) < before).cloned().collect();
        for run in old {
            let Some(contract) = self.contracts.find(&run.new.entity) else { continue };
            let scope = self.scope_of(kind, run.id, before);
            let stays = match (self.is_unfinished(&run), self.may_be_rolled_back(&run)) {
                (true, _) => Some("unfinished"),
                (_, true) => Some("rollback"),
                _ => None,
            };
            match stays {
                Some(why) => {
                    let all = self.session.weigh(contract, &scope)?;
                    table.keep(why, all.goes + all.merge + all.rollback + all.open + all.decided);
                }
                None => self.scope(&mut table, contract, &scope)?,
            }
        }
        Ok(table)
    }

    /// Weighs a scope and takes away what goes.
    fn scope(&mut self, table: &mut RetentionTable, contract: &Contract, scope: &Scope) -> Result<()> {
        let weighed = self.session.weigh(contract, scope)?;
        table.weighed(&weighed);
        if self.dry_run || weighed.goes == 0 {
            table.gone += weighed.goes;
            return Ok(());
        }
        let mut after = 0;
        loop {
            let (gone, last) = self.batch(contract, |session| {
                let (ids, last) = session.old(contract, scope, after, BATCH)?;
                let gone = if ids.is_empty() { 0 } else { session.forget(contract, scope.kind, &ids)? };
                Ok((gone, last))
            })?;
            table.gone += gone;
            let Some(last) = last else { return Ok(()) };
            after = last;
        }
    }

    /// One transaction, again when somebody else was writing.
    fn batch<T>(
        &mut self,
        contract: &Contract,
        mut work: impl FnMut(&mut dyn StewardSession) -> Result<T>,
    ) -> Result<T> {
        let mut tries = 0;
        loop {
            tries += 1;
            match in_transaction(&mut *self.session, |session| {
                session.lock_core(contract)?;
                work(session)
            }) {
                Err(error) if error.kind() == ErrorKind::Busy && tries < TRIES => {}
                result => return result,
            }
        }
    }

    /// Samples of cells in the reports of old runs.
    fn samples(&mut self) -> Result<RetentionTable> {
        let mut table = RetentionTable::new("samples of columns", false);
        let Some(before) = self.cutoffs.staging else { return Ok(table) };
        let old: Vec<RunRecord> = self.runs.iter().filter(|run| moved(run) < before).cloned().collect();
        for mut run in old {
            let samples = pipeline::samples_of(&run);
            if self.is_unfinished(&run) {
                table.keep("unfinished", samples);
                continue;
            }
            table.gone += samples;
            if samples > 0 && !self.dry_run {
                pipeline::forget_samples(&mut run);
                let Some(contract) = self.contracts.find(&run.new.entity) else { continue };
                self.batch(contract, |session| session.save_run(&run))?;
            }
        }
        Ok(table)
    }

    /// Records and map entries as they were before old runs.
    fn images(&mut self) -> Result<RetentionTable> {
        let mut table = RetentionTable::new("images", false);
        let Some(before) = self.cutoffs.images else { return Ok(table) };
        let old: Vec<RunRecord> = self.runs.iter().filter(|run| moved(run) < before).cloned().collect();
        for run in old {
            let images = self.session.images(run.id)?;
            if self.is_unfinished(&run) {
                table.keep("unfinished", images);
                continue;
            }
            if self.dry_run {
                table.gone += images;
                continue;
            }
            let Some(contract) = self.contracts.find(&run.new.entity) else { continue };
            loop {
                let gone = self.batch(contract, |session| session.forget_images(run.id, BATCH))?;
                table.gone += gone;
                if gone == 0 {
                    break;
                }
            }
        }
        Ok(table)
    }
}
