//! What a run is asked to do, and by which documents.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use importer_core::Result;
use importer_core::mapping::Mapping;
use importer_core::pipeline::{self, GatePolicy, Observer};
use importer_core::ports::AutoMerge;
use importer_dedupe::{Policy, Survivorship};
use importer_dq::{Mode, SuiteDocument};
use serde::{Deserialize, Serialize};

use crate::Importer;

/// The documents that say how rows become records: each one that is given here takes the place of the importer's.
///
/// A service that imports for many sources holds one [`Importer`] and gives each run the documents of its source. A run
/// can only go on with the documents that it began with.
///
/// ```
/// use importer::{Documents, mapping::Mapping};
/// let fair = Mapping::parse("{ mapping: fair, version: 1, entity: volunteer }", "fair.yaml")?;
/// let documents = Documents::new().mapping(fair);
/// assert_eq!(documents.mapping.unwrap().name(), "fair");
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Documents {
    /// From columns to fields.
    pub mapping: Option<Mapping>,
    /// What a row must be like.
    pub suite: Option<SuiteDocument>,
    /// The mode of every rule, whatever the suite says.
    pub rules_mode: Option<Mode>,
    /// Which value a record keeps.
    pub survivorship: Option<Policy>,
    /// What a run must be like to be loaded.
    pub gate: Option<GatePolicy>,
}

impl Documents {
    /// No document: everything is as the importer was built.
    ///
    /// ```
    /// assert!(importer::Documents::new().mapping.is_none());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the mapping.
    ///
    /// ```
    /// use importer::{Documents, contracts::VOLUNTEER, mapping::Mapping};
    /// assert!(Documents::new().mapping(Mapping::automatic(&VOLUNTEER)).mapping.is_some());
    /// ```
    #[must_use]
    pub fn mapping(mut self, mapping: Mapping) -> Self {
        self.mapping = Some(mapping);
        self
    }

    /// Sets the suite of rules.
    ///
    /// ```
    /// use importer::{Documents, rules::SuiteDocument};
    /// assert!(Documents::new().suite(SuiteDocument::volunteers()).suite.is_some());
    /// ```
    #[must_use]
    pub fn suite(mut self, suite: SuiteDocument) -> Self {
        self.suite = Some(suite);
        self
    }

    /// Sets the mode of every rule, whatever the suite says.
    ///
    /// ```
    /// use importer::{Documents, rules::Mode};
    /// assert_eq!(Documents::new().rules_mode(Mode::Warn).rules_mode, Some(Mode::Warn));
    /// ```
    #[must_use]
    pub fn rules_mode(mut self, mode: Mode) -> Self {
        self.rules_mode = Some(mode);
        self
    }

    /// Sets the survivorship policy.
    ///
    /// ```
    /// use importer::{Documents, matching::{DEFAULT_POLICY, Policy}};
    /// let policy = Policy::parse(DEFAULT_POLICY, "policy.yaml")?;
    /// assert!(Documents::new().survivorship(policy).survivorship.is_some());
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn survivorship(mut self, policy: Policy) -> Self {
        self.survivorship = Some(policy);
        self
    }

    /// Sets what a run must be like to be loaded.
    ///
    /// ```
    /// use importer::{Documents, GatePolicy};
    /// assert!(Documents::new().gate(GatePolicy::default()).gate.is_some());
    /// ```
    #[must_use]
    pub fn gate(mut self, gate: GatePolicy) -> Self {
        self.gate = Some(gate);
        self
    }
}

/// What a run is asked to do: the source, its options, and the documents by which its rows become records.
///
/// The fields of [`pipeline::RunRequest`], such as `dry_run` and `limit`, are fields of this request, too.
///
/// ```
/// use importer::RunRequest;
/// let request = RunRequest::new("csv").option("file", "volunteers.csv").dry_run(true);
/// assert_eq!((request.external_system.as_str(), request.dry_run), ("csv", true));
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct RunRequest {
    #[serde(flatten)]
    plain: pipeline::RunRequest,
    #[serde(skip)]
    documents: Documents,
    #[serde(skip)]
    observer: Option<Arc<dyn Observer>>,
}

impl fmt::Debug for RunRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunRequest").field("plain", &self.plain).finish_non_exhaustive()
    }
}

