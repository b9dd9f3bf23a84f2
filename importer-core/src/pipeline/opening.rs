//! Opening the source of a run: at its beginning, where it stopped, and again after it failed in passing.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use importer_plugin::{Adapter, Host, HostCalls, OpenRequest, Source};

use super::context::RunContext;
use super::host::RunHost;
use super::report::{Metrics, PluginReport};
use super::retry::Retries;
use super::{Anomaly, RunRequest, ending};
use crate::ports::RunRecord;
use crate::{Error, ErrorKind, Result};

/// What it takes to open a source.
pub(super) struct Opener<'a> {
    pub(super) adapter: &'a dyn Adapter,
    pub(super) request: &'a RunRequest,
    pub(super) host: Arc<RunHost>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(
        context: &RunContext<'_>,
        adapter: &'a dyn Adapter,
        plugin: &PluginReport,
        request: &'a RunRequest,
    ) -> Self {
        let host = RunHost {
            plugin: plugin.id.clone(),
            cancel: context.cancel.clone(),
            secrets: Arc::clone(&context.secrets),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
        };
        Self { adapter, request, host: Arc::new(host) }
    }

    /// Opens the source at its beginning, or at the place that a cursor names.
    pub(super) fn open(&self, cursor: Option<String>) -> Result<Box<dyn Source>> {
        let open =
            OpenRequest { options: self.request.options.clone(), cursor, since: self.request.since.clone() };
        let handle = Host::new(Arc::clone(&self.host) as Arc<dyn HostCalls>);
        self.adapter.open(&open, &handle).map_err(|error| self.failed("open the source", error))
    }

    /// Opens the source again that a run reads.
    ///
    /// # Errors
    /// Also when it is not what it was any more; then the run cannot go on.
    pub(super) fn open_again(&self, cursor: Option<String>, columns: &[String]) -> Result<Box<dyn Source>> {
        const AGAIN: &str = "read the source";
        let in_the_middle = cursor.is_some();
        let source = self.open(cursor).map_err(|error| match error.kind() {
            ErrorKind::Config if in_the_middle => {
                Error::new(ErrorKind::Source, AGAIN, error.message()).at("plugin", &self.host.plugin)
            }
            _ => error,
        })?;
        if source.columns() == columns {
            return Ok(source);
        }
        Err(Error::new(ErrorKind::Source, AGAIN, "its columns changed while it was read")
            .at("plugin", &self.host.plugin)
            .hint("import it again when nobody is changing it"))
    }

    /// An error of the adapter, or of what it handed over.
    pub(super) fn failed(&self, operation: &'static str, error: importer_plugin::Error) -> Error {
        Error::from_plugin(&self.host.plugin, operation, error)
    }

    /// Everything was read; the source is asked only whether it still is what was read, for the user to know.
    pub(super) fn other_source(&self, run: &RunRecord) -> Result<Option<Anomaly>> {
        if run.cursor.is_none() {
            return Ok(None);
        }
        let (code, error) = match self.open(run.cursor.clone()) {
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
            Err(error) if error.kind() == ErrorKind::Config => ("source_changed", error),
            Err(error) => ("source_unavailable", error),
        };
        let message = format!(
            "only the rows that the interrupted run had read are loaded; the source was not read again: {}; start the same \
             request once more to import the source as it is now",
            error.message()
        );
        Ok(Some(Anomaly { code: code.into(), message }))
    }
}

/// A source in which an interrupted run cannot go on.
pub(super) enum Opened {
    /// The run goes on here, or a new one begins.
    Here(Box<dyn Source>),
    /// It is not what the run read; it is open at its beginning.
    Other(Box<dyn Source>, String),
}

impl RunContext<'_> {
    /// Opens the source where an interrupted run stopped, or at its beginning, and waits for what fails in passing.
    pub(super) fn open(
        &self,
        opener: &Opener<'_>,
        interrupted: Option<&RunRecord>,
        retries: &mut Retries,
    ) -> Result<Opened> {
        let Some(run) = interrupted else {
            return self.open_patiently(opener, None, retries).map(Opened::Here);
        };
        let other = |why: String, retries: &mut Retries| {
            // Whoever cannot be opened at all is no other source: then the run stays as it is.
            self.open_patiently(opener, None, retries).map(|source| Opened::Other(source, why))
        };
        if !ending::can_go_on(run) {
            return other("its source cannot be read from the middle".into(), retries);
        }
        let source = match self.open_patiently(opener, run.cursor.clone(), retries) {
            Err(error) if run.cursor.is_some() && error.kind() == ErrorKind::Config => {
                return other(error.message().to_owned(), retries);
            }
            source => source?,
        };
        if is_of(run, source.as_ref()) {
            return Ok(Opened::Here(source));
        }
        drop(source);
        other("its source has other columns now".into(), retries)
    }

    fn open_patiently(
        &self,
        opener: &Opener<'_>,
        cursor: Option<String>,
        retries: &mut Retries,
    ) -> Result<Box<dyn Source>> {
        loop {
            match opener.open(cursor.clone()) {
                Ok(source) => return Ok(source),
                Err(error) => {
                    let waiting = retries.next(error)?;
                    self.wait(&waiting, &mut || Ok(()))?;
                }
            }
        }
    }
}

/// Whether a source has the columns that a run has read.
fn is_of(run: &RunRecord, source: &dyn Source) -> bool {
    let metrics: Metrics = serde_json::from_str(&run.metrics_json).unwrap_or_default();
    metrics.columns.is_empty() || metrics.columns == source.columns()
}
