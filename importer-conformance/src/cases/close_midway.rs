use std::thread;
use std::time::Duration;

use crate::case::{Area, Case, CaseResult, demand};
use crate::cases::each::{answers, each};
use crate::reading;
use crate::subject::Subject;

pub(super) const CASE: Case = Case {
    name: "close-midway",
    area: Area::Adapters,
    demands: "A source can be closed at any time: the next one works, and no thread stays behind.",
    why: "Runs are cancelled, and limits are reached; a thread that stays behind holds files and memory.",
    advice: "stop and join threads when the source is dropped, and let nothing panic or exit there",
    check,
};

const TIMES: usize = 8;
/// How long a thread may take to end after its source is closed.
const GRACE: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(10);

fn check(subject: &Subject) -> CaseResult {
    each(subject, |readable| {
        // The first one may start what stays for good, such as a pool.
        let alone = answers(readable)?;
        let before = threads();
        for _ in 0..TIMES {
            let mut source = readable.open()?;
            reading::next(&mut *source).map_err(|error| readable.unreadable(&error))?;
        }
        let mut waited = Duration::ZERO;
        while threads() > before && waited < GRACE {
            thread::sleep(STEP);
            waited += STEP;
        }
        let left = threads().saturating_sub(before);
        // One more than before may be a pool that grew.
        demand(left < TIMES, || format!("{left} threads are left of {TIMES} sources"))?;
        demand(answers(readable)? == alone, || "the source after it gives other rows".into())
    })
}

/// How many threads this process has; 0 where the system does not say.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, |tasks| tasks.count())
}
