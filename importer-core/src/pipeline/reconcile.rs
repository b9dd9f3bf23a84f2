//! The last step: do the counts add up, and is what is stored what was decided?

use super::Anomaly;
use super::working::Working;
use crate::Result;
use crate::ports::Session;

/// Compares the counts among themselves and with the stored outcomes, and tells of records that came back from the
/// database other than they were written.
pub(super) fn reconcile(session: &mut dyn Session, work: &Working) -> Result<Vec<Anomaly>> {
    work.counts.check(&session.tally(work.run.id)?)?;
    if work.metrics.parity_misses == 0 {
        return Ok(Vec::new());
    }
    Ok(vec![Anomaly {
        code: "upsert_parity".into(),
        message: format!(
            "{} sampled records came back from the database other than they were written; a trigger or another program \
             changes them",
            work.metrics.parity_misses
        ),
    }])
}
