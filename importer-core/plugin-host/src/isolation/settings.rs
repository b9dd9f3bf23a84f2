//! Which plugins get a process of their own, what that process is, and what it may take.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::WORKER_ARGUMENT;
use importer_core::{Error, ErrorKind, Result};

/// The program that loads isolated plugins.
///
/// ```
/// use importer_plugin_host::WorkerCommand;
/// let worker = WorkerCommand::new("/usr/lib/importer/importer-plugin-worker");
/// assert!(worker.program().ends_with("importer-plugin-worker"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// A program that calls [`serve_worker`](super::serve_worker), such as `importer-plugin-worker`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new() }
    }

    /// This program itself, whose `main` begins with [`run_worker_if_asked`](super::run_worker_if_asked).
    ///
    /// # Errors
    /// When the system does not say where this program lies.
    pub fn this_program() -> Result<Self> {
        let program = std::env::current_exe().map_err(|error| {
            Error::new(ErrorKind::Plugin, "isolate plugins", "the system does not say where this program is")
                .hint("name importer-plugin-worker as the worker")
                .caused_by(error)
        })?;
        Ok(Self::new(program).argument(WORKER_ARGUMENT))
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The program.
    pub fn program(&self) -> &std::path::Path {
        &self.program
    }

    pub(super) fn arguments(&self) -> &[OsString] {
        &self.arguments
    }
}

/// What an isolated plugin may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerLimits {
    /// How long a call may go without a sign of life: its answer, a line for the log or news of progress. 60 seconds.
    pub silence: Duration,
    /// How long a call may go on after the run was cancelled. 5 seconds.
    pub after_cancel: Duration,
    /// Address space of the worker in bytes, where the system can limit it (Unix). 4 GiB.
    pub memory: Option<u64>,
}

impl Default for WorkerLimits {
    fn default() -> Self {
        Self { silence: Duration::from_secs(60), after_cancel: Duration::from_secs(5), memory: Some(4 << 30) }
    }
}

/// Which plugins run in a process of their own.
///
/// Beside those named here, plugins are isolated whose sidecar says `isolation = "process"`.
///
/// ```
/// use importer_plugin_host::{Discovery, Isolation, TrustPolicy, WorkerCommand};
///
/// let worker = WorkerCommand::new("/usr/lib/importer/importer-plugin-worker");
/// let discovery = Discovery::new(TrustPolicy::default()).isolation(Isolation::process(worker).isolate("csv"));
/// # let _ = discovery;
/// ```
#[derive(Debug, Clone, Default)]
pub struct Isolation {
    worker: Option<WorkerCommand>,
    limits: WorkerLimits,
    all: bool,
    ids: BTreeSet<String>,
}

impl Isolation {
    /// Plugins that ask for it get processes of this program.
    pub fn process(worker: WorkerCommand) -> Self {
        Self { worker: Some(worker), ..Self::default() }
    }

    /// Isolates the plugin with this id.
    #[must_use]
    pub fn isolate(mut self, id: impl Into<String>) -> Self {
        self.ids.insert(id.into());
        self
    }

    /// Isolates every plugin that is loaded from a file.
    #[must_use]
    pub fn isolate_all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Sets what isolated plugins may take.
    #[must_use]
    pub fn limits(mut self, limits: WorkerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// True when the host named this plugin.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// The worker of a plugin that is to be isolated; `wish` is what its sidecar asks for.
    pub(crate) fn worker_of(
        &self,
        id: &str,
        wish: bool,
    ) -> Result<Option<(WorkerCommand, WorkerLimits)>, String> {
        let demanded = self.all || self.names(id);
        match &self.worker {
            Some(worker) if demanded || wish => Ok(Some((worker.clone(), self.limits))),
            None if demanded => {
                Err("it is to run in a process of its own, and no worker program is named".into())
            }
            None if wish => {
                tracing::warn!(
                    plugin = id,
                    "a plugin asks for a process of its own, and no worker program is named"
                );
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_without_a_worker_is_refused_and_a_wish_is_not() {
        let none = Isolation::default();
        assert_eq!(none.worker_of("csv", true), Ok(None));
        assert!(
            none.clone().isolate("csv").worker_of("csv", false).unwrap_err().contains("no worker program")
        );
        assert_eq!(none.isolate("xml").worker_of("csv", false), Ok(None));
    }

    #[test]
    fn who_is_named_or_asks_is_isolated() {
        let isolation = Isolation::process(WorkerCommand::new("worker")).isolate("csv");
        let isolated = |isolation: &Isolation, id, wish| isolation.worker_of(id, wish).unwrap().is_some();
        assert!(isolated(&isolation, "csv", false) && isolated(&isolation, "xml", true));
        assert!(!isolated(&isolation, "xml", false) && isolated(&isolation.isolate_all(), "xml", false));
    }
}
