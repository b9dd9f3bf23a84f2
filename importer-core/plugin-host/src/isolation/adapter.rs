//! Sources of an isolated plugin.

use std::sync::Arc;

use importer_plugin::{Error, Extract, Host, OpenRequest};

use super::frame::{Frame, Kind};
use super::message::Question;
use super::plugin::{IsolatedPlugin, ask, json_frame};
use super::process::{Fault, Process};
use super::wire::{Put, Take};
use crate::remote_adapter::{FarFault, FarSource};

/// An open source in a worker of its own; closed when it is dropped.
pub(crate) struct IsolatedSource {
    plugin: Arc<IsolatedPlugin>,
    process: Option<Process>,
    object: u64,
    columns: Vec<String>,
}

impl IsolatedPlugin {
    /// Opens a source of rows or of deletions.
    pub(crate) fn open(
        self: &Arc<Self>,
        adapter: &str,
        question: Question,
        request: &OpenRequest,
        host: &Host,
    ) -> Result<IsolatedSource, Error> {
        let (process, object, body) = self.question(Kind::Open, adapter, question, request, host)?;
        let columns = serde_json::from_slice(&body).map_err(|error| self.unreadable(&error.to_string()))?;
        Ok(IsolatedSource { plugin: Arc::clone(self), process: Some(process), object, columns })
    }

    /// Asks a question that is answered in JSON.
    pub(crate) fn ask(
        &self,
        adapter: &str,
        question: Question,
        request: &OpenRequest,
        host: &Host,
    ) -> Result<String, Error> {
        let (mut process, object, body) = self.question(Kind::Ask, adapter, question, request, host)?;
        process.remove_host(object);
        self.give_back(process);
        String::from_utf8(body).map_err(|_| self.unreadable("it is not UTF-8"))
    }

    fn question(
        &self,
        kind: Kind,
        adapter: &str,
        question: Question,
        request: &OpenRequest,
        host: &Host,
    ) -> Result<(Process, u64, Vec<u8>), Error> {
        let doing = if kind == Kind::Open { "opening its source" } else { "answering about its source" };
        let object = self.object();
        let mut process = self.take().map_err(|fault| self.error(fault))?;
        process.add_host(object, host);
        let answer = json_frame(kind, &ask(object, adapter, question, request))
            .and_then(|frame| process.call(doing, Some(object), frame));
        match answer {
            Ok(body) => Ok((process, object, body)),
            Err(fault) => {
                process.remove_host(object);
                self.give_back(process);
                Err(self.error(fault))
            }
        }
    }
}

impl FarSource for IsolatedSource {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn next(&mut self, out: &mut Extract) -> Result<Option<String>, FarFault> {
        let mut frame = Frame::new(Kind::Next);
        frame.body().number(self.object);
        let answer = match &mut self.process {
            Some(process) => process.call("reading", Some(self.object), frame),
            None => Err(Fault::Gone("had ended before".into())),
        };
        let body = answer.map_err(|fault| {
            let gone = !matches!(fault, Fault::Said(_));
            let error = self.plugin.error(fault);
            if gone { FarFault::Broken(error) } else { FarFault::Said(error) }
        })?;
        let read = Take(&body).extract().map_err(|why| FarFault::Broken(self.plugin.unreadable(why)));
        let (extract, cursor) = read?;
        *out = extract;
        Ok(cursor)
    }
}

impl Drop for IsolatedSource {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let mut frame = Frame::new(Kind::Close);
        frame.body().number(self.object);
        // What is closed has told all it had to tell.
        let closed = process.call("closing its source", Some(self.object), frame);
        process.remove_host(self.object);
        if closed.is_ok() {
            self.plugin.give_back(process);
        }
    }
}
