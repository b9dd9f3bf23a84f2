use super::{ChangeAction, Moment, RecordId, RecordImage, RowId, RunId, RunRecord};
use crate::Result;
use crate::contracts::Contract;

/// A line of the change log that is somebody's word about a person: an import's or an edit's, no merge's and no rollback's.
#[derive(Clone)]
pub struct LaterChange {
    /// Its id.
    pub id: i64,
    /// Whom it is about in the history that stands.
    pub core_id: RecordId,
    /// The run; none for an edit.
    pub run: Option<RunId>,
    /// Whether that run was taken back; its word stands all the same with whom the rollback had to leave as they were.
    pub taken_back: bool,
    /// The row; none for an edit.
    pub row: Option<RowId>,
    /// What it did to them in the history that stands: created, updated or only confirmed them.
    pub action: ChangeAction,
    /// The field, for updates.
    pub field: Option<String>,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Moment,
}

impl LaterChange {
    /// Whether it changed anything in the history that stands; a row that only confirmed a record did not.
    pub fn changed(&self) -> bool {
        self.action != ChangeAction::Confirmed
    }
}

impl std::fmt::Debug for LaterChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LaterChange({} of {}, {:?})", self.id, self.core_id, self.field)
    }
}

/// What a line of the change log comes to in the history that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// The line.
    pub change: i64,
    /// Whom it is about.
    pub core_id: RecordId,
    /// What it did to them.
    pub action: ChangeAction,
}

/// The history of people as it stands. The change log is only added to; when a merge or a run is taken back, the lines behind it
/// are told again, and whom each is about and what the runs found before them is kept beside it.
pub trait ReplayStore {
    /// Lines behind `after` about people, in their order. Those of a run that was taken back are left out, except about whom the
    /// rollback left as they were.
    ///
    /// # Errors
    /// When the database fails.
    fn later_changes(
        &mut self,
        contract: &Contract,
        people: &[RecordId],
        after: i64,
    ) -> Result<Vec<LaterChange>>;
    /// What runs said about people, those that were taken back included, in order.
    ///
    /// # Errors
    /// When the database fails.
    fn said_by_runs(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<LaterChange>>;
    /// The next people behind `after` about whom a run said something, ascending.
    ///
    /// # Errors
    /// When the database fails.
    fn changed_by(
        &mut self,
        contract: &Contract,
        run: RunId,
        after: RecordId,
        limit: usize,
    ) -> Result<Vec<RecordId>>;
    /// Keeps what lines come to now.
    ///
    /// # Errors
    /// When the database fails.
    fn put_subjects(&mut self, contract: &Contract, subjects: &[Subject]) -> Result<()>;
    /// Replaces what runs found before they changed people: takes `remove` away and keeps `images`.
    ///
    /// # Errors
    /// When the database fails.
    fn replace_images(
        &mut self,
        contract: &Contract,
        remove: &[(RunId, RecordId)],
        images: &[(RunId, RecordImage)],
    ) -> Result<()>;
    /// Which other runs, dry ones aside, brought landed rows again as they were.
    ///
    /// # Errors
    /// When the database fails.
    fn brought_again(&mut self, rows: &[RowId]) -> Result<Vec<(RowId, RunId)>>;
    /// Whom of these people the last rollback of each of these runs left as they were.
    ///
    /// # Errors
    /// When the database fails.
    fn left_as_they_were(&mut self, runs: &[RunId], people: &[RecordId]) -> Result<Vec<(RunId, RecordId)>>;
    /// Adds people to those whom the last rollback of a run left as they were, so that the next attempt looks at them.
    ///
    /// # Errors
    /// When the database fails.
    fn leave(&mut self, run: RunId, people: &[RecordId], why: &str) -> Result<()>;
    /// Other runs that were taken back and left somebody about whom this run, too, said something: what kept them may have been
    /// this run. The last one first.
    ///
    /// # Errors
    /// When the database fails.
    fn left_with(&mut self, run: &RunRecord) -> Result<Vec<RunId>>;
}
