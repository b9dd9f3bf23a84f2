//! Passwords that the user keeps in a file, as libpq reads it
//! (<https://www.postgresql.org/docs/current/libpq-pgpass.html>): one `host:port:database:user:password` a line.

use std::path::{Path, PathBuf};

use importer_core::Result;

/// Who runs this program; as whom a connection is made when nobody is named.
pub(super) fn user() -> String {
    std::env::var(if cfg!(windows) { "USERNAME" } else { "USER" }).unwrap_or_else(|_| "postgres".into())
}

/// The user's folder for settings of Postgres.
pub(super) fn folder() -> Option<PathBuf> {
    match cfg!(windows) {
        true => std::env::var_os("APPDATA").map(|folder| Path::new(&folder).join("postgresql")),
        false => std::env::var_os("HOME").map(|folder| Path::new(&folder).join(".postgresql")),
    }
}

/// The password for the first of the hosts that the file knows one for.
pub(super) fn password(
    named: Option<&str>,
    hosts: &[(String, u16)],
    database: &str,
    user: &str,
) -> Result<Option<String>> {
    let home = match cfg!(windows) {
        true => folder().map(|folder| folder.join("pgpass.conf")),
        false => std::env::var_os("HOME").map(|folder| Path::new(&folder).join(".pgpass")),
    };
    let Some(path) = named.map(PathBuf::from).or(home) else { return Ok(None) };
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = std::fs::metadata(&path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0);
        if open {
            tracing::warn!(file = %path.display(), "the password file is not used: others may read it (chmod 0600)");
            return Ok(None);
        }
    }
    let found = hosts.iter().find_map(|(host, port)| {
        // A socket in the usual place is the local host.
        let host = if host.starts_with('/') { "localhost" } else { host };
        text.lines().find_map(|line| fits(line, &[host, &port.to_string(), database, user]))
    });
    Ok(found)
}

fn fits(line: &str, wanted: &[&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let fields = fields(line);
    let (password, rest) = fields.split_last().filter(|(_, rest)| rest.len() == 4)?;
    let fits = rest.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted);
    fits.then(|| password.clone())
}

/// Colons part the fields; a backslash keeps the sign behind it.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        match (sign, fields.last_mut()) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(signs.next()),
            (sign, Some(field)) => field.push(sign),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_fits_gives_the_password() {
        let wanted = ["db.example", "5432", "people", "me"];
        assert_eq!(fits("db.example:*:people:me:a\\:b\\\\", &wanted).as_deref(), Some("a:b\\"));
        assert_eq!(fits("*:*:*:*:x", &wanted).as_deref(), Some("x"));
        for other in ["db.example:5433:people:me:x", "# *:*:*:*:x", "*:*:*:x", ""] {
            assert_eq!(fits(other, &wanted), None, "{other}");
        }
    }
}
