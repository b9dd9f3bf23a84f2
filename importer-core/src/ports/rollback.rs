use super::{
    MapImage, Moment, RecordId, RecordImage, RollbackItem, RollbackRow, RowId, RunId, RunRecord, Traces,
};
use crate::Result;
use crate::contracts::Contract;

/// What taking a run back reads and writes, page by page.
pub trait RollbackStore {
    /// Begins to take a run back.
    ///
    /// # Errors
    /// When the database fails.
    fn begin_rollback(&mut self, run: RunId, actor: &str, reason: &str, now: Moment) -> Result<RollbackRow>;
    /// Stores how far it is.
    ///
    /// # Errors
    /// When the database fails.
    fn save_rollback(&mut self, rollback: &RollbackRow) -> Result<()>;
    /// The last attempt to take a run back.
    ///
    /// # Errors
    /// When the database fails.
    fn rollback_of(&mut self, run: RunId) -> Result<Option<RollbackRow>>;
    /// Which of these records a run has to do with: it changed or confirmed them, or theirs is a row that it brought last.
    ///
    /// # Errors
    /// When the database fails.
    fn touched_by(&mut self, contract: &Contract, run: RunId, people: &[RecordId]) -> Result<Vec<RecordId>>;
    /// Keeps what became of changes.
    ///
    /// # Errors
    /// When the database fails.
    fn log_rollback(&mut self, rollback: i64, items: &[RollbackItem]) -> Result<()>;
    /// What became of the changes of a run, of this outcome only if one is named, in order and behind `after`. Who was kept at
    /// first and looked at again is there once.
    ///
    /// # Errors
    /// When the database fails.
    fn rollback_items(
        &mut self,
        run: RunId,
        outcome: Option<&str>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(i64, RollbackItem)>>;
    /// The attempt to take the same run back that came before this one.
    ///
    /// # Errors
    /// When the database fails.
    fn earlier_rollback(&mut self, rollback: &RollbackRow) -> Result<Option<i64>>;
    /// The next records behind `after` that a rollback left as they were, ascending.
    ///
    /// # Errors
    /// When the database fails.
    fn left_by(&mut self, rollback: i64, after: RecordId, limit: usize) -> Result<Vec<RecordId>>;
    /// Which of these records a rollback left as they were.
    ///
    /// # Errors
    /// When the database fails.
    fn kept_by(&mut self, rollback: i64, people: &[RecordId]) -> Result<Vec<RecordId>>;
    /// The next people behind `after`, ascending, of whom a rollback of the run kept a value that it had changed.
    ///
    /// # Errors
    /// When the database fails.
    fn with_kept_values(&mut self, run: RunId, after: RecordId, limit: usize) -> Result<Vec<RecordId>>;
    /// Which of these runs were taken back.
    ///
    /// # Errors
    /// When the database fails.
    fn taken_back(&mut self, runs: &[RunId]) -> Result<Vec<RunId>>;
    /// Records as they were before runs changed them, with the run.
    ///
    /// # Errors
    /// When the database fails.
    fn record_images(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        runs: &[RunId],
    ) -> Result<Vec<(RunId, RecordImage)>>;
    /// Entries of the id map as they were before a run, by their names in the source.
    ///
    /// # Errors
    /// When the database fails.
    fn map_images(
        &mut self,
        contract: &Contract,
        system: &str,
        run: RunId,
        names: &[&str],
    ) -> Result<Vec<MapImage>>;
    /// Entries of the id map by their names in a source.
    ///
    /// # Errors
    /// When the database fails.
    fn map_named(&mut self, contract: &Contract, system: &str, names: &[&str]) -> Result<Vec<MapImage>>;
    /// The next rows behind `after` that a run brought and did not quarantine, with their names in the source.
    ///
    /// # Errors
    /// When the database fails.
    fn landed_by(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<(RowId, String)>>;
    /// Ends suggestions and household links about records that are taken out.
    ///
    /// # Errors
    /// When the database fails.
    fn forget_people(&mut self, contract: &Contract, people: &[RecordId]) -> Result<()>;
    /// Opens suggestions about people again that scans have closed since a run began, which has changed these people and is
    /// taken back: the next scan says whether they are too unlikely without it.
    ///
    /// # Errors
    /// When the database fails.
    fn reopen_outdated(&mut self, contract: &Contract, people: &[RecordId], run: RunId) -> Result<()>;
    /// Ends what else a run left: open suggestions, open rows in quarantine with what was found about them; opens again what it
    /// had ended in quarantine, and what it had closed as outdated; and lets the watermark stand where it stood, unless a later run has moved it.
    ///
    /// # Errors
    /// When the database fails.
    fn end_traces(&mut self, contract: &Contract, run: &RunRecord) -> Result<Traces>;
}
