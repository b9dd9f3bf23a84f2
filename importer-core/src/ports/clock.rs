use std::time::Duration;

use super::Moment;

/// The time, as the pipeline sees it.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Moment;

    /// Lets this time pass. A run that waits for its source calls it again and again for a moment, and looks in between
    /// whether it is to stop.
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        std::time::SystemTime::now().into()
    }
}

/// A clock that stands still, for tests and replays. Nobody waits by it: sleeping takes no time.
///
/// ```
/// use importer_core::ports::{Clock, FixedClock, parse_moment};
/// let clock = FixedClock(parse_moment("2025-06-01T00:00:00Z").unwrap());
/// assert_eq!(clock.now(), clock.now());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(
    /// What it says.
    pub Moment,
);

impl Clock for FixedClock {
    fn now(&self) -> Moment {
        self.0
    }

    fn sleep(&self, _: Duration) {}
}
