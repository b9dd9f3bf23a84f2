use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Change, CoreRecord, Dated, MapImage, MatchKey, MergeId, Moment, RecordId, RowId, RunId, SuggestionId,
};
use crate::Result;
use crate::contracts::Contract;

/// A merge to be kept.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct NewMerge {
    /// Who stays.
    pub survivor: RecordId,
    /// Who goes, ascending.
    pub retired: Vec<RecordId>,
    /// The run that merged, where none of the people did.
    pub run: Option<RunId>,
    /// The suggestion that led to it.
    pub suggestion: Option<SuggestionId>,
    /// The last line of the change log before.
    pub change_mark: i64,
    /// Everything an undo needs, as JSON.
    pub before_json: String,
    /// What was chosen, as JSON.
    pub decisions_json: String,
    /// Who merged.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// A stored merge.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct MergeRow {
    /// Its id.
    pub id: MergeId,
    /// The entity.
    pub entity: String,
    /// The merge.
    pub merge: NewMerge,
    /// When.
    pub merged_at: Moment,
    /// When it was taken back, by whom and why.
    pub undone: Option<(Moment, String, String)>,
    /// The merge that did it again, after an earlier one was taken back.
    pub redone_by: Option<MergeId>,
    /// Where it was taken back: whether the lines of the change log behind it were told again then. Earlier versions did not.
    pub retold: bool,
}

/// Which merges to list.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct MergeFilter {
    /// Only those that stand.
    pub standing: bool,
    /// Only those of any of these people; empty for everybody.
    pub people: Vec<RecordId>,
    /// Only those of this run.
    pub run: Option<RunId>,
    /// Only those behind this id, for paging.
    pub after: MergeId,
    /// At most this many; all when 0.
    pub limit: i64,
    /// The newest first.
    pub newest_first: bool,
}

/// What caused changes that are nobody's word about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A merge, or taking it back.
    Merge(MergeId),
    /// A rollback.
    Rollback(i64),
}

/// A clean row with where it comes from.
#[derive(Debug, Clone)]
pub struct SourceRow {
    /// The row.
    pub row: RowId,
    /// The system it comes from.
    pub system: String,
    /// Its name there.
    pub external_id: String,
    /// The values, as JSON; none when they were purged.
    pub payload_json: Option<String>,
}

/// A table whose rows refer to records, such as a host's sign-ups, named by the host because no foreign key of the database
/// says so. Merges move the references, undoing moves them back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The entity that is referred to.
    pub entity: String,
    /// The table.
    pub table: String,
    /// The column with a number or a text that tells its rows apart.
    pub key: String,
    /// The column with the record's id.
    pub column: String,
}

/// A suggestion about somebody who went in a merge, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedSuggestion {
    /// Its id.
    pub id: SuggestionId,
    /// What was said about it, by whom and when.
    pub decision: String,
    /// Who said so.
    pub decided_by: Option<String>,
    /// When, as text.
    pub decided_at: Option<String>,
    /// Until when it was put off, as text.
    pub deferred_until: Option<String>,
}

/// Everything that refers to people and has moved in a merge, to be moved back exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedReferences {
    /// The entries of the id map of those who went, as they were.
    pub map: Vec<MapImage>,
    /// Suggestions about those who went, as they were.
    pub suggestions: Vec<MovedSuggestion>,
    /// Suggestions about any of the people that nobody had decided about, with the scan that had closed each.
    #[serde(default)]
    pub undecided: Vec<(SuggestionId, Option<RunId>)>,
    /// The last rejection before the merge.
    pub rejections_through: i64,
    /// In which household who was of those whom the merge concerned.
    pub households: Vec<(RecordId, i64)>,
    /// Rows of other tables as earlier versions kept them: the table, the column, the row's key, and who it referred to.
    pub references: Vec<(String, String, String, RecordId)>,
    /// Rows of the host's tables, in the order in which they were moved.
    #[serde(default)]
    pub host_rows: Vec<HostRows>,
}

/// Rows of one column of a host's table that a merge has moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRows {
    /// The table, as [`HostReference::table`] names it.
    pub table: String,
    /// The column that refers to records.
    pub column: String,
    /// What tells the rows apart.
    pub key: RowKey,
    /// Each row, by what tells it apart, and whom it referred to.
    pub rows: Vec<(String, RecordId)>,
    /// Other columns that tell the rows apart and refer to records as well: other merges change these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Whom each row referred to in these columns; as many as there are rows, or none where there are no such columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others_were: Vec<Vec<Option<RecordId>>>,
}

