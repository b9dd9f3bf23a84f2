//! What the tests need from the machine, and how it gets there.

use std::process::Command;

use crate::failure::Failure;
use crate::postgres;

/// One thing that must be present before tests can run.
pub(crate) struct Need {
    name: &'static str,
    debian_package: &'static str,
    present: fn() -> bool,
}

/// Everything, for `cargo xtask setup` and for all tests. Browser tests add Chromium here (Debian package `chromium`).
pub(crate) const ALL: &[Need] = &[SERVER, GERMAN];

/// What a Postgres server needs.
pub(crate) const POSTGRES: &[Need] = &[SERVER];

const SERVER: Need = Need {
    name: "the Postgres server (initdb, pg_ctl and postgres)",
    debian_package: "postgresql",
    present: || postgres::server_directory().is_some(),
};

/// What a server as hosts have them needs beside: a locale of another language.
const GERMAN: Need = Need {
    name: "the locale de_DE.UTF-8, or what it is made of (localedef and /usr/share/i18n/locales/de_DE)",
    debian_package: "locales",
    present: postgres::german_can_be_had,
};

/// Makes sure that the needs are met: installs what is missing where we may, and says what to install elsewhere.
pub(crate) fn ensure(needs: &[Need]) -> Result<(), Failure> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() || !postgres::in_path("apt-get") {
        return Err(absent(&missing, "this machine lacks"));
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.debian_package).collect();
    eprintln!("xtask: installing {}", packages.join(", "));
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"], packages.as_slice()].concat())?;
    match missing.into_iter().filter(|need| !(need.present)()).collect::<Vec<_>>() {
        still if still.is_empty() => Ok(()),
        still => Err(absent(&still, "the packages are installed and yet this machine lacks")),
    }
}

fn absent(missing: &[&Need], lacks: &str) -> Failure {
    let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
    let packages: Vec<&str> = missing.iter().map(|need| need.debian_package).collect();
    Failure::missing(format!(
        "{lacks} {}.\n  Debian, Ubuntu:  sudo apt-get install {}\n  elsewhere:       install PostgreSQL and the locale; PG_BIN names the directory of the programs\n  \
         or test without:  cargo xtask test --no-postgres",
        names.join(", and "),
        packages.join(" "),
    ))
}

fn apt_get(arguments: &[&str]) -> Result<(), Failure> {
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`apt-get {}` failed: {status}", arguments.join(" ")).into()),
        Err(e) => Err(format!("cannot run `apt-get`: {e}").into()),
    }
}
