//! The project's own chores, run as `cargo xtask COMMAND`; `cargo xtask help` lists them.
//!
//! They need a Unix and nothing installed beforehand but Rust and a C linker: what else the tests want is found, or
//! installed where that is possible.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to its terminal")]

mod again;
mod checks;
mod failure;
mod fuzz;
mod miri;
mod needs;
mod postgres;
mod run;
mod times;
mod workspace;

use std::process::ExitCode;

use failure::Failure;
use postgres::{Cluster, Kind};

const USAGE: &str = "\
The project's chores.

  cargo xtask test [--no-postgres] [-- ARGS]   all tests, with a private Postgres server; ARGS go to `cargo test`.
                                               What uses Postgres is then tested on a server as hosts have them.
                                               At its end it tells how long each part took.
  cargo xtask ci [--no-postgres]               formatting, lints, then all tests
  cargo xtask pg [--as-hosts-have-them] -- COMMAND [ARGS]
                                               COMMAND with a private Postgres server up
  cargo xtask miri [-- ARGS]                   the code at the plugin boundary under Miri; ARGS go to the tests
  cargo xtask fuzz [TARGET] [-- ARGS]          fuzzes csv, image or mapping, or all of them for a minute each; ARGS go
                                               to libFuzzer
  cargo xtask setup                            installs what the tests need and this machine lacks
  cargo xtask help                             this text

A private server lives while the command runs; IMPORTER_TEST_POSTGRES holds its address (PGHOST, PGPORT, PGUSER and
PGDATABASE too, so a bare `psql` reaches it). `test` uses the server that IMPORTER_TEST_POSTGRES already names, if any.
The tests of one member: cargo xtask pg -- cargo test --package importer-core --features postgres

  --no-postgres           tests without Postgres (or XTASK_NO_POSTGRES=1)
  --as-hosts-have-them    a server with German messages and dates, limits of time, and a client that may do little; its
                          databases are made by the role of IMPORTER_TEST_POSTGRES_ADMIN, and tests leave SQLite out
  PG_BIN                  the directory of initdb, pg_ctl and postgres, if it is not a usual one

Exit codes: that of the command run; 1 when a chore fails, 2 when it is used wrongly or the machine lacks something.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match chore(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("xtask: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn chore(arguments: &[String]) -> Result<u8, Failure> {
    let (name, rest) = match arguments {
        [] => ("help", arguments),
        [name, rest @ ..] => (name.as_str(), rest),
    };
    let (options, passed_on) = match rest.iter().position(|argument| argument == "--") {
        Some(dashes) => (&rest[..dashes], &rest[dashes + 1..]),
        None => (rest, &[][..]),
    };
    match name {
        "help" | "-h" | "--help" => {
            print!("{USAGE}");
            Ok(0)
        }
        "test" => checks::test(with_postgres(options)?, passed_on),
        "ci" if passed_on.is_empty() => checks::ci(with_postgres(options)?),
        "miri" if options.is_empty() => miri::boundary(passed_on),
        "fuzz" => fuzz::run(options, passed_on),
        "pg" => match (options, passed_on) {
            (options, [program, arguments @ ..]) => match Kind::of(options) {
                Some(kind) => checks::beside_postgres(kind, program, arguments),
                None => Err(Failure::usage(&format!("`pg` does not take `{}`", options.join(" ")))),
            },
            _ => Err(Failure::usage("`pg` wants a command after two dashes: cargo xtask pg -- psql")),
        },
        times::Started::CHORE => Err(times::note_and_run(rest)),
        "setup" if rest.is_empty() => needs::ensure(needs::ALL).map(|()| 0),
        Cluster::KEEP => match rest.split_first().map(|(place, options)| (place, Kind::of(options))) {
            Some((directory, Some(kind))) => postgres::keep(kind, directory.as_ref()).map(|()| 0),
            _ => Err(Failure::usage("`keep-postgres` is started by xtask itself")),
        },
        "ci" | "miri" | "setup" => {
            Err(Failure::usage(&format!("`{name}` does not take `{}`", rest.join(" "))))
        }
        unknown => Err(Failure::usage(&format!("no chore is called `{unknown}`"))),
    }
}

/// Reads the one option that `test` and `ci` share.
fn with_postgres(options: &[String]) -> Result<bool, Failure> {
    match options.iter().find(|option| *option != "--no-postgres") {
        Some(unknown) => Err(Failure::usage(&format!(
            "`{unknown}` is not an option here (what is meant for `cargo test` comes after two dashes)"
        ))),
        None => {
            let switched_off = std::env::var("XTASK_NO_POSTGRES").is_ok_and(|v| !v.is_empty() && v != "0");
            Ok(options.is_empty() && !switched_off)
        }
    }
}
