use std::sync::{Arc, Mutex};

use importer_core::mapping::Mapping;
use importer_core::pipeline::{Cancel, GatePolicy, NoSecrets, Observer, RetryPolicy, Secrets, Silent};
use importer_core::ports::{AutoMerge, Clock, Reference, Resolver, Store, SystemClock};
use importer_core::{Error, ErrorKind, Result};
#[cfg(doc)]
use importer_dedupe::Probabilistic;
use importer_dedupe::{MatchModel, Policy, Survivorship};
use importer_dq::{Mode, SuiteDocument};
use importer_plugin::Plugin;
#[cfg(feature = "plugins")]
use importer_plugin_host::{Discovery, TrustPolicy};

/// What plugins there are: linked ones, and those of files.
#[cfg(feature = "plugins")]
pub(crate) type Plugins = importer_plugin_host::PluginSet;
/// What plugins there are: linked ones.
#[cfg(not(feature = "plugins"))]
pub(crate) type Plugins = importer_core::plugins::LinkedPlugins;

/// The import platform, put together. A clone is the same platform: it shares the database, the plugins and what stops its
/// calls.
#[derive(Clone)]
pub struct Importer {
    /// `None` for an importer that was built without.
    store: Option<Arc<dyn Store>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) plugins: Arc<Mutex<Plugins>>,
    pub(crate) suite: SuiteDocument,
    pub(crate) rules_mode: Option<Mode>,
    pub(crate) mapping: Option<Mapping>,
    pub(crate) resolver: Option<Arc<dyn Resolver>>,
    pub(crate) auto_merge: AutoMerge,
    pub(crate) match_model: MatchModel,
    pub(crate) survivorship: Survivorship,
    pub(crate) gate: GatePolicy,
    pub(crate) retry: RetryPolicy,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) cancel: Cancel,
    /// What stops the one run that this clone is for.
    pub(crate) run_cancel: Option<Cancel>,
    pub(crate) references: Vec<Reference>,
}

impl std::fmt::Debug for Importer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Importer").field("store", &self.database()).finish_non_exhaustive()
    }
}

impl Importer {
    /// Starts putting an importer together.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Asks every run of this importer to stop after its batch. What is stored stays, and the same request goes on later.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// The database, without credentials.
    pub fn database(&self) -> String {
        self.store.as_ref().map_or_else(|| "no database".into(), |store| store.describe())
    }

    /// Nothing, when the database may be changed. Otherwise an error of the kind [`ErrorKind::ReadOnly`], which says why not: the
    /// file, the rights, or a newer program that has migrated it. Such a database can be looked at all the same.
    ///
    /// # Errors
    /// When the database may only be looked at, cannot be reached, or there is none.
    pub fn may_write(&self) -> Result<()> {
        self.store()?.may_write()
    }

    pub(crate) fn shared_store(&self) -> Result<Arc<dyn Store>> {
        self.store.clone().ok_or_else(no_database)
    }

    pub(crate) fn store(&self) -> Result<&dyn Store> {
        self.store.as_deref().ok_or_else(no_database)
    }
}

/// The store of a URL.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn opened(url: &str) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(importer_store::SqlStore::open(url)?))
}

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
fn opened(_url: &str) -> Result<Arc<dyn Store>> {
    Err(Error::new(ErrorKind::Config, "open the database", "this build has no database")
        .hint("build with the feature `sqlite` or `postgres`, or give the builder a `store`"))
}

fn no_database() -> Error {
    Error::new(ErrorKind::Config, "use the database", "the importer was built without one")
        .hint("give its builder a `database`")
}

/// Puts an [`Importer`] together. Everything has a default but the database.
#[derive(Default)]
pub struct Builder {
    database: Option<String>,
    store: Option<Arc<dyn Store>>,
    without_database: bool,
    clock: Option<Arc<dyn Clock>>,
    plugins: Vec<Plugin>,
    #[cfg(feature = "plugins")]
    discovery: Option<Discovery>,
    suite: Option<SuiteDocument>,
    rules_mode: Option<Mode>,
    mapping: Option<Mapping>,
    policy: Option<Policy>,
    resolver: Option<Arc<dyn Resolver>>,
    auto_merge: AutoMerge,
    match_model: MatchModel,
    gate: GatePolicy,
    retry: RetryPolicy,
    observer: Option<Arc<dyn Observer>>,
    secrets: Option<Arc<dyn Secrets>>,
    references: Vec<Reference>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
}

