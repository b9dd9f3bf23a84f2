use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hickory_resolver::config::{ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{ResolverBuilder, TokioResolver};
use importer_core::{Error, ErrorKind, Result};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};

use super::MailDomains;

const START: &str = "start asking name servers";
/// How long to wait for an answer before asking once more.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many questions are under way together: enough to hide the network, too few to be taken for an attack.
const TOGETHER: usize = 16;
/// After so many questions in a row without an answer the network is taken to be away, and nobody is asked any more.
const GIVE_UP: u32 = 32;

/// Asks name servers whether domains take mail, each domain once.
///
/// A domain takes mail when it has an MX record that names a host, or no MX record but an address. It does not when it does
/// not exist, says so itself (a null MX, RFC 7505), or has neither. Everything else, above all a server that does not
/// answer, is unknown. After many questions in a row without an answer it stops asking; a new one starts afresh.
///
/// ```no_run
/// use importer_dq::{DnsMailDomains, MailDomains};
/// let domains = DnsMailDomains::from_system()?;
/// assert_eq!(domains.accepts_mail("gmail.com"), Some(true));
/// # Ok::<(), importer_core::Error>(())
/// ```
pub struct DnsMailDomains {
    // A runtime of its own: rules are called from threads that know nothing of async. Gone only while being dropped.
    runtime: Option<Runtime>,
    resolver: TokioResolver,
    known: Mutex<HashMap<String, Option<bool>>>,
    unanswered: AtomicU32,
}

impl fmt::Debug for DnsMailDomains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsMailDomains").field("known", &self.known().len()).finish_non_exhaustive()
    }
}

impl DnsMailDomains {
    /// With the name servers of the system.
    ///
    /// # Errors
    /// When the system's configuration cannot be read.
    pub fn from_system() -> Result<Self> {
        let builder = TokioResolver::builder_tokio().map_err(failed)?;
        Self::start(builder, PATIENCE)
    }

    /// With name servers of one's own.
    ///
    /// # Errors
    /// When the resolver cannot be started.
    pub fn with_config(config: ResolverConfig) -> Result<Self> {
        Self::start(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()), PATIENCE)
    }

    fn start(mut builder: ResolverBuilder<TokioRuntimeProvider>, patience: Duration) -> Result<Self> {
        let options = builder.options_mut();
        options.timeout = patience;
        options.attempts = 1;
        options.use_hosts_file = ResolveHosts::Never;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(failed)?;
        let resolver = builder.build().map_err(failed)?;
        Ok(Self { runtime: Some(runtime), resolver, known: Mutex::default(), unanswered: AtomicU32::new(0) })
    }

    /// How many of the domains asked for remained unknown.
    pub fn unknown(&self) -> usize {
        self.known().values().filter(|answer| answer.is_none()).count()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Option<bool>>> {
        // The map is whole after every statement, so a panic of another thread left it usable.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, answered: std::result::Result<(String, Option<bool>), JoinError>) {
        let Ok((domain, answer)) = answered else { return };
        match answer {
            Some(_) => self.unanswered.store(0, Ordering::Relaxed),
            None => _ = self.unanswered.fetch_add(1, Ordering::Relaxed),
        }
        self.known().insert(domain, answer);
    }

    async fn ask_all(&self, domains: Vec<String>) {
        let turns = Arc::new(Semaphore::new(TOGETHER));
        let mut questions = JoinSet::new();
        for domain in domains {
            let Ok(turn) = turns.clone().acquire_owned().await else { break };
            // Answers are taken in between, so that a network that is away is noticed early.
            while let Some(answered) = questions.try_join_next() {
                self.learn(answered);
            }
            if self.has_given_up() {
                break;
            }
            let resolver = self.resolver.clone();
            questions.spawn(async move {
                let answer = ask(&resolver, &domain).await;
                drop(turn);
                (domain, answer)
            });
        }
        while let Some(answered) = questions.join_next().await {
            self.learn(answered);
        }
    }

    fn has_given_up(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) >= GIVE_UP
    }
}

impl MailDomains for DnsMailDomains {
    fn accepts_mail(&self, domain: &str) -> Option<bool> {
        if !self.known().contains_key(domain) {
            self.prepare(&[domain]);
        }
        self.known().get(domain).copied().flatten()
    }

    fn prepare(&self, domains: &[&str]) {
        let new: Vec<String> = {
            let known = self.known();
            domains.iter().filter(|d| !known.contains_key(**d)).map(|d| (*d).to_owned()).collect()
        };
        let Some(runtime) = self.runtime.as_ref().filter(|_| !new.is_empty()) else { return };
        // On a thread of its own, because a host may call from inside an async runtime, where waiting for another panics.
        std::thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(self.ask_all(new)));
        });
    }
}

impl Drop for DnsMailDomains {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The usual way to drop a runtime waits, which is not allowed inside another one.
            runtime.shutdown_background();
        }
    }
}

async fn ask(resolver: &TokioResolver, domain: &str) -> Option<bool> {
    // The dot at the end says that the name is complete: no search domain of the host is to be tried.
    let name = format!("{}.", domain.trim_end_matches('.'));
    match resolver.mx_lookup(name.as_str()).await {
        Ok(lookup) => {
            let mut hosts = lookup.answers().iter().filter_map(|record| match &record.data {
                RData::MX(mx) => Some(&mx.exchange),
                _ => None,
            });
            // A single MX that names the root is the domain's own "no".
            Some(hosts.any(|host| !host.is_root()))
        }
        Err(error) if error.is_nx_domain() => Some(false),
        Err(error) if is_empty(&error) => match resolver.lookup_ip(name.as_str()).await {
            Ok(addresses) => Some(addresses.iter().next().is_some()),
            Err(error) if error.is_nx_domain() || is_empty(&error) => Some(false),
            Err(_) => None,
        },
        Err(_) => None,
    }
}

/// True when a server said that there is no such record, and not merely that it failed.
fn is_empty(error: &NetError) -> bool {
    use hickory_resolver::net::DnsError;
    use hickory_resolver::proto::op::ResponseCode;
    matches!(error, NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NoError)
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Config, START, error.to_string())
        .hint("switch the option `mx` of FMT-101 off where there is no name server")
        .caused_by(error)
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
