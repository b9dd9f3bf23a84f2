use std::any::Any;
use std::borrow::Cow;

use super::{
    AuditStore, ChangeLog, CoreId, CoreRecord, HistoryStore, HouseholdStore, Known, Knows, MatchKey, Moment,
    OtherRow, QuarantineStore, ReadRow, RetellingStore, Retention, RollbackStore, RowAgain, RowId,
    RunControl, RunId, Suggestion, SuggestionStore,
};
use crate::Result;
use crate::contracts::Contract;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Asked for, not begun.
    Pending,
    /// At work, or interrupted: whoever holds the lock of its system tells.
    Running,
    /// Done. Quarantined rows alone leave a run succeeded.
    Succeeded,
    /// Done, but some clean rows could not be written.
    PartiallyFailed,
    /// Ended by an error.
    Failed,
    /// Ended by somebody.
    Cancelled,
    /// Waiting for somebody to approve what the gate found.
    Held,
    /// Stopped by somebody, to go on later.
    Paused,
    /// Taken back.
    RolledBack,
}

impl RunStatus {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Pending, "pending"),
        (Self::Running, "running"),
        (Self::Succeeded, "succeeded"),
        (Self::PartiallyFailed, "partially_failed"),
        (Self::Failed, "failed"),
        (Self::Cancelled, "cancelled"),
        (Self::Held, "held"),
        (Self::Paused, "paused"),
        (Self::RolledBack, "rolled_back"),
    ];

    /// Its name in the database and in reports.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(s, _)| *s == self).map_or("", |(_, name)| name)
    }

    /// The status of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(s, _)| *s)
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Extract, land, validate.
    Extract,
    /// The run as a whole is judged.
    Gate,
    /// Dedupe, upsert.
    Load,
    /// Counts and hashes are compared.
    Reconcile,
    /// Over.
    Done,
}

impl Phase {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Extract, "extract"),
        (Self::Gate, "gate"),
        (Self::Load, "load"),
        (Self::Reconcile, "reconcile"),
        (Self::Done, "done"),
    ];

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(p, _)| *p == self).map_or("", |(_, name)| name)
    }

    /// The phase of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(p, _)| *p)
    }
}

/// A run to begin.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The entity.
    pub entity: String,
    /// The adapter's name.
    pub source: String,
    /// The name under which the source's ids are kept.
    pub external_system: String,
    /// A word for people.
    pub label: Option<String>,
    /// Whether it may change the core.
    pub dry_run: bool,
    /// Who asked for it.
    pub actor: String,
    /// The contract's version.
    pub ingest_version: String,
    /// The mapping's name.
    pub mapping_name: String,
    /// The mapping's version.
    pub mapping_version: i64,
    /// The mapping's checksum.
    pub mapping_checksum: String,
    /// The checksum of rules and policies.
    pub rules_checksum: String,
    /// What was asked for, as JSON.
    pub request_json: String,
}

/// A run as it stands.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its id.
    pub id: RunId,
    /// What was asked for.
    pub new: NewRun,
    /// How it stands.
    pub status: RunStatus,
    /// How far it is.
    pub phase: Phase,
    /// When it began.
    pub started_at: Moment,
    /// When it last moved.
    pub updated_at: Moment,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// Where the adapter stands.
    pub cursor: Option<String>,
    /// How many rows were read.
    pub rows_read: i64,
    /// The last clean row that is loaded.
    pub loaded_through: RowId,
    /// Counts, as JSON.
    pub counts_json: String,
    /// Everything measured: rule counts, durations, unmapped fields, as JSON.
    pub metrics_json: String,
    /// What the gate flagged, as JSON.
    pub anomaly_flags: String,
    /// Why it failed.
    pub error_summary: Option<String>,
    /// The latest change the source told of.
    pub freshness: Option<Moment>,
    /// The sum of all row hashes, in hexadecimal.
    pub hashes: Option<String>,
}

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Of this entity only.
    pub entity: Option<String>,
    /// Of this source only.
    pub source: Option<String>,
    /// Of this external system only.
    pub external_system: Option<String>,
    /// Of this status only.
    pub status: Option<RunStatus>,
    /// Begun before this one only, to go on behind the last of a page.
    pub before: Option<RunId>,
    /// At most this many, the newest first; all when 0.
    pub limit: i64,
}

/// Held while a run of a system is at work; released when dropped or when the process dies.
pub struct SystemLock(
    /// What holds it.
    pub Box<dyn Any + Send>,
);