/// What tells rows of a host's table apart while their reference to a record changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKey {
    /// The column that the host named.
    Named(String),
    /// The columns of the primary key, references to records left out.
    Primary(Vec<String>),
    /// Everything in these columns, which refer to no record, since the table has no primary key. Rows that are equal in them are as good as each other.
    Whole(Vec<String>),
}

/// A reference of a host's table to records, as the importer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct HostReference {
    /// The table; on Postgres with its schema, unless the host named it without.
    pub table: String,
    /// The column or columns that refer.
    pub columns: Vec<String>,
    /// What they refer to: `id`, or columns whose values may change.
    pub refers_to: Vec<String>,
    /// Whether merges move it. What does not refer to the id alone keeps its record from being merged away or taken out.
    pub moves: bool,
}

/// A remembered rejection, from one of its sides.
#[derive(Debug, Clone, Copy)]
pub struct Rejection {
    /// Its number.
    pub id: i64,
    /// Who is not the other.
    pub one: RecordId,
    /// The other.
    pub other: RecordId,
}

/// How a rollback stands.
#[derive(Debug, Clone)]
pub struct RollbackRow {
    /// Its id.
    pub id: i64,
    /// The run that is taken back.
    pub run: RunId,
    /// Whether it has come to its end.
    pub done: bool,
    /// Who rolls back.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When it began.
    pub started_at: Moment,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// The last record that is dealt with.
    pub records_through: RecordId,
    /// The last row that is dealt with.
    pub rows_through: RowId,
    /// What became of changes, and how often.
    pub counts: BTreeMap<String, u64>,
}

/// What else of a run ended when it was taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Traces {
    /// Suggestions that nobody had decided about, and that are gone.
    pub suggestions_withdrawn: u64,
    /// Rows of the run that were open in quarantine, and are ended.
    pub rows_ended: u64,
    /// Rows of earlier runs that are open in quarantine again.
    pub rows_reopened: u64,
}

/// What became of one change of a run that is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct RollbackItem {
    /// The landed row that had led to it.
    pub row: Option<RowId>,
    /// The record.
    pub core_id: RecordId,
    /// The field; none for the record as a whole.
    pub field: Option<String>,
    /// `reverted`, `kept` or `failed`.
    pub outcome: String,
    /// Why, without any value: this is shown to whoever may see runs.
    pub why: String,
}

