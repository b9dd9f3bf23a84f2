//! Real worker processes with a plugin that does what no plugin should.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use importer_core::plugin_host::{
    Discovery, Isolation, PluginQuarantine, PluginSet, TrustPolicy, WorkerCommand, WorkerLimits,
};
use importer_plugin::{
    Batch, Error, ErrorKind, Extract, Findings, Host, HostCalls, LogLevel, OpenRequest, Options,
};

const LIMITS: WorkerLimits = WorkerLimits {
    silence: Duration::from_secs(2),
    after_cancel: Duration::from_millis(300),
    memory: Some(1 << 30),
};

fn library() -> PathBuf {
    let name = format!(
        "{}importer_plugin_misbehaving{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    std::env::current_exe().unwrap().with_file_name(name)
}

fn plugins() -> PluginSet {
    plugins_with(TrustPolicy::allow_everything())
}

fn plugins_with(policy: TrustPolicy) -> PluginSet {
    let worker = WorkerCommand::new(env!("CARGO_BIN_EXE_importer-plugin-worker"));
    let isolation = Isolation::process(worker).isolate("misbehaving").limits(LIMITS);
    PluginSet::new(Discovery::new(policy).file(library()).isolation(isolation))
}

/// A file that says what the plugin does.
struct Script(tempfile::TempDir);

impl Script {
    fn new(does: &str) -> Self {
        let script = Self(tempfile::tempdir().unwrap());
        script.says(does);
        script
    }

    fn says(&self, does: &str) {
        std::fs::write(self.0.path().join("does"), does).unwrap();
    }

    fn request(&self, cursor: Option<String>) -> OpenRequest {
        let file = self.0.path().join("does");
        OpenRequest { options: Options::default().with("file", file.to_str().unwrap()), cursor, since: None }
    }
}

/// Reads to the end or to the error: emails, the last cursor, and how it ended.
fn read(
    plugins: &PluginSet,
    request: &OpenRequest,
    host: &Host,
) -> (Vec<String>, Option<String>, Result<(), Error>) {
    let (adapter, info) = plugins.adapter("misbehaving").unwrap();
    assert_eq!(info.isolation, "process");
    let mut source = adapter.open(request, host).unwrap();
    let (mut out, mut emails) = (Extract::default(), Vec::new());
    loop {
        if let Err(error) = source.next(&mut out) {
            return (emails, source.cursor(), Err(error));
        }
        if out.batch().is_empty() {
            return (emails, source.cursor(), Ok(()));
        }
        emails.extend((0..out.batch().rows()).map(|row| out.batch().get(row, 1).unwrap().to_owned()));
    }
}

/// Fails after two rows with a message, then goes on behind them once the plugin is repaired.
#[track_caller]
fn fails_and_goes_on(does: &str, parts: &[&str]) {
    let (plugins, script) = (plugins(), Script::new(does));
    let (first, cursor, ended) = read(&plugins, &script.request(None), &Host::detached());
    let error = ended.unwrap_err();
    assert_eq!((error.kind, first.len(), cursor.as_deref()), (ErrorKind::Bug, 2, Some("1")), "{error}");
    for part in parts {
        assert!(error.message.contains(part), "{part} is missing in: {error}");
    }
    script.says("ok");
    let (rest, _, ended) = read(&plugins, &script.request(cursor), &Host::detached());
    ended.unwrap();
    let all: Vec<String> = (0..6).map(|row| format!("ada{row}@example.org")).collect();
    assert_eq!([first, rest].concat(), all);
}

const GOES_ON: &str =
    "the run stopped after 2 rows and goes on with the same request when the plugin is repaired";

#[test]
fn a_crash_is_told_with_its_signal() {
    fails_and_goes_on(
        "segfault",
        &["plugin `misbehaving` ended with signal 11 (SIGSEGV) while reading", GOES_ON],
    );
    fails_and_goes_on(
        "abort",
        &["plugin `misbehaving` ended with signal 6 (SIGABRT) while reading", GOES_ON],
    );
}

#[test]
fn an_exit_is_told_with_its_code() {
    fails_and_goes_on(
        "exit",
        &["plugin `misbehaving` ended its process with exit code 3 while reading", GOES_ON],
    );
}

#[test]
fn a_stack_overflow_is_told() {
    fails_and_goes_on(
        "overflow_stack",
        &["plugin `misbehaving` overflowed its stack", "while reading", GOES_ON],
    );
}

#[test]
fn too_much_memory_is_told_with_the_limit() {
    fails_and_goes_on("allocate_forever", &["asked for more memory than its limit of 1024 MiB", GOES_ON]);
}

#[test]
fn a_hang_is_ended() {
    fails_and_goes_on("hang", &["plugin `misbehaving` gave no sign of life for 2 s while reading", GOES_ON]);
}

#[test]
fn a_panic_is_what_it_is_in_the_process() {
    fails_and_goes_on("panic", &["plugin `misbehaving`: the plugin panicked at", "boom"]);
}

#[cfg(target_os = "linux")]
#[test]
fn garbage_between_frames_ends_the_worker() {
    fails_and_goes_on(
        "garbage_in_frames",
        &["plugin `misbehaving` sent something unreadable while reading", GOES_ON],
    );
}

#[test]
fn what_a_plugin_prints_disturbs_nothing() {
    let (plugins, script) = (plugins(), Script::new("garbage_on_stdout"));
    let (emails, _, ended) = read(&plugins, &script.request(None), &Host::detached());
    ended.unwrap();
    assert_eq!(emails.len(), 6);
}

#[test]
fn progress_is_a_sign_of_life() {
    let (plugins, script) = (plugins(), Script::new("work_slowly"));
    let (emails, _, ended) = read(&plugins, &script.request(None), &Host::detached());
    ended.unwrap();
    assert_eq!(emails.len(), 6);
}

#[derive(Default)]
struct Ears {
    heard: Mutex<Vec<String>>,
    done: AtomicU64,
    cancelled: AtomicBool,
}

impl HostCalls for Ears {
    fn log(&self, _: LogLevel, message: &str) {
        self.heard.lock().unwrap().push(message.into());
    }
    fn progress(&self, done: u64, total: u64) {
        self.done.store(100 * done + total, Ordering::Relaxed);
    }
    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
    fn secret(&self, name: &str) -> Option<String> {
        (name == "token").then(|| "secret".into())
    }
}

#[test]
fn the_host_hears_the_plugin_and_gives_it_secrets() {
    let (ears, script) = (Arc::new(Ears::default()), Script::new("tell"));
    read(&plugins(), &script.request(None), &Host::new(ears.clone())).2.unwrap();
    assert_eq!(*ears.heard.lock().unwrap(), ["a line for the log", "the secret has 6 characters"]);
    assert_eq!(ears.done.load(Ordering::Relaxed), 103);
}

#[test]
fn a_plugin_that_ignores_a_cancellation_is_ended() {
    let (ears, script, start) = (Arc::new(Ears::default()), Script::new("hang"), Instant::now());
    ears.cancelled.store(true, Ordering::Relaxed);
    let error = read(&plugins(), &script.request(None), &Host::new(ears)).2.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
    assert!(start.elapsed() < LIMITS.silence, "{:?}", start.elapsed());
}

#[test]
fn a_rule_that_crashes_fails_its_batch_and_can_be_made_anew() {
    let plugins = plugins();
    plugins.load("misbehaving").unwrap();
    let mut batch = Batch::new(1);
    batch.push_row([Some("x")]).unwrap();
    let check = |does: &str| {
        let (mut rule, _) = plugins.rules().remove(0);
        rule.configure(&Options::default().with("does", does), &Host::detached()).unwrap();
        let mut findings = Findings::new();
        rule.check_batch(&batch, &[0], &mut findings).map(|()| findings.take().len())
    };
    assert_eq!(check("ok"), Ok(1));
    let error = check("segfault").unwrap_err();
    assert!(
        error.message.contains("plugin `misbehaving` ended with signal 11 (SIGSEGV) while checking rows"),
        "{error}"
    );
    assert_eq!(check("ok"), Ok(1));
}

#[test]
fn a_plugin_that_crashes_again_and_again_is_held_back() {
    let folder = tempfile::tempdir().unwrap();
    let quarantine = PluginQuarantine::new(folder.path().join("held.toml")).strikes(2);
    let plugins = plugins_with(TrustPolicy::allow_everything().quarantine(quarantine.clone()));
    let script = Script::new("segfault");
    for strikes in 1..=2 {
        read(&plugins, &script.request(None), &Host::detached()).2.unwrap_err();
        let known = &quarantine.list().unwrap()[0];
        assert_eq!((known.strikes, known.held), (strikes, strikes == 2));
        assert!(known.reason.contains("SIGSEGV"), "{}", known.reason);
    }
    assert!(plugins.adapter("misbehaving").is_err(), "it is held back");
}

#[test]
fn a_program_that_is_no_worker_is_told() {
    let isolation = Isolation::process(WorkerCommand::new("/bin/cat")).isolate_all().limits(LIMITS);
    let discovery = Discovery::new(TrustPolicy::allow_everything()).file(library()).isolation(isolation);
    let error = discovery.load("misbehaving").unwrap_err().to_string();
    assert!(error.contains("gave no sign of life") && error.contains("while starting"), "{error}");
}

#[test]
fn a_worker_ends_with_its_host() {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_importer-plugin-worker"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    drop(worker.stdin.take());
    let start = Instant::now();
    while worker.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(10), "it lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}
