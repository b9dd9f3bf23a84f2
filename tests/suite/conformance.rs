//! The conformance kit with real files: the CSV adapter keeps all promises, and for each case there is a plugin that
//! breaks exactly the promise it is about.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use importer_conformance::CASES;
use serde_json::Value;

use super::support;

/// A rule that panics on the first character beyond ASCII can do nothing else either.
const PANICKING_RULE: &[&str] = &["rule-findings", "rule-repeatable", "two-rules"];

/// The case, the promise that the bad plugin breaks, and which other cases notice as well.
const BREACHES: [(&str, &str, &[&str]); 37] = [
    ("loads", "another-version", &[]),
    ("names", "shouted-name", &[]),
    ("unknown-capability", "any-capability", &[]),
    ("unknown-name", "any-name", &[]),
    ("option-specs", "default-outside", &[]),
    ("unknown-option", "unknown-option-taken", &[]),
    ("missing-option", "missing-option-taken", &[]),
    ("wrong-option", "wrong-option-unnamed", &[]),
    ("reads", "not-utf8", &["absurd-request", "empty-source", "host-failure"]),
    ("empty-source", "empty-is-an-error", &[]),
    ("batches", "falling-positions", &[]),
    ("end", "more-after-the-end", &[]),
    ("columns", "other-columns", &[]),
    // A source that is never twice the same fails wherever two readings are compared.
    ("repeatable", "made-up", &["close-midway", "resume", "two-sources"]),
    ("resume", "cursor-off-by-one", &[]),
    ("cancellation", "deaf", &[]),
    ("host-failure", "forced-secret", &[]),
    ("absurd-request", "trusted-cursor", &[]),
    ("two-sources", "shared-place", &[]),
    ("close-midway", "thread-left", &[]),
    ("fields", "no-fields", &[]),
    ("health", "silent-health", &[]),
    ("deletions", "deletions-with-all-columns", &[]),
    ("rule-examples", "wrong-example", &[]),
    ("rule-cells", "cut-inside-a-character", PANICKING_RULE),
    ("rule-findings", "foreign-column", &[]),
    ("rule-blank", "blank-reported", &[]),
    ("rule-privacy", "cell-in-message", &[]),
    ("rule-repeatable", "every-other-row", &["two-rules", "rule-examples"]),
    ("two-rules", "last-one-counts", &[]),
    ("set-rule-empty", "divides-by-rows", &[]),
    ("set-rule-batches", "last-batch-counts", &[]),
    ("set-rule-cells", "short-cells-only", &[]),
    ("feature-symmetric", "one-way", &[]),
    ("feature-missing", "missing-counts", &[]),
    ("feature-repeatable", "tired", &["feature-symmetric"]),
    ("feature-cells", "third-level", &[]),
];

fn library(name: &str) -> PathBuf {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let file = std::env::current_exe().unwrap().with_file_name(format!("{prefix}{name}{suffix}"));
    assert!(file.is_file(), "{} is missing; is it a dev-dependency?", file.display());
    file
}

fn plugin_check() -> Command {
    let name = format!("plugin-check{}", std::env::consts::EXE_SUFFIX);
    let program = support::profile_folder().join("examples").join(name);
    assert!(program.is_file(), "{} is not built; run the tests with `cargo xtask test`", program.display());
    let mut command = Command::new(program);
    command.env_remove("BAD_PLUGIN");
    command
}

fn bad_plugin() -> Command {
    let mut command = plugin_check();
    command.arg(library("importer_bad_plugin")).args(["--option", "rows=250", "--empty", "rows=0"]);
    command
}

