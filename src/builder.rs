use std::sync::{Arc, Mutex};

use importer_core::contracts::{Contract, Contracts};
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

/// The assembled import platform: a database, plugins, rules and policies behind one object.
///
/// [`Importer::builder`] assembles one. A clone is the same platform: it shares the database, the plugins and the
/// handle that stops its calls. The methods of an importer are for the host's own code, and they mask nothing. People
/// act through a [`Desk`](crate::service::Desk), which checks their role, masks its answers and writes the audit log.
///
/// ```
/// use importer::{Importer, RunRequest};
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
///
/// let importer = Importer::builder().database(&url).plugin(importer_adapter_csv::plugin()).build()?;
/// importer.run(&RunRequest::new("csv").file(&file))?;
/// assert_eq!(importer.count("volunteer")?, 1, "the second row is in quarantine");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Clone)]
pub struct Importer {
    /// `None` for an importer that was built without.
    store: Option<Arc<dyn Store>>,
    pub(crate) contracts: Contracts,
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
    /// Starts to assemble an importer.
    ///
    /// Returns a [`Builder`] that has a default for everything but the database.
    ///
    /// ```
    /// let importer = importer::Importer::builder().without_database().build()?;
    /// assert_eq!(importer.database(), "no database");
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the handle that asks every run of this importer and of its clones to stop.
    ///
    /// [`Cancel::request`] asks. A run stops after its batch. The rows that are stored by then stay, and the same
    /// request resumes the run later. The handle also stops scans and training, which store nothing then. The request
    /// cannot be withdrawn: later runs of this importer stop as well, so resuming takes a new importer. To stop a
    /// single run, use [`RunHandle::pause`](crate::service::RunHandle::pause) or
    /// [`Desk::pause`](crate::service::Desk::pause).
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// importer.cancel().request();
    /// let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// assert_eq!(report.error_kind, Some(importer::ErrorKind::Cancelled));
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Returns the address of the database without credentials, for logs and messages.
    ///
    /// Without a database it returns `no database`.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// assert_eq!(importer.database(), url);
    /// # Ok::<(), importer::Error>(())
    /// ```
    pub fn database(&self) -> String {
        self.store.as_ref().map_or_else(|| "no database".into(), |store| store.describe())
    }

    /// Checks that the database may be changed.
    ///
    /// Returns `Ok(())` when it may. Otherwise the error has the kind [`ErrorKind::ReadOnly`] and says what forbids it:
    /// the file, the rights, or a newer program that has migrated the tables. Such a database can still be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// importer.may_write()?;
    /// let without = importer::Importer::builder().without_database().build()?;
    /// assert_eq!(without.may_write().unwrap_err().kind(), importer::ErrorKind::Config);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the database may only be read, when it cannot be reached, or when there is none.
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

/// Assembles an [`Importer`]. Everything has a default but the database.
///
/// Each method sets one thing and returns the builder. [`Builder::build`] opens the database and returns the importer.
///
/// ```
/// use importer::{AutoMerge, Importer};
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// let importer = Importer::builder()
///     .database(&url)
///     .plugin(importer_adapter_csv::plugin())
///     .auto_merge(AutoMerge::Off)
///     .build()?;
/// assert_eq!(importer.count("volunteer")?, 0);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Default)]
pub struct Builder {
    database: Option<String>,
    store: Option<Arc<dyn Store>>,
    without_database: bool,
    contracts: Vec<&'static Contract>,
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
    /// Sets the database by its URL: `sqlite://path` or `postgres://…`.
    ///
    /// The importer creates its tables when they are missing. The host's own tables in the same database stay as they
    /// are, with one exception: rows that refer to people by a foreign key follow them in merges.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// let importer = importer::Importer::builder().database(&url).build()?;
    /// assert_eq!(importer.count("volunteer")?, 0);
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = Some(url.into());
        self
    }

    /// Sets a store of the host's own in place of a database URL.
    ///
    /// A store takes precedence over [`Builder::database`]. The trait and the store that ships are in
    /// [`internals`](crate::internals), whose names and shapes may change with every version.
    ///
    /// ```
    /// use importer::internals::store::SqlStore;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// let store = SqlStore::open(&url)?;
    /// let importer = importer::Importer::builder().store(std::sync::Arc::new(store)).build()?;
    /// importer.may_write()?;
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Declares that there is no database, as for previews and for lists of rules and plugins.
    ///
    /// This takes precedence over [`Builder::database`] and [`Builder::store`]. A call that needs a database is refused
    /// with [`ErrorKind::Config`].
    ///
    /// ```
    /// let importer = importer::Importer::builder().without_database().build()?;
    /// assert!(!importer.rules("volunteer", "csv")?.is_empty());
    /// assert!(importer.count("volunteer").is_err());
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn without_database(mut self) -> Self {
        self.without_database = true;
        self
    }

