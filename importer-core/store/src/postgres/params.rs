//! A URL or the client's surroundings as parameters, named as libpq names them.
//!
//! Nothing of a URL is ever shown but host, port and database, and these only once it was understood as a whole: an `@` or a
//! slash in a password that is not written `%40` or `%2F` would otherwise put part of it where a host is expected.

use std::collections::BTreeMap;

use importer_core::{Error, ErrorKind, Result};

/// Parameters that are understood, and the variable of the environment that gives one which the URL does not.
const KNOWN: [(&str, &str); 26] = [
    ("application_name", "PGAPPNAME"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("client_encoding", ""),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("dbname", "PGDATABASE"),
    ("fallback_application_name", ""),
    ("gssencmode", ""),
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("keepalives", ""),
    ("keepalives_count", ""),
    ("keepalives_idle", ""),
    ("keepalives_interval", ""),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("options", "PGOPTIONS"),
    ("passfile", "PGPASSFILE"),
    ("password", "PGPASSWORD"),
    ("port", "PGPORT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslmode", "PGSSLMODE"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("tcp_user_timeout", ""),
    ("user", "PGUSER"),
];

/// What a connection needs to know.
pub(super) struct Params(BTreeMap<&'static str, String>);

impl Params {
    /// Understands a URL, and takes what it does not say from `variable`.
    pub(super) fn of(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut params = Self::parse(url)?;
        for (name, key) in KNOWN {
            if !key.is_empty() && !params.0.contains_key(name) {
                params.0.extend(variable(key).filter(|value| !value.is_empty()).map(|value| (name, value)));
            }
        }
        Ok(params)
    }

    fn parse(url: &str) -> Result<Self> {
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        if database.contains(['@', '/']) || authority.contains('#') {
            return Err(unescaped());
        }
        let mut params = Self(BTreeMap::new());
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = user.split_once(':').map_or((user, None), |(user, word)| (user, Some(word)));
        params.put("user", user)?;
        params.put("password", password.unwrap_or_default())?;
        params.put("dbname", database)?;
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        for host in hosts.split(',') {
            let (name, port) = host_and_port(host);
            if !port.is_empty() && port.parse::<u16>().is_err() {
                return Err(unescaped());
            }
            names.push(name);
            ports.push(port);
        }
        params.put("host", &names.join(","))?;
        if ports.iter().any(|port| !port.is_empty()) {
            params.put("port", &ports.join(","))?;
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(unescaped)?;
            let Some((known, _)) = KNOWN.iter().find(|(known, _)| *known == name) else {
                return Err(unknown(name));
            };
            params.put(known, value)?;
        }
        Ok(params)
    }

    fn put(&mut self, name: &'static str, value: &str) -> Result<()> {
        if !value.is_empty() {
            let bytes = percent_encoding::percent_decode_str(value);
            self.0.insert(name, bytes.decode_utf8().map_err(|_| unescaped())?.into_owned());
        }
        Ok(())
    }

    /// A parameter, if it is given.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(KNOWN.iter().any(|(known, _)| *known == name), "{name}");
        self.0.get(name).map(String::as_str)
    }

    /// A parameter that is a number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &'static str) -> Result<Option<T>> {
        self.get(name).map(|value| value.parse().map_err(|_| wrong(name, "a whole number"))).transpose()
    }

    /// A parameter that is one of several words.
    pub(super) fn word<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == value).map(|&(_, meaning)| meaning);
        let all: Vec<&str> = words.iter().map(|&(word, _)| word).collect();
        found.map(Some).ok_or_else(|| wrong(name, &format!("one of {}", all.join(", "))))
    }
}

/// A host may be an address of IPv6 in brackets.
fn host_and_port(host: &str) -> (&str, &str) {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, port)) => (name, port.strip_prefix(':').unwrap_or(port)),
        None => host.split_once(':').unwrap_or((host, "")),
    }
}

fn refuse(why: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "open the database", why)
}

/// A value is never shown: it may be part of a password.
pub(super) fn wrong(name: &'static str, wanted: &str) -> Error {
    refuse(format!("`{name}` in its URL or in the environment must be {wanted}"))
}

fn unescaped() -> Error {
    refuse("its URL cannot be understood").hint(
        "a URL is postgres://user:password@host:port/database?parameter=value; in user, password and database write \
         @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, & as %26 and % as %25",
    )
}

fn unknown(name: &str) -> Error {
    let plain = name.len() <= 30 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let named = if plain { format!("the parameter `{name}`") } else { "a parameter".into() };
    let all: Vec<&str> = KNOWN.iter().map(|(known, _)| *known).collect();
    refuse(format!("{named} of its URL is not known")).hint(format!("those that are: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Params {
        Params::of(url, |_| None).unwrap()
    }

    #[test]
    fn a_url_is_taken_apart() {
        let params =
            parsed("postgres://me:s%40%2F@db.example:6432/people?sslmode=require&options=-c%20a%3Db");
        for (name, value) in [
            ("user", "me"),
            ("password", "s@/"),
            ("host", "db.example"),
            ("port", "6432"),
            ("dbname", "people"),
            ("sslmode", "require"),
            ("options", "-c a=b"),
        ] {
            assert_eq!(params.get(name), Some(value), "{name}");
        }
        let two = parsed("postgres://one,[::1]:5433/people");
        assert_eq!((two.get("host"), two.get("port")), (Some("one,::1"), Some(",5433")));
        assert_eq!(parsed("postgres://me:a@b@host/people").get("password"), Some("a@b"));
    }

    #[test]
    fn the_environment_gives_what_the_url_does_not() {
        let variable = |name: &str| (name == "PGHOST" || name == "PGUSER").then(|| name.to_lowercase());
        let params = Params::of("postgres://me@/people", variable).unwrap();
        assert_eq!((params.get("user"), params.get("host")), (Some("me"), Some("pghost")));
    }

    #[test]
    fn no_part_of_a_password_is_shown() {
        for url in [
            "postgres://me:sec/ret@host/people",
            "postgres://me:sec?ret@host/people",
            "postgres://me:sec#ret@host/people",
            "postgres://me:p@sec/ret@host/people",
            "postgres://host/people?sec&ret=1",
            "postgres://host/people?Sec-ret=1",
            "postgres://me:sec%FFret@host/people",
        ] {
            let error = Params::of(url, |_| None).err().unwrap().to_string();
            assert!(!error.to_lowercase().contains("sec") && !error.contains("ret="), "{url}: {error}");
        }
    }
}