impl std::fmt::Debug for SystemLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemLock")
    }
}

/// Opens sessions.
pub trait Store: Send + Sync {
    /// Brings the tables up to date; a no-op when they are, and when a newer program has changed them in a way that lets this
    /// one read them.
    ///
    /// # Errors
    /// When the database cannot be changed, or this program cannot read what a newer one has made of it.
    fn migrate(&self) -> Result<()>;

    /// A session of its own connection.
    ///
    /// # Errors
    /// When no connection can be had.
    fn session(&self) -> Result<Box<dyn StewardSession>>;

    /// Nothing, when the database may be changed; otherwise an error of kind `ReadOnly` that says why not.
    ///
    /// # Errors
    /// When the database may only be looked at, or cannot be reached.
    fn may_write(&self) -> Result<()> {
        Ok(())
    }

    /// Whether an external system is claimed; asking leaves no trace.
    ///
    /// # Errors
    /// When the database fails.
    fn is_system_locked(&self, entity: &str, system: &str) -> Result<bool> {
        match self.lock_system(entity, system) {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == crate::ErrorKind::Busy => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Claims an external system for one run, through whatever adapter it is read; somebody else's claim, in this process or
    /// in any other that works on the database, is an error of kind `Busy`.
    ///
    /// # Errors
    /// When the system is claimed or the database fails.
    fn lock_system(&self, entity: &str, system: &str) -> Result<SystemLock>;

    /// A session of an empty store that is gone when the session is dropped, for dry runs.
    ///
    /// # Errors
    /// When it cannot be made.
    fn scratch(&self) -> Result<Box<dyn Session>>;

    /// A short name for reports, without credentials.
    fn describe(&self) -> String;
}

/// Everything the pipeline does to the database, on one connection.
pub trait Session:
    RunStore + RunControl + Landing + CoreStore + SuggestionStore + QuarantineStore + AuditStore + Send
{
    /// From here on every transaction proves that this claim on a system still stands; where claims can be lost while somebody works
    /// under them, beginning one fails then.
    fn work_under(&mut self, lock: &SystemLock) {
        let _ = lock;
    }

    /// Begins a transaction that may write. Where only one may write at a time it waits for its turn, as long as those before
    /// it are importers too.
    ///
    /// # Errors
    /// When the database fails or stays locked.
    fn begin(&mut self) -> Result<()>;
    /// Begins a transaction that writes what would be, and is undone: it uses no ids up. It takes the lock of
    /// [`lock_core`](Self::lock_core) before it writes.
    ///
    /// # Errors
    /// As for [`begin`](Self::begin).
    fn begin_for_show(&mut self) -> Result<()> {
        self.begin()
    }
    /// Makes everything since `begin` last.
    ///
    /// # Errors
    /// When the database fails; nothing has changed then.
    fn commit(&mut self) -> Result<()>;
    /// Undoes everything since `begin`.
    ///
    /// # Errors
    /// When the database fails.
    fn rollback(&mut self) -> Result<()>;
    /// Waits until nobody else changes what the database holds of an entity, until the end of the transaction. Every
    /// transaction that changes anything but a run takes this lock before its first change; without it, it may only add
    /// rows that nobody else knows of, as landing does. Two who change the same rows never wait for each other then.
    ///
    /// # Errors
    /// When the database fails.
    fn lock_core(&mut self, contract: &Contract) -> Result<()>;
    /// Whether somebody waits for this transaction, which has the lock of [`lock_core`](Self::lock_core): a long piece of
    /// work lets others in then. Always false where nobody can know.
    ///
    /// # Errors
    /// When the database fails.
    fn is_waited_for(&mut self, contract: &Contract) -> Result<bool>;
}

/// What people need beside the pipeline: the audit log, and the history of records.
pub trait StewardSession:
    Session + AuditStore + HistoryStore + RetellingStore + RollbackStore + HouseholdStore + ChangeLog + Retention
{
}

/// Does something in one transaction: all of it lasts, or nothing.
///
/// # Errors
/// That of `work`, or of the database.
pub fn in_transaction<S: Session + ?Sized, T>(
    session: &mut S,
    work: impl FnOnce(&mut S) -> Result<T>,
) -> Result<T> {
    session.begin()?;
    let result = work(session).and_then(|done| session.commit().map(|()| done));
    if result.is_err() {
        // The first error tells more than a failing rollback.
        let _ = session.rollback();
    }
    result
}

/// Runs and watermarks.
pub trait RunStore {
    /// Begins a run.
    ///
    /// # Errors
    /// When the database fails.
    fn create_run(&mut self, run: &NewRun, now: Moment) -> Result<RunRecord>;
    /// Stores how a run stands.
    ///
    /// # Errors
    /// When the database fails.
    fn save_run(&mut self, run: &RunRecord) -> Result<()>;
    /// A run by id.
    ///
    /// # Errors
    /// When the database fails.
    fn run(&mut self, id: RunId) -> Result<Option<RunRecord>>;
    /// Runs, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    fn runs(&mut self, filter: &RunFilter) -> Result<Vec<RunRecord>>;
    /// Advances the watermark of a run's source and system; it goes back only when runs are taken back. `told` is what the rows
    /// told that the run read itself.
    ///
    /// # Errors
    /// When the database fails.
    fn advance_watermark(&mut self, run: &RunRecord, told: Option<Moment>, now: Moment) -> Result<()>;
    /// The watermark of a system that is read through a source: two files of two systems share the source `csv`, and
    /// one of them tells nothing about the other.
    ///
    /// # Errors
    /// When the database fails.
    fn watermark(&mut self, entity: &str, source: &str, system: &str) -> Result<Option<Moment>>;
}

/// A row as received.
#[derive(Debug, Clone)]
pub struct StagedRow {
    /// Its id.
    pub id: RowId,
    /// Its name in its source.
    pub external_id: String,
    /// The cells by source column, as JSON.
    pub payload_json: String,
    /// The hash under which it counts as seen.
    pub row_hash: i64,
    /// Where it stands in the source; 0 when unknown.
    pub position: i64,
    /// The landed row that a steward corrected into this one.
    pub corrects: Option<RowId>,
}

/// A normalised row that passed.
#[derive(Debug, Clone)]
pub struct CleanRow {
    /// The landed row.
    pub staging_id: RowId,
    /// Its name in its source.
    pub external_id: String,
    /// The values by field, with the originals that differ, as JSON.
    pub payload_json: String,
    /// The hash of the payload.
    pub checksum: i64,
    /// The hash of the landed row; read with it.
    pub row_hash: i64,
}

/// A record that is held back.
#[derive(Debug, Clone)]
pub struct QuarantineRow {
    /// The landed row.
    pub staging_id: RowId,
    /// Its name in its source.
    pub external_id: String,
    /// The hash under which it counts as seen.
    pub row_hash: i64,
    /// The rules that hold it back, separated by commas.
    pub rule_codes: String,
    /// The same batch brought another row of its name after it.
    pub replaced: bool,
}

/// One finding about one row.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The landed row.
    pub staging_id: RowId,
    /// `system:external id`.
    pub record_key: String,
    /// The rule.
    pub rule_code: String,
    /// The severity that counts.
    pub severity: importer_plugin::Severity,
    /// The field it is about.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// The row as received and as normalised.
    pub details_json: String,
}

/// A stored finding.
#[derive(Debug, Clone)]
pub struct ViolationRow {
    /// Its id.
    pub id: i64,
    /// The run that found it.
    pub run_id: RunId,
    /// The entity.
    pub entity: String,
    /// How it stands.
    pub status: String,
    /// Where the row stands in its source; 0 when unknown.
    pub position: i64,
    /// The finding.
    pub violation: Violation,
}

/// Which findings to list.
#[derive(Debug, Clone, Default)]
pub struct ViolationFilter {
    /// Of this run only.
    pub run: Option<RunId>,
    /// Of this entity only.
    pub entity: Option<String>,
    /// About rows that this adapter read only.
    pub source: Option<String>,
    /// Of this rule only.
    pub rule: Option<String>,
    /// Of this severity only.
    pub severity: Option<String>,
    /// Only with this text, letter case aside, in the record's name, the field or the message.
    pub text: Option<String>,
    /// Found at or after this moment.
    pub since: Option<Moment>,
    /// Found before this moment.
    pub until: Option<Moment>,
    /// Of this status only; without it, all but those of dry runs, unless a run is named.
    pub status: Option<String>,
    /// Only those behind this id, for paging.
    pub after: i64,
    /// At most this many; all when 0.
    pub limit: i64,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OutcomeKind {
    /// A new record.
    Inserted,
    /// An existing record changed.
    Updated,
    /// An existing record stayed as it was.
    Unchanged,
    /// It could not be written; the reason says why.
    Skipped,
    /// The rules hold it back.
    Quarantined,
}

impl OutcomeKind {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Quarantined => "quarantined",
        }
    }
}

