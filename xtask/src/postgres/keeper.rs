//! The process that keeps one server: makes it, waits, takes it away.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::account::Account;
use super::locale::Locale;
use super::place::Place;
use super::{Kind, PORT, SUPERUSER, server_directory};
use crate::failure::Failure;
use crate::run::Signals;

/// Makes a server of this kind below `directory`, writes its socket's directory to standard output, and takes the server away when
/// standard input ends.
pub(crate) fn keep(kind: Kind, directory: &Path) -> Result<(), Failure> {
    // Signals to a whole session reach us too; the end of the input is what counts.
    let _noted_and_ignored = Signals::catch()?;
    let programs = server_directory().ok_or_else(|| "the Postgres server's programs are gone".to_owned())?;
    let account = Account::choose()?;
    let place = Place::claim(directory, &account, |left| stop_if_running(&programs, &account, left))?;
    let server = Server { programs: &programs, account: &account, directory: place.path() };
    let kept = server.start(kind).and_then(|()| {
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
    fn start(&self, kind: Kind) -> Result<(), Failure> {
        let locale = Locale::prepare(kind, self.account, self.directory)?;
        let superuser = format!("--username={SUPERUSER}");
        let locale_name = format!("--locale={}", kind.locale());
        let new = ["--auth=trust", "--encoding=UTF8", &locale_name, "--no-sync", &superuser];
        let mut initdb = self.command("initdb");
        locale.announce(&mut initdb);
        finish(initdb.args(new))?;
        self.configure(kind).map_err(|e| format!("cannot configure the Postgres server: {e}"))?;
        if kind == Kind::AsHostsHaveThem {
            self.prepare(kind, &locale)?;
        }
        let log = self.directory.join("server.log");
        let start = ["start", "--wait", "--timeout=60", "--silent", "--log"];
        let mut pg_ctl = self.command("pg_ctl");
        locale.announce(&mut pg_ctl);
        finish(pg_ctl.args(start).arg(&log)).map_err(|failure| {
            let _ = self.stop();
            let said = fs::read_to_string(&log).unwrap_or_default();
            format!("{}\n{said}", failure.message).into()
        })
    }

    /// Takes the server down at once: its data are about to go.
    fn stop(&self) -> Result<(), Failure> {
        finish(self.command("pg_ctl").args(["stop", "--wait", "--mode=immediate", "--silent"]))
    }

    /// No network, no durability, little memory. And no compiling of statements: where scans are switched off and one is needed
    /// all the same, its price is so high that Postgres compiles, which takes longer than anything that tests ask.
    fn configure(&self, kind: Kind) -> io::Result<()> {
        let socket = self.directory.display();
        let settings = format!(
            "listen_addresses = ''\nunix_socket_directories = '\"{socket}\"'\nport = {PORT}\n\
             fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n\
             shared_buffers = 32MB\nmax_wal_size = 256MB\njit = off\n{}",
            kind.settings(self.programs)
        );
        OpenOptions::new()
            .append(true)
            .open(self.data().join("postgresql.conf"))?
            .write_all(settings.as_bytes())
    }

    /// Makes what all databases begin with, and hears whether the server speaks as it was told.
    fn prepare(&self, kind: Kind, locale: &Locale) -> Result<(), Failure> {
        let failed = |what: &str, said: &Output| {
            format!("{what}:\n{}", String::from_utf8_lossy(&said.stderr).trim_end()).into()
        };
        let said = self.alone(locale, &kind.statements().join(";\n"))?;
        if !said.status.success() {
            return Err(failed("the roles of the Postgres server could not be made", &said));
        }
        let said = self.alone(locale, "SELECT 1 / 0")?;
        if String::from_utf8_lossy(&said.stderr).contains("Division durch Null") {
            return Ok(());
        }
        Err(failed(
            "the Postgres server does not speak German, though its locale is there: its messages are missing \
             (de/LC_MESSAGES/postgres-VERSION.mo; on Debian they belong to the server's package and are left out where \
             /etc/dpkg/dpkg.cfg.d says `path-exclude` for /usr/share/locale). It says",
            &said,
        ))
    }

    /// What a server that is not up yet answers to statements.
    fn alone(&self, locale: &Locale, statements: &str) -> Result<Output, Failure> {
        let mut server = self.account.command(self.programs.join("postgres"));
        locale.announce(&mut server);
        let mut ask = || {
            let mut server = server
                .args(["--single", "-c", "exit_on_error=on", "-D"])
                .arg(self.data())
                .arg("template1")
                .current_dir(self.directory)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()?;
            if let Some(mut input) = server.stdin.take() {
                // Whoever ends before has said why.
                let _ = writeln!(input, "{statements};");
            }
            server.wait_with_output()
        };
        Ok(ask().map_err(|e| format!("cannot run `postgres`: {e}"))?)
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
