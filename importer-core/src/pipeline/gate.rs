//! Between the phases the run as a whole is judged, before anything of it reaches the core.

use serde::{Deserialize, Serialize};

use super::Counts;

/// What the gate does about an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GateMode {
    /// Flags the run.
    #[default]
    Warn,
    /// Holds the run: the core stays untouched until somebody approves.
    Enforce,
}

/// What the gate looks for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GatePolicy {
    /// What it does.
    pub mode: GateMode,
    /// The share of rows in quarantine that is too much, in percent.
    pub max_reject_percent: u64,
    /// Fewer rows than this are not judged: a share of a handful says nothing.
    pub min_rows: u64,
    /// What it does when many external ids name somebody else than before.
    pub moved_ids: GateMode,
    /// The share of changed ids that name somebody else which is too much, in percent.
    pub max_moved_ids_percent: u64,
    /// Fewer of them than this are not judged.
    pub min_moved_ids: u64,
    /// What it does when most dates of a column cannot be read.
    pub unreadable_dates: GateMode,
    /// What it does when most changed rows are again what they were before: a file that is older than the last one.
    pub older_file: GateMode,
}

impl Default for GatePolicy {
    /// Warns from 20 % of the rows in quarantine on (the paging threshold of the specification's Appendix C), for 20 rows or
    /// more. Holds a run in which five ids or more, and 20 % of those that changed, name somebody else than before, and a run
    /// with a column of unreadable dates: without them, people of one name at one address are one person.
    fn default() -> Self {
        Self {
            mode: GateMode::Warn,
            max_reject_percent: 20,
            min_rows: 20,
            moved_ids: GateMode::Enforce,
            max_moved_ids_percent: 20,
            min_moved_ids: 5,
            unreadable_dates: GateMode::Enforce,
            older_file: GateMode::Warn,
        }
    }
}

/// Something about a run that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomaly {
    /// What it is.
    pub code: String,
    /// What was seen, and what to do.
    pub message: String,
}

impl GatePolicy {
    /// Judges the counts of phase 1.
    ///
    /// ```
    /// use importer_core::pipeline::{Counts, GatePolicy};
    /// let counts = Counts { read: 100, quarantined: 91, ..Counts::default() };
    /// assert_eq!(GatePolicy::default().judge(&counts)[0].code, "reject_rate");
    /// ```
    pub fn judge(&self, counts: &Counts) -> Vec<Anomaly> {
        let mut found = Vec::new();
        if counts.read >= self.min_rows && counts.quarantined * 100 > counts.read * self.max_reject_percent {
            found.push(Anomaly {
                code: "reject_rate".into(),
                message: format!(
                    "{} % of the rows are quarantined, more than {} %: look at the rules that hold them back before \
                     fixing rows one by one; a wrong mapping or date format is the usual cause",
                    counts.quarantined * 100 / counts.read,
                    self.max_reject_percent
                ),
            });
        }
        found
    }
}