/// Merges, rollbacks and what both are made of.
pub trait HistoryStore {
    /// The last line of the change log; 0 without any.
    ///
    /// # Errors
    /// When the database fails.
    fn last_change(&mut self) -> Result<i64>;
    /// Keeps a merge; returns its id.
    ///
    /// # Errors
    /// When the database fails.
    fn log_merge(&mut self, contract: &Contract, merge: &NewMerge, now: Moment) -> Result<MergeId>;
    /// Completes what an undo needs to know.
    ///
    /// # Errors
    /// When the database fails.
    fn set_merge_before(&mut self, id: MergeId, before_json: &str) -> Result<()>;
    /// Marks a merge as taken back.
    ///
    /// # Errors
    /// When the database fails.
    fn end_merge(&mut self, id: MergeId, actor: &str, reason: &str, now: Moment) -> Result<()>;
    /// Says which merge did another one again.
    ///
    /// # Errors
    /// When the database fails.
    fn set_redone(&mut self, id: MergeId, by: MergeId) -> Result<()>;
    /// Merges, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn merges(&mut self, contract: &Contract, filter: &MergeFilter) -> Result<Vec<MergeRow>>;
    /// A merge by id, of whatever entity.
    ///
    /// # Errors
    /// When the database fails.
    fn merge(&mut self, id: MergeId) -> Result<Option<MergeRow>>;
    /// Who somebody is now: the survivor, over as many merges as stand, and the last of them; nothing for who never went.
    ///
    /// # Errors
    /// When the database fails.
    fn survivor_of(&mut self, contract: &Contract, id: RecordId) -> Result<Option<(RecordId, MergeId)>>;
    /// The entries of the id map of people, in the order of their numbers.
    ///
    /// # Errors
    /// When the database fails.
    fn map_of(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<MapImage>>;
    /// Gives an entry of the id map to a person.
    ///
    /// # Errors
    /// When the database fails.
    fn give_map(&mut self, entry: i64, to: RecordId) -> Result<()>;
    /// Puts entries of the id map back as they were, by their numbers.
    ///
    /// # Errors
    /// When the database fails.
    fn put_map(&mut self, contract: &Contract, entries: &[MapImage], now: Moment) -> Result<()>;
    /// Takes entries out of the id map.
    ///
    /// # Errors
    /// When the database fails.
    fn remove_map(&mut self, entries: &[i64]) -> Result<()>;
    /// When people came into being, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn born(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Dated>>;
    /// When people last changed, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn changed(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Dated>>;
    /// Who was merged and is parted again, two by two and the lower id first: of merges that were taken back and not done again,
    /// under the ids that these people have by now.
    ///
    /// # Errors
    /// When the database fails.
    fn parted(&mut self, contract: &Contract) -> Result<Vec<(RecordId, RecordId)>>;
    /// Puts records in as they are, contacts and all, whether they are there or not.
    ///
    /// # Errors
    /// When the database fails.
    fn put_records(&mut self, contract: &Contract, people: &[CoreRecord], now: Moment) -> Result<()>;
    /// Sets when people came into being.
    ///
    /// # Errors
    /// When the database fails.
    fn set_born(&mut self, contract: &Contract, people: &[Dated]) -> Result<()>;
    /// Takes records out, contacts and all.
    ///
    /// # Errors
    /// When the database fails.
    fn remove_records(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()>;
    /// Adds and takes away keys under which records are found.
    ///
    /// # Errors
    /// When the database fails.
    fn change_keys(
        &mut self,
        contract: &Contract,
        remove: &[(MatchKey, RecordId)],
        add: &[(MatchKey, RecordId)],
    ) -> Result<()>;
    /// Whether, from the next transaction on, the database itself sees to it that no row refers to something that is not there.
    /// Postgres always does. SQLite does not until it is asked to: each record that is written or taken out costs a look into
    /// every table that may refer to it.
    ///
    /// # Errors
    /// When the database fails.
    fn guard_references(&mut self, on: bool) -> Result<()>;
    /// What of the host's tables refers to records: by the foreign keys of the database, and by what the host named. What is
    /// both is there once.
    ///
    /// # Errors
    /// When the database fails.
    fn host_references(
        &mut self,
        contract: &Contract,
        references: &[Reference],
    ) -> Result<Vec<HostReference>>;
    /// Lets everything that refers to those who go refer to the survivor, the id map and the host's tables included: those that
    /// are named here, and those with foreign keys.
    ///
    /// # Errors
    /// When the database fails; when a table of the host does not take it, with the table and what to do.
    fn move_references(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        survivor: RecordId,
        retired: &[RecordId],
    ) -> Result<MovedReferences>;
    /// Lets everything refer again to whom it referred to, the id map left out, and suggestions be decided as they were; these are
    /// settled once the merge is ended.
    ///
    /// # Errors
    /// When the database fails.
    fn move_back(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        survivor: RecordId,
        moved: &MovedReferences,
    ) -> Result<()>;
    /// Lets suggestions about people, about who went into them, and what was said about these, be about whom the merges that
    /// stand make them be about, and households be who is connected then. `households` tells in which of them people are to be
    /// thought to have been, so that these keep their numbers.
    ///
    /// # Errors
    /// When the database fails.
    fn settle_suggestions(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        households: &[(RecordId, i64)],
    ) -> Result<()>;
    /// The last rejection; 0 without any.
    ///
    /// # Errors
    /// When the database fails.
    fn last_rejection(&mut self) -> Result<i64>;
    /// Rejections behind `after` about people, in order; each pair is there twice, once for each side.
    ///
    /// # Errors
    /// When the database fails.
    fn rejections_since(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        after: i64,
    ) -> Result<Vec<Rejection>>;
    /// Lets a rejection know its people by other data, where there is any.
    ///
    /// # Errors
    /// When the database fails.
    fn print_rejection(&mut self, id: i64, one: Option<i64>, other: Option<i64>) -> Result<()>;
    /// How many rows of the host's tables refer to which of these records: of those that are named here, and of those with
    /// foreign keys.
    ///
    /// # Errors
    /// When the database fails.
    fn referred_to(
        &mut self,
        contract: &Contract,
        references: &[Reference],
        people: &[RecordId],
    ) -> Result<BTreeMap<RecordId, u64>>;
    /// Which values of these records rows of the host refer to by foreign keys that do not follow a change: by record, the
    /// columns of the core.
    ///
    /// # Errors
    /// When the database fails.
    fn referred_values(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
    ) -> Result<BTreeMap<RecordId, BTreeSet<String>>>;
    /// Clean rows with where they come from, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn source_rows(&mut self, contract: &Contract, rows: &[RowId]) -> Result<Vec<SourceRow>>;
    /// Writes lines of the change log that are nobody's word.
    ///
    /// # Errors
    /// When the database fails.
    fn log_changes(
        &mut self,
        contract: &Contract,
        changes: &[Change],
        cause: Cause,
        actor: &str,
        now: Moment,
    ) -> Result<()>;
}
