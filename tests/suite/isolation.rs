//! Whole runs of the real program with a plugin in a process of its own.
#![cfg(unix)]

mod secrets;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use importer::{Importer, RunReport, RunRequest};
use importer_core::ports::{FixedClock, parse_moment};
use importer_plugin_host::{
    Discovery, Isolation, PluginQuarantine, TrustPolicy, WorkerCommand, WorkerLimits, current_target,
    hash_file,
};

use super::cli::{self, Desk, Ended};
use super::interruption::people::csv;
use super::interruption::snapshot::{assert_same, take};
use super::support::{self, Database};

fn run(folder: &Path, db: &Database, source: &str, file: &Path) -> Command {
    let mut command = cli::program(folder);
    command.args(["run", "--source", source, "--summary-json", "--db", &db.url, "--file"]).arg(file);
    command
}

#[test]
fn an_isolated_adapter_gives_the_same_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(5_000, 7));
    for together in support::databases() {
        let ended = cli::ended(run(folder.path(), &together, "csv", &file));
        assert_eq!(ended.succeeds().json()["plugins"][0]["isolation"], "in-process");
        let apart = support::databases().into_iter().find(|other| other.backend == together.backend).unwrap();
        let mut command = run(folder.path(), &apart, "csv", &file);
        command.args(["--isolate", "csv"]);
        let ended = cli::ended(command);
        assert_eq!(ended.succeeds().json()["plugins"][0]["isolation"], "process");
        assert_same(&take(&together), &take(&apart));
    }
}

fn misbehaving() -> PathBuf {
    let name = format!(
        "{}importer_plugin_misbehaving{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let file = std::env::current_exe().unwrap().with_file_name(name);
    assert!(file.is_file(), "{} is missing; is it a dev-dependency?", file.display());
    file
}

/// The run fails with a message that names the plugin; once the plugin is repaired, the same command goes on with that run
/// behind the rows it has.
#[track_caller]
fn fails_and_goes_on(does: &str, says: &[&str]) {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let script = support::file(folder.path(), "does", does);
        let again = || {
            let mut command = run(folder.path(), &db, "misbehaving", &script);
            command.args(["--isolate", "misbehaving", "--allow-unverified", "--plugin"]).arg(misbehaving());
            cli::ended(command)
        };
        let failed = again();
        failed.fails(
            1,
            &["misbehaving", "the same request continues where it stopped once the plugin is repaired"],
        );
        failed.fails(1, says);
        let told = failed.json();
        assert_eq!((told["status"].as_str(), told["run_id"].as_i64()), (Some("failed"), Some(1)));
        // What it had handed over is kept.
        assert_eq!((&told["counts"]["read"], &told["counts"]["inserted"]), (&2.into(), &0.into()), "{told}");
        let mut listed = cli::program(folder.path());
        listed.args(["runs", "interrupted", "--db", &db.url]);
        let listed = cli::ended(listed);
        let waits = "Run 1 of misbehaving: failed, 2 rows read";
        assert!(listed.succeeds().out.contains(waits), "{listed:?}");
        assert!(listed.out.contains("`runs resume 1` continues it"), "{listed:?}");
        std::fs::write(&script, "ok").unwrap();
        let whole = again();
        let told = whole.succeeds().json();
        assert_eq!((&told["run_id"], &told["counts"]["read"]), (&1.into(), &6.into()), "{whole:?}");
        assert!(whole.err.contains("continued run 1, which had stopped after 2 rows"), "{whole:?}");
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM staging_volunteers"), 6);
        assert_eq!(db.texts("SELECT status AS t FROM import_runs"), ["succeeded"], "{}", db.backend);
    }
}

#[test]
fn a_crash_is_one_failed_run() {
    fails_and_goes_on("segfault", &["SIGSEGV"]);
    fails_and_goes_on("abort", &["SIGABRT"]);
    fails_and_goes_on("overflow_stack", &["SIGABRT"]);
}

