use super::{Moment, RunId};
use crate::Result;
use crate::contracts::Contract;

/// A kind of data that is purged or anonymised when it is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Rows exactly as received: purged.
    Staging,
    /// Normalised rows that passed: purged.
    Clean,
    /// What became of rows: purged.
    Outcomes,
    /// Findings about rows that are not open in quarantine: purged.
    Violations,
    /// Findings about rows that are open in quarantine: anonymised.
    OpenViolations,
    /// Entries of the quarantine that ended: purged.
    Quarantine,
    /// Terms of decided suggestions: anonymised.
    Suggestions,
    /// Values in the change log: anonymised.
    ChangeLog,
    /// What merges that were taken back had kept of their people: anonymised.
    EndedMerges,
    /// What became of each change of runs that were taken back: purged.
    RollbackItems,
}

impl Kind {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Clean => "clean",
            Self::Outcomes => "outcomes",
            Self::Violations => "violations",
            Self::OpenViolations => "violations of open entries",
            Self::Quarantine => "quarantine",
            Self::Suggestions => "suggestions",
            Self::ChangeLog => "change_log",
            Self::EndedMerges => "merges",
            Self::RollbackItems => "rollbacks",
        }
    }

    /// True when values go and lines stay.
    pub fn is_anonymised(self) -> bool {
        matches!(self, Self::OpenViolations | Self::Suggestions | Self::ChangeLog | Self::EndedMerges)
    }
}

/// Which data are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// The kind.
    pub kind: Kind,
    /// The run, for kinds that belong to runs.
    pub run: RunId,
    /// What is older is old, for kinds that have a time of their own.
    pub before: Moment,
    /// What is as young may be needed for a rollback, whatever its kind's age; none when everything may.
    pub rollback_from: Option<Moment>,
    /// Whether open entries of the quarantine keep their rows and values.
    pub keep_open: bool,
}

/// How much of what is old goes, and how much stays and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weighed {
    /// What goes.
    pub goes: u64,
    /// What stays because a merge that stands may be taken back.
    pub merge: u64,
    /// What stays because a run may be rolled back.
    pub rollback: u64,
    /// What stays because an entry of the quarantine is open.
    pub open: u64,
    /// What stays because somebody decided it for good.
    pub decided: u64,
}

/// What is purged and anonymised. Everything works on ids in bounded batches; the caller makes the transactions.
pub trait Retention {
    /// Notes, for this session, which people and which rows merges that stand may need when they are taken back.
    ///
    /// # Errors
    /// When the database fails.
    fn note_needed(&mut self) -> Result<()>;
    /// Counts what is old in a scope.
    ///
    /// # Errors
    /// When the database fails.
    fn weigh(&mut self, contract: &Contract, scope: &Scope) -> Result<Weighed>;
    /// Looks at the next `limit` ids behind `after` of what is old in a scope: those that go, and the last one looked at;
    /// none at the end.
    ///
    /// # Errors
    /// When the database fails.
    fn old(
        &mut self,
        contract: &Contract,
        scope: &Scope,
        after: i64,
        limit: usize,
    ) -> Result<(Vec<i64>, Option<i64>)>;
    /// Purges or anonymises these, and says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    fn forget(&mut self, contract: &Contract, kind: Kind, ids: &[i64]) -> Result<u64>;
    /// How many images a run has, of records, of map entries, and of watermarks.
    ///
    /// # Errors
    /// When the database fails.
    fn images(&mut self, run: RunId) -> Result<u64>;
    /// Purges at most about `limit` images of a run, and says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    fn forget_images(&mut self, run: RunId, limit: usize) -> Result<u64>;
}
