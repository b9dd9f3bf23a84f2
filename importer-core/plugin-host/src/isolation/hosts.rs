//! The host as a plugin in a worker sees it: every call becomes a frame.

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use importer_plugin::{Host, HostCalls, LogLevel};

use super::frame::{Frame, Kind};
use super::limit;
use super::wire::Put;

/// The way back to the host, and what it has said meanwhile.
#[derive(Clone)]
pub(super) struct Hosts(Arc<Inner>);

struct Inner {
    output: Mutex<Box<dyn Write + Send>>,
    cancelled: Mutex<HashMap<u64, Arc<AtomicBool>>>,
    /// One secret is asked for at a time.
    secrets: Mutex<Receiver<Option<String>>>,
}

fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hosts {
    /// Also returns where secrets that arrive are to be put.
    pub(super) fn new(output: Box<dyn Write + Send>) -> (Self, Sender<Option<String>>) {
        let (sender, secrets) = channel();
        let (output, cancelled, secrets) = (Mutex::new(output), Mutex::default(), Mutex::new(secrets));
        (Self(Arc::new(Inner { output, cancelled, secrets })), sender)
    }

    /// Sends a frame. Without a host there is nothing left to do.
    pub(super) fn send(&self, frame: Frame) {
        let mut output = locked(&self.0.output);
        match frame.finish() {
            Ok(bytes) => {
                if output.write_all(&bytes).and_then(|()| output.flush()).is_err() {
                    limit::end_this_process();
                }
            }
            Err(why) => {
                let mut refusal = Frame::new(Kind::Failed);
                refusal.body().error(importer_plugin::Error::data(why));
                if refusal.send(&mut *output).is_err() {
                    limit::end_this_process();
                }
            }
        }
    }

    /// The host of an object.
    pub(super) fn host(&self, object: u64) -> Host {
        let cancelled = Arc::default();
        locked(&self.0.cancelled).insert(object, Arc::clone(&cancelled));
        Host::new(Arc::new(Far { hosts: self.clone(), object, cancelled }))
    }

    pub(super) fn cancel(&self, object: u64) {
        if let Some(cancelled) = locked(&self.0.cancelled).get(&object) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn forget(&self, object: u64) {
        locked(&self.0.cancelled).remove(&object);
    }
}

/// The host of one object.
struct Far {
    hosts: Hosts,
    object: u64,
    cancelled: Arc<AtomicBool>,
}

impl Far {
    fn say(&self, kind: Kind, write: impl FnOnce(&mut Vec<u8>)) {
        let mut frame = Frame::new(kind);
        frame.body().number(self.object);
        write(frame.body());
        self.hosts.send(frame);
    }
}

impl HostCalls for Far {
    fn log(&self, level: LogLevel, message: &str) {
        self.say(Kind::Log, |body| {
            body.push(level as u8);
            body.text(message);
        });
    }

    fn progress(&self, done: u64, total: u64) {
        self.say(Kind::Progress, |body| {
            body.number(done);
            body.number(total);
        });
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    fn secret(&self, name: &str) -> Option<String> {
        let secrets = locked(&self.hosts.0.secrets);
        self.say(Kind::WantSecret, |body| body.text(name));
        secrets.recv().ok().flatten()
    }
}
