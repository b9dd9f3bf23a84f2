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

/// A run of people with the misbehaving plugin's rules in a process of its own.
fn judged(folder: &Path, db: &Database, people: &str, suite: &str) -> cli::Ended {
    let file = support::file(folder, "people.csv", people);
    let suite = support::file(folder, "suite.yaml", format!("suite: test\nrules:\n{suite}"));
    let mut command = run(folder, db, "csv", &file);
    command.args(["--isolate", "misbehaving", "--allow-unverified", "--plugin"]).arg(misbehaving());
    command.arg("--suite").arg(suite);
    cli::ended(command)
}

const PEOPLE: &str = "id,first name,last name,e-mail,city\n1,Ada,Lovelace,ada@example.org,CITY\n\
    2,Bob,Lovelace,ada@example.org,CITY\n";

#[test]
fn a_set_level_rule_judges_from_a_process_of_its_own() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let ended = judged(folder.path(), &db, PEOPLE, "  SET-990: {}\n");
        let finding = serde_json::json!({ "code": "SET-990", "message": "there are 2 rows" });
        assert_eq!(ended.succeeds().json()["anomalies"], serde_json::json!([finding]));
    }
}

#[test]
fn a_set_level_rule_that_ends_its_process_is_one_failed_run() {
    for (does, says) in [("abort", "SIGABRT"), ("exit", "3")] {
        let folder = tempfile::tempdir().unwrap();
        let db = support::sqlite();
        let suite = format!("  SET-990: {{ options: {{ does: {does} }} }}\n");
        judged(folder.path(), &db, PEOPLE, &suite).fails(1, &["misbehaving", says]);
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM core_volunteers"), 0, "{does}");
        judged(folder.path(), &db, PEOPLE, "  SET-990: {}\n").succeeds();
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM core_volunteers"), 2, "{does}");
    }
}

#[test]
fn a_match_feature_tells_from_a_process_of_its_own_and_its_end_costs_no_pair() {
    for (city, level) in [("Liberty", "equal"), ("Abort", "failed")] {
        let folder = tempfile::tempdir().unwrap();
        let db = support::sqlite();
        judged(folder.path(), &db, &PEOPLE.replace("CITY", city), "  SET-990: {}\n").succeeds();
        let told = db.texts("SELECT features_json AS t FROM dedupe_suggestions");
        assert_eq!(told.len(), 1, "{city}");
        let terms: serde_json::Value = serde_json::from_str(&told[0]).unwrap();
        assert_eq!(terms["features"]["bad_city"], level);
    }
}

#[test]
fn a_plugin_whose_sidecar_asks_for_it_gets_a_process_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let db = support::sqlite();
    let library = folder.path().join(misbehaving().file_name().unwrap());
    std::fs::copy(misbehaving(), &library).unwrap();
    let sha256 = importer_core::plugin_host::hash_file(&library).unwrap();
    let target = importer_core::plugin_host::current_target();
    let name = library.file_name().unwrap().to_str().unwrap();
    let sidecar = format!(
        "id = \"misbehaving\"\nversion = \"0.1.0\"\nisolation = \"process\"\n\n[files.{target}]\nfile = \"{name}\"\n\
         sha256 = \"{sha256}\"\n"
    );
    support::file(folder.path(), "misbehaving.plugin.toml", sidecar);
    let script = support::file(folder.path(), "does", "abort");
    let again = || {
        let mut command = run(folder.path(), &db, "misbehaving", &script);
        command.args(["--allow-unverified", "--plugin"]).arg(&library);
        cli::ended(command)
    };
    again().fails(1, &["misbehaving", "SIGABRT"]);
    std::fs::write(&script, "ok").unwrap();
    assert_eq!(again().succeeds().json()["plugins"][0]["isolation"], "process");
}

#[test]
fn a_secret_reaches_the_plugin_and_nothing_else() {
    const SECRET: &str = "correct-horse-battery";
    for isolate in [&["--isolate", "misbehaving"][..], &[]] {
        let folder = tempfile::tempdir().unwrap();
        let db = support::sqlite();
        let script = support::file(folder.path(), "does", "tell");
        let mut command = run(folder.path(), &db, "misbehaving", &script);
        command.args(isolate).args(["--allow-unverified", "--plugin"]).arg(misbehaving());
        command.env("IMPORTER_SECRET_TOKEN", SECRET).env("IMPORTER_LOG", "trace");
        let ended = cli::ended(command);
        ended.succeeds();
        let told = format!("{ended:?}");
        assert!(told.contains(&format!("the secret has {} characters", SECRET.len())), "{told}");
        assert!(!told.contains(SECRET), "{told}");
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        }
    }
}