/// What became of a row, and why.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The row's id in this run.
    pub row: RowId,
    /// Where its bytes are.
    pub staging_id: RowId,
    /// What became of it.
    pub kind: OutcomeKind,
    /// The record it belongs to.
    pub core_id: Option<CoreId>,
    /// Why.
    pub reason: Option<Cow<'static, str>>,
}

/// How many rows of a run had an outcome.
pub type OutcomeTally = std::collections::BTreeMap<String, i64>;

/// One transaction's worth of phase 1.
#[derive(Debug, Default)]
pub struct LandingWrite {
    /// Rows as received.
    pub staged: Vec<StagedRow>,
    /// Rows that passed.
    pub clean: Vec<CleanRow>,
    /// Findings.
    pub violations: Vec<Violation>,
    /// Rows that are held back.
    pub quarantined: Vec<QuarantineRow>,
    /// Fates that are known already: unchanged and quarantined rows.
    pub outcomes: Vec<Outcome>,
    /// Entries of the id map whose rows came again unchanged.
    pub seen_again: Vec<i64>,
    /// Landed rows in quarantine that came again unchanged.
    pub held_again: Vec<RowId>,
    /// External ids with open quarantine entries of which another row came.
    pub replaced: Vec<String>,
    /// Those of the rows that came again which are the last of their ids so far: nothing has taken their place.
    pub held_last: Vec<RowId>,
}

