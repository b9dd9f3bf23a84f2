use super::Moment;

/// The time, as the pipeline sees it.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> Moment;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).naive_utc()
    }
}

/// A clock that stands still, for tests and replays.
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
}