impl Builder {
    /// The database: `sqlite://path` or `postgres://…`. The importer's tables are made when they are missing. A host's own tables
    /// in the same database stay as they are, but that rows which refer to people by a foreign key follow them in merges.
    #[must_use]
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = Some(url.into());
        self
    }

    /// A store of the host's own instead of a database URL.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// No database: for previews and lists of rules and plugins. Whatever needs one is refused.
    #[must_use]
    pub fn without_database(mut self) -> Self {
        self.without_database = true;
        self
    }

    /// A clock of the host's own.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// A plugin that is linked into the program.
    #[must_use]
    pub fn plugin(mut self, plugin: Plugin) -> Self {
        self.plugins.push(plugin);
        self
    }

    /// Where plugin files are looked for, and which of them are trusted. Without this, no file is ever loaded.
    #[cfg(feature = "plugins")]
    #[must_use]
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = Some(discovery);
        self
    }

    /// The rules and how strict they are; the shipped suite unless set.
    #[must_use]
    pub fn suite(mut self, suite: SuiteDocument) -> Self {
        self.suite = Some(suite);
        self
    }

    /// One mode for all rules, as `IMPORTER_RULES_MODE` sets it.
    #[must_use]
    pub fn rules_mode(mut self, mode: Option<Mode>) -> Self {
        self.rules_mode = mode;
        self
    }

    /// From columns to fields; by the columns' names unless set.
    #[must_use]
    pub fn mapping(mut self, mapping: Mapping) -> Self {
        self.mapping = Some(mapping);
        self
    }

    /// Which value survives; the shipped policy unless set.
    #[must_use]
    pub fn survivorship(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// A resolver of the host's own; by default [`Probabilistic`] with what the mapping says about email tags.
    /// One of the host's own decides alone: `auto_merge` and `match_model` are then without effect.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// How far rows are merged with known people without anybody looking; a mapping may say otherwise for its
    /// source, and a request for itself.
    #[must_use]
    pub fn auto_merge(mut self, auto_merge: AutoMerge) -> Self {
        self.auto_merge = auto_merge;
        self
    }

    /// How pairs of people are scored; by the shipped model unless set.
    #[must_use]
    pub fn match_model(mut self, model: MatchModel) -> Self {
        self.match_model = model;
        self
    }

    /// What a run as a whole must be like.
    #[must_use]
    pub fn gate(mut self, gate: GatePolicy) -> Self {
        self.gate = gate;
        self
    }

    /// How patient runs are with a source that fails in passing, as when its server is busy.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Who watches runs.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Where plugins' secrets come from.
    #[must_use]
    pub fn secrets(mut self, secrets: Arc<dyn Secrets>) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// A table of the host whose rows refer to people without a foreign key that says so: merges move them to the survivor, and
    /// taking a merge back moves them back. Foreign keys to `core_volunteers (id)` are found in the database and need not be
    /// named; see [`Importer::host_references`]. The names are used as they are, so they must be the host's own words, never a
    /// user's.
    #[must_use]
    pub fn reference(mut self, reference: Reference) -> Self {
        self.references.push(reference);
        self
    }

    /// Opens the database, brings its tables up to date and puts everything together. One that may not be written can be looked
    /// at, if its tables are up to date; see [`Importer::may_write`].
    ///
    /// # Errors
    /// When no database was given and none was declined, it cannot be opened, or its tables cannot be brought up to date.
    pub fn build(self) -> Result<Importer> {
        let store: Option<Arc<dyn Store>> = match (self.store, self.database) {
            _ if self.without_database => None,
            (Some(store), _) => Some(store),
            (None, Some(url)) => Some(opened(&url)?),
            (None, None) => {
                return Err(Error::new(ErrorKind::Config, "build the importer", "no database was given")
                    .hint("call `database` with a URL such as sqlite://importer.db"));
            }
        };
        if let Some(store) = &store {
            store.migrate()?;
        }
        for reference in &self.references {
            let plain =
                |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
            if ![&reference.table, &reference.key, &reference.column]
                .iter()
                .all(|n| !n.is_empty() && plain(n))
            {
                let why = "a table that refers to people has a name that is no plain one";
                return Err(
                    Error::new(ErrorKind::Config, "build the importer", why).at("table", &reference.table)
                );
            }
        }
        #[cfg(feature = "plugins")]
        let mut plugins =
            Plugins::new(self.discovery.unwrap_or_else(|| Discovery::new(TrustPolicy::default())));
        #[cfg(not(feature = "plugins"))]
        let mut plugins = Plugins::default();
        for plugin in self.plugins {
            plugins = plugins.with(plugin);
        }
        Ok(Importer {
            store,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            plugins: Arc::new(Mutex::new(plugins)),
            suite: self.suite.unwrap_or_else(SuiteDocument::volunteers),
            rules_mode: self.rules_mode,
            mapping: self.mapping,
            resolver: self.resolver,
            auto_merge: self.auto_merge,
            match_model: self.match_model,
            survivorship: self.policy.map_or_else(Survivorship::default, Survivorship::new),
            gate: self.gate,
            retry: self.retry,
            observer: self.observer.unwrap_or_else(|| Arc::new(Silent)),
            secrets: self.secrets.unwrap_or_else(|| Arc::new(NoSecrets)),
            cancel: Cancel::default(),
            run_cancel: None,
            references: self.references,
        })
    }
}
