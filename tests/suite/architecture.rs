//! The dependency rule, read from cargo's own metadata.

use std::collections::BTreeMap;
use std::process::Command;

fn dependencies() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(super::support::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let names: Vec<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    let mut found = BTreeMap::new();
    for package in packages {
        let mut own: Vec<String> = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            // What tests use is not what the library is made of.
            .filter(|d| d["kind"].as_str() != Some("dev"))
            .filter_map(|d| d["name"].as_str())
            .filter(|name| names.contains(name))
            .map(str::to_owned)
            .collect();
        own.sort();
        own.dedup();
        found.insert(package["name"].as_str().unwrap().to_owned(), own);
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    let allowed = |package: &str| -> &[&str] {
        match package {
            "importer-plugin-abi" | "xtask" => &[],
            "importer-plugin" => &["importer-plugin-abi"],
            "importer-core" => &["importer-plugin"],
            "importer-plugin-worker" => &["importer-core"],
            "importer-dq" | "importer-dedupe" => &["importer-core"],
            // It looks at plugins the way a host does, through the plugin host.
            "importer-conformance" => &["importer-core", "importer-plugin"],
            // A plugin like any other knows the SDK alone.
            "importer-bad-plugin" => &["importer-plugin"],
            "importer" => &["importer-core", "importer-dedupe", "importer-dq", "importer-plugin"],
            // A plugin for tests.
            "importer-plugin-misbehaving" => &["importer-plugin"],
            // An adapter knows the SDK alone.
            adapter if adapter.starts_with("importer-adapter-") => &["importer-plugin"],
            other => panic!("`{other}` has no place in the dependency rule yet; see docs/ARCHITECTURE.md"),
        }
    };
    for (package, own) in dependencies() {
        for dependency in own {
            assert!(allowed(&package).contains(&dependency.as_str()), "{package} must not know {dependency}");
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

/// Names that only their home may know (invariant 5 of docs/ARCHITECTURE.md).
#[test]
fn diesel_unsafe_and_abi_stable_stay_at_home() {
    let homes: [(&str, &[&str]); 3] = [
        ("diesel::", &["importer-core/src/store/"]),
        ("unsafe {", &["importer-core/plugin/src/", "importer-core/src/plugin_host/"]),
        ("abi_stable::", &["importer-core/plugin/src/", "importer-core/src/plugin_host/"]),
    ];
    let sources = [
        "src",
        "importer-core/src",
        "importer-core/plugin/src",
        "importer-adapters",
        "importer-dq/src",
        "importer-dedupe/src",
    ];
    let mut files = Vec::new();
    for source in sources {
        collect(&super::support::root().join(source), &mut files);
    }
    assert!(files.len() > 50, "the sources are not where this test looks for them");
    for file in files {
        let place = file.strip_prefix(super::support::root()).unwrap().to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&file).unwrap();
        for (name, homes) in homes {
            let at_home = homes.iter().any(|home| place.starts_with(home));
            assert!(at_home || !text.contains(name), "{place} must not name `{name}`");
        }
    }
}

fn collect(folder: &std::path::Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}
