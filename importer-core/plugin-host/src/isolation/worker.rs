//! The worker's side: loads one plugin and does what the host asks, until the host is gone.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};

use importer_plugin::abi::NEUTRAL;
use importer_plugin::{Error, Extract, Feature, Findings, Options, Rule, SetFindings, SetRule, Source};

use super::frame::{Frame, Kind, receive};
use super::hosts::Hosts;
use super::limit;
use super::message::{Ask, Create, Load, Question, Sort};
use super::process::hello_body;
use super::wire::{Put, Take};
use crate::entry;
use crate::loaded::LoadedPlugin;
use crate::trust::Verification;
use crate::way::Way;
use importer_core::plugins::FileHash;

/// Serves a host over these streams until the host is gone. It ends the process then, whatever a plugin is doing.
pub(super) fn serve<I: Read + Send + 'static>(input: I, output: Box<dyn Write + Send>) -> ExitCode {
    let (hosts, secrets) = Hosts::new(output);
    let mut hello = Frame::new(Kind::Hello);
    hello.body().extend(hello_body());
    hosts.send(hello);
    let requests = listen(input, &hosts, secrets);
    let mut worker = Worker { plugin: None, objects: HashMap::new(), hosts: hosts.clone() };
    for (kind, body) in requests {
        let frame = match worker.answer(kind, &body) {
            Ok(frame) => frame,
            Err(error) => failed(error),
        };
        hosts.send(frame);
    }
    ExitCode::SUCCESS
}

/// A thread that hears the host also while the plugin is at work.
fn listen<I: Read + Send + 'static>(
    mut input: I,
    hosts: &Hosts,
    secrets: std::sync::mpsc::Sender<Option<String>>,
) -> Receiver<(Kind, Vec<u8>)> {
    let (sender, requests) = channel();
    let hosts = hosts.clone();
    std::thread::spawn(move || {
        while let Ok(Some((kind, body))) = receive(&mut input) {
            let heard = match kind {
                Kind::Cancel => Take(&body).number().is_ok_and(|object| {
                    hosts.cancel(object);
                    true
                }),
                Kind::Secret => {
                    Take(&body).optional().is_ok_and(|secret| secrets.send(secret.map(str::to_owned)).is_ok())
                }
                _ => sender.send((kind, body)).is_ok(),
            };
            if !heard {
                break;
            }
        }
        // Nobody is left to work for. Whatever the plugin is doing must not keep the process.
        limit::end_this_process();
    });
    requests
}

fn failed(error: Error) -> Frame {
    let mut frame = Frame::new(Kind::Failed);
    frame.body().error(error);
    frame
}

enum Object {
    Source(Box<dyn Source>, Extract),
    Rule(Box<dyn Rule>),
    SetRule(Box<dyn SetRule>),
    Feature(Box<dyn Feature>),
}

struct Worker {
    plugin: Option<LoadedPlugin>,
    objects: HashMap<u64, Object>,
    hosts: Hosts,
}

fn wrong(what: impl std::fmt::Display) -> Error {
    Error::bug(format!("the worker was asked wrongly: {what}"))
}

impl Worker {
    fn answer(&mut self, kind: Kind, body: &[u8]) -> Result<Frame, Error> {
        let mut frame = Frame::new(Kind::Done);
        let out = frame.body();
        match kind {
            Kind::Load => out.extend(self.load(body)?),
            Kind::Open => out.extend(self.open(body)?),
            Kind::Ask => out.extend(self.ask(body)?),
            Kind::Create => self.create(body)?,
            Kind::Close => {
                let object = Take(body).number().map_err(wrong)?;
                drop(self.objects.remove(&object));
                self.hosts.forget(object);
            }
            _ => self.work(kind, Take(body), out)?,
        }
        Ok(frame)
    }

    fn load(&mut self, body: &[u8]) -> Result<Vec<u8>, Error> {
        let load: Load = serde_json::from_slice(body).map_err(wrong)?;
        if self.plugin.is_some() {
            return Err(wrong("it has a plugin already"));
        }
        limit::before_loading(load.memory).map_err(Error::config)?;
        let found = std::fs::read(&load.file).map(|bytes| FileHash::of(&bytes));
        let found =
            found.map_err(|error| Error::config(format!("its checked copy cannot be read: {error}")))?;
        if found != load.sha256 {
            return Err(Error::config("its checked copy is not what was checked any more"));
        }
        let code = entry::load(&load.file, &load.meta).map_err(Error::config)?;
        let description = serde_json::to_vec(&code.description).map_err(wrong)?;
        // The host has decided about trust; nobody asks the worker.
        let plugin = LoadedPlugin::new(
            Way::Here(Box::new(code)),
            load.meta,
            load.sha256,
            load.file,
            Verification::Unverified,
        );
        self.plugin = Some(plugin);
        Ok(description)
    }

