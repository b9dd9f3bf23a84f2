use super::{Moment, RowId, RunId, RunStatus, StagedRow, UnfinishedRollback};
use crate::Result;
use crate::contracts::Contract;

/// What somebody asked of a run that may be at work in another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopRequest {
    /// To stop after its batch and to go on later.
    Pause,
    /// To stop after its batch for good.
    Cancel,
}

impl StopRequest {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Cancel => "cancel",
        }
    }

    /// What a name says.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Pause, Self::Cancel].into_iter().find(|asked| asked.as_str() == name)
    }

    /// How a run stands that did it.
    pub fn status(self) -> RunStatus {
        match self {
            Self::Pause => RunStatus::Paused,
            Self::Cancel => RunStatus::Cancelled,
        }
    }
}

/// What people do with runs. A process at work hears of it through the database, wherever it is.
pub trait RunControl {
    /// Asks something of a run, or takes it back.
    ///
    /// # Errors
    /// When the database fails.
    fn ask(&mut self, run: RunId, asked: Option<StopRequest>) -> Result<()>;
    /// What is asked of a run. Looked at once per batch, so it has to be cheap.
    ///
    /// # Errors
    /// When the database fails.
    fn asked(&mut self, run: RunId) -> Result<Option<StopRequest>>;
    /// Gives a run a word for people, or takes it away.
    ///
    /// # Errors
    /// When the database fails.
    fn label_run(&mut self, run: RunId, label: Option<&str>) -> Result<()>;
    /// Opens the quarantine entries again that a run ended by bringing other rows of theirs, unless it loaded these; says
    /// how many. For runs that end without their clean rows.
    ///
    /// # Errors
    /// When the database fails.
    fn reopen_replaced(&mut self, run: RunId) -> Result<u64>;
    /// Ends the entries of the quarantine that are open and that a run brought, with who says so and why; says how many.
    ///
    /// # Errors
    /// When the database fails.
    fn end_held(&mut self, run: RunId, actor: &str, reason: &str, now: Moment) -> Result<u64>;
    /// The runs of an entity whose rollback began and is not done, in the order of their ids. Every transaction that loads rows
    /// looks, so it has to be cheap.
    ///
    /// # Errors
    /// When the database fails.
    fn unfinished_rollback(&mut self, entity: &str) -> Result<Vec<UnfinishedRollback>>;
    /// The next landed rows of a run behind `after` that are still what their source last said: the last ones seen under
    /// their ids, those in quarantine, and those that could not be written; with `unwritten` the latter alone.
    ///
    /// # Errors
    /// When the database fails.
    fn current_rows(
        &mut self,
        contract: &Contract,
        run: RunId,
        unwritten: bool,
        after: RowId,
        limit: usize,
    ) -> Result<Vec<StagedRow>>;
}
