use std::time::{Duration, Instant};

use importer_plugin::ErrorKind;

use crate::case::{Area, Case, CaseResult, demand, fail};
use crate::cases::each::each;
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "cancellation",
    area: Area::Adapters,
    demands: "Once the run is cancelled, the source answers with an error of the kind `cancelled`, or with its end, within a second.",
    why: "Whoever stops a run is waiting.",
    advice: "ask `Host::cancelled` at least once per batch and while waiting, and return `Error::cancelled()`",
    check,
};

const LONGEST: Duration = Duration::from_secs(1);

fn check(subject: &Subject) -> CaseResult {
    each(subject, |readable| {
        let mut source = readable.open()?;
        reading::next(&mut *source).map_err(|error| readable.unreadable(&error))?;
        readable.listener.cancel();
        let start = Instant::now();
        loop {
            let answer = reading::next(&mut *source);
            let took = start.elapsed();
            demand(took <= LONGEST, || format!("it went on for {} ms", took.as_millis()))?;
            match answer {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(()),
                Err(error) if error.kind == ErrorKind::Cancelled => return Ok(()),
                Err(error) => return fail(format!("it answered with an error of the kind {:?}", error.kind)),
            }
        }
    })
}