    fn plugin(&self) -> Result<&LoadedPlugin, Error> {
        self.plugin.as_ref().ok_or_else(|| wrong("it has no plugin yet"))
    }

    fn open(&mut self, body: &[u8]) -> Result<Vec<u8>, Error> {
        let ask: Ask = serde_json::from_slice(body).map_err(wrong)?;
        let adapter =
            self.plugin()?.adapter(&ask.adapter).ok_or_else(|| wrong("there is no such adapter"))?;
        let (request, host) = (ask.request()?, self.hosts.host(ask.object));
        let source = match ask.question {
            Question::Deletions => adapter.deletions(&request, &host)?,
            _ => adapter.open(&request, &host)?,
        };
        let columns = source.columns();
        let rows = Extract::new(columns.len());
        self.objects.insert(ask.object, Object::Source(source, rows));
        serde_json::to_vec(&columns).map_err(wrong)
    }

    fn ask(&self, body: &[u8]) -> Result<Vec<u8>, Error> {
        let ask: Ask = serde_json::from_slice(body).map_err(wrong)?;
        let adapter =
            self.plugin()?.adapter(&ask.adapter).ok_or_else(|| wrong("there is no such adapter"))?;
        let (request, host) = (ask.request()?, self.hosts.host(ask.object));
        let answer = match ask.question {
            Question::Fields => serde_json::to_vec(&adapter.fields(&request, &host)?),
            _ => serde_json::to_vec(&adapter.health(&request, &host)?),
        };
        self.hosts.forget(ask.object);
        answer.map_err(wrong)
    }

    fn create(&mut self, body: &[u8]) -> Result<(), Error> {
        let Create { object, sort, name, options } = serde_json::from_slice(body).map_err(wrong)?;
        let (options, host) = (Options::from_json(&options)?, self.hosts.host(object));
        let plugin = self.plugin()?;
        let missing = || wrong("there is no such rule or match feature");
        let made = match sort {
            Sort::Rule => {
                let mut rule = plugin.rule(&name).ok_or_else(missing)?;
                rule.configure(&options, &host)?;
                Object::Rule(rule)
            }
            Sort::SetRule => {
                let found = plugin.set_rules().into_iter().find(|rule| rule.meta().code == name);
                let mut rule = found.ok_or_else(missing)?;
                rule.configure(&options, &host)?;
                Object::SetRule(rule)
            }
            Sort::Feature => {
                let found = plugin.features().into_iter().find(|feature| feature.meta().name == name);
                let mut feature = found.ok_or_else(missing)?;
                feature.configure(&options, &host)?;
                Object::Feature(feature)
            }
        };
        self.objects.insert(object, made);
        Ok(())
    }

    fn work(&mut self, kind: Kind, mut body: Take<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        let object = body.number().map_err(wrong)?;
        let object = self.objects.get_mut(&object).ok_or_else(|| wrong("there is no such object"))?;
        match (kind, object) {
            (Kind::Next, Object::Source(source, rows)) => {
                source.next(rows)?;
                out.extract(std::mem::take(rows), source.cursor().as_deref());
            }
            (Kind::Check, Object::Rule(rule)) => {
                let severity = body.severity().map_err(wrong)?;
                let rows = body.batch().map_err(wrong)?;
                let (columns, mut findings) = (Vec::from_iter(0..rows.columns()), Findings::new());
                findings.of(&rule.meta().code, severity);
                rule.check_batch(&rows, &columns, &mut findings)?;
                out.findings(findings.as_slice());
            }
            (Kind::Observe, Object::SetRule(rule)) => rule.observe(&body.batch().map_err(wrong)?)?,
            (Kind::Finish, Object::SetRule(rule)) => {
                let severity = body.severity().map_err(wrong)?;
                let mut findings = SetFindings::new(&rule.meta().code, severity);
                rule.finish(&mut findings)?;
                out.set_findings(&findings.take());
            }
            (Kind::Compare, Object::Feature(feature)) => {
                let (left, right) = (body.batch().map_err(wrong)?, body.batch().map_err(wrong)?);
                let mut levels = Vec::with_capacity(left.rows());
                feature.compare_batch(&left, &right, &mut levels)?;
                out.number(levels.len() as u64);
                for level in levels {
                    let level = level.map_or(NEUTRAL, |level| i16::try_from(level).unwrap_or(i16::MAX));
                    out.extend(level.to_le_bytes());
                }
            }
            _ => return Err(wrong("an object cannot do that")),
        }
        Ok(())
    }
}
