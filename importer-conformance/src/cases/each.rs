//! Cases about adapters look at each one that can be read.

use importer_plugin::AdapterCapability;

use crate::case::{CaseResult, Stop, skip};
use crate::reading::{self, Answer};
use crate::subject::{Readable, Subject};

/// Checks every adapter that can be read; what is found names the adapter.
pub(super) fn each(subject: &Subject, check: impl Fn(&Readable) -> CaseResult) -> CaseResult {
    let mut skipped = None;
    for readable in subject.readable()? {
        match check(&readable) {
            Ok(()) => {}
            Err(Stop::Failed(what)) => return Err(named(&readable, what)),
            Err(stop) => skipped = Some(stop),
        }
    }
    skipped.map_or(Ok(()), Err)
}

/// Checks every adapter that says it can do something beside reading.
pub(super) fn capable(
    subject: &Subject,
    capability: AdapterCapability,
    check: impl Fn(&Readable) -> CaseResult,
) -> CaseResult {
    let adapters = subject.adapters()?;
    if !adapters.iter().any(|readable| readable.adapter.meta().capabilities.contains(&capability)) {
        return skip("no adapter says that it can");
    }
    let mut able = subject.readable()?;
    able.retain(|readable| readable.adapter.meta().capabilities.contains(&capability));
    if able.is_empty() {
        return skip("the adapter that says it can needs options");
    }
    able.iter().try_for_each(|readable| {
        check(readable).map_err(|stop| match stop {
            Stop::Failed(what) => named(readable, what),
            skipped @ Stop::Skipped(_) => skipped,
        })
    })
}

fn named(readable: &Readable, what: String) -> Stop {
    Stop::Failed(format!("adapter `{}`: {what}", readable.name))
}

/// All answers of a source.
pub(super) fn answers(readable: &Readable) -> Result<Vec<Answer>, Stop> {
    let mut source = readable.open()?;
    let (answers, _) = reading::read(&mut *source).map_err(|error| readable.unreadable(&error))?;
    Ok(answers)
}
