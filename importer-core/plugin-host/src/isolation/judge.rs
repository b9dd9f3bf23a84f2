//! Rules, set-level rules and match features of an isolated plugin.

use std::sync::{Arc, PoisonError};

use importer_plugin::{Batch, Error, Finding, Host, Options, SetFinding, Severity};

use super::frame::{Frame, Kind};
use super::message::Sort;
use super::plugin::{IsolatedPlugin, Shared};
use super::wire::{Put, Take, severity_number};
use crate::remote_feature::FarFeature;
use crate::remote_rule::FarRule;
use crate::remote_set_rule::FarSetRule;

/// A configured object of a worker; closed when it is dropped.
struct Judge {
    plugin: Arc<IsolatedPlugin>,
    worker: Shared,
    object: u64,
}

impl Judge {
    fn call(&self, doing: &str, kind: Kind, write: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, Error> {
        let mut frame = Frame::new(kind);
        frame.body().number(self.object);
        write(frame.body());
        let mut process = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        process.call(doing, Some(self.object), frame).map_err(|fault| self.plugin.error(fault))
    }

    fn read<T>(&self, read: Result<T, &'static str>) -> Result<T, Error> {
        read.map_err(|why| self.plugin.unreadable(why))
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        // Whoever is gone needs no closing, and has told why.
        let _ = self.call("closing a rule", Kind::Close, |_| {});
        self.worker.lock().unwrap_or_else(PoisonError::into_inner).remove_host(self.object);
    }
}

/// A rule in a worker.
pub(crate) struct IsolatedRule(Judge);

impl FarRule for IsolatedRule {
    fn check(&mut self, rows: Batch, severity: Severity) -> Result<Vec<Finding>, Error> {
        let body = self.0.call("checking rows", Kind::Check, |body| {
            body.push(severity_number(severity));
            body.batch(rows);
        })?;
        self.0.read(Take(&body).findings())
    }
}

/// A set-level rule in a worker.
pub(crate) struct IsolatedSetRule(Judge);

impl FarSetRule for IsolatedSetRule {
    fn observe(&mut self, rows: Batch) -> Result<(), Error> {
        self.0.call("looking at rows", Kind::Observe, |body| body.batch(rows)).map(drop)
    }

    fn finish(&mut self, severity: Severity) -> Result<Vec<SetFinding>, Error> {
        let body =
            self.0.call("judging the run", Kind::Finish, |body| body.push(severity_number(severity)))?;
        self.0.read(Take(&body).set_findings())
    }
}

/// A match feature in a worker.
pub(crate) struct IsolatedFeature(Judge);

impl FarFeature for IsolatedFeature {
    fn compare(&mut self, left: Batch, right: Batch) -> Result<Vec<i16>, Error> {
        let body = self.0.call("comparing records", Kind::Compare, |body| {
            body.batch(left);
            body.batch(right);
        })?;
        self.0.read(Take(&body).levels())
    }
}

impl IsolatedPlugin {
    fn judge(
        self: &Arc<Self>,
        sort: Sort,
        name: &str,
        options: &Options,
        host: &Host,
    ) -> Result<Judge, Error> {
        let (worker, object) = self.create(sort, name, options, host)?;
        Ok(Judge { plugin: Arc::clone(self), worker, object })
    }

    pub(crate) fn rule(
        self: &Arc<Self>,
        code: &str,
        options: &Options,
        host: &Host,
    ) -> Result<IsolatedRule, Error> {
        self.judge(Sort::Rule, code, options, host).map(IsolatedRule)
    }

    pub(crate) fn set_rule(
        self: &Arc<Self>,
        code: &str,
        options: &Options,
        host: &Host,
    ) -> Result<IsolatedSetRule, Error> {
        self.judge(Sort::SetRule, code, options, host).map(IsolatedSetRule)
    }

    pub(crate) fn feature(
        self: &Arc<Self>,
        name: &str,
        options: &Options,
        host: &Host,
    ) -> Result<IsolatedFeature, Error> {
        self.judge(Sort::Feature, name, options, host).map(IsolatedFeature)
    }
}
