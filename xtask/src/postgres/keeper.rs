//! The process that keeps one server: makes it, waits, takes it away.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::Account;
use super::place::Place;
use super::{PORT, SUPERUSER, server_directory};
use crate::failure::Failure;
use crate::run::Signals;

/// Makes a server below `directory`, writes its socket's directory to standard output, and takes the server away when
/// standard input ends.
pub(crate) fn keep(directory: &Path) -> Result<(), Failure> {
    // Signals to a whole session reach us too; the end of the input is what counts.
    let _noted_and_ignored = Signals::catch()?;
    let programs = server_directory().ok_or_else(|| "the Postgres server's programs are gone".to_owned())?;
    let account = Account::choose()?;
    let place = Place::claim(directory, &account, |left| stop_if_running(&programs, &account, left))?;
    let server = Server { programs: &programs, account: &account, directory: place.path() };
    let kept = server.start().and_then(|()| {
        println!("{}", place.path().display());
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        server.stop()
    });
    kept.and(place.remove())
}

fn stop_if_running(programs: &Path, account: &Account, directory: &Path) {
    let server = Server { programs, account, directory };
    // Asked at its socket, since the process number it has left may be somebody else's by now.
    if UnixStream::connect(directory.join(format!(".s.PGSQL.{PORT}"))).is_ok() {
        let _ = server.stop();
    }
}

struct Server<'a> {
    programs: &'a Path,
    account: &'a Account,
    directory: &'a Path,
}

impl Server<'_> {
    fn start(&self) -> Result<(), Failure> {
        let superuser = format!("--username={SUPERUSER}");
        let new = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", &superuser];
        finish(self.command("initdb").args(new))?;
        self.configure().map_err(|e| format!("cannot configure the Postgres server: {e}"))?;
        let log = self.directory.join("server.log");
        let start = ["start", "--wait", "--timeout=60", "--silent", "--log"];
        finish(self.command("pg_ctl").args(start).arg(&log)).map_err(|failure| {
            let _ = self.stop();
            let said = fs::read_to_string(&log).unwrap_or_default();
            format!("{}\n{said}", failure.message).into()
        })
    }

    /// Takes the server down at once: its data are about to go.
    fn stop(&self) -> Result<(), Failure> {
        finish(self.command("pg_ctl").args(["stop", "--wait", "--mode=immediate", "--silent"]))
    }

    /// No network, no durability, little memory.
    fn configure(&self) -> io::Result<()> {
        let socket = self.directory.display();
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '\"{socket}\"'\nport = {PORT}\n\
             fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n\
             shared_buffers = 32MB\nmax_wal_size = 256MB\n"
        );
        OpenOptions::new()
            .append(true)
            .open(self.data().join("postgresql.conf"))?
            .write_all(settings.as_bytes())
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.account.command(self.programs.join(program));
        command.arg("--pgdata").arg(self.data()).current_dir(self.directory);
        command
    }
}

/// Runs one of the server's programs, whose words matter only if it fails.
fn finish(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("cannot run `{name}`: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("`{name}` failed ({}):\n{}", output.status, String::from_utf8_lossy(&said).trim_end()).into())
}
