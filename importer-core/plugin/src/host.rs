use std::sync::Arc;

/// How important a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// For the operator's log.
    Info,
    /// Something is odd; the run goes on.
    Warn,
    /// Something failed.
    Error,
}

/// What a host offers to a running adapter or rule.
///
/// A host implements this; plugins see it as a [`Host`].
pub trait HostCalls: Send + Sync {
    /// A line for the host's log. Never put personal data into it.
    fn log(&self, level: LogLevel, message: &str);
    /// How far a source is: units done, and units in all when known (0 otherwise). The unit is the source's own.
    fn progress(&self, done: u64, total: u64);
    /// True once the run was cancelled; a source asks at least once per batch.
    fn cancelled(&self) -> bool;
    /// A secret by name. Secrets come from here alone, never from options.
    fn secret(&self, name: &str) -> Option<String>;
}

/// The host as an adapter or a rule sees it; cheap to clone and safe to keep.
///
/// ```
/// use importer_plugin::{Host, LogLevel};
/// let host = Host::detached();
/// host.log(LogLevel::Info, "nobody listens");
/// assert!(!host.cancelled());
/// ```
#[derive(Clone)]
pub struct Host(Arc<dyn HostCalls>);

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

impl Host {
    /// Wraps a host's own implementation.
    pub fn new(calls: Arc<dyn HostCalls>) -> Self {
        Self(calls)
    }

    /// A host that hears nothing and knows no secrets, for tests.
    pub fn detached() -> Self {
        struct Nobody;
        impl HostCalls for Nobody {
            fn log(&self, _: LogLevel, _: &str) {}
            fn progress(&self, _: u64, _: u64) {}
            fn cancelled(&self) -> bool {
                false
            }
            fn secret(&self, _: &str) -> Option<String> {
                None
            }
        }
        Self(Arc::new(Nobody))
    }

    /// A line for the host's log. Never put personal data into it.
    pub fn log(&self, level: LogLevel, message: &str) {
        self.0.log(level, message);
    }

    /// How far the source is, in units of its own; `total` is 0 when unknown.
    pub fn progress(&self, done: u64, total: u64) {
        self.0.progress(done, total);
    }

    /// True once the run was cancelled.
    pub fn cancelled(&self) -> bool {
        self.0.cancelled()
    }

    /// A secret by name.
    pub fn secret(&self, name: &str) -> Option<String> {
        self.0.secret(name)
    }
}
