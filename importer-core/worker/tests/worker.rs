//! Real worker processes with a plugin that does what no plugin should.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use importer_plugin::{
    Adapter, Batch, Error, ErrorKind, Extract, Findings, Host, HostCalls, LogLevel, OpenRequest, Options,
    SetFindings, Severity, Source,
};
use importer_plugin_host::{
    Discovery, Isolation, PluginQuarantine, PluginSet, TrustPolicy, WorkerCommand, WorkerLimits,
};

const WORKER: &str = env!("CARGO_BIN_EXE_importer-plugin-worker");

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
    let worker = WorkerCommand::new(WORKER);
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

#[test]
fn a_crash_is_told_with_its_signal() {
    fails_and_goes_on("segfault", &["plugin `misbehaving` ended with signal 11 (SIGSEGV) while reading"]);
    fails_and_goes_on("abort", &["plugin `misbehaving` ended with signal 6 (SIGABRT) while reading"]);
}

#[test]
fn an_exit_is_told_with_its_code() {
    fails_and_goes_on("exit", &["plugin `misbehaving` ended its process with exit code 3 while reading"]);
}

#[test]
fn a_stack_overflow_is_told() {
    fails_and_goes_on("overflow_stack", &["plugin `misbehaving` overflowed its stack", "while reading"]);
}

#[test]
fn too_much_memory_is_told_with_the_limit() {
    fails_and_goes_on("allocate_forever", &["asked for more memory than its limit of 1024 MiB"]);
}

#[test]
fn a_hang_is_ended() {
    fails_and_goes_on("hang", &["plugin `misbehaving` gave no sign of life for 2 s while reading"]);
}

#[test]
fn a_panic_is_what_it_is_in_the_process() {
    fails_and_goes_on("panic", &["plugin `misbehaving`: the plugin panicked at", "boom"]);
}