/// Landed, clean and quarantined rows.
pub trait Landing {
    /// What is known of external ids, looked up where `knows` says; several answers per id are possible, none for
    /// unknown ones.
    ///
    /// # Errors
    /// When the database fails.
    fn known(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
        knows: Knows,
    ) -> Result<Vec<(String, Known)>>;
    /// Where anything at all is known of a system; elsewhere rows need not be looked up.
    ///
    /// # Errors
    /// When the database fails.
    fn knows(&mut self, contract: &Contract, system: &str) -> Result<Knows>;
    /// Writes what phase 1 found out about a batch of rows.
    ///
    /// # Errors
    /// When the database fails.
    fn land(&mut self, contract: &Contract, run: &RunRecord, write: &LandingWrite, now: Moment)
    -> Result<()>;
    /// What a run has read so far, behind the row `after`, in order.
    ///
    /// # Errors
    /// When the database fails.
    fn rows_read(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<ReadRow>>;
    /// Lands rows that were taken for known ones and are news, from the bytes of the known ones, in the place of what was written
    /// about them. Returns the rules that found something about each that was landed; one whose bytes are gone is left as it is.
    ///
    /// # Errors
    /// When the database fails.
    fn land_again(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        rows: &[RowAgain],
        now: Moment,
    ) -> Result<Vec<(RowAgain, Vec<String>)>>;
    /// Ends the quarantine entries of which a run brought another row last; called when it has read everything.
    ///
    /// # Errors
    /// When the database fails.
    fn end_replaced(&mut self, run: &RunRecord) -> Result<()>;
    /// The next clean rows of a run behind `after`, in order.
    ///
    /// # Errors
    /// When the database fails.
    fn clean_rows(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<CleanRow>>;
    /// The next clean rows that a run brought again unchanged, behind the row `after` of the run, in order: the id in
    /// this run, and the row as an earlier run stored it.
    ///
    /// # Errors
    /// When the database fails.
    fn clean_rows_again(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<(RowId, CleanRow)>>;
    /// Landed rows by id, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn staged_rows(&mut self, contract: &Contract, ids: &[RowId]) -> Result<Vec<StagedRow>>;
    /// Which rules have findings about landed rows, those of dry runs left out.
    ///
    /// # Errors
    /// When the database fails.
    fn rules_with_findings(&mut self, ids: &[RowId]) -> Result<Vec<(RowId, String)>>;
    /// Writes what became of rows.
    ///
    /// # Errors
    /// When the database fails.
    fn write_outcomes(&mut self, run: RunId, outcomes: &[Outcome]) -> Result<()>;
    /// Counts what became of the rows of a run.
    ///
    /// # Errors
    /// When the database fails.
    fn tally(&mut self, run: RunId) -> Result<OutcomeTally>;
    /// Findings, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn violations(&mut self, filter: &ViolationFilter) -> Result<Vec<ViolationRow>>;
}

/// An entry of the id map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// The name in the source.
    pub external_id: String,
    /// The record.
    pub core_id: CoreId,
    /// The hash of the last row seen under this id.
    pub row_hash: i64,
    /// Other rows that the same run brought under this id.
    pub other_rows: Vec<OtherRow>,
    /// The last row seen under this id.
    pub staging_id: RowId,
    /// The run that saw it last.
    pub last_run: RunId,
    /// Whether the store has an entry of this id.
    pub known: bool,
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeAction {
    /// It came into being.
    Created,
    /// One of its fields changed.
    Updated,
    /// A source spoke of it and nothing had to change.
    Confirmed,
    /// It went into another record.
    Merged,
    /// It came back.
    Restored,
    /// It was taken out.
    Removed,
}

impl ChangeAction {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Confirmed => "confirmed",
            Self::Merged => "merged",
            Self::Restored => "restored",
            Self::Removed => "removed",
        }
    }
}

/// One line of the change log.
#[derive(Clone)]
pub struct Change {
    /// The record.
    pub core_id: CoreId,
    /// The row that led to it.
    pub row: Option<RowId>,
    /// What happened.
    pub action: ChangeAction,
    /// The field, for updates.
    pub field: Option<String>,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
    /// Why.
    pub reason: Cow<'static, str>,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({:?} of {}, {:?})", self.action, self.core_id, self.field)
    }
}

