//! What a run offers to its plugins and to whoever watches it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use importer_plugin::{HostCalls, LogLevel};
use serde::Serialize;

use crate::ports::{Phase, RunId, StopRequest};

/// Asks runs and scans to stop, or scans to wait; clones share the request.
///
/// ```
/// use importer_core::pipeline::Cancel;
/// let cancel = Cancel::default();
/// cancel.clone().request();
/// assert!(cancel.is_requested());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    all: Arc<AtomicBool>,
    /// What was asked of one run alone: 0 for nothing.
    one: Arc<AtomicU8>,
    waiting: Arc<AtomicBool>,
}

impl Cancel {
    /// Asks.
    pub fn request(&self) {
        self.all.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.all.load(Ordering::Relaxed) || self.asked().is_some()
    }

    /// Lets scans wait where they are until [`go_on`](Self::go_on).
    ///
    /// ```
    /// use importer_core::pipeline::Cancel;
    /// let cancel = Cancel::default();
    /// cancel.pause();
    /// let scan = std::thread::spawn({
    ///     let cancel = cancel.clone();
    ///     move || cancel.wait_while_paused()
    /// });
    /// assert!(cancel.is_paused() && !scan.is_finished());
    /// cancel.go_on();
    /// scan.join().unwrap();
    /// ```
    pub fn pause(&self) {
        self.waiting.store(true, Ordering::Relaxed);
    }

    /// Lets them go on.
    pub fn go_on(&self) {
        self.waiting.store(false, Ordering::Relaxed);
    }

    /// Whether somebody lets them wait.
    pub fn is_paused(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits until they may go on, or are to stop.
    pub fn wait_while_paused(&self) {
        while self.is_paused() && !self.is_requested() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// The same for one run: what is asked of it alone is not asked of others.
    #[must_use]
    pub fn for_one_run(&self) -> Self {
        Self { all: Arc::clone(&self.all), one: Arc::default(), waiting: Arc::clone(&self.waiting) }
    }

    /// Asks something of this run alone: to pause, so that it goes on later, or to end for good. It stops after its batch.
    ///
    /// ```
    /// use importer_core::pipeline::Cancel;
    /// use importer_core::ports::StopRequest;
    /// let all = Cancel::default();
    /// let run = all.for_one_run();
    /// run.ask(StopRequest::Pause);
    /// assert!(run.is_requested() && !all.is_requested());
    /// ```
    pub fn ask(&self, asked: StopRequest) {
        let asked = match asked {
            StopRequest::Pause => 1,
            StopRequest::Cancel => 2,
        };
        self.one.store(asked, Ordering::Relaxed);
    }

    /// What was asked of this run alone.
    pub(super) fn asked(&self) -> Option<StopRequest> {
        match self.one.load(Ordering::Relaxed) {
            1 => Some(StopRequest::Pause),
            2 => Some(StopRequest::Cancel),
            _ => None,
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The run.
    pub run: RunId,
    /// The phase.
    pub phase: Phase,
    /// Rows read (phase 1) or loaded (phase 2).
    pub rows: u64,
    /// How much of the phase is done, in units of its own.
    pub done: u64,
    /// How much there is, 0 when unknown.
    pub total: u64,
}

/// What a run waits for that is to ask its source again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// How often it has asked in a row without getting any rows.
    pub tries: u32,
    /// How long it waits before it asks again.
    pub time: Duration,
    /// Why the source could not be read.
    pub why: String,
}

/// What a scan is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScanPhase {
    /// Reading the core.
    Reading,
    /// Learning, scoring and clustering.
    Scoring,
    /// Storing suggestions.
    Storing,
}

/// How far a scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanProgress {
    /// The phase.
    pub phase: ScanPhase,
    /// Records read, or suggestions stored.
    pub done: u64,
    /// How many there are, 0 when unknown.
    pub total: u64,
}

/// Watches a run.
pub trait Observer: Send + Sync {
    /// Called once the run has its number, new or resumed, before its first batch.
    fn started(&self, _run: RunId) {}

    /// Called after every batch.
    fn progress(&self, progress: Progress);

    /// Called when a run begins to wait, because its source failed in passing.
    fn waiting(&self, _waiting: &Waiting) {}

    /// Called while the core is scanned for duplicates: after every page, and when a phase begins.
    fn scanning(&self, _progress: ScanProgress) {}
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn progress(&self, _: Progress) {}
}

/// Where plugins' secrets come from.
pub trait Secrets: Send + Sync {
    /// A secret by name.
    fn secret(&self, name: &str) -> Option<String>;

    /// Where somebody would put a secret of this name, for messages, such as "the variable `IMPORTER_SECRET_TOKEN`".
    fn place(&self, _name: &str) -> Option<String> {
        None
    }
}

/// Knows no secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn secret(&self, _: &str) -> Option<String> {
        None
    }
}

/// The host a plugin of this run talks to.
pub(super) struct RunHost {
    pub(super) plugin: String,
    pub(super) cancel: Cancel,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) done: AtomicU64,
    pub(super) total: AtomicU64,
}

impl HostCalls for RunHost {
    fn log(&self, level: LogLevel, message: &str) {
        let plugin = self.plugin.as_str();
        match level {
            LogLevel::Debug => tracing::debug!(plugin, "{message}"),
            LogLevel::Info => tracing::info!(plugin, "{message}"),
            LogLevel::Warn => tracing::warn!(plugin, "{message}"),
            LogLevel::Error => tracing::error!(plugin, "{message}"),
        }
    }

    fn progress(&self, done: u64, total: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.cancel.is_requested()
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.secrets.secret(name)
    }
}
