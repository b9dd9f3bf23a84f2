//! People whom a source had before and has no more. Nothing is deleted for that; somebody is told.
//!
//! A source that holds a part only says nothing by what it leaves out. Unless the mapping says which it is, a source counts as whole
//! when at least as many known people came again as are missing.

use super::Anomaly;
use super::context::RunContext;
use super::request::{is_correction, request_of};
use super::working::Working;
use crate::Result;
use crate::ports::{MissingPeople, RunFilter, RunId, RunRecord, RunStatus, Session};

/// The share of known people, in percent, that is told as an anomaly when they go at once.
const MANY_PERCENT: u64 = 10;
/// Fewer than this are never many.
const FEWEST: u64 = 5;
/// How many earlier runs are looked at for the last whole one.
const RUNS: i64 = 50;

impl RunContext<'_> {
    /// Tells of people whom the run did not meet; notes how many.
    pub(super) fn missing_people(
        &self,
        session: &mut dyn Session,
        work: &mut Working,
    ) -> Result<Option<Anomaly>> {
        let whole = self.mapping.defaults().full_export;
        let came_again = work.counts.matched - work.counts.auto_merged.min(work.counts.matched);
        let may_be_whole = match whole {
            Some(whole) => whole,
            None => came_again > 0,
        };
        if !may_be_whole || !is_whole(&work.run) {
            return Ok(None);
        }
        let last = self.last_whole_run(session, work)?;
        let system = &work.run.new.external_system;
        let missing = session.missing_people(self.contract, system, last, work.run.id)?;
        if missing.all == 0 || (whole.is_none() && came_again < missing.all) {
            return Ok(None);
        }
        work.metrics.missing = missing.all;
        let told = tell(system, missing);
        let many = missing.new >= FEWEST && missing.new * 100 > (came_again + missing.new) * MANY_PERCENT;
        if many {
            return Ok(Some(Anomaly { code: "people_missing".into(), message: told }));
        }
        work.metrics.notes.push(told);
        Ok(None)
    }

    /// The last run before this one that loaded the whole source; 0 when there was none.
    fn last_whole_run(&self, session: &mut dyn Session, work: &Working) -> Result<RunId> {
        let earlier = session.runs(&RunFilter {
            entity: Some(work.run.new.entity.clone()),
            external_system: Some(work.run.new.external_system.clone()),
            before: Some(work.run.id),
            limit: RUNS,
            ..RunFilter::default()
        })?;
        let loaded = earlier.into_iter().find(|run| {
            matches!(run.status, RunStatus::Succeeded | RunStatus::PartiallyFailed)
                && run.rows_read > 0
                && is_whole(run)
        });
        Ok(loaded.map_or(RunId(0), |run| run.id))
    }
}

/// Whether a run was asked for everything that its source has.
fn is_whole(run: &RunRecord) -> bool {
    let asked = request_of(run);
    let everything = asked.is_ok_and(|request| request.since.is_none() && request.limit.is_none());
    everything && !run.new.dry_run && !is_correction(run)
}

fn tell(system: &str, MissingPeople { all, new }: MissingPeople) -> String {
    let people = if all == 1 { "1 person" } else { &format!("{all} people") };
    let (verb, them) = if all == 1 {
        ("is", "the record stays as it is")
    } else {
        ("are", "their records stay as they are")
    };
    let before = match all - new.min(all) {
        0 => String::new(),
        before => format!(", {before} of them already before the last run"),
    };
    format!(
        "{people} whom {system} brought before {verb} not in this source{before}; {them}. List them as missing since this \
         run, and decide about them. For a source that holds a part of its people only, write `full_export: false` under `defaults` of \
         the mapping"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_many_and_since_when() {
        let one = tell("csv", MissingPeople { all: 1, new: 1 });
        assert!(
            one.starts_with(
                "1 person whom csv brought before is not in this source; the record stays as it is."
            ),
            "{one}"
        );
        let more = tell("csv", MissingPeople { all: 5, new: 2 });
        assert!(
            more.starts_with(
                "5 people whom csv brought before are not in this source, 3 of them already before"
            ),
            "{more}"
        );
    }
}