/// One transaction's worth of phase 2.
#[derive(Debug, Default)]
pub struct CoreWrite {
    /// New records, with their final ids.
    pub inserts: Vec<CoreRecord>,
    /// Existing records after their changes.
    pub updates: Vec<CoreRecord>,
    /// Keys under which records are found from now on.
    pub keys: Vec<(MatchKey, CoreId)>,
    /// Entries of the id map, new or changed.
    pub map: Vec<MapEntry>,
    /// Lines of the change log.
    pub changes: Vec<Change>,
    /// Pairs to look at.
    pub suggestions: Vec<Suggestion>,
    /// Existing records before their changes, for taking the run back.
    pub images: Vec<CoreRecord>,
    /// Entries of the id map before their changes, likewise.
    pub map_images: Vec<MapEntry>,
}

/// Core records, the id map, and the journals of both.
pub trait CoreStore {
    /// Entries of the id map.
    ///
    /// # Errors
    /// When the database fails.
    fn find_external(&mut self, contract: &Contract, system: &str, ids: &[&str]) -> Result<Vec<MapEntry>>;
    /// The ids of a system under which people are known, the oldest entries first.
    ///
    /// # Errors
    /// When the database fails.
    fn external_ids_of(
        &mut self,
        contract: &Contract,
        system: &str,
        people: &[CoreId],
    ) -> Result<Vec<(CoreId, String)>>;
    /// Who is known by these ids in other systems than this one.
    ///
    /// # Errors
    /// When the database fails.
    fn known_elsewhere(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
    ) -> Result<Vec<(String, CoreId)>>;
    /// Records under keys, at most `per_key` of each; a pair per record and key, in the order of the ids.
    ///
    /// # Errors
    /// When the database fails.
    fn find_keys(
        &mut self,
        contract: &Contract,
        keys: &[MatchKey],
        per_key: usize,
    ) -> Result<Vec<(MatchKey, CoreId)>>;
    /// Records by id, in the order of their ids; unknown ids are left out.
    ///
    /// # Errors
    /// When the database fails.
    fn load(&mut self, contract: &Contract, ids: &[CoreId]) -> Result<Vec<CoreRecord>>;
    /// Ids for `count` new records, ascending.
    ///
    /// # Errors
    /// When the database fails.
    fn reserve_ids(&mut self, contract: &Contract, count: usize) -> Result<Vec<CoreId>>;
    /// The highest id in use; 0 without any.
    ///
    /// # Errors
    /// When the database fails.
    fn last_id(&mut self, contract: &Contract) -> Result<CoreId>;
    /// Writes what phase 2 decided about a batch of rows. `run` is `None` for an edit in the application.
    ///
    /// # Errors
    /// When the database fails, a constraint of the host's tables included.
    fn write(
        &mut self,
        contract: &Contract,
        run: Option<&RunRecord>,
        actor: &str,
        write: &CoreWrite,
        now: Moment,
    ) -> Result<()>;
    /// How many records there are.
    ///
    /// # Errors
    /// When the database fails.
    fn count(&mut self, contract: &Contract) -> Result<i64>;
}
