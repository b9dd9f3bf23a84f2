//! What is checked: formatting, lints, tests.

use std::process::Command;
use std::time::SystemTime;

use crate::again::Used;
use crate::failure::Failure;
use crate::needs;
use crate::postgres::{Cluster, Kind, TEST_URL};
use crate::run::Signals;
use crate::times::{Started, Times};
use crate::workspace::cargo;

/// The feature that adds the Postgres store to every member that has one.
const POSTGRES_FEATURE: &str = "postgres";

/// Formatting, lints, then all tests.
pub(crate) fn ci(postgres: bool) -> Result<u8, Failure> {
    if postgres {
        needs::ensure(of_tests())?;
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

/// All tests, with `arguments` handed to `cargo test`; then how long each part took.
pub(crate) fn test(postgres: bool, arguments: &[String]) -> Result<u8, Failure> {
    let mut times = Times::default();
    let code = tests(postgres, arguments, &mut times);
    if !times.is_empty() {
        eprint!("xtask: how long each part took\n{}", times.table());
    }
    code
}

fn tests(postgres: bool, arguments: &[String], times: &mut Times) -> Result<u8, Failure> {
    if !postgres {
        eprintln!("xtask: WITHOUT POSTGRES: the Postgres store is not tested in this run.");
        return suites(&Signals::catch()?, postgres, arguments, times, |command| {
            command.env_remove(TEST_URL);
        });
    }
    needs::ensure(of_tests())?;
    let signals = Signals::catch()?;
    if is_server_named() {
        eprintln!("xtask: testing against the Postgres server that {TEST_URL} names, and against no other.");
        return suites(&signals, postgres, arguments, times, |_| {});
    }
    let used = Used::new("first")?;
    let cluster = times.part("a Postgres server", || Cluster::start(Kind::Defaults))?;
    let code = suites(&signals, postgres, arguments, times, |command| {
        cluster.announce(command);
        used.announce(command);
    })?;
    drop(cluster);
    if code != 0 {
        return Ok(code);
    }
    times.part("again on a server as hosts have them", || as_hosts_have_them(&signals, &used))
}

/// Whether the tests are to use a server of somebody else's.
fn is_server_named() -> bool {
    std::env::var(TEST_URL).is_ok_and(|url| !url.is_empty())
}

fn of_tests() -> &'static [needs::Need] {
    if is_server_named() { needs::POSTGRES } else { needs::ALL }
}

/// Tests on a server as hosts have them what has used the other one.
fn as_hosts_have_them(signals: &Signals, first: &Used) -> Result<u8, Failure> {
    let tests = first.read()?;
    let count: usize = tests.values().map(std::collections::BTreeSet::len).sum();
    if count == 0 {
        eprintln!(
            "xtask: none of these tests has used Postgres; there is nothing for a server as hosts have them."
        );
        return Ok(0);
    }
    eprintln!(
        "xtask: {count} of these tests have used Postgres; they go again on a server as hosts have them."
    );
    let again = Used::new("second")?;
    let cluster = Cluster::start(Kind::AsHostsHaveThem)?;
    for (program, names) in &tests {
        let mut command = Command::new(program);
        command.arg("--exact").args(names).current_dir(crate::workspace::root());
        cluster.announce(&mut command);
        again.announce(&mut command);
        let code = signals.run(&mut command)?;
        if code != 0 {
            eprintln!(
                "xtask: to try one of them: cargo xtask pg {} -- {} NAME",
                Kind::OPTION,
                program.display()
            );
            return Ok(code);
        }
    }
    if again.read()? == tests {
        return Ok(0);
    }
    // A test that passes without having been there would count for nothing.
    Err("not every test that used the first Postgres server has used the second one.".to_owned().into())
}

/// One command with a private Postgres server up.
pub(crate) fn beside_postgres(kind: Kind, program: &str, arguments: &[String]) -> Result<u8, Failure> {
    needs::ensure(if kind == Kind::Defaults { needs::POSTGRES } else { needs::ALL })?;
    let signals = Signals::catch()?;
    let cluster = Cluster::start(kind)?;
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
    times: &mut Times,
    prepare: impl Fn(&mut Command),
) -> Result<u8, Failure> {
    let of_cargo = |own: &[&str]| {
        let mut command = cargo(["test", "--workspace"]);
        command.args(feature(postgres)).args(own);
        prepare(&mut command);
        command
    };
    if !arguments.is_empty() {
        // They may choose among the targets, so that they cannot be run one kind after the other.
        return times.part("the chosen tests", || signals.run(of_cargo(&[]).args(arguments)));
    }
    let code = times.part("building", || signals.run(&mut of_cargo(&["--no-run"])))?;
    if code != 0 {
        return Ok(code);
    }
    let started = Started::new()?;
    let mut programs = of_cargo(&["--tests"]);
    started.announce(&mut programs)?;
    let start = SystemTime::now();
    let code = signals.run(&mut programs)?;
    times.programs(&started, start, SystemTime::now())?;
    if code != 0 {
        return Ok(code);
    }
    times.part("documentation tests", || signals.run(&mut of_cargo(&["--doc"])))
}

fn feature(postgres: bool) -> &'static [&'static str] {
    if postgres { &["--features", POSTGRES_FEATURE] } else { &[] }
}
