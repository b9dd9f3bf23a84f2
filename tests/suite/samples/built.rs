//! Builds crates that stand outside of this workspace.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::support;

/// All plugins are built into one folder, so that what they depend on is compiled once; and away from the tests' own
/// folder, where the command line would find them unasked.
fn target() -> PathBuf {
    support::profile_folder().parent().unwrap().join("plugins")
}

/// Where cargo puts the library of a package.
pub(super) fn library(package: &str) -> PathBuf {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    target().join("debug").join(format!("{prefix}{}{suffix}", package.replace('-', "_")))
}

/// Runs cargo in a crate; its lock file is that of the workspace, so that nothing new is fetched.
pub(super) fn cargo(folder: &Path, arguments: &[&str]) {
    // One after the other, so that two tests do not wait for cargo's lock half built.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let lock = folder.join("Cargo.lock");
    if !lock.exists() {
        std::fs::copy(support::root().join("Cargo.lock"), &lock).unwrap();
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).arg("--offline").current_dir(folder).env("CARGO_TARGET_DIR", target());
    let output = command.output().unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "cargo {arguments:?} in {}:\n{said}", folder.display());
    if arguments[0] == "test" {
        let passed = said.lines().filter_map(|line| line.split("test result: ok. ").nth(1));
        let passed = passed.filter_map(|line| line.split(' ').next()?.parse::<u32>().ok()).sum::<u32>();
        assert!(passed > 0, "no test ran: {said}");
    }
}

/// A sample outside of this repository, tested and built: its library.
pub(super) fn sample(name: &str) -> PathBuf {
    let source = support::root().join("examples/plugins").join(name);
    let folder = target().join("samples").join(name);
    copy(&source, &folder);
    cargo(&folder, &["test"]);
    cargo(&folder, &["build"]);
    library(&format!("importer-sample-{name}"))
}

/// Copies what changed, so that cargo need not build again what did not.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if name == "target" || name == "Cargo.lock" {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name));
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        if name == "Cargo.toml" {
            let sdk = support::root().join("importer-core/plugin").to_string_lossy().replace('\\', "/");
            let text = String::from_utf8(bytes).unwrap();
            bytes = text.replace("../../../importer-core/plugin", &sdk).into_bytes();
        }
        if std::fs::read(to.join(&name)).ok().as_ref() != Some(&bytes) {
            std::fs::write(to.join(name), bytes).unwrap();
        }
    }
}