impl From<pipeline::RunRequest> for RunRequest {
    fn from(plain: pipeline::RunRequest) -> Self {
        Self { plain, documents: Documents::default(), observer: None }
    }
}

impl Deref for RunRequest {
    type Target = pipeline::RunRequest;

    fn deref(&self) -> &pipeline::RunRequest {
        &self.plain
    }
}

impl DerefMut for RunRequest {
    fn deref_mut(&mut self) -> &mut pipeline::RunRequest {
        &mut self.plain
    }
}

impl RunRequest {
    /// A run of volunteers from a source, which is the name of its adapter.
    ///
    /// ```
    /// assert_eq!(importer::RunRequest::new("csv").entity, "volunteer");
    /// ```
    pub fn new(source: impl Into<String>) -> Self {
        pipeline::RunRequest::new(source).into()
    }

    /// Sets an option of the adapter.
    ///
    /// ```
    /// let request = importer::RunRequest::new("csv").option("delimiter", ";");
    /// assert_eq!(request.options.text("delimiter")?, Some(";"));
    /// # Ok::<(), importer::plugin::Error>(())
    /// ```
    #[must_use]
    pub fn option(self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.with(|plain| plain.option(name, value))
    }

    /// Sets the file of a file adapter.
    ///
    /// ```
    /// let request = importer::RunRequest::new("csv").file("people.csv");
    /// assert_eq!(request.options.text("file")?, Some("people.csv"));
    /// # Ok::<(), importer::plugin::Error>(())
    /// ```
    #[must_use]
    pub fn file(self, path: impl AsRef<std::path::Path>) -> Self {
        self.with(|plain| plain.file(path))
    }

    /// Sets whether it is a dry run, which leaves no trace in the core.
    ///
    /// ```
    /// assert!(importer::RunRequest::new("csv").dry_run(true).dry_run);
    /// ```
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        self.with(|plain| plain.dry_run(dry_run))
    }

    /// Takes only rows changed at or after this moment: a date, or a time with its offset. Without an offset it is UTC.
    ///
    /// ```
    /// let request = importer::RunRequest::new("csv").since("2025-01-31")?;
    /// assert_eq!(request.since.as_deref(), Some("2025-01-31T00:00:00Z"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When it is neither.
    pub fn since(mut self, moment: &str) -> Result<Self> {
        self.plain = self.plain.since(moment)?;
        Ok(self)
    }

    /// Sets the name under which the ids of the source are kept; the name of the adapter unless set.
    ///
    /// ```
    /// assert_eq!(importer::RunRequest::new("csv").external_system("north").external_system, "north");
    /// ```
    #[must_use]
    pub fn external_system(self, name: impl Into<String>) -> Self {
        self.with(|plain| plain.external_system(name))
    }

    /// Sets how far this run merges without people, whatever the mapping says.
    ///
    /// ```
    /// use importer::AutoMerge;
    /// let request = importer::RunRequest::new("csv").auto_merge(AutoMerge::Off);
    /// assert_eq!(request.auto_merge, Some(AutoMerge::Off));
    /// ```
    #[must_use]
    pub fn auto_merge(self, auto_merge: AutoMerge) -> Self {
        self.with(|plain| plain.auto_merge(auto_merge))
    }

    /// Sets the entity, such as `volunteer`.
    ///
    /// ```
    /// assert_eq!(importer::RunRequest::new("csv").entity("volunteer").entity, "volunteer");
    /// ```
    #[must_use]
    pub fn entity(mut self, entity: impl Into<String>) -> Self {
        self.plain.entity = entity.into();
        self
    }

    /// Sets the most rows that the run reads.
    ///
    /// ```
    /// assert_eq!(importer::RunRequest::new("csv").limit(10).limit, Some(10));
    /// ```
    #[must_use]
    pub fn limit(mut self, rows: u64) -> Self {
        self.plain.limit = Some(rows);
        self
    }

    /// Sets a word by which people find the run again.
    ///
    /// ```
    /// assert_eq!(importer::RunRequest::new("csv").label("spring fair").label.as_deref(), Some("spring fair"));
    /// ```
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.plain.label = Some(label.into());
        self
    }

    /// Sets who asked for it.
    ///
    /// ```
    /// assert_eq!(importer::RunRequest::new("csv").actor("nightly job").actor, "nightly job");
    /// ```
    #[must_use]
    pub fn actor(self, actor: impl Into<String>) -> Self {
        self.with(|plain| plain.actor(actor))
    }

    /// Sets the documents by which the rows become records.
    ///
    /// ```
    /// use importer::{Documents, Importer, RunRequest, mapping::Mapping};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # std::fs::write(&file, "id,Rufname,last_name,email\n1,Ann,Lee,ann@example.org\n").unwrap();
    /// let importer = Importer::builder().database(&url).plugin(importer_adapter_csv::plugin()).build()?;
    /// let fields = "fields: [{ source: Rufname, field: first_name }]";
    /// let text = format!("{{ mapping: fair, version: 1, entity: volunteer, {fields} }}");
    /// let documents = Documents::new().mapping(Mapping::parse(&text, "fair.yaml")?);
    /// let report = importer.run(&RunRequest::new("csv").file(&file).documents(documents))?;
    /// assert_eq!(report.counts.inserted, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn documents(mut self, documents: Documents) -> Self {
        self.documents = documents;
        self
    }

    /// Sets who watches this run, in place of the importer's observer.
    ///
    /// ```
    /// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
    /// use importer::{Importer, Observer, Progress, RunRequest};
    ///
    /// #[derive(Default)]
    /// struct Rows(AtomicU64);
    ///
    /// impl Observer for Rows {
    ///     fn progress(&self, progress: Progress) {
    ///         self.0.store(progress.rows, Ordering::Relaxed);
    ///     }
    /// }
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # std::fs::write(&file, "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n").unwrap();
    /// let importer = Importer::builder().database(&url).plugin(importer_adapter_csv::plugin()).build()?;
    /// let rows = Arc::new(Rows::default());
    /// importer.run(&RunRequest::new("csv").file(&file).observer(rows.clone()))?;
    /// assert_eq!(rows.0.load(Ordering::Relaxed), 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The request without documents and observer, for an importer that has them.
    pub(crate) fn plain(&self) -> Self {
        self.plain.clone().into()
    }

    fn with(mut self, change: impl FnOnce(pipeline::RunRequest) -> pipeline::RunRequest) -> Self {
        self.plain = change(self.plain);
        self
    }
}

