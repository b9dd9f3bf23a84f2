//! An isolated plugin: its checked bytes, and the workers that have loaded them.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use importer_plugin::{Description, EmbeddedMeta, Error, Host, OpenRequest};
use serde::Serialize;

use super::frame::{Frame, Kind};
use super::message::{Ask, Create, Load, Question, Sort};
use super::process::{Fault, Process};
use super::settings::{WorkerCommand, WorkerLimits};
use crate::entry;
use crate::far_error::bug;
use crate::plugin_quarantine::PluginQuarantine;
use crate::private_copy::PrivateCopy;
use importer_core::Result as CoreResult;
use importer_core::plugins::FileHash;

/// Workers that wait for the next source.
const IDLE: usize = 2;

/// What runs of isolated plugins as long as somebody has it: whoever loads the same bytes again, to be run in the same way,
/// gets workers that wait and starts none.
static RUNNING: Mutex<Vec<Weak<Running>>> = Mutex::new(Vec::new());

/// What every worker of a plugin has in common.
#[derive(PartialEq)]
pub(super) struct About {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) sha256: FileHash,
    pub(super) worker: WorkerCommand,
    pub(super) limits: WorkerLimits,
    pub(super) quarantine: Option<PluginQuarantine>,
}

/// A worker that several rules and features of a plugin share.
pub(super) type Shared = Arc<Mutex<Process>>;

/// A plugin that runs in processes of its own, as it was loaded once.
pub(crate) struct IsolatedPlugin {
    running: Arc<Running>,
    /// Not of all that have it: a rule that crashes takes the others of its worker along.
    shared: Mutex<Weak<Mutex<Process>>>,
}

struct Running {
    about: Arc<About>,
    meta: EmbeddedMeta,
    copy: PrivateCopy,
    description: Description,
    next_object: AtomicU64,
    /// Each source has a worker to itself, so that a slow one keeps nobody waiting.
    idle: Mutex<Vec<Process>>,
}

impl Running {
    /// Lets a worker load the copy and say what it brings.
    fn start(about: Arc<About>, meta: &EmbeddedMeta, copy: PrivateCopy) -> Result<Self, String> {
        let (process, json) = load(&about, meta, copy.path()).map_err(explain)?;
        // The same checks as in the process: a worker is no reason to believe what a plugin says.
        let description = entry::describe(&String::from_utf8_lossy(&json), meta)?;
        Ok(Self {
            about,
            meta: meta.clone(),
            copy,
            description,
            next_object: AtomicU64::new(1),
            idle: Mutex::new(vec![process]),
        })
    }
}

impl IsolatedPlugin {
    /// The plugin of these bytes: the one that runs in the same way already, else a new one, and whether it is new. A worker
    /// loads the bytes of a new one and says what they bring; the inner error says why it cannot be used.
    pub(crate) fn running_or_new(
        bytes: &[u8],
        name: &OsStr,
        meta: &EmbeddedMeta,
        sha256: FileHash,
        (worker, limits): (WorkerCommand, WorkerLimits),
        quarantine: Option<PluginQuarantine>,
    ) -> CoreResult<Result<(Self, bool), String>> {
        let (id, version) = (meta.id.clone(), meta.version.clone());
        let about = Arc::new(About { id, version, sha256, worker, limits, quarantine });
        // Held while it starts: two threads that want the same plugin must not start it twice.
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = running.iter().filter_map(Weak::upgrade).find(|known| known.about == about) {
            return Ok(Ok((Self::of(known), false)));
        }
        let copy = PrivateCopy::write(bytes, name)?;
        let started = Running::start(about, meta, copy).map(Arc::new);
        running.retain(|known| known.strong_count() > 0);
        running.extend(started.iter().map(Arc::downgrade));
        Ok(started.map(|running| (Self::of(running), true)))
    }

    fn of(running: Arc<Running>) -> Self {
        Self { running, shared: Mutex::default() }
    }

    pub(crate) fn description(&self) -> &Description {
        &self.running.description
    }

    pub(super) fn object(&self) -> u64 {
        self.running.next_object.fetch_add(1, Ordering::Relaxed)
    }

    /// A worker for one alone.
    pub(super) fn take(&self) -> Result<Process, Fault> {
        let waiting = self.running.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match waiting {
            Some(process) => Ok(process),
            None => load(&self.running.about, &self.running.meta, self.running.copy.path())
                .map(|(process, _)| process),
        }
    }

    /// Gives a worker back.
    pub(super) fn give_back(&self, process: Process) {
        let mut idle = self.running.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !process.is_gone() && idle.len() < IDLE {
            idle.push(process);
        }
    }

    /// Makes a rule, a set-level rule or a match feature.
    pub(super) fn create(
        &self,
        sort: Sort,
        name: &str,
        options: &importer_plugin::Options,
        host: &Host,
    ) -> Result<(Shared, u64), Error> {
        let worker = self.share().map_err(|fault| self.error(fault))?;
        let object = self.object();
        let message = Create { object, sort, name: name.into(), options: options.to_json() };
        {
            let mut process = worker.lock().unwrap_or_else(PoisonError::into_inner);
            process.add_host(object, host);
            let made = json_frame(Kind::Create, &message)
                .and_then(|frame| process.call("taking its options", Some(object), frame));
            if let Err(fault) = made {
                process.remove_host(object);
                return Err(self.error(fault));
            }
        }
        Ok((worker, object))
    }

    fn share(&self) -> Result<Shared, Fault> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shared.upgrade();
        if let Some(known) = known.filter(|p| !p.lock().unwrap_or_else(PoisonError::into_inner).is_gone()) {
            return Ok(known);
        }
        let fresh = Arc::new(Mutex::new(self.take()?));
        *shared = Arc::downgrade(&fresh);
        Ok(fresh)
    }

    /// What a fault is to the host.
    pub(super) fn error(&self, fault: Fault) -> Error {
        match fault {
            // The worker has named the plugin where that is due.
            Fault::Said(error) => error,
            Fault::Gone(why) => Error::bug(format!("plugin `{}` {why}", self.running.about.id)),
            Fault::Cancelled => Error::cancelled(),
        }
    }

    /// An answer that cannot be read.
    pub(super) fn unreadable(&self, why: &str) -> Error {
        bug(&self.running.about.id, format!("its worker sent an answer that cannot be read: {why}"))
    }
}

pub(super) fn ask(object: u64, adapter: &str, question: Question, request: &OpenRequest) -> Ask {
    Ask {
        object,
        adapter: adapter.into(),
        question,
        options: request.options.to_json(),
        cursor: request.cursor.clone(),
        since: request.since.clone(),
    }
}

pub(super) fn json_frame(kind: Kind, message: &impl Serialize) -> Result<Frame, Fault> {
    let mut frame = Frame::new(kind);
    serde_json::to_writer(frame.body(), message)
        .map_err(|error| Fault::Said(Error::bug(format!("a request cannot be written: {error}"))))?;
    Ok(frame)
}

fn load(about: &Arc<About>, meta: &EmbeddedMeta, file: &Path) -> Result<(Process, Vec<u8>), Fault> {
    let mut process = Process::start(about)?;
    let message =
        Load { file: file.into(), sha256: about.sha256, meta: meta.clone(), memory: about.limits.memory };
    let description = process.call("being loaded", None, json_frame(Kind::Load, &message)?)?;
    Ok((process, description))
}

fn explain(fault: Fault) -> String {
    match fault {
        Fault::Said(error) => error.message,
        Fault::Gone(why) => format!("it {why}"),
        Fault::Cancelled => "it was cancelled".into(),
    }
}