#[test]
fn an_exit_is_one_failed_run() {
    fails_and_goes_on("exit", &["3"]);
}

const LIMITS: WorkerLimits = WorkerLimits {
    silence: Duration::from_secs(2),
    after_cancel: Duration::from_millis(300),
    memory: Some(1 << 30),
};

/// An importer of a service whose worker is the command line.
fn importer(db: &Database, quarantine: &PluginQuarantine) -> Importer {
    let worker =
        WorkerCommand::new(support::command_line().get_program()).argument("--importer-plugin-worker");
    let isolation = Isolation::process(worker).isolate("misbehaving").limits(LIMITS);
    let policy = TrustPolicy::allow_everything().quarantine(quarantine.clone());
    let discovery = Discovery::new(policy).file(misbehaving()).isolation(isolation);
    // By such a clock nobody waits.
    let clock = FixedClock(parse_moment("2025-06-01T08:00:00Z").unwrap());
    Importer::builder().database(&db.url).discovery(discovery).clock(Arc::new(clock)).build().unwrap()
}

/// A service, and the file that tells its plugin what to do.
struct Service {
    folder: tempfile::TempDir,
    db: Database,
    quarantine: PluginQuarantine,
    importer: Importer,
}

impl Service {
    fn new() -> Self {
        let (folder, db) = (tempfile::tempdir().unwrap(), support::sqlite());
        let quarantine = PluginQuarantine::new(folder.path().join("held.toml"));
        let importer = importer(&db, &quarantine);
        Self { folder, db, quarantine, importer }
    }

    fn run(&self, does: &str) -> RunReport {
        let script = support::file(self.folder.path(), "does", does);
        self.importer.run(&RunRequest::new("misbehaving").file(script)).unwrap()
    }

    /// How often the plugin has failed, and whether it is held back.
    fn failures(&self) -> (u32, bool) {
        self.quarantine.list().unwrap().first().map_or((0, false), |known| (known.strikes, known.held))
    }
}

#[test]
fn a_hang_and_too_much_memory_are_failed_runs_of_a_service_that_goes_on() {
    for (does, why) in [
        ("hang", "gave no sign of life for 2 s while reading"),
        ("allocate_forever", "asked for more memory than its limit of 1024 MiB"),
    ] {
        let service = Service::new();
        let failed = service.run(does);
        let error = failed.error.unwrap();
        assert_eq!(failed.status, importer::ReportStatus::Failed, "{error}");
        assert!(error.contains("plugin `misbehaving`") && error.contains(why), "{error}");
        let whole = service.run("ok");
        assert_eq!((whole.status.as_str(), whole.counts.read), ("succeeded", 6), "{:?}", whole.error);
        assert_eq!((failed.run_id.0, whole.run_id.0), (1, 1), "it goes on with the same run");
        assert_eq!(service.db.number("SELECT COUNT(*) AS t FROM staging_volunteers"), 6);
    }
}

#[test]
fn a_worker_whose_source_was_busy_opens_it_again_and_one_that_crashed_waits_for_the_next_command() {
    let service = Service::new();
    let report = service.run("once be_busy");
    assert_eq!((report.status.as_str(), report.counts.read), ("succeeded", 6), "{:?}", report.error);
    let told = "retried, once with 90.0 s of waiting; the last error: the source asks to slow down";
    assert!(report.notes.iter().any(|note| note.contains(told)), "{:?}", report.notes);
    assert_eq!(service.failures(), (0, false), "to be busy is no failure of the plugin");

    let service = Service::new();
    let report = service.run("once abort");
    assert_eq!((report.status.as_str(), report.counts.read), ("failed", 2), "{report:?}");
    assert_eq!(service.failures(), (1, false));
    let report = service.run("ok");
    assert_eq!((report.status.as_str(), report.run_id.0, report.counts.read), ("succeeded", 1, 6));
}

