use std::sync::Arc;

use importer_core::Result;
use importer_core::pipeline::RunReport;
use importer_core::ports::RunRecord;

use super::correction_source::Pull;
use super::reprocess::ReprocessRequest;
use super::revalidator::{Revalidator, SharedRevalidator};
use crate::service::access::Desk;

/// Rows of runs whose sources have the same columns and are read by the same mapping.
pub(super) struct Group {
    pub(super) revalidator: SharedRevalidator,
    pub(super) runs: Vec<RunRecord>,
}

impl Group {
    /// Adds a run to its group.
    pub(super) fn put(groups: &mut Vec<Self>, revalidator: Revalidator, run: RunRecord) {
        let same = |group: &&mut Self| {
            group.revalidator.columns == revalidator.columns && group.revalidator.system == revalidator.system
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.runs.push(run),
            None => groups.push(Self { revalidator: Arc::new(revalidator), runs: vec![run] }),
        }
    }
}

impl Desk<'_> {
    /// Sends rows in, unless there are none.
    pub(super) fn reprocess_group(
        &self,
        revalidator: &SharedRevalidator,
        mut pull: Pull,
        request: ReprocessRequest,
    ) -> Result<Option<RunReport>> {
        let first = pull()?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut first = Some(first);
        let pull: Pull = Box::new(move || first.take().map_or_else(&mut pull, Ok));
        self.reprocess(revalidator, pull, request).map(Some)
    }
}
