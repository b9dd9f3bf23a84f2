//! The code at the plugin boundary under Miri, which finds undefined behaviour where it happens.

use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::run::Signals;
use crate::workspace::{root, target};

/// Runs the unit tests of the SDK's binary side. Needs a nightly toolchain with the component `miri`; what loads a library
/// cannot run in Miri, so the tests of the plugin host are not among them.
pub(crate) fn boundary(arguments: &[String]) -> Result<u8, Failure> {
    let there = Command::new("rustup")
        .args(["run", "nightly", "cargo", "miri", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        return Err(Failure::missing(
            "this machine lacks Miri.\n  rustup toolchain install nightly --component miri --component rust-src".into(),
        ));
    }
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", "miri", "test", "--package", "importer-plugin", "--lib", "abi::"])
        .args(arguments)
        .current_dir(root())
        // The payload of a panic is forgotten on purpose: it may panic again when it is dropped.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-ignore-leaks")
        .env("CARGO_TARGET_DIR", target().join("miri"));
    Signals::catch()?.run(&mut command)
}