#[test]
fn failures_in_a_row_hold_a_plugin_back_and_a_run_that_passes_forgets_them() {
    let service = Service::new();
    for _ in 0..2 {
        assert_eq!(service.run("abort").status, importer::ReportStatus::Failed);
        assert_eq!(service.failures(), (1, false));
        assert_eq!(service.run("ok").status, importer::ReportStatus::Succeeded);
        assert_eq!(service.failures(), (0, false), "it came through");
    }
    service.run("exit");
    service.run("exit");
    assert_eq!(service.failures(), (2, true));
    let script = support::file(service.folder.path(), "does", "ok");
    let refused = service.importer.run(&RunRequest::new("misbehaving").file(script)).unwrap_err().to_string();
    for part in ["it has been held back since", "after 2 failures", "exit code 3"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
}

const TWINS: &str = "id,first name,last name,e-mail,city\n\
    1,Ada,Lovelace,ada@example.org,CITY\n2,Bob,Lovelace,ada@example.org,CITY\n";

/// A run of a CSV file with the plugin beside it, in a worker.
fn beside(desk: &Desk, people: &str, suite: &str) -> Ended {
    desk.file("people.csv", people);
    desk.file("suite.yaml", format!("suite: t\nrules:\n  {suite}\n"));
    let plugin = misbehaving();
    let plugin = ["--plugin", plugin.to_str().unwrap(), "--isolate", "misbehaving", "--allow-unverified"];
    desk.summary("people.csv", &[&plugin[..], &["--suite", "suite.yaml"]].concat())
}

const SILENT: &str = "SET-990: { enabled: false }";

#[test]
fn a_set_level_rule_that_crashes_is_one_failed_run() {
    for (does, at_the_end, why) in [
        ("abort", false, "ended with signal 6 (SIGABRT) while looking at rows"),
        ("exit", true, "ended its process with exit code 3 while judging the run"),
    ] {
        let desk = Desk::new();
        let suite = format!("SET-990: {{ options: {{ does: {does}, at_the_end: {at_the_end} }} }}");
        let failed = beside(&desk, TWINS, &suite);
        failed.fails(1, &["plugin `misbehaving`", why, "SET-990"]);
        assert_eq!(failed.json()["status"], "failed");
        desk.empty(&["core_volunteers", "dedupe_suggestions"]);
        let repaired = beside(&desk, TWINS, "SET-990: { mode: warn, options: { does: report } }");
        assert_eq!(repaired.succeeds().counts()["inserted"], 2);
        assert_eq!(repaired.json()["anomalies"][0]["message"], "it saw 2 rows");
    }
}

#[test]
fn a_match_feature_that_crashes_says_nothing_of_its_pairs_and_counts_as_a_failure() {
    let desk = Desk::new();
    let levels = || desk.db.texts("SELECT features_json AS t FROM dedupe_suggestions").concat();
    let good = beside(&desk, &TWINS.replace("CITY", "Liberty"), SILENT);
    assert_eq!(good.succeeds().counts()["inserted"], 2);
    assert!(levels().contains(r#""term":"misbehaving_city","level":"equal""#), "{}", levels());

    let held =
        || PluginQuarantine::new(desk.folder.path().join("importer-plugin-quarantine.toml")).list().unwrap();
    for (strikes, city, email) in [(1, "Abort", "grace@example.org"), (2, "Exit", "hedy@example.org")] {
        let others = TWINS.replace("CITY", city).replace("ada@example.org", email);
        let others = others.replace("\n1,", &format!("\n1{city},")).replace("\n2,", &format!("\n2{city},"));
        let ended = beside(&desk, &others, SILENT);
        assert_eq!(ended.succeeds().counts()["inserted"], 2, "{ended:?}");
        assert!(levels().contains(r#""term":"misbehaving_city","level":"missing""#), "{}", levels());
        for part in ["a match feature failed to compare", "plugin `misbehaving` ended", "misbehaving_city"] {
            assert!(ended.err.contains(part), "{part}: {ended:?}");
        }
        assert_eq!(
            (held()[0].strikes, held()[0].held),
            (strikes, strikes == 2),
            "the run passed, and not the plugin"
        );
    }
    beside(&desk, TWINS, SILENT).fails(2, &["it has been held back", "while comparing records"]);
}

#[test]
fn a_worker_is_started_once_for_a_run_and_its_warning_is_told_once() {
    let desk = Desk::new();
    desk.file("does", "ok");
    let plugin = misbehaving();
    let mut command = run(desk.folder.path(), &desk.db, "misbehaving", &desk.folder.path().join("does"));
    command.args(["--isolate", "misbehaving", "--allow-unverified", "--plugin"]).arg(&plugin);
    let ended = cli::ended(command);
    let warned = ended.succeeds().err.matches("a plugin nobody approved was loaded").count();
    assert_eq!(warned, 1, "{ended:?}");
}

/// The plugin in a folder of its own, with a sidecar that asks for a process.
fn wishing(folder: &Path) -> PathBuf {
    let library = folder.join(misbehaving().file_name().unwrap());
    std::fs::copy(misbehaving(), &library).unwrap();
    let sidecar = format!(
        "id = 'misbehaving'\nversion = '0.1.0'\nisolation = 'process'\n[files.{}]\nfile = '{}'\nsha256 = '{}'\n",
        current_target(),
        library.file_name().unwrap().display(),
        hash_file(&library).unwrap()
    );
    support::file(folder, "misbehaving.plugin.toml", sidecar);
    library
}

#[test]
fn a_plugin_whose_sidecar_asks_for_a_process_gets_one() {
    let (desk, plugins) = (Desk::new(), tempfile::tempdir().unwrap());
    let library = wishing(plugins.path());
    let script = desk.file("does", "exit");
    let again = |named: &Path| {
        let mut command = run(desk.folder.path(), &desk.db, "misbehaving", &script);
        command.args(["--allow-unverified", "--plugin"]).arg(named);
        cli::ended(command)
    };
    let sidecar = plugins.path().join("misbehaving.plugin.toml");
    again(&sidecar).fails(1, &["plugin `misbehaving` ended its process with exit code 3"]);
    desk.file("does", "ok");
    let ended = again(&sidecar);
    assert_eq!(ended.succeeds().json()["plugins"][0]["isolation"], "process");
    assert_eq!(ended.counts()["read"], 6);
    let ended = again(&library);
    assert_eq!(ended.succeeds().json()["plugins"][0]["isolation"], "process");
    std::fs::remove_file(&sidecar).unwrap();
    let ended = again(&library);
    assert_eq!(ended.succeeds().json()["plugins"][0]["isolation"], "in-process");
}

#[test]
fn a_plugin_that_crashes_while_it_is_loaded_takes_nobody_along_who_wanted_to_see_it() {
    let (desk, plugins) = (Desk::new(), tempfile::tempdir().unwrap());
    let library = wishing(plugins.path());
    let script = desk.file("does", "ok");
    let option = format!("file={}", script.display());
    let library = library.to_str().unwrap();
    for asked in [
        vec!["describe", library],
        vec!["verify", library],
        vec!["fields", library, "--option", &option],
        vec!["health", library, "--option", &option],
    ] {
        let mut command = cli::program(desk.folder.path());
        command.arg("plugins").args(&asked).arg("--allow-unverified");
        let sound = cli::ended(command);
        assert_eq!(sound.succeeds().code, 0);
        let mut command = cli::program(desk.folder.path());
        let quarantine = format!("{}.toml", asked[0]);
        command.arg("plugins").args(&asked).args(["--allow-unverified", "--plugin-quarantine", &quarantine]);
        command.env("MISBEHAVING_LOAD", "1");
        let ended = cli::ended(command);
        ended.fails(2, &["misbehaving", "it ended with signal 6 (SIGABRT) while being loaded"]);
    }
}
