use serde::Serialize;

use crate::subject::Subject;

/// What part of a plugin a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// The plugin as a whole.
    Plugin,
    /// Options of whatever it brings.
    Options,
    /// Adapters and their sources.
    Adapters,
    /// Rules about single rows.
    Rules,
    /// Rules about all rows of a run.
    SetRules,
    /// Match features.
    Features,
}

/// One promise of the plugin contract, and how it is checked.
#[derive(Debug)]
pub struct Case {
    /// Its name, for `--case`.
    pub name: &'static str,
    /// What part of a plugin it is about.
    pub area: Area,
    /// What it demands, in a sentence.
    pub demands: &'static str,
    /// Why a host needs that.
    pub why: &'static str,
    /// What an author does when it fails.
    pub advice: &'static str,
    pub(crate) check: fn(&Subject) -> CaseResult,
}

/// The end of a case.
pub(crate) type CaseResult = Result<(), Stop>;

/// Why a case did not pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The promise is broken: what was seen.
    Failed(String),
    /// There is nothing to check: why.
    Skipped(String),
}

pub(crate) fn fail<T>(what: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(what.into()))
}

pub(crate) fn skip<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Skipped(why.into()))
}

/// Fails unless `holds`.
pub(crate) fn demand(holds: bool, what: impl FnOnce() -> String) -> CaseResult {
    if holds { Ok(()) } else { Err(Stop::Failed(what())) }
}
