//! Two kinds of servers: one as Postgres makes it, and one as hosts have them.

use std::path::Path;
use std::process::Command;

use super::SUPERUSER;

/// What a server is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everything as Postgres has it by default, and a superuser as the only role.
    Defaults,
    /// What programs take for granted is otherwise: the language of messages and the order of texts, how dates and numbers are
    /// written, the time zone, how long anything may take, what a role may do, and where tables are.
    AsHostsHaveThem,
}

/// What clients are on a server as hosts have them.
pub(super) const CLIENT: &str = "importer";

/// Who makes databases and roles there; no superuser either.
pub(super) const ADMIN: &str = "test_admin";

/// The locale of a server as hosts have them.
pub(super) const GERMAN: &str = "de_DE.UTF-8";

/// In the template of all databases. Nobody but its owner may make anything in the client's schema, and the client makes nothing
/// elsewhere.
const ROLES: &[&str] = &[
    "CREATE ROLE importer LOGIN",
    "CREATE ROLE test_admin LOGIN CREATEDB CREATEROLE",
    "GRANT importer TO test_admin",
    "ALTER ROLE importer SET search_path = importer",
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "CREATE SCHEMA importer AUTHORIZATION importer",
];

const SETTINGS: &str = "\
lc_messages = 'de_DE.UTF-8'
datestyle = 'German, DMY'
intervalstyle = 'sql_standard'
extra_float_digits = 0
bytea_output = 'escape'
timezone = 'Asia/Kathmandu'
statement_timeout = '60s'
lock_timeout = '30s'
idle_in_transaction_session_timeout = '60s'
";

impl Kind {
    /// The option by which a server of this kind is asked for.
    pub(crate) const OPTION: &str = "--as-hosts-have-them";

    /// The kind that options ask for; none where they ask for anything else.
    pub(crate) fn of(options: &[String]) -> Option<Self> {
        match options {
            [] => Some(Self::Defaults),
            [option] if option == Self::OPTION => Some(Self::AsHostsHaveThem),
            _ => None,
        }
    }

    /// The options that ask for this kind.
    pub(super) fn options(self) -> &'static [&'static str] {
        if self == Self::Defaults { &[] } else { &[Self::OPTION] }
    }

    /// The locale of its databases.
    pub(super) fn locale(self) -> &'static str {
        if self == Self::Defaults { "C" } else { GERMAN }
    }

    /// The role of clients.
    pub(super) fn client(self) -> &'static str {
        if self == Self::Defaults { SUPERUSER } else { CLIENT }
    }

    /// Who makes databases, if clients do not themselves.
    pub(super) fn admin(self) -> Option<&'static str> {
        (self == Self::AsHostsHaveThem).then_some(ADMIN)
    }

    /// Statements for the template of all databases.
    pub(super) fn statements(self) -> &'static [&'static str] {
        if self == Self::Defaults { &[] } else { ROLES }
    }

    /// Lines of the configuration.
    pub(super) fn settings(self, programs: &Path) -> String {
        match self {
            Self::Defaults => String::new(),
            Self::AsHostsHaveThem if version(programs) < 14 => SETTINGS.to_owned(),
            Self::AsHostsHaveThem => format!("{SETTINGS}idle_session_timeout = '5min'\n"),
        }
    }
}

/// The server's major version; 0 where it does not tell.
fn version(programs: &Path) -> u32 {
    let told = Command::new(programs.join("postgres")).arg("--version").output();
    let told = told.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    major(&told)
}

/// Of `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`.
fn major(told: &str) -> u32 {
    let number = told.split_once("(PostgreSQL) ").map_or("", |(_, number)| number);
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read() {
        assert_eq!(major("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), 15);
        assert_eq!(major("postgres (PostgreSQL) 9.6.24\n"), 9);
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), 18);
        assert_eq!(major(""), 0);
    }

    #[test]
    fn every_kind_is_asked_for_by_its_options() {
        for kind in [Kind::Defaults, Kind::AsHostsHaveThem] {
            let options: Vec<String> = kind.options().iter().map(|&option| option.to_owned()).collect();
            assert_eq!(Kind::of(&options), Some(kind));
        }
        assert_eq!(Kind::of(&["--german".to_owned()]), None);
    }
}