    /// Adds a contract of the host's own: an entity beside those that ship. Call it once for each contract.
    ///
    /// The host makes the tables of the entity in its own migrations: for an entity `event` with the plural `events` they
    /// are `staging_events`, `clean_events`, `core_events` and `core_event_contacts`, like those of the volunteer. The
    /// column that names the record of a contact is `owner_id`.
    /// [`Builder::build`] refuses a contract whose entity or tables another one has.
    ///
    /// ```
    /// use importer::contracts::{Contract, Field, FieldKind, PiiClass};
    ///
    /// const FIELDS: &[Field] = &[
    ///     Field::new("external_id", FieldKind::Identifier, PiiClass::None, "Its number in the source."),
    ///     Field::new("title", FieldKind::Text, PiiClass::None, "What it is called.").required(),
    /// ];
    /// static EVENT: Contract =
    ///     Contract { entity: "event", plural: "events", version: "1.0", fields: FIELDS, needed: &[&["title"]] };
    ///
    /// let importer = importer::Importer::builder().without_database().contract(&EVENT).build()?;
    /// assert!(importer.rules("event", "csv").is_ok());
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn contract(mut self, contract: &'static Contract) -> Self {
        self.contracts.push(contract);
        self
    }

    /// Sets a clock of the host's own, such as one that stands still in tests. By default it is the system's clock.
    ///
    /// ```
    /// use importer::{FixedClock, Importer, RunRequest, parse_moment};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// let noon = parse_moment("2025-06-01T12:00:00Z").unwrap();
    /// let importer = Importer::builder()
    ///     .database(&url)
    ///     .plugin(importer_adapter_csv::plugin())
    ///     .clock(std::sync::Arc::new(FixedClock(noon)))
    ///     .build()?;
    /// importer.run(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!(importer.runs(&Default::default())?[0].started_at, noon);
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Adds a plugin that is linked into the program. Call it once for each plugin.
    ///
    /// A linked plugin counts as verified, because the host was built with it.
    ///
    /// ```
    /// let csv = importer_adapter_csv::plugin();
    /// let importer = importer::Importer::builder().without_database().plugin(csv).build()?;
    /// assert_eq!(importer.plugins()[0].id, "csv");
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn plugin(mut self, plugin: Plugin) -> Self {
        self.plugins.push(plugin);
        self
    }