#[cfg(target_os = "linux")]
#[test]
fn garbage_between_frames_ends_the_worker() {
    fails_and_goes_on("garbage_in_frames", &["plugin `misbehaving` sent something unreadable while reading"]);
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

/// The same plugin in this process.
fn together() -> PluginSet {
    let plugins = PluginSet::new(Discovery::new(TrustPolicy::allow_everything()).file(library()));
    assert_eq!(plugins.load("misbehaving").unwrap().isolation(), "in-process");
    plugins
}

/// A position, and the cells there.
type Row = (u64, Vec<Option<String>>);

/// The columns of a source, and all that it hands over.
fn everything(mut source: Box<dyn Source>) -> (Vec<String>, Vec<Row>) {
    let (mut out, mut rows) = (Extract::default(), Vec::new());
    loop {
        source.next(&mut out).unwrap();
        if out.batch().is_empty() {
            return (source.columns(), rows);
        }
        let cells =
            |row| (0..out.batch().columns()).map(|c| out.batch().get(row, c).map(Into::into)).collect();
        rows.extend((0..out.batch().rows()).map(|row| (out.position(row), cells(row))));
    }
}

#[test]
fn fields_health_and_deletions_are_told_as_in_the_process() {
    let (apart, script, host) = (plugins(), Script::new("ok"), Host::detached());
    let (here, request) = (together().adapter("misbehaving").unwrap().0, script.request(None));
    let (there, info) = apart.adapter("misbehaving").unwrap();
    assert_eq!((info.isolation, there.meta()), ("process", here.meta()));
    let fields = here.fields(&request, &host).unwrap();
    assert_eq!((fields.len(), there.fields(&request, &host).unwrap()), (2, fields));
    assert_eq!(there.health(&request, &host).unwrap(), here.health(&request, &host).unwrap());
    let deleted = everything(here.deletions(&request, &host).unwrap());
    assert_eq!(deleted.1.len(), 2);
    assert_eq!(everything(there.deletions(&request, &host).unwrap()), deleted);
    // A mistake is told in the same words.
    let wrong = OpenRequest::default();
    assert_eq!(there.fields(&wrong, &host).unwrap_err(), here.fields(&wrong, &host).unwrap_err());
    assert_eq!(there.health(&wrong, &host).unwrap_err(), here.health(&wrong, &host).unwrap_err());
    let of = |adapter: &dyn Adapter| adapter.deletions(&wrong, &host).err().unwrap();
    assert_eq!(of(there.as_ref()), of(here.as_ref()));
}

#[test]
fn a_question_that_crashes_is_an_error_and_the_next_one_is_answered() {
    let (plugins, script, host) = (plugins(), Script::new("asked abort"), Host::detached());
    let (adapter, request) = (plugins.adapter("misbehaving").unwrap().0, script.request(None));
    let errors = [
        adapter.fields(&request, &host).unwrap_err(),
        adapter.health(&request, &host).unwrap_err(),
        adapter.deletions(&request, &host).err().unwrap(),
    ];
    for error in errors {
        let why = "plugin `misbehaving` ended with signal 6 (SIGABRT) while";
        assert!(error.kind == ErrorKind::Bug && error.message.contains(why), "{error}");
    }
    script.says("ok");
    assert_eq!(adapter.fields(&request, &host).unwrap().len(), 2);
}

fn emails(emails: &[Option<&str>]) -> Batch {
    let mut batch = Batch::new(1);
    emails.iter().for_each(|email| batch.push_row([*email]).unwrap());
    batch
}

/// What the set-level rule says of three rows in two batches.
fn judged(plugins: &PluginSet, options: Options) -> Result<Vec<(Option<u64>, Severity, String)>, Error> {
    plugins.load("misbehaving").unwrap();
    let (mut rule, _) = plugins.set_rules().remove(0);
    rule.configure(&options, &Host::detached())?;
    rule.observe(&emails(&[Some("a@example.org"), None]))?;
    rule.observe(&emails(&[Some("b@example.org")]))?;
    let mut findings = SetFindings::new("SET-990", Severity::Warning);
    rule.finish(&mut findings)?;
    Ok(findings.take().into_iter().map(|found| (found.row, found.severity, found.message)).collect())
}

#[test]
fn a_set_level_rule_judges_as_in_the_process_and_its_crash_is_an_error() {
    let does = |does: &str, at_the_end| Options::default().with("does", does).with("at_the_end", at_the_end);
    let report = does("report", false);
    let here = judged(&together(), report.clone()).unwrap();
    assert_eq!((here.len(), here[0].0, here[1].2.as_str()), (3, Some(2), "it saw 3 rows"));
    let plugins = plugins();
    assert_eq!(judged(&plugins, report.clone()), Ok(here.clone()));
    for (crash, while_doing) in
        [(does("abort", false), "looking at rows"), (does("abort", true), "judging the run")]
    {
        let error = judged(&plugins, crash).unwrap_err();
        let why = format!("plugin `misbehaving` ended with signal 6 (SIGABRT) while {while_doing}");
        assert!(error.message.contains(&why), "{error}");
    }
    assert_eq!(judged(&plugins, report), Ok(here), "it can be made anew");
}

fn compared(plugins: &PluginSet, left: &Batch, right: &Batch) -> Result<Vec<Option<usize>>, Error> {
    plugins.load("misbehaving").unwrap();
    let (mut feature, _) = plugins.features().remove(0);
    feature.configure(&Options::default(), &Host::detached())?;
    let mut levels = Vec::new();
    feature.compare_batch(left, right, &mut levels).map(|()| levels)
}

#[test]
fn a_match_feature_compares_as_in_the_process_and_its_crash_is_an_error() {
    let (left, right) =
        (emails(&[Some("Köln"), Some("Ulm"), None]), emails(&[Some("Köln"), Some("ulm"), None]));
    let here = compared(&together(), &left, &right);
    assert_eq!(here, Ok(vec![Some(0), Some(1), None]));
    let plugins = plugins();
    assert_eq!(compared(&plugins, &left, &right), here);
    let crash = emails(&[Some("Exit")]);
    let error = compared(&plugins, &crash, &crash).unwrap_err();
    let why = "plugin `misbehaving` ended its process with exit code 3 while comparing records";
    assert!(error.message.contains(why), "{error}");
    assert_eq!(compared(&plugins, &left, &right), here, "it can be made anew");
}

#[test]
fn a_crash_fails_nobody_else_who_loaded_the_plugin() {
    let rule = |does: &str| {
        let plugins = plugins();
        plugins.load("misbehaving").unwrap();
        let (mut rule, _) = plugins.rules().remove(0);
        rule.configure(&Options::default().with("does", does), &Host::detached()).unwrap();
        (plugins, rule)
    };
    let ((_one, good), (_other, bad)) = (rule("ok"), rule("abort"));
    let (batch, mut findings) = (emails(&[Some("x")]), Findings::new());
    bad.check_batch(&batch, &[0], &mut findings).unwrap_err();
    good.check_batch(&batch, &[0], &mut findings).unwrap();
    assert_eq!(findings.take().len(), 1);
}

/// A worker that notes every start in a file.
fn noting(starts: &Path) -> WorkerCommand {
    let script = "echo started >> \"$1\"; exec \"$0\"";
    WorkerCommand::new("/bin/sh").argument("-c").argument(script).argument(WORKER).argument(starts)
}

#[test]
fn who_loads_a_plugin_again_gets_the_workers_that_run() {
    let (folder, script) = (tempfile::tempdir().unwrap(), Script::new("ok"));
    let starts = folder.path().join("starts");
    let started = || std::fs::read_to_string(&starts).unwrap_or_default().lines().count();
    let set = |limits| {
        let isolation = Isolation::process(noting(&starts)).isolate("misbehaving").limits(limits);
        let policy = TrustPolicy::allow_everything();
        PluginSet::new(Discovery::new(policy).file(library()).isolation(isolation))
    };
    let first = set(LIMITS);
    first.load_given_files().unwrap();
    for _ in 0..3 {
        first.load("misbehaving").unwrap();
        assert_eq!(read(&first, &script.request(None), &Host::detached()).0.len(), 6);
    }
    let second = set(LIMITS);
    second.load("misbehaving").unwrap();
    assert_eq!(started(), 1);
    // Other limits are another way to run.
    let other = set(WorkerLimits { silence: Duration::from_secs(9), ..LIMITS });
    other.load("misbehaving").unwrap();
    assert_eq!(started(), 2);
    // A crash ends the worker and not the plugin.
    script.says("abort");
    read(&first, &script.request(None), &Host::detached()).2.unwrap_err();
    script.says("ok");
    assert_eq!(read(&second, &script.request(None), &Host::detached()).0.len(), 6);
    assert_eq!(started(), 3);
    // Nobody has it any more, so nothing of it runs.
    drop((first, second));
    set(LIMITS).load("misbehaving").unwrap();
    assert_eq!(started(), 4);
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
    let mut worker = Command::new(WORKER).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    drop(worker.stdin.take());
    let start = Instant::now();
    while worker.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(10), "it lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}
