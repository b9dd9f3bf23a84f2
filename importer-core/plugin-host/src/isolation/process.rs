//! A worker process as the host sees it: started, spoken with, and ended when it misbehaves.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use importer_plugin::{Error, Host, LogLevel};

use super::ended::{Hints, in_words};
use super::frame::{Frame, Kind, MAGIC, VERSION, receive};
use super::plugin::About;
use super::wire::{Put, Take};

/// How often a waiting call looks whether its run was cancelled.
const TICK: Duration = Duration::from_millis(50);
/// How long a worker whose pipe is closed may take to be gone.
const LAST_BREATH: Duration = Duration::from_secs(2);
/// Frames that may wait for the host; a plugin that floods the log waits then.
const WAITING: usize = 64;
/// How much of its error output goes to the log.
const MOST_LINES: usize = 200;
const LONGEST_LINE: u64 = 1_000;

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The plugin said so.
    Said(Error),
    /// The worker is gone; completes the sentence "plugin `x` …".
    Gone(String),
    /// The worker did not stop when the run was cancelled, and is gone.
    Cancelled,
}

enum Event {
    Frame(Kind, Vec<u8>),
    Broken(String),
}

/// A worker that has loaded its plugin.
pub(super) struct Process {
    about: Arc<About>,
    child: Child,
    input: Option<Sender<Vec<u8>>>,
    events: Receiver<Event>,
    /// Sent once, when the error output ends.
    hints: Receiver<Hints>,
    hosts: HashMap<u64, Host>,
    /// It has said hello: from here on, what goes wrong is the plugin's doing.
    ready: bool,
    gone: bool,
}

impl Process {
    /// Starts a worker; it says hello, and nothing is loaded yet.
    pub(super) fn start(about: &Arc<About>) -> Result<Self, Fault> {
        let mut command = Command::new(about.worker.program());
        command.args(about.worker.arguments());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What a terminal sends to the host (Ctrl-C) is for the host to handle; it cancels the run.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let not_started = |why: String| {
            let program = about.worker.program().display();
            Fault::Said(Error::config(format!("its worker `{program}` cannot be started: {why}")))
        };
        let mut child = command.spawn().map_err(|error| not_started(error.to_string()))?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(not_started("it has no pipes".into()));
        };
        let mut process = Self {
            about: Arc::clone(about),
            child,
            input: Some(writing(input)),
            events: reading(output),
            hints: listening(errors, about.id.clone()),
            hosts: HashMap::new(),
            ready: false,
            gone: false,
        };
        let hello = process.answer("starting", None, Kind::Hello)?;
        if hello != hello_body() {
            process.end();
            return Err(not_started("it is no worker of this version of the importer".into()));
        }
        process.ready = true;
        Ok(process)
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Takes what an object of the plugin asks of its host.
    pub(super) fn add_host(&mut self, object: u64, host: &Host) {
        self.hosts.insert(object, host.clone());
    }

    pub(super) fn remove_host(&mut self, object: u64) {
        self.hosts.remove(&object);
    }

    /// Sends a request and waits for its answer; `doing` completes "plugin `x` ended while …".
    pub(super) fn call(
        &mut self,
        doing: &str,
        object: Option<u64>,
        request: Frame,
    ) -> Result<Vec<u8>, Fault> {
        if self.gone {
            return Err(Fault::Gone("had ended before".into()));
        }
        let bytes = request.finish().map_err(|why| Fault::Said(Error::data(why)))?;
        self.write(bytes);
        self.answer(doing, object, Kind::Done)
    }

    /// Whoever cannot be written to any more is noticed when its output ends.
    fn write(&self, bytes: Vec<u8>) {
        if let Some(input) = &self.input {
            let _ = input.send(bytes);
        }
    }

    fn answer(&mut self, doing: &str, object: Option<u64>, wanted: Kind) -> Result<Vec<u8>, Fault> {
        let limits = self.about.limits;
        let mut alive = Instant::now();
        let mut cancelled: Option<Instant> = None;
        loop {
            match self.events.recv_timeout(TICK) {
                Ok(Event::Frame(kind, body)) if kind == wanted => return Ok(body),
                Ok(Event::Frame(Kind::Failed, body)) => {
                    let error = Take(&body).error();
                    return Err(match error {
                        Ok(error) => Fault::Said(error),
                        Err(why) => self.broken(doing, why),
                    });
                }
                Ok(Event::Frame(kind, body)) => {
                    if let Err(why) = self.callback(kind, &body) {
                        return Err(self.broken(doing, why));
                    }
                    alive = Instant::now();
                }
                Ok(Event::Broken(why)) => return Err(self.broken(doing, &why)),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended(doing)),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if cancelled.is_none()
                && let Some(object) = object.filter(|object| self.was_cancelled(*object))
            {
                cancelled = Some(Instant::now());
                let mut frame = Frame::new(Kind::Cancel);
                frame.body().number(object);
                self.write(frame.finish().unwrap_or_default());
            }
            if cancelled.is_some_and(|since| since.elapsed() > limits.after_cancel) {
                self.end();
                return Err(Fault::Cancelled);
            }
            if alive.elapsed() > limits.silence {
                self.end();
                let seconds = limits.silence.as_secs_f32();
                let why = format!("gave no sign of life for {seconds} s while {doing} and was ended");
                return Err(self.strike(why));
            }
        }
    }

