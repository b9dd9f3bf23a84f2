//! Trying again what failed in passing: how often, and how long to wait before.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::host::Waiting;
use crate::{Error, ErrorStatus, Result};

/// How patient a run is with a source that fails in passing: a network, a busy server, a limit of requests.
///
/// It waits for `first_wait`, then twice as long each time, up to `longest_wait`; longer when the source asks for that.
/// What is enough ends the run, and the same request goes on with it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct RetryPolicy {
    /// How often in a row it asks again without getting any rows. 5, unless set.
    pub tries: u32,
    /// The first wait. 1 second.
    pub first_wait: Duration,
    /// The longest wait that it chooses by itself. 60 seconds.
    pub longest_wait: Duration,
    /// All waiting of one call together. 15 minutes.
    pub total_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            total_wait: Duration::from_secs(15 * 60),
        }
    }
}

impl RetryPolicy {
    /// Never tries again.
    pub fn none() -> Self {
        Self { tries: 0, ..Self::default() }
    }
}

/// What was tried again; stored with the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Retried {
    times: u64,
    waited_ms: u64,
    last: String,
}

impl Retried {
    pub(super) fn is_empty(&self) -> bool {
        self.times == 0
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.times += other.times;
        self.waited_ms = self.waited_ms.saturating_add(other.waited_ms);
        if !other.is_empty() {
            self.last.clone_from(&other.last);
        }
    }

    /// For the notes of the run.
    pub(super) fn note(&self) -> Option<String> {
        let times = match self.times {
            0 => return None,
            1 => "once".to_owned(),
            many => format!("{many} times"),
        };
        Some(format!(
            "a step failed temporarily and was retried, {times} with {:.1} s of waiting; the last error: {}",
            Duration::from_millis(self.waited_ms).as_secs_f64(),
            self.last
        ))
    }
}

/// What is left of the patience of one call.
#[derive(Debug, Clone)]
pub(super) struct Retries {
    policy: RetryPolicy,
    in_a_row: u32,
    waited: Duration,
    /// With what earlier calls tried again for the same run.
    pub(super) retried: Retried,
}

impl Retries {
    pub(super) fn new(policy: RetryPolicy) -> Self {
        Self { policy, in_a_row: 0, waited: Duration::ZERO, retried: Retried::default() }
    }

    /// Something was got since.
    pub(super) fn progressed(&mut self) {
        self.in_a_row = 0;
    }

    /// How long to wait before the step is tried again.
    ///
    /// # Errors
    /// The error itself, when trying again cannot help or was tried often enough.
    pub(super) fn next(&mut self, error: Error) -> Result<Waiting> {
        if error.status() != ErrorStatus::Temporary || self.policy.tries == 0 {
            return Err(error);
        }
        if self.in_a_row >= self.policy.tries {
            return Err(error.at("tries", u64::from(self.in_a_row) + 1));
        }
        let doubled = 2_u32.checked_pow(self.in_a_row).unwrap_or(u32::MAX);
        let own = self.policy.first_wait.saturating_mul(doubled).min(self.policy.longest_wait);
        let time = error.retry_after().map_or(own, |asked| asked.max(own));
        let left = self.policy.total_wait.saturating_sub(self.waited);
        if time > left {
            let hint = format!(
                "the source asks to be retried in {} s, and a run waits {} s in total; start the same request again then to \
                 continue where it stopped",
                time.as_secs_f32().ceil(),
                self.policy.total_wait.as_secs()
            );
            return Err(error.at("tries", u64::from(self.in_a_row) + 1).hint(hint));
        }
        self.in_a_row += 1;
        self.waited += time;
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.retried.times += 1;
        self.retried.waited_ms = self.retried.waited_ms.saturating_add(milliseconds);
        error.message().clone_into(&mut self.retried.last);
        Ok(Waiting { tries: self.in_a_row, time, why: error.message().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn busy() -> Error {
        Error::new(ErrorKind::Source, "read the source", "the server is busy").temporary()
    }

    /// How long it waits before each further try of what never succeeds, in seconds, and the error in the end.
    fn waits(policy: RetryPolicy, error: impl Fn() -> Error) -> (Vec<u64>, Error) {
        let (mut retries, mut waits) = (Retries::new(policy), Vec::new());
        loop {
            match retries.next(error()) {
                Ok(waiting) => waits.push(waiting.time.as_secs()),
                Err(error) => return (waits, error),
            }
        }
    }

    fn asking_for(seconds: u64) -> Error {
        use importer_plugin::ErrorKind::RateLimited;
        let error = importer_plugin::Error::new(RateLimited, "slow down");
        Error::from_plugin("crm", "read the source", error.retry_after(Duration::from_secs(seconds)))
    }

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let (seen, error) = waits(RetryPolicy::default(), busy);
        assert_eq!(seen, [1, 2, 4, 8, 16]);
        assert!(error.to_string().contains("tries: 6"), "{error}");
        let patient = RetryPolicy { tries: 9, ..RetryPolicy::default() };
        assert_eq!(waits(patient, busy).0, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let endless = RetryPolicy { tries: u32::MAX, ..RetryPolicy::default() };
        assert_eq!(waits(endless, busy).0.iter().sum::<u64>(), 15 * 60 - 57, "no longer than in all");
    }

    #[test]
    fn a_source_that_asks_for_time_gets_it_unless_that_is_too_long() {
        assert_eq!(waits(RetryPolicy::default(), || asking_for(7)).0, [7, 7, 7, 8, 16]);
        assert_eq!(waits(RetryPolicy::default(), || asking_for(400)).0, [400, 400]);
        for seconds in [3_600, u64::MAX] {
            let (seen, error) = waits(RetryPolicy::default(), || asking_for(seconds));
            assert!(seen.is_empty());
            let text = error.to_string();
            assert!(
                text.contains("waits 900 s in total") && text.contains("continue where it stopped"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_does_not_pass_is_not_tried_again() {
        for kind in
            [ErrorKind::Auth, ErrorKind::Config, ErrorKind::Plugin, ErrorKind::Source, ErrorKind::Store]
        {
            assert!(waits(RetryPolicy::default(), || Error::new(kind, "read the source", "no")).0.is_empty());
        }
        assert!(waits(RetryPolicy::none(), busy).0.is_empty());
    }

    #[test]
    fn rows_that_came_meanwhile_begin_the_count_anew_but_not_the_time() {
        let mut retries = Retries::new(RetryPolicy { tries: 1, ..RetryPolicy::default() });
        for _ in 0..15 * 60 {
            assert_eq!(retries.next(busy()).unwrap().time, Duration::from_secs(1));
            retries.progressed();
        }
        assert!(retries.next(busy()).is_err());
        assert!(
            retries.retried.note().unwrap().contains("900 times with 900.0 s"),
            "{:?}",
            retries.retried.note()
        );
    }
}
