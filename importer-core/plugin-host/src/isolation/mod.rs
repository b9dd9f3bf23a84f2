//! Plugins in processes of their own: a crash, an exit or a hang of a plugin fails one run and leaves the host alone.
//!
//! The host starts a *worker*, which loads the plugin and speaks with the host over its pipes. What passes is what passes
//! the boundary in the process: flat batches, findings, errors. A worker reads what the host has checked from the host's
//! private copy and refuses anything that hashes to something else.
//!
//! - *Each open source has a worker to itself*; rules, set-level rules and match features of a plugin share one.
//! - *A call ends* with its answer, with the worker's end, or after [`WorkerLimits::silence`] without a sign of life. Lines
//!   for the log, news of progress and questions for secrets are signs of life, so a source that waits should report
//!   progress.
//! - *A cancelled run* is told to the plugin at once, and its worker is ended after [`WorkerLimits::after_cancel`].
//! - *The worker dies with the host*: it ends itself when its input ends.
//!
//! It guards against faults and not against malice: the worker has the same user, files and network as the host.

mod adapter;
mod ended;
mod frame;
mod hosts;
mod judge;
mod limit;
mod message;
mod plugin;
mod process;
mod settings;
mod wire;
mod worker;

use std::process::ExitCode;

pub(super) use message::Question;
pub(super) use plugin::IsolatedPlugin;
pub use settings::{Isolation, WorkerCommand, WorkerLimits};

/// The argument that makes a host a worker. An argument and not a variable of the environment, which everything that a
/// plugin starts would inherit.
const WORKER_ARGUMENT: &str = "--importer-plugin-worker";

/// Serves as a worker when this program was started as one; call it first in `main`, before anything is printed.
///
/// ```
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     if let Some(code) = importer_plugin_host::run_worker_if_asked() {
///         return code;
///     }
///     // … the host
///     ExitCode::SUCCESS
/// }
/// ```
pub fn run_worker_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments.next().is_some_and(|first| first == WORKER_ARGUMENT) && arguments.next().is_none();
    asked.then(serve_worker)
}

/// Serves as a worker over standard input and output until the host is gone.
pub fn serve_worker() -> ExitCode {
    match limit::private_pipes() {
        Ok((input, output)) => worker::serve(input, output),
        // The host sees an end without a hello.
        Err(_) => ExitCode::FAILURE,
    }
}