impl Importer {
    /// The same importer with other documents: the same database and plugins, and the same
    /// [`cancel`](Importer::cancel).
    ///
    /// What people do with runs and rows of a source goes by the documents of that source: resuming and approving a run,
    /// correcting quarantined rows, merging.
    ///
    /// ```
    /// use importer::{Documents, Importer, RunRequest, rules::Mode, service::Actor};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # std::fs::write(&file, "id,first_name,last_name,email\n1,Ann,Lee,nowhere\n").unwrap();
    /// let importer = Importer::builder().database(&url).plugin(importer_adapter_csv::plugin()).build()?;
    /// importer.run(&RunRequest::new("csv").file(&file))?;
    /// let lenient = importer.with_documents(&Documents::new().rules_mode(Mode::Warn));
    /// let step = importer::service::RerunStep::Validate;
    /// let report = lenient.desk(Actor::admin("ann")).rerun(1.into(), step, "no address is needed")?;
    /// assert_eq!(report.counts.inserted, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    #[must_use]
    pub fn with_documents(&self, documents: &Documents) -> Self {
        let mut other = self.clone();
        let Documents { mapping, suite, rules_mode, survivorship, gate } = documents.clone();
        if mapping.is_some() {
            other.mapping = mapping;
        }
        if let Some(suite) = suite {
            other.suite = suite;
        }
        if rules_mode.is_some() {
            other.rules_mode = rules_mode;
        }
        if let Some(policy) = survivorship {
            other.survivorship = Survivorship::new(policy);
        }
        if let Some(gate) = gate {
            other.gate = gate;
        }
        other
    }

    /// The importer as a request wants it.
    pub(crate) fn as_asked(&self, request: &RunRequest) -> Self {
        let mut other = self.with_documents(&request.documents);
        if let Some(observer) = &request.observer {
            other.observer = Arc::clone(observer);
        }
        other
    }
}
