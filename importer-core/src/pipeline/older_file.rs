//! Whether a source is an older state of itself: last year's file by mistake after this year's.
//!
//! Two things tell. Rows that changed say word for word what an earlier run brought and a later one replaced; this is known before
//! anything is loaded. And rows have times that lie before those of their records; then their values lose against newer ones anyway,
//! so it is enough to tell of it afterwards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Anomaly;
use crate::ports::RunId;

/// How many changed rows are compared with earlier ones. A whole old file shows in its beginning, and looking up every row of a large
/// update would cost more than it tells.
pub(super) const MOST_COMPARED: u64 = 10_000;
/// A single row that goes back to what it was is a change like any other.
const FEWEST: u64 = 2;

/// What a run met of rows that are older than what is known; stored with it, so that a resumed one goes on counting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct OlderRows {
    /// Rows of known ids that changed, and were compared with the earlier rows of their ids.
    compared: u64,
    /// Those that are one of the earlier rows, by the run that brought it.
    returned: BTreeMap<RunId, u64>,
    /// Rows of known ids where the row and the record have a time.
    dated: u64,
    /// Those that are older than their records.
    outdated: u64,
}

impl OlderRows {
    /// How many more rows are compared.
    pub(super) fn left(&self) -> usize {
        usize::try_from(MOST_COMPARED.saturating_sub(self.compared)).unwrap_or(usize::MAX)
    }

    /// Notes changed rows: how many were compared, and the earlier run of each that came back.
    pub(super) fn compare(&mut self, rows: usize, returned: impl Iterator<Item = RunId>) {
        self.compared += rows as u64;
        returned.for_each(|run| *self.returned.entry(run).or_default() += 1);
    }

    /// Notes rows of known ids with a time, and how many of them are older than their records.
    pub(super) fn note_times(&mut self, dated: u64, outdated: u64) {
        self.dated += dated;
        self.outdated += outdated;
    }

    /// What is known before anything is loaded.
    pub(super) fn by_content(&self) -> Option<Anomaly> {
        let returned: u64 = self.returned.values().sum();
        let (run, _) = self.returned.iter().max_by_key(|(_, rows)| **rows)?;
        let most = returned >= FEWEST && returned * 2 >= self.compared;
        most.then(|| {
            anomaly(format!(
                "{returned} of {} changed rows that were compared say word for word what an earlier run brought, mostly run {run}, and \
                 a later one replaced: this looks like an older file. Where no time tells which value is newer, the older values \
                 replace the newer ones. If that is a mistake, roll this run back and import the newest file; the setting \
                 `older_file` of the gate holds such runs",
                self.compared
            ))
        })
    }

    /// What is known when everything was loaded.
    pub(super) fn by_time(&self) -> Option<Anomaly> {
        let most = self.outdated >= FEWEST && self.outdated * 2 >= self.dated;
        most.then(|| {
            anomaly(format!(
                "{} of {} rows of known people are older than what their records hold, by the time of their last change: this looks like \
                 an older file. Values whose time is known kept what is newer; import the newest file",
                self.outdated, self.dated
            ))
        })
    }
}

fn anomaly(message: String) -> Anomaly {
    Anomaly { code: "older_file".into(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_the_changed_rows_have_to_come_back() {
        for (compared, returned, told) in
            [(2, 2, true), (1, 1, false), (4, 2, true), (5, 2, false), (100, 3, false), (0, 0, false)]
        {
            let mut older = OlderRows::default();
            older.compare(compared, (0..returned).map(|_| RunId(1)));
            assert_eq!(older.by_content().is_some(), told, "{returned} of {compared}");
        }
    }

    #[test]
    fn the_run_that_brought_most_of_them_is_named() {
        let mut older = OlderRows::default();
        older.compare(3, [RunId(1), RunId(4), RunId(4)].into_iter());
        let message = older.by_content().unwrap().message;
        assert!(message.starts_with("3 of 3 changed rows") && message.contains("mostly run 4"), "{message}");
    }

    #[test]
    fn times_tell_when_most_rows_are_older() {
        for (dated, outdated, told) in [(2, 2, true), (1, 1, false), (10, 4, false), (10, 5, true)] {
            let mut older = OlderRows::default();
            older.note_times(dated, outdated);
            assert_eq!(older.by_time().is_some(), told, "{outdated} of {dated}");
        }
    }
}
