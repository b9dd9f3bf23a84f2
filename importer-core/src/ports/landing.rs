//! Rows as they land and what phase 1 says of them.

use super::{
    Moment, Outcome, OutcomeTally, ReadRow, RepeatedRow, RowId, RunId, RunRecord, SeenIndexes, SeenRow,
    Violation, ViolationFilter, ViolationRow,
};
use crate::Result;
use crate::contracts::Contract;

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

/// A row that was loaded under an external id.
#[derive(Clone, PartialEq, Eq)]
pub struct LoadedRow {
    /// The id.
    pub external_id: String,
    /// The hash it was processed under.
    pub row_hash: i64,
    /// The row as received; as the retention policy left it when that is older.
    pub payload_json: String,
    /// The run that brought it.
    pub run: RunId,
    /// No other row of the id was loaded after it.
    pub last: bool,
}

impl std::fmt::Debug for LoadedRow {
    // The row and its id are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LoadedRow(run {}, last: {})", self.run, self.last)
    }
}

/// Landed, clean and quarantined rows.
pub trait Landing {
    /// What is known of external ids, looked up where `seen_indexes` says; several answers per id are possible, none for
    /// unknown ones.
    ///
    /// # Errors
    /// When the database fails.
    fn known(
        &mut self,
        contract: &Contract,
        system: &str,
        ids: &[&str],
        seen_indexes: SeenIndexes,
    ) -> Result<Vec<(String, SeenRow)>>;
    /// Where anything at all is known of a system; elsewhere rows need not be looked up.
    ///
    /// # Errors
    /// When the database fails.
    fn seen_indexes(&mut self, contract: &Contract, system: &str) -> Result<SeenIndexes>;
    /// The rows that were loaded under external ids, the last one and those before. What was rolled back is left out.
    ///
    /// # Errors
    /// When the database fails.
    fn loaded_rows(&mut self, contract: &Contract, system: &str, ids: &[&str]) -> Result<Vec<LoadedRow>>;
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
    fn land_repeated(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        rows: &[RepeatedRow],
        now: Moment,
    ) -> Result<Vec<(RepeatedRow, Vec<String>)>>;
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
    /// Clean rows by the ids of their landed rows, in the order of these.
    ///
    /// # Errors
    /// When the database fails.
    fn clean_rows_of(&mut self, contract: &Contract, ids: &[RowId]) -> Result<Vec<CleanRow>>;
    /// The next clean rows that a run brought again unchanged, behind the row `after` of the run, in order: the id in
    /// this run, and the row as an earlier run stored it.
    ///
    /// # Errors
    /// When the database fails.
    fn repeated_clean_rows(
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
