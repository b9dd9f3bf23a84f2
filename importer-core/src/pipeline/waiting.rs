//! Waiting before a step is tried again.

use std::time::Duration;

use super::context::RunContext;
use super::host::Waiting;
use super::retry::{Retries, RetryPolicy};
use super::working::Working;
use crate::ports::{Session, in_transaction};
use crate::{Error, ErrorKind, Result};

/// How long a run waits before it looks whether it is to stop.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

impl RunContext<'_> {
    /// How patient this run is: rows that people corrected have no source that could be asked again.
    pub(super) fn retries(&self) -> Retries {
        Retries::new(if self.corrections.is_some() { RetryPolicy::none() } else { self.retry })
    }

    /// Waits before a step is tried again.
    ///
    /// # Errors
    /// That of a run that was told to stop meanwhile.
    pub(super) fn wait(&self, waiting: &Waiting, poll: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let seconds = waiting.time.as_secs_f64();
        tracing::warn!(tries = waiting.tries, seconds, "{}; it is tried again", waiting.why);
        self.observer.waiting(waiting);
        let mut left = waiting.time;
        while !left.is_zero() {
            let moment = left.min(LOOK_AGAIN);
            self.clock.sleep(moment);
            left -= moment;
            poll()?;
            if self.cancel.is_requested() {
                return Err(self.stopped());
            }
        }
        Ok(())
    }

    /// The same within a run, unless trying again is no use; the run tells of it as long as it waits.
    ///
    /// # Errors
    /// The error itself when that is no use, or that of a run that was told to stop meanwhile.
    pub(super) fn wait_to_try_again(
        &self,
        session: &mut dyn Session,
        work: &mut Working,
        error: Error,
    ) -> Result<()> {
        let of_source = error.kind() == ErrorKind::Source;
        let waiting = work.retries.next(error)?;
        work.metrics.retried = work.retries.retried.clone();
        if of_source {
            work.settle(self.clock.now());
            // Told before the waiting begins, for whoever looks at the run meanwhile; what fails now fails later, too.
            let _ = in_transaction(session, |session| session.save_run(&work.run));
        }
        let run = work.run.id;
        self.wait(&waiting, &mut || self.poll_control(session, run))
    }
}
