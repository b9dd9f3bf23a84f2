//! Rows that the store knows when they come again.

use serde::{Deserialize, Serialize};

use super::{RecordId, RowId, RunId};

/// Where the store knows any row of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenIndexes {
    /// In the id map.
    pub mapped: bool,
    /// In quarantine.
    pub held: bool,
}

/// What a row that the store knows is to its external id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenAs {
    /// The last row that was loaded under the id.
    Current,
    /// One that the same run had loaded before it; in the order in which they came.
    Earlier,
    /// One under the id that is another record, or of which the store has kept nothing but the hash.
    Aside,
    /// In quarantine, open or given up.
    Held,
    /// In quarantine, and ended by another row that the run brought after it. One that ended because a later run brought another
    /// row is not known any more.
    Superseded,
    /// One that went in by hand.
    ByHand,
}

/// What the store knows of a row's external id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRow {
    /// What it is to the id.
    pub seen_as: SeenAs,
    /// The hash it was last processed under.
    pub row_hash: i64,
    /// Where its bytes are.
    pub staging_id: RowId,
    /// The entry of the id map; none when the row is in quarantine.
    pub map_entry: Option<i64>,
    /// The record it belongs to; none when the row is in quarantine.
    pub core_id: Option<RecordId>,
    /// The rules that hold it back, separated by commas; those it is exempt from when it belongs to a record.
    pub rule_codes: Option<String>,
    /// The row as received, when somebody decided about it in quarantine: the decision outlives a change of rules.
    pub payload_json: Option<String>,
    /// True when it is open in quarantine and the retention policy took its bytes: then it is landed and judged anew.
    pub payload_purged: bool,
    /// The run that brought another row of the id after it, when it is in quarantine.
    pub replaced_in: Option<RunId>,
}

/// A row that a run has read, and where its bytes are.
#[derive(Debug, Clone)]
pub struct ReadRow {
    /// Its id in the run.
    pub row: RowId,
    /// Where its bytes are; an earlier run's copy when it came again.
    pub staging_id: RowId,
    /// Its name in its source.
    pub external_id: String,
    /// The hash of the landed row.
    pub row_hash: i64,
}

/// A row that was taken for one that came before, and is news after all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatedRow {
    /// Its id in the run.
    pub row: RowId,
    /// Where the same row was landed before.
    pub staging_id: RowId,
    /// Where it stands in the source; as it stood before when that is not known.
    pub position: Option<i64>,
    /// The rules hold it back.
    pub held: bool,
}

/// Another row than the last one that a run brought under an external id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OtherRow {
    /// One that is another record, because the source uses the id for several: its hash, where it was landed, and that record.
    Apart(i64, RowId, RecordId),
    /// One that came before the last one: its hash, and where it was landed.
    Earlier(i64, RowId),
    /// Any of a database that an earlier version wrote: its hash. Whose it is was not kept.
    Aside(i64),
}
