//! An adapter on the other side of the boundary, behind the trait all adapters have.

use std::collections::HashMap;
use std::sync::Arc;

use importer_plugin::abi::{self, AdapterV1Ref, AskV1Ref, FlatHost, FlatOpen, FlatSource, RStr};
use importer_plugin::{Adapter, AdapterMeta, Error, Extract, Health, Host, OpenRequest, Source, SourceField};
use serde::de::DeserializeOwned;

use super::entry::AdapterModules;
use super::far_error::{bug, named};
use super::isolation::Question;
use super::way::Way;

/// An adapter of a loaded plugin.
pub(super) struct RemoteAdapter {
    plugin: Arc<str>,
    way: Way<AdapterModules>,
    meta: AdapterMeta,
}

impl RemoteAdapter {
    pub(super) fn new(plugin: Arc<str>, way: Way<AdapterModules>, meta: AdapterMeta) -> Self {
        Self { plugin, way, meta }
    }

    fn source(
        &self,
        question: Question,
        request: &OpenRequest,
        host: &Host,
    ) -> Result<Box<dyn Source>, Error> {
        let far: Box<dyn FarSource> = match &self.way {
            Way::Apart(plugin) => Box::new(plugin.open(&self.meta.name, question, request, host)?),
            Way::Here(modules) => {
                let deletions = || modules.deletions.ok_or_else(|| self.cannot());
                let module = if question == Question::Deletions { deletions()? } else { modules.open };
                Box::new(self.open_here(module, request, host)?)
            }
        };
        let columns = far.columns();
        check_columns(&columns).map_err(|what| bug(&self.plugin, what))?;
        // Nothing is handed over yet, so going on means going on where this run was told to.
        let cursor = request.cursor.clone();
        let plugin = Arc::clone(&self.plugin);
        Ok(Box::new(RemoteSource { far, plugin, columns, cursor, state: State::Reading }))
    }

    fn open_here(
        &self,
        module: AdapterV1Ref,
        request: &OpenRequest,
        host: &Host,
    ) -> Result<SourceHere, Error> {
        let name = RStr::from(self.meta.name.as_str());
        let opened = module.open()(name, FlatOpen::from(request), FlatHost::from(host));
        let far = opened.into_result().map_err(|error| named(&self.plugin, error.into()))?;
        // Wrapped before anything can fail, so that it is closed in any case.
        Ok(SourceHere { far, plugin: Arc::clone(&self.plugin) })
    }

    fn ask<T: DeserializeOwned>(
        &self,
        question: Question,
        request: &OpenRequest,
        host: &Host,
    ) -> Result<T, Error> {
        let json = match &self.way {
            Way::Apart(plugin) => plugin.ask(&self.meta.name, question, request, host)?,
            Way::Here(modules) => {
                let module = if question == Question::Fields { modules.fields } else { modules.health };
                self.ask_here(module.ok_or_else(|| self.cannot())?, request, host)?
            }
        };
        serde_json::from_str(&json)
            .map_err(|error| bug(&self.plugin, format!("its answer cannot be read: {error}")))
    }

    fn ask_here(&self, module: AskV1Ref, request: &OpenRequest, host: &Host) -> Result<String, Error> {
        let name = RStr::from(self.meta.name.as_str());
        let answer = module.ask()(name, FlatOpen::from(request), FlatHost::from(host)).into_result();
        answer.map(Into::into).map_err(|error| named(&self.plugin, error.into()))
    }

    fn cannot(&self) -> Error {
        Error::config(format!("adapter `{}` of plugin `{}` cannot do that", self.meta.name, self.plugin))
    }
}

impl Adapter for RemoteAdapter {
    fn meta(&self) -> AdapterMeta {
        self.meta.clone()
    }

    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        self.source(Question::Rows, request, host)
    }

    fn fields(&self, request: &OpenRequest, host: &Host) -> Result<Vec<SourceField>, Error> {
        self.ask(Question::Fields, request, host)
    }

    fn health(&self, request: &OpenRequest, host: &Host) -> Result<Health, Error> {
        self.ask(Question::Health, request, host)
    }

    fn deletions(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        self.source(Question::Deletions, request, host)
    }
}