/// The outcome of each case.
fn outcomes(output: &Output) -> BTreeMap<String, String> {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases = report["report"]["cases"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    cases.map(|case| (text(&case["case"]), text(&case["outcome"]))).collect()
}

fn those(outcomes: &BTreeMap<String, String>, outcome: &str) -> BTreeSet<String> {
    outcomes.iter().filter(|(_, found)| *found == outcome).map(|(case, _)| case.clone()).collect()
}

#[test]
fn a_plugin_that_keeps_all_promises_passes_every_case() {
    let output = bad_plugin().arg("--json").output().unwrap();
    let outcomes = outcomes(&output);
    assert_eq!(those(&outcomes, "passed").len(), CASES.len(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn each_case_fails_for_the_plugin_that_breaks_its_promise() {
    let mut wrong = Vec::new();
    for (case, promise, others) in BREACHES {
        let output = bad_plugin().arg("--json").env("BAD_PLUGIN", promise).output().unwrap();
        let failed = those(&outcomes(&output), "failed");
        let expected: BTreeSet<String> =
            std::iter::once(&case).chain(others).map(|name| (*name).to_owned()).collect();
        if failed != expected || output.status.code() != Some(1) {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            wrong.push(format!("{promise}: {failed:?} failed, not {expected:?}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_can_fail() {
    let mut proved: BTreeSet<&str> = BREACHES.iter().map(|(case, ..)| *case).collect();
    // A file that is no plugin; see below.
    proved.insert("scan");
    assert_eq!(proved, CASES.iter().map(|case| case.name).collect());
}

#[test]
fn a_file_that_is_no_plugin_fails_the_scan_and_nothing_else() {
    let output = plugin_check().arg(support::root().join("README.md")).arg("--json").output().unwrap();
    let outcomes = outcomes(&output);
    assert_eq!(those(&outcomes, "failed"), ["scan".to_owned()].into());
    assert_eq!(those(&outcomes, "passed"), BTreeSet::new());
}

#[test]
fn a_hang_is_the_finding_of_its_case() {
    let mut command = bad_plugin();
    command.args(["--case", "reads", "--time-limit", "1"]).env("BAD_PLUGIN", "hangs");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("FAILED   reads: it did not end within 1 s; "), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_crash_is_the_finding_of_its_case() {
    let mut command = bad_plugin();
    command.args(["--case", "absurd-request", "--case", "reads"]).env("BAD_PLUGIN", "trusted-cursor");
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(text.starts_with("FAILED   absurd-request: the plugin ended the process ("), "{text}");
    assert!(text.contains("\npassed   reads\n"), "{text}");
}

#[test]
fn the_csv_adapter_keeps_all_promises() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("first_name,email\n");
    for number in 0..5_000 {
        text += &format!("Ada,ada{number}@example.org\n");
    }
    let file = support::file(folder.path(), "people.csv", text);
    let empty = support::file(folder.path(), "empty.csv", "first_name,email\n");
    let option = |path: &Path| format!("file={}", path.display());
    let mut command = plugin_check();
    command.arg(library("importer_adapter_csv"));
    let output =
        command.args(["--option", &option(&file), "--empty", &option(&empty), "--json"]).output().unwrap();
    let outcomes = outcomes(&output);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(those(&outcomes, "failed"), BTreeSet::new(), "{text}");
    for case in ["reads", "empty-source", "resume", "cancellation", "two-sources", "wrong-option"] {
        assert_eq!(outcomes[case], "passed", "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let output = bad_plugin().args(["--case", "no-such-case"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "plugin-check: there is no case `no-such-case`; docs/reference/plugin-checks.md lists them\n"
    );
    assert_eq!(plugin_check().arg("/nowhere/libx.so").output().unwrap().status.code(), Some(2));
}

#[test]
fn a_linked_plugin_is_checked_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", "first_name\nAda\n");
    let settings = importer_conformance::Settings::default().option("file", file.to_str().unwrap());
    let report = importer_conformance::check_plugin(importer_adapter_csv::plugin(), &settings).unwrap();
    assert!(report.passed(), "{report}");
    assert!(
        report.to_string().contains("skipped  scan: the plugin is linked, and this needs a file"),
        "{report}"
    );
}
