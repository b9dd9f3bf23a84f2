//! Whole runs of the real program with a plugin in a process of its own.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cli;
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

/// The run fails with a message that names the plugin; once the plugin is repaired, the same command brings every row.
#[track_caller]
fn fails_and_goes_on(does: &str, says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let db = support::sqlite();
    let script = support::file(folder.path(), "does", does);
    let again = || {
        let mut command = run(folder.path(), &db, "misbehaving", &script);
        command.args(["--isolate", "misbehaving", "--allow-unverified", "--plugin"]).arg(misbehaving());
        cli::ended(command)
    };
    let failed = again();
    failed.fails(1, &["misbehaving"]).fails(1, says);
    assert_eq!(failed.json()["status"], "failed");
    std::fs::write(&script, "ok").unwrap();
    let whole = again();
    assert_eq!(whole.succeeds().json()["counts"]["read"], 6, "{whole:?}");
    assert_eq!(db.number("SELECT COUNT(*) AS t FROM staging_volunteers"), 6);
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