/// Names are not repeated in the message: where a file has no header they are somebody's data.
fn check_columns(columns: &[String]) -> Result<(), String> {
    if columns.is_empty() {
        return Err("its source has no columns".into());
    }
    let mut seen = HashMap::new();
    for (at, column) in columns.iter().enumerate() {
        if let Some(first) = seen.insert(column.as_str(), at) {
            return Err(format!("columns {} and {} of its source have the same name", first + 1, at + 1));
        }
    }
    Ok(())
}

/// Why a source has no rows to hand over.
pub(super) enum FarFault {
    /// It says so.
    Said(Error),
    /// Its rows are lost.
    Broken(Error),
}

/// The open source of the far side.
pub(super) trait FarSource: Send {
    fn columns(&self) -> Vec<String>;
    /// Puts the next rows into `out` and returns the cursor behind them. After an error nobody may use the rows.
    fn next(&mut self, out: &mut Extract) -> Result<Option<String>, FarFault>;
}

/// An open source in this process; closed when it is dropped.
struct SourceHere {
    far: FlatSource,
    plugin: Arc<str>,
}

// SAFETY: the handle is a `Box<dyn Source>` of the far side, and `Source` is `Send`; it is used by one owner at a time.
#[allow(unsafe_code)]
unsafe impl Send for SourceHere {}

impl Drop for SourceHere {
    fn drop(&mut self) {
        (self.far.close)(self.far.handle);
    }
}

impl FarSource for SourceHere {
    fn columns(&self) -> Vec<String> {
        self.far.columns.iter().map(|column| column.as_str().to_owned()).collect()
    }

    fn next(&mut self, out: &mut Extract) -> Result<Option<String>, FarFault> {
        let answer = (self.far.next)(self.far.handle).into_result();
        let flat = answer.map_err(|error| FarFault::Said(named(&self.plugin, error.into())))?;
        abi::extract(flat, out).map_err(|error| FarFault::Broken(named(&self.plugin, error)))
    }
}

#[derive(PartialEq)]
enum State {
    Reading,
    Ended,
    /// Rows of a broken batch are lost, so going on would lose them silently.
    Broken,
}

struct RemoteSource {
    far: Box<dyn FarSource>,
    plugin: Arc<str>,
    columns: Vec<String>,
    cursor: Option<String>,
    state: State,
}

impl RemoteSource {
    fn checked(&self, extract: &Extract) -> Result<(), String> {
        let batch = extract.batch();
        if batch.is_empty() {
            return Ok(());
        }
        if batch.columns() != self.columns.len() {
            return Err(format!(
                "it handed over rows of {} cells, and its source has {} columns",
                batch.columns(),
                self.columns.len()
            ));
        }
        if self.state == State::Ended {
            return Err("it handed over rows after the end; an answer without rows means the end".into());
        }
        Ok(())
    }
}

impl Source for RemoteSource {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn next(&mut self, out: &mut Extract) -> Result<(), Error> {
        out.reset(self.columns.len());
        if self.state == State::Broken {
            return Err(bug(&self.plugin, "it handed over a broken batch before; this source cannot go on"));
        }
        let fits = match self.far.next(out) {
            Err(FarFault::Said(error)) => return Err(error),
            Err(FarFault::Broken(error)) => Err(error),
            Ok(cursor) => self.checked(out).map(|()| cursor).map_err(|what| bug(&self.plugin, what)),
        };
        self.cursor = fits.inspect_err(|_| {
            out.reset(self.columns.len());
            self.state = State::Broken;
        })?;
        if out.batch().is_empty() {
            out.reset(self.columns.len());
            self.state = State::Ended;
        }
        Ok(())
    }

    fn cursor(&self) -> Option<String> {
        self.cursor.clone()
    }
}

#[cfg(test)]
#[path = "remote_adapter_tests.rs"]
mod tests;
