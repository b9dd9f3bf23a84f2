//! The account that the server runs under.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// Postgres refuses to run as root, so that root lends it another account; everybody else uses their own.
pub(super) struct Account {
    lent: Option<(u32, u32)>,
}

impl Account {
    /// Our own account or, for root, the one of `postgres` or of `nobody`.
    pub(super) fn choose() -> Result<Self, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { lent: None });
        }
        let users = fs::read_to_string("/etc/passwd").map_err(|e| format!("cannot read /etc/passwd: {e}"))?;
        let lent = ["postgres", "nobody"].iter().find_map(|name| ids(&users, name)).ok_or_else(|| {
            "Postgres does not run as root, and this machine has neither a user `postgres` nor a user `nobody`"
                .to_owned()
        })?;
        Ok(Self { lent: Some(lent) })
    }

    /// Our own account.
    #[cfg(test)]
    pub(super) fn own() -> Self {
        Self { lent: None }
    }

    /// A command that runs under this account.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        if let Some((user, group)) = self.lent {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives the account a directory of ours; fails if it cannot get there.
    pub(super) fn hand_over(&self, directory: &Path) -> io::Result<()> {
        let Some((user, group)) = self.lent else {
            return Ok(());
        };
        chown(directory, Some(user), Some(group))?;
        let reached = self.command("test").arg("-w").arg(directory).status()?.success();
        if reached {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "the server's account cannot reach it"))
        }
    }
}

/// A user's number and group in the format of passwd(5).
fn ids(users: &str, name: &str) -> Option<(u32, u32)> {
    let fields =
        users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users =
            "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:8:::\npostgres:x:101:104::/var/lib:/bin/bash\n";
        assert_eq!(ids(users, "postgres"), Some((101, 104)));
        assert_eq!(ids(users, "nobody"), None);
    }
}
