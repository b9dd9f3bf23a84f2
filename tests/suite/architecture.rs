//! The dependency rule, read from cargo's own metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

mod imports;
mod texts;

/// What each package needs to be built, by its name: what only its tests use is not what it is made of.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(super::support::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter().map(|package| {
        let own = package["dependencies"].as_array().unwrap().iter();
        let own = own.filter(|d| d["kind"].as_str() != Some("dev"));
        let own = own.filter_map(|d| d["name"].as_str()).map(str::to_owned).collect();
        (package["name"].as_str().unwrap().to_owned(), own)
    });
    packages.collect()
}

#[test]
fn dependencies_point_one_way() {
    let allowed = |package: &str| -> &[&str] {
        match package {
            "importer-plugin-abi" | "xtask" => &[],
            "importer-plugin" => &["importer-plugin-abi"],
            "importer-core" => &["importer-plugin"],
            "importer-store" => &["importer-core"],
            "importer-plugin-host" => &["importer-core", "importer-plugin"],
            "importer-plugin-worker" => &["importer-plugin-host"],
            "importer-dq" | "importer-dedupe" => &["importer-core"],
            // It looks at plugins the way a host does, through the plugin host.
            "importer-conformance" => &["importer-core", "importer-plugin", "importer-plugin-host"],
            // A plugin like any other knows the SDK alone.
            "importer-bad-plugin" => &["importer-plugin"],
            "importer" => &[
                "importer-core",
                "importer-dedupe",
                "importer-dq",
                "importer-plugin",
                "importer-plugin-host",
                "importer-store",
            ],
            // A host, which links one adapter.
            "importer-cli" => &["importer", "importer-adapter-csv"],
            // A plugin for tests.
            "importer-plugin-misbehaving" => &["importer-plugin"],
            // An adapter knows the SDK alone.
            adapter if adapter.starts_with("importer-adapter-") => &["importer-plugin"],
            other => panic!("`{other}` has no place in the dependency rule yet; see docs/ARCHITECTURE.md"),
        }
    };
    let packages = dependencies();
    for (package, own) in &packages {
        for dependency in own.iter().filter(|name| packages.contains_key(*name)) {
            assert!(allowed(package).contains(&dependency.as_str()), "{package} must not know {dependency}");
        }
    }
}

#[test]
fn every_member_is_tested_by_default() {
    let manifest = std::fs::read_to_string(super::support::root().join("Cargo.toml")).unwrap();
    let manifest: Vec<&str> = manifest.lines().map(str::trim).collect();
    let list = |name: &str| -> Vec<&str> {
        let start = manifest.iter().position(|line| line.starts_with(&format!("{name} = ["))).unwrap();
        let rest = &manifest[start + 1..];
        rest.iter().take_while(|line| !line.starts_with(']')).copied().filter(|l| *l != "\".\",").collect()
    };
    assert_eq!(list("members"), list("default-members"));
}

/// Libraries that only their home may know (invariant 5 of docs/ARCHITECTURE.md).
#[test]
fn databases_and_the_binary_boundary_stay_at_home() {
    let homes: [(&[&str], &[&str]); 3] = [
        (&["diesel", "libsqlite3-sys", "postgres"], &["importer-store"]),
        (&["abi_stable"], &["importer-plugin-abi", "importer-plugin-host"]),
        (&["minisign-verify", "object"], &["importer-plugin-host"]),
    ];
    let packages = dependencies();
    for (libraries, homes) in homes {
        for library in libraries {
            let known =
                packages.iter().filter(|(_, own)| own.contains(*library)).map(|(name, _)| name.as_str());
            assert_eq!(known.collect::<Vec<_>>(), homes, "{library}");
        }
    }
}

/// `unsafe` is denied everywhere and allowed where the binary boundary is.
#[test]
fn unsafe_stays_at_home() {
    let homes = ["importer-core/plugin/", "importer-core/plugin-host/"];
    let mut files = Vec::new();
    for source in [
        "src",
        "importer-core",
        "importer-adapters",
        "importer-dq",
        "importer-dedupe",
        "importer-conformance",
    ] {
        collect(&super::support::root().join(source), &mut files);
    }
    let mut at_home = 0;
    for file in files {
        let place = file.strip_prefix(super::support::root()).unwrap().to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&file).unwrap();
        let allowed = text.contains("allow(unsafe_code") || text.contains("expect(unsafe_code");
        let home = homes.iter().any(|home| place.starts_with(home));
        assert!(home || !allowed, "{place} must not allow `unsafe`");
        at_home += usize::from(allowed);
    }
    assert!(at_home > 0, "the sources are not where this test looks for them");
}

/// Pairs of files that are two halves of one thing, such as a parser and its type; every other circle is a fault.
const HALVES: [&[&str]; 13] = [
    &["mapping::list", "mapping::value"],
    &["mapping::check", "mapping::document"],
    &["mapping::choose", "mapping::plan"],
    &["host_others", "host_rows"],
    &["postgres::place", "postgres::tls"],
    &["image", "metadata"],
    &["crash_mark", "plugin_quarantine"],
    &["allow_list", "trust"],
    &["isolation::plugin", "isolation::process"],
    &[
        "matching::features::family_name",
        "matching::features::given_name",
        "matching::features::middle_name",
        "matching::features::names",
    ],
    &["matching::model::objection", "matching::model::verdict"],
    &["history::merge", "history::undo"],
    &["survivorship::document", "survivorship::policy"],
];

/// Files import each other one way, but for a file and those in its folder, and for halves of one thing.
#[test]
fn no_files_import_each_other() {
    let mut circles = Vec::new();
    for root in [
        "src",
        "importer-core/src",
        "importer-core/plugin/src",
        "importer-core/plugin-host/src",
        "importer-core/store/src",
        "importer-dq/src",
        "importer-dedupe/src",
        "importer-adapters/csv/src",
        "examples/cli/src",
    ] {
        circles.extend(imports::circles(&super::support::root().join(root)));
    }
    let halves: Vec<Vec<String>> =
        HALVES.iter().map(|half| half.iter().map(|name| (*name).to_owned()).collect()).collect();
    let faults: Vec<_> = circles.iter().filter(|circle| !halves.contains(circle)).collect();
    assert!(faults.is_empty(), "these files import each other: {faults:#?}");
    for half in &halves {
        assert!(circles.contains(half), "{half:?} are no circle any more: take them out of the list");
    }
}

/// The Rust files of a folder and of the folders in it.
pub(crate) fn collect(folder: &std::path::Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}
