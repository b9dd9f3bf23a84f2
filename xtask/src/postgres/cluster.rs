//! The server as the rest of the chores see it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use super::{Kind, PORT};
use crate::failure::Failure;
use crate::workspace;

/// The variable that tells tests where a Postgres server is that they may fill and empty.
pub(crate) const TEST_URL: &str = "IMPORTER_TEST_POSTGRES";

/// The variable that tells them who makes databases there, where that is not the same role.
const ADMIN_URL: &str = "IMPORTER_TEST_POSTGRES_ADMIN";

/// The variable that tells them which databases alone to test on.
const ONLY: &str = "IMPORTER_TEST_ONLY";

/// A running server, gone when this value is.
pub(crate) struct Cluster {
    kind: Kind,
    keeper: Child,
    socket_directory: String,
}

impl Cluster {
    /// The chore that the keeper is started with.
    pub(crate) const KEEP: &str = "keep-postgres";

    /// Starts a server and waits until it answers.
    pub(crate) fn start(kind: Kind) -> Result<Self, Failure> {
        let keeper = std::env::current_exe().and_then(|program| {
            Command::new(program)
                .arg(Self::KEEP)
                .arg(workspace::target().join("pg"))
                .args(kind.options())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                // Ctrl-C is for us; the keeper follows when we are done.
                .process_group(0)
                .spawn()
        });
        let mut keeper =
            keeper.map_err(|e| format!("cannot start the keeper of the Postgres server: {e}"))?;
        let mut line = String::new();
        if let Some(said) = keeper.stdout.take() {
            // A keeper that fails says why on standard error, and no line.
            let _ = BufReader::new(said).read_line(&mut line);
        }
        let cluster = Self { kind, keeper, socket_directory: line.trim_end_matches('\n').to_owned() };
        if cluster.socket_directory.is_empty() {
            return Err("the private Postgres server did not start.".to_owned().into());
        }
        Ok(cluster)
    }

    /// Tells a command where the server is. On a server as hosts have them tests leave SQLite out, which is none the other for it.
    pub(crate) fn announce(&self, command: &mut Command) {
        let client = self.kind.client();
        command
            .env(TEST_URL, url(client, &self.socket_directory))
            .env("PGHOST", &self.socket_directory)
            .env("PGPORT", PORT.to_string())
            .env("PGUSER", client)
            .env("PGDATABASE", "postgres");
        match self.kind.admin() {
            Some(admin) => {
                command.env(ADMIN_URL, url(admin, &self.socket_directory)).env(ONLY, "postgres");
            }
            None => {
                command.env_remove(ADMIN_URL).env_remove(ONLY);
            }
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its input is what the keeper waits for; it reports its own failures.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The address of a server whose socket is in this directory; it ends in the database's name.
fn url(role: &str, socket_directory: &str) -> String {
    let host: String = socket_directory
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("postgres://{role}@{host}:{PORT}/postgres")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_becomes_the_host_of_an_address() {
        assert_eq!(url("ann", "/tmp/my pg/1"), "postgres://ann@%2Ftmp%2Fmy%20pg%2F1:5432/postgres");
    }
}