    fn was_cancelled(&self, object: u64) -> bool {
        self.hosts.get(&object).is_some_and(Host::cancelled)
    }

    fn callback(&self, kind: Kind, body: &[u8]) -> Result<(), &'static str> {
        let mut body = Take(body);
        let object = body.number()?;
        // An object that is closed may still have a thread that talks.
        let host = self.hosts.get(&object);
        match kind {
            Kind::Log => {
                let level = match body.byte()? {
                    0 => LogLevel::Debug,
                    1 => LogLevel::Info,
                    2 => LogLevel::Warn,
                    _ => LogLevel::Error,
                };
                let message = body.text()?;
                host.inspect(|host| host.log(level, message));
            }
            Kind::Progress => {
                let (done, total) = (body.number()?, body.number()?);
                host.inspect(|host| host.progress(done, total));
            }
            Kind::WantSecret => {
                let secret = body.text().map(|name| host.and_then(|host| host.secret(name)))?;
                let mut frame = Frame::new(Kind::Secret);
                frame.body().optional(secret.as_deref());
                self.write(frame.finish().map_err(|_| "a secret is too large")?);
            }
            _ => return Err("it is not the answer to what was asked"),
        }
        Ok(())
    }

    fn ended(&mut self, doing: &str) -> Fault {
        let status = self.wait();
        self.end();
        let hints = self.hints.recv_timeout(LAST_BREATH).unwrap_or_default();
        let ended = in_words(status, hints, self.about.limits.memory);
        self.strike(format!("{ended} while {doing}"))
    }

    fn broken(&mut self, doing: &str, why: &str) -> Fault {
        self.end();
        self.strike(format!("sent something unreadable while {doing} ({why}) and was ended"))
    }

    /// Something that another plugin would not have done.
    fn strike(&self, why: String) -> Fault {
        let about = &self.about;
        tracing::error!(plugin = about.id, "plugin `{}` {why}", about.id);
        if let Some(quarantine) = about.quarantine.as_ref().filter(|_| self.ready)
            && let Err(error) = quarantine.record(&about.sha256, &about.id, &about.version, &why)
        {
            tracing::warn!(plugin = about.id, %error, "the failure of a plugin cannot be noted");
        }
        Fault::Gone(why)
    }

    /// The status of a process whose output has ended.
    fn wait(&mut self) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < LAST_BREATH {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        None
    }

    fn end(&mut self) {
        self.gone = true;
        self.input = None;
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

pub(super) fn hello_body() -> Vec<u8> {
    let mut body = MAGIC.to_vec();
    body.extend(VERSION.to_le_bytes());
    body
}

/// A thread that writes, so that a worker that does not read cannot hold up the host.
fn writing(mut input: ChildStdin) -> Sender<Vec<u8>> {
    let (sender, requests) = channel::<Vec<u8>>();
    std::thread::spawn(move || {
        for bytes in requests {
            if input.write_all(&bytes).and_then(|()| input.flush()).is_err() {
                return;
            }
        }
    });
    sender
}

/// A thread that reads frames: pipes know no time limits.
fn reading(output: ChildStdout) -> Receiver<Event> {
    let (sender, events) = sync_channel(WAITING);
    std::thread::spawn(move || {
        let mut output = BufReader::with_capacity(64 << 10, output);
        while pass_on(&mut output, &sender) {}
    });
    events
}

fn pass_on(output: &mut impl Read, to: &SyncSender<Event>) -> bool {
    match receive(output) {
        Ok(Some((kind, body))) => to.send(Event::Frame(kind, body)).is_ok(),
        Ok(None) => false,
        // A worker that ends in the middle of a frame has ended; that tells more.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => false,
        Err(error) => {
            let _ = to.send(Event::Broken(error.to_string()));
            false
        }
    }
}

/// A thread that takes the error output to the log, as far as that is bearable, and to its end in any case.
fn listening(errors: ChildStderr, plugin: String) -> Receiver<Hints> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let (mut errors, mut hints, mut line) = (BufReader::new(errors), Hints::default(), Vec::new());
        for number in 0.. {
            line.clear();
            match (&mut errors).take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            hints.note(text);
            if number < MOST_LINES && !text.is_empty() {
                tracing::info!(plugin, "the plugin printed: {}", text.replace(char::is_control, " "));
            }
        }
        let _ = sender.send(hints);
    });
    receiver
}
