//! What is checked: formatting, lints, tests.

use std::process::Command;

use crate::failure::Failure;
use crate::needs;
use crate::postgres::{Cluster, TEST_URL};
use crate::run::Signals;
use crate::workspace::cargo;

/// The feature that adds the Postgres store to every member that has one.
const POSTGRES_FEATURE: &str = "postgres";

/// Formatting, lints, then all tests.
pub(crate) fn ci(postgres: bool) -> Result<u8, Failure> {
    if postgres {
        needs::ensure(needs::POSTGRES)?;
    }
    let signals = Signals::catch()?;
    let mut clippy = vec!["clippy", "--workspace", "--all-targets"];
    clippy.extend(feature(postgres));
    clippy.extend(["--", "-D", "warnings"]);
    for step in [vec!["fmt", "--all", "--check"], clippy] {
        let code = signals.run(&mut cargo(step))?;
        if code != 0 {
            return Ok(code);
        }
    }
    test(postgres, &[])
}

/// All tests, with `arguments` handed to `cargo test`.
pub(crate) fn test(postgres: bool, arguments: &[String]) -> Result<u8, Failure> {
    if !postgres {
        eprintln!("xtask: WITHOUT POSTGRES: the Postgres store is not tested in this run.");
        return suites(&Signals::catch()?, postgres, arguments, |command| {
            command.env_remove(TEST_URL);
        });
    }
    needs::ensure(needs::POSTGRES)?;
    let signals = Signals::catch()?;
    if std::env::var(TEST_URL).is_ok_and(|url| !url.is_empty()) {
        eprintln!("xtask: testing against the Postgres server that {TEST_URL} names.");
        return suites(&signals, postgres, arguments, |_| {});
    }
    let cluster = Cluster::start()?;
    suites(&signals, postgres, arguments, |command| cluster.announce(command))
}

/// One command with a private Postgres server up.
pub(crate) fn beside_postgres(program: &str, arguments: &[String]) -> Result<u8, Failure> {
    needs::ensure(needs::POSTGRES)?;
    let signals = Signals::catch()?;
    let cluster = Cluster::start()?;
    let mut command = Command::new(program);
    command.args(arguments);
    cluster.announce(&mut command);
    signals.run(&mut command)
}

/// Runs the tests of every member and of its documentation. Without a choice of targets cargo also builds the examples as
/// the programs they are, which the suite calls; `--all-targets` would build them as tests instead.
fn suites(
    signals: &Signals,
    postgres: bool,
    arguments: &[String],
    prepare: impl Fn(&mut Command),
) -> Result<u8, Failure> {
    let mut command = cargo(["test", "--workspace"]);
    command.args(feature(postgres)).args(arguments);
    prepare(&mut command);
    signals.run(&mut command)
}

fn feature(postgres: bool) -> &'static [&'static str] {
    if postgres { &["--features", POSTGRES_FEATURE] } else { &[] }
}