    /// Sets where plugin files are searched for, and which of them are trusted. Without it, no plugin file is ever
    /// loaded.
    ///
    /// A file is loaded when a run asks for its adapter, or by [`Importer::load_plugin`] and
    /// [`Importer::load_given_plugins`].
    ///
    /// ```
    /// use importer::plugin_host::{Discovery, TrustPolicy};
    ///
    /// let discovery = Discovery::new(TrustPolicy::default()).directory("/usr/lib/importer/plugins");
    /// let importer = importer::Importer::builder().without_database().discovery(discovery).build()?;
    /// assert!(importer.plugins().is_empty(), "nothing is loaded yet");
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[cfg(feature = "plugins")]
    #[must_use]
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = Some(discovery);
        self
    }

    /// Sets the rules and how strict they are. By default it is the suite that ships.
    ///
    /// ```
    /// use importer::rules::{Mode, SuiteDocument};
    ///
    /// let suite = SuiteDocument::parse("suite: ours\nrules:\n  FMT-101: { mode: warn }\n")?;
    /// let importer = importer::Importer::builder().without_database().suite(suite).build()?;
    /// let rules = importer.rules("volunteer", "csv")?;
    /// let email = rules.iter().find(|entry| entry.rule.code == "FMT-101").unwrap();
    /// assert_eq!(email.mode, Mode::Warn);
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn suite(mut self, suite: SuiteDocument) -> Self {
        self.suite = Some(suite);
        self
    }

    /// Sets one mode for all rules, as the environment variable `IMPORTER_RULES_MODE` does for the command line.
    ///
    /// `None` leaves each rule the mode that the suite gives it. With [`Mode::Warn`] errors count as warnings, and
    /// their rows go in.
    ///
    /// ```
    /// use importer::rules::Mode;
    /// use importer::{Importer, RunRequest};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// let importer = Importer::builder().database(&url).plugin(csv).rules_mode(Some(Mode::Warn)).build()?;
    /// let report = importer.run(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!((report.counts.inserted, report.counts.quarantined), (2, 0));
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn rules_mode(mut self, mode: Option<Mode>) -> Self {
        self.rules_mode = mode;
        self
    }

    /// Sets which columns of a source become which fields. By default columns are recognised by their names.
    ///
    /// ```
    /// use importer::{Importer, RunRequest, mapping::Mapping};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,Rufname,last_name,email\n1,Ann,Lee,ann@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// let line = "fields: [{ source: Rufname, field: first_name }]";
    /// let text = format!("{{ mapping: sheet, version: 1, entity: volunteer, {line} }}");
    /// let mapping = Mapping::parse(&text, "sheet.yaml")?;
    /// let importer = Importer::builder().database(&url).plugin(csv).mapping(mapping).build()?;
    /// let report = importer.run(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!(report.counts.inserted, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn mapping(mut self, mapping: Mapping) -> Self {
        self.mapping = Some(mapping);
        self
    }

    /// Sets the survivorship policy, which decides field by field which value a record keeps. By default it is the
    /// policy that ships.
    ///
    /// Use one policy for all calls. Undoing a merge replays what was said about the people with the policy that is set
    /// then.
    ///
    /// ```
    /// use importer::matching::{DEFAULT_POLICY, Policy};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// let text = DEFAULT_POLICY.replace("[manual, csv,", "[manual, crm, csv,");
    /// let policy = Policy::parse(&text, "policy.yaml")?;
    /// assert_ne!(policy, Policy::shipped());
    /// let importer = importer::Importer::builder().database(&url).survivorship(policy).build()?;
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn survivorship(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Sets a resolver of the host's own, which decides whether a row is a person whom the core knows.
    ///
    /// By default it is [`Probabilistic`] with what the mapping says about email tags. A resolver of the host's own
    /// decides alone: [`Builder::auto_merge`] and [`Builder::match_model`] have no effect then.
    ///
    /// ```
    /// use importer::internals::dedupe::{Probabilistic, ResolveOptions};
    /// use importer::{AutoMerge, Importer, RunRequest, contracts::VOLUNTEER};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// let options = ResolveOptions { auto_merge: AutoMerge::Full, population: 5_000, ..ResolveOptions::default() };
    /// let resolver = std::sync::Arc::new(Probabilistic::new(&VOLUNTEER, options));
    /// let importer = Importer::builder().database(&url).plugin(csv).resolver(resolver).build()?;
    /// let report = importer.run(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!((report.counts.inserted, report.counts.auto_merged), (1, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = Some(resolver);
        self
    }

    /// Sets how far rows are merged with known people without a human. By default it is [`AutoMerge::Deterministic`].
    ///
    /// A mapping may say otherwise for its source, and a request for itself.
    ///
    /// ```
    /// use importer::{AutoMerge, Importer, RunRequest};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Ann,Lee,ann@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// let importer = Importer::builder().database(&url).plugin(csv).auto_merge(AutoMerge::Off).build()?;
    /// // Two rows with one name and one email address: the pair is suggested and not merged.
    /// let report = importer.run(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!((report.counts.inserted, report.counts.auto_merged, report.counts.needs_review), (2, 0, 1));
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn auto_merge(mut self, auto_merge: AutoMerge) -> Self {
        self.auto_merge = auto_merge;
        self
    }

    /// Sets the model that scores pairs of people. By default it is the model that ships.
    ///
    /// ```
    /// use importer::{Importer, RunRequest, matching::MatchModel};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// let importer = Importer::builder().database(&url).plugin(csv).match_model(MatchModel::Weighted).build()?;
    /// importer.run(&RunRequest::new("csv").file(&file))?;
    /// let pair = &importer.suggestions(&Default::default())?[0];
    /// assert!(pair.features_json.contains("\"model\":\"weighted\""));
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn match_model(mut self, model: MatchModel) -> Self {
        self.match_model = model;
        self
    }

    /// Sets what a run as a whole must be like before any of its rows reaches the core.
    ///
    /// By default the gate warns when more than 20 % of at least 20 rows are in quarantine. With
    /// [`GateMode::Enforce`](crate::GateMode::Enforce) such a run is held until somebody approves or discards it.
    ///
    /// ```
    /// use importer::{GateMode, GatePolicy, Importer, ReportStatus, RunRequest};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// let gate = GatePolicy { mode: GateMode::Enforce, min_rows: 2, ..GatePolicy::default() };
    /// let importer = Importer::builder().database(&url).plugin(csv).gate(gate).build()?;
    /// let report = importer.run(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!((report.status, report.counts.inserted), (ReportStatus::Held, 0));
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn gate(mut self, gate: GatePolicy) -> Self {
        self.gate = gate;
        self
    }

    /// Sets how often and how long runs ask a source again that fails temporarily, as when its server is busy.
    ///
    /// By default a run asks five times in a row and waits 15 minutes in all.
    ///
    /// ```
    /// use importer::RetryPolicy;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// let patient = RetryPolicy { tries: 9, ..RetryPolicy::default() };
    /// assert_eq!((patient.first_wait.as_secs(), patient.total_wait.as_secs()), (1, 900));
    /// let importer = importer::Importer::builder().database(&url).retry(patient).build()?;
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets an observer, which is called as runs and scans proceed. By default nothing is called.
    ///
    /// The observer is called on the thread of the run, so a slow one slows the run down.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use importer::{Importer, Observer, Progress, RunRequest};
    ///
    /// #[derive(Default)]
    /// struct Rows(Mutex<u64>);
    ///
    /// impl Observer for Rows {
    ///     fn progress(&self, progress: Progress) {
    ///         *self.0.lock().unwrap() = progress.rows;
    ///     }
    /// }
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    ///
    /// let rows = Arc::new(Rows::default());
    /// let importer = Importer::builder().database(&url).plugin(csv).observer(rows.clone()).build()?;
    /// importer.run(&RunRequest::new("csv").file(&file))?;
    /// assert_eq!(*rows.0.lock().unwrap(), 1, "one row was loaded");
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets where the secrets of plugins come from, such as tokens. By default plugins get none.
    ///
    /// ```
    /// struct Vault;
    ///
    /// impl importer::Secrets for Vault {
    ///     fn secret(&self, name: &str) -> Option<String> {
    ///         (name == "token").then(|| "from the vault".into())
    ///     }
    /// }
    ///
    /// let secrets = std::sync::Arc::new(Vault);
    /// let importer = importer::Importer::builder().without_database().secrets(secrets).build()?;
    /// assert!(importer.plugins().is_empty());
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn secrets(mut self, secrets: Arc<dyn Secrets>) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// Names a table of the host whose rows refer to people without a foreign key that says so.
    ///
    /// Merges move the references to the survivor, and undoing a merge moves them back. Foreign keys to
    /// `core_volunteers (id)` are found in the database and need not be named; see [`Importer::host_references`]. The
    /// names are used in statements as they are, so they must be the host's own words, never a user's.
    /// [`Builder::build`] refuses names with other characters than letters, digits, `_` and `.`.
    ///
    /// ```
    /// use importer::Reference;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// let reference = Reference {
    ///     entity: "volunteer".into(),
    ///     table: "shifts".into(),
    ///     key: "id".into(),
    ///     column: "person".into(),
    /// };
    /// let importer = importer::Importer::builder().database(&url).reference(reference).build()?;
    /// assert_eq!(importer.host_references("volunteer")?[0].table, "shifts");
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn reference(mut self, reference: Reference) -> Self {
        self.references.push(reference);
        self
    }

    /// Opens the database, brings its tables up to date and returns the importer.
    ///
    /// A database that may not be written can be read if its tables are up to date; see [`Importer::may_write`].
    ///
    /// ```
    /// use importer::{ErrorKind, Importer};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// let importer = Importer::builder().database(&url).build()?;
    /// importer.may_write()?;
    /// let error = Importer::builder().build().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config, "no database was given");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When no database was given and none was declined, when the database cannot be opened, when its tables cannot be
    /// brought up to date, or when a [`reference`](Builder::reference) has a name that is not a plain one.
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
        let contracts = self.contracts.into_iter().try_fold(Contracts::default(), Contracts::with)?;
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
            contracts,
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
