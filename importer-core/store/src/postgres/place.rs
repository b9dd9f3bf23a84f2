//! Where a database is, and how to get there.

use std::time::Duration;

use postgres::config::{ChannelBinding, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs};
use postgres::{Client, Config, NoTls};

use super::params::{Params, wrong};
use super::tls::{self, Tls};
use super::{Fault, passfile};
use importer_core::{Error, Result};

/// A database on a server.
#[derive(Clone)]
pub(in super::super) struct Place {
    config: Config,
    tls: Option<Tls>,
    /// Host, port and database.
    described: String,
}

impl Place {
    /// Understands a URL; what it leaves out is taken from the environment, as other programs for Postgres do.
    pub(in super::super) fn parse(url: &str) -> Result<Self> {
        Self::of(&Params::of(url, |name| std::env::var(name).ok())?)
    }

    fn of(params: &Params) -> Result<Self> {
        let mut config = Config::new();
        let hosts = hosts(params, &mut config)?;
        if let Some(user) = params.get("user") {
            config.user(user);
        }
        let user = params.get("user").map(str::to_owned).unwrap_or_else(passfile::user);
        let database = params.get("dbname").unwrap_or(&user).to_owned();
        if let Some(database) = params.get("dbname") {
            config.dbname(database);
        }
        match params.get("password") {
            Some(password) => config.password(password),
            None => match passfile::password(params.get("passfile"), &hosts, &database, &user)? {
                Some(password) => config.password(password),
                None => &mut config,
            },
        };
        config.application_name(
            params.get("application_name").or(params.get("fallback_application_name")).unwrap_or("importer"),
        );
        if let Some(options) = params.get("options") {
            config.options(options);
        }
        if params
            .get("client_encoding")
            .is_some_and(|name| !matches!(name, "UTF8" | "utf8" | "UTF-8" | "auto"))
        {
            return Err(wrong("client_encoding", "UTF8"));
        }
        if params.get("gssencmode") == Some("require") {
            return Err(wrong("gssencmode", "prefer or disable"));
        }
        waiting(params, &mut config)?;
        let (mode, tls) = tls::of(params)?;
        config.ssl_mode(mode);
        let words = [("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)];
        if let Some(negotiation) = params.word("sslnegotiation", &words)? {
            config.ssl_negotiation(negotiation);
        }
        let words = [
            ("disable", ChannelBinding::Disable),
            ("prefer", ChannelBinding::Prefer),
            ("require", ChannelBinding::Require),
        ];
        if let Some(binding) = params.word("channel_binding", &words)? {
            config.channel_binding(binding);
        }
        let described =
            format!("postgres://{}/{database}", hosts.iter().map(shown).collect::<Vec<_>>().join(","));
        Ok(Self { config, tls: (mode != SslMode::Disable).then_some(tls), described })
    }

    /// Host, port and database; never who comes with which password.
    pub(in super::super) fn describe(&self) -> &str {
        &self.described
    }

    pub(super) fn connect(&self) -> std::result::Result<Client, Fault> {
        Ok(match &self.tls {
            Some(tls) => self.config.connect(tls.connector())?,
            None => self.config.connect(NoTls)?,
        })
    }
}

/// Hosts and ports, put into `config`.
fn hosts(params: &Params, config: &mut Config) -> Result<Vec<(String, u16)>> {
    let local = if cfg!(unix) { "/var/run/postgresql" } else { "localhost" };
    let names: Vec<&str> = params.get("host").unwrap_or(local).split(',').collect();
    let ports: Vec<&str> = params.get("port").unwrap_or_default().split(',').collect();
    let mut found = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let port = match (ports.get(index), ports.as_slice()) {
            (Some(&""), _) | (None, []) => 5432,
            (Some(port), _) | (None, [port, ..]) => {
                port.parse().map_err(|_| wrong("port", "a port for each host"))?
            }
        };
        let name = if name.is_empty() { local } else { name };
        match name.starts_with('/') {
            #[cfg(unix)]
            true => config.host_path(name),
            _ => config.host(name),
        };
        config.port(port);
        found.push((name.to_owned(), port));
    }
    for address in params.get("hostaddr").into_iter().flat_map(|list| list.split(',')) {
        config.hostaddr(address.parse().map_err(|_| wrong("hostaddr", "an address for each host"))?);
    }
    Ok(found)
}

/// How long is waited for what, and which of several servers is meant.
fn waiting(params: &Params, config: &mut Config) -> Result<()> {
    let seconds = |name| params.number(name).map(|n| n.map(Duration::from_secs));
    if let Some(time) = seconds("connect_timeout")?.filter(|time| !time.is_zero()) {
        config.connect_timeout(time);
    }
    if let Some(time) = params.number("tcp_user_timeout")? {
        config.tcp_user_timeout(Duration::from_millis(time));
    }
    if let Some(on) = params.word("keepalives", &[("1", true), ("0", false)])? {
        config.keepalives(on);
    }
    // Firewalls forget connections on which nothing moves; without a setting the first sign of life would come after two hours.
    config.keepalives_idle(seconds("keepalives_idle")?.unwrap_or(Duration::from_secs(60)));
    if let Some(time) = seconds("keepalives_interval")? {
        config.keepalives_interval(time);
    }
    if let Some(count) = params.number("keepalives_count")? {
        config.keepalives_retries(count);
    }
    let words = [
        ("any", TargetSessionAttrs::Any),
        ("read-write", TargetSessionAttrs::ReadWrite),
        ("primary", TargetSessionAttrs::ReadWrite),
        ("read-only", TargetSessionAttrs::ReadOnly),
        ("standby", TargetSessionAttrs::ReadOnly),
    ];
    if let Some(which) = params.word("target_session_attrs", &words)? {
        config.target_session_attrs(which);
    }
    let words = [("disable", LoadBalanceHosts::Disable), ("random", LoadBalanceHosts::Random)];
    if let Some(balance) = params.word("load_balance_hosts", &words)? {
        config.load_balance_hosts(balance);
    }
    Ok(())
}

/// A host that is written as hosts are; something else may be a misplaced secret.
fn shown((name, port): &(String, u16)) -> String {
    let is_host = name.len() <= 253 && name.chars().all(|c| c.is_alphanumeric() || "/._-:~".contains(c));
    let name = if is_host { name } else { "(a host that is not written as hosts are)" };
    if name.contains(':') { format!("[{name}]:{port}") } else { format!("{name}:{port}") }
}

/// Kept for errors before anything else is known.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.described)
    }
}

/// An error about a file that a parameter names.
pub(super) fn cannot_read(
    parameter: &'static str,
    path: &std::path::Path,
    why: impl std::fmt::Display,
) -> Error {
    Error::new(
        importer_core::ErrorKind::Config,
        "open the database",
        format!("`{parameter}` cannot be used: {why}"),
    )
    .at("file", path.display())
}
