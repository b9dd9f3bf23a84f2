//! Whose word stands: a run's that was taken back, too, with whom its rollback had to leave as they were.

use std::collections::BTreeSet;

use importer_core::Result;
use importer_core::ports::{RecordId, RunId, StewardSession};

pub(super) struct Standing {
    /// The run that is taken back now, and those that were before.
    taken_back: BTreeSet<RunId>,
    /// Whom those before had to leave.
    left: BTreeSet<(RunId, RecordId)>,
}

impl Standing {
    /// What is known of these runs with these people.
    pub(super) fn of(
        session: &mut dyn StewardSession,
        now: RunId,
        runs: impl IntoIterator<Item = RunId>,
        people: &[RecordId],
    ) -> Result<Self> {
        let runs: BTreeSet<RunId> = runs.into_iter().filter(|run| *run != now).collect();
        let taken_back = session.taken_back(&runs.into_iter().collect::<Vec<_>>())?;
        let left = session.left_as_they_were(&taken_back, people)?.into_iter().collect();
        let taken_back = taken_back.into_iter().chain([now]).collect();
        Ok(Self { taken_back, left })
    }

    /// Whether what a run said to somebody stands.
    pub(super) fn stands(&self, run: RunId, person: RecordId) -> bool {
        !self.taken_back.contains(&run) || self.left.contains(&(run, person))
    }
}
