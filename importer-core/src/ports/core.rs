//! Records, the map of their ids and the log of what changed.

use std::borrow::Cow;

use super::{CoreRecord, MatchKey, Moment, OtherRow, RecordId, RowId, RunId, RunRecord, Suggestion};
use crate::Result;
use crate::contracts::Contract;

/// An entry of the id map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// The name in the source.
    pub external_id: String,
    /// The record.
    pub core_id: RecordId,
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

impl MapEntry {
    /// Who rows under the id turned out to be that are not the record it names; the earliest first.
    pub fn apart(&self) -> impl DoubleEndedIterator<Item = RecordId> {
        self.other_rows.iter().filter_map(|other| match other {
            OtherRow::Apart(_, _, person) => Some(*person),
            OtherRow::Earlier(..) | OtherRow::Aside(_) => None,
        })
    }
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
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
    pub core_id: RecordId,
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
    pub keys: Vec<(MatchKey, RecordId)>,
    /// Entries of the id map, new or changed.
    pub map: Vec<MapEntry>,
    /// Lines of the change log.
    pub changes: Vec<Change>,
    /// Pairs to look at.
    pub suggestions: Vec<Suggestion>,
    /// Pairs of which an open suggestion of a household is withdrawn.
    pub no_households: Vec<(RecordId, RecordId)>,
    /// Existing records before their changes, for taking the run back.
    pub images: Vec<CoreRecord>,
    /// Entries of the id map before their changes, likewise.
    pub map_images: Vec<MapEntry>,
}

/// People whom an external system does not bring any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MissingPeople {
    /// All of them.
    pub all: u64,
    /// Those whom the last run before still met.
    pub new: u64,
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
        people: &[RecordId],
    ) -> Result<Vec<(RecordId, String)>>;
    /// Who is known by these ids in other systems than this one.
    ///
    /// # Errors
    /// When the database fails.
    fn known_elsewhere(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
    ) -> Result<Vec<(String, RecordId)>>;
    /// How many people a system has under no id that `run` or a later one met, rows that are held back included; and how many of
    /// them `last`, an earlier run, or one since then still met.
    ///
    /// # Errors
    /// When the database fails.
    fn missing_people(
        &mut self,
        contract: &Contract,
        system: &str,
        last: RunId,
        run: RunId,
    ) -> Result<MissingPeople>;
    /// Records under keys, at most `per_key` of each; a pair per record and key, in the order of the ids.
    ///
    /// # Errors
    /// When the database fails.
    fn find_keys(
        &mut self,
        contract: &Contract,
        keys: &[MatchKey],
        per_key: usize,
    ) -> Result<Vec<(MatchKey, RecordId)>>;
    /// Records by id, in the order of their ids; unknown ids are left out.
    ///
    /// # Errors
    /// When the database fails.
    fn load(&mut self, contract: &Contract, ids: &[RecordId]) -> Result<Vec<CoreRecord>>;
    /// Ids for `count` new records, ascending.
    ///
    /// # Errors
    /// When the database fails.
    fn reserve_ids(&mut self, contract: &Contract, count: usize) -> Result<Vec<RecordId>>;
    /// The highest id in use; 0 without any.
    ///
    /// # Errors
    /// When the database fails.
    fn last_id(&mut self, contract: &Contract) -> Result<RecordId>;
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
