use std::sync::Arc;

use importer_core::Result;
use importer_core::pipeline::RunReport;
use importer_core::ports::RunRecord;

use super::bench::{Bench, SharedBench};
use super::feed::Pull;
use super::send_in::Sending;
use crate::service::access::Desk;

/// Rows of runs whose sources have the same columns and are read by the same mapping.
pub(super) struct Group {
    pub(super) bench: SharedBench,
    pub(super) runs: Vec<RunRecord>,
}

impl Group {
    /// Adds a run to its group.
    pub(super) fn put(groups: &mut Vec<Self>, bench: Bench, run: RunRecord) {
        let same =
            |group: &&mut Self| group.bench.columns == bench.columns && group.bench.system == bench.system;
        match groups.iter_mut().find(same) {
            Some(group) => group.runs.push(run),
            None => groups.push(Self { bench: Arc::new(bench), runs: vec![run] }),
        }
    }
}

impl Desk<'_> {
    /// Sends rows in, unless there are none.
    pub(super) fn send_group(
        &self,
        bench: &SharedBench,
        mut pull: Pull,
        sending: Sending,
    ) -> Result<Option<RunReport>> {
        let first = pull()?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut first = Some(first);
        let pull: Pull = Box::new(move || first.take().map_or_else(&mut pull, Ok));
        self.send_in(bench, pull, sending).map(Some)
    }
}
