//! The clean rows of a run, read back batch by batch, whether the run was interrupted or not.

use super::context::RunContext;
use super::working::Working;
use crate::Result;
use crate::ports::{CleanRow, RowId, Session};

/// How many rows are read back at once.
const ROWS_PER_BATCH: usize = 5_000;

/// What is done with rows: the id of each in the run, and the row.
pub(super) type Visit<'a> = dyn FnMut(&mut dyn Session, &[(RowId, CleanRow)]) -> Result<()> + 'a;

/// Which of the clean rows of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that are new to the store, or have changed.
    Landed,
    /// Those that came again unchanged.
    Again,
}

/// Shows the clean rows of a run in an order that is the same every time. Stops when the run is asked to.
pub(super) fn each_batch(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &Working,
    which: Which,
    visit: &mut Visit<'_>,
) -> Result<()> {
    let run = work.run.id;
    let mut after = RowId(0);
    loop {
        context.poll_control(session, run)?;
        if context.cancel.is_requested() {
            return Err(context.stopped());
        }
        let rows = match which {
            Which::Again => session.repeated_clean_rows(context.contract, run, after, ROWS_PER_BATCH)?,
            Which::Landed => {
                let landed = session.clean_rows(context.contract, run, after, ROWS_PER_BATCH)?;
                landed.into_iter().map(|row| (row.staging_id, row)).collect()
            }
        };
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        visit(session, &rows)?;
    }
}
