//! The plugin that was built with the first SDK.

use std::path::PathBuf;
use std::sync::Arc;

use importer_plugin::{Error, HealthStatus, Host};
use importer_plugin_host::{
    Discovery, FileHash, Isolation, LoadedPlugin, Verification, WorkerCommand, load_file,
};

use crate::support::command_line;

use super::{allowing, judges_and_compares, read, read_on, request};

const SHA256: &str = "7c52da644395026d7591b87a438c262bea76f3abf20f352c4b48aad6d0ab7d36";

pub(super) fn file() -> PathBuf {
    crate::support::root().join("tests/compat/first-plugin-1.0.0-x86_64-linux.so")
}

/// The kept file, where it can be loaded, in this process and in one of its own; says aloud when that is not here.
fn both_ways() -> Vec<Arc<LoadedPlugin>> {
    let Some(here) = first_plugin() else { return Vec::new() };
    // What `WorkerCommand::this_program` would say inside the command line.
    let worker = WorkerCommand::new(command_line().get_program()).argument("--importer-plugin-worker");
    let discovery = Discovery::new(allowing(SHA256.parse().unwrap()))
        .file(file())
        .isolation(Isolation::process(worker).isolate_all());
    let apart = discovery.load("first-plugin").unwrap();
    assert_eq!((here.isolation(), apart.isolation()), ("in-process", "process"));
    vec![here, apart]
}

/// The kept file, where it can be loaded; says aloud when that is not here.
pub(super) fn first_plugin() -> Option<Arc<LoadedPlugin>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        eprintln!("NOT TESTED: the plugin built with the first SDK is one for x86_64-unknown-linux-gnu");
        return None;
    }
    let sha256: FileHash = SHA256.parse().unwrap();
    Some(load_file(&file(), &allowing(sha256)).unwrap())
}

#[test]
fn it_is_the_file_that_was_built_then() {
    let Some(plugin) = first_plugin() else { return };
    assert_eq!(plugin.verification(), Verification::AllowListed);
    let who = (plugin.id(), plugin.version(), plugin.embedded().sdk.as_str());
    assert_eq!(who, ("first-plugin", "1.0.0", "0.1.0"));
    let readme = std::fs::read_to_string(file().with_file_name("README.md")).unwrap();
    assert!(readme.contains(SHA256), "the hash here is not the one its README tells");
}

#[test]
fn no_path_of_a_machine_is_in_it() {
    let bytes = std::fs::read(file()).unwrap();
    for start in ["/home/", "/root/", "/tmp/", "/Users/"] {
        assert!(!bytes.windows(start.len()).any(|window| window == start.as_bytes()), "{start}");
    }
}

#[test]
fn its_adapter_reads_and_tells() {
    for plugin in both_ways() {
        let adapter = plugin.adapter("first-people").unwrap();
        let (columns, extracts) = read(&*adapter, 5_000);
        assert_eq!(columns, ["first_name", "email", "shirt_size"]);
        let rows: Vec<usize> = extracts.iter().map(|extract| extract.batch().rows()).collect();
        assert_eq!(rows, [2_048, 2_048, 904]);
        let batch = extracts[0].batch();
        let cells = (batch.get(0, 0), batch.get(0, 1), batch.get(2, 2));
        assert_eq!(cells, (Some("Ada 1"), Some("ada.1@example.org"), None));
        assert_eq!(extracts[1].position(0), 2_049);
        let finding = &extracts[0].findings()[0];
        assert_eq!((finding.row, finding.code.as_str()), (2, "FIRST-001"));

        let host = Host::detached();
        let health = adapter.health(&request(1), &host).unwrap();
        assert_eq!(
            (health.status, &*health.message),
            (HealthStatus::Warning, "made-up people are never well")
        );
        assert_eq!(adapter.fields(&request(1), &host).unwrap()[2].kind.as_deref(), Some("text"));
        let (columns, gone) = read_on(adapter.deletions(&request(1), &host).unwrap());
        assert_eq!((columns, gone[0].batch().get(0, 0)), (vec!["external_id".into()], Some("V-7")));
    }
}

#[test]
fn its_adapter_goes_on_and_its_errors_come_through() {
    for plugin in both_ways() {
        let adapter = plugin.adapter("first-people").unwrap();
        let mut later = request(9);
        later.cursor = Some("7".into());
        let (_, extracts) = read_on(adapter.open(&later, &Host::detached()).unwrap());
        assert_eq!((extracts[0].batch().rows(), extracts[0].position(0)), (2, 8));
        later.cursor = Some("page 3".into());
        let error = adapter.open(&later, &Host::detached()).err().unwrap();
        assert_eq!(error, Error::config("the cursor is not one of this adapter"));
        let error = adapter.open(&request(0), &Host::detached()).err().unwrap();
        assert_eq!(error.message, "option `rows` must be at least 1");
        assert_eq!(error.field.as_deref(), Some("rows"));
    }
}

#[test]
fn its_rules_judge_and_its_match_feature_compares() {
    for plugin in both_ways() {
        judges_and_compares(&plugin);
    }
}
