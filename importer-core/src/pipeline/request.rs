use importer_plugin::Options;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::ports::LONGEST_NAME;
use crate::ports::{AutoMerge, RunRecord, check_names};
use crate::{Error, ErrorKind, Result};

/// What a run is asked to do.
///
/// ```
/// use importer_core::pipeline::RunRequest;
/// let request = RunRequest::new("csv").option("file", "volunteers.csv").dry_run(true);
/// assert_eq!(request.external_system, "csv");
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunRequest {
    /// The adapter's name.
    pub source: String,
    /// The entity.
    pub entity: String,
    /// The name under which the source's ids are kept; the adapter's name unless set. Two systems that both number
    /// their people 1, 2, 3 need two names.
    pub external_system: String,
    /// The adapter's options.
    #[serde(with = "options_as_json")]
    pub options: Options,
    /// Runs everything, leaves no trace in the core.
    pub dry_run: bool,
    /// Only rows changed at or after this moment (canonical text). Rows without a time are always taken.
    pub since: Option<String>,
    /// At most this many rows.
    pub limit: Option<u64>,
    /// How far this run merges without people; what the mapping says, or the importer was built with, unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_merge: Option<AutoMerge>,
    /// Who asked for it.
    pub actor: String,
    /// A word for people.
    pub label: Option<String>,
}

impl RunRequest {
    /// A run of volunteers from an adapter.
    pub fn new(source: impl Into<String>) -> Self {
        let source = source.into();
        Self {
            external_system: source.clone(),
            source,
            entity: "volunteer".into(),
            options: Options::default(),
            dry_run: false,
            since: None,
            limit: None,
            auto_merge: None,
            actor: "importer".into(),
            label: None,
        }
    }

    /// Sets an option of the adapter.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.options.set(name, value);
        self
    }

    /// Sets the file of a file adapter.
    #[must_use]
    pub fn file(self, path: impl AsRef<std::path::Path>) -> Self {
        self.option("file", path.as_ref().to_string_lossy().into_owned())
    }

    /// Makes it a dry run.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Takes only rows changed at or after this moment: a date, or a time with its offset. Without an offset it is UTC.
    ///
    /// # Errors
    /// When it is neither.
    pub fn since(mut self, moment: &str) -> Result<Self> {
        let mut out = String::new();
        let refuse = |why: String| {
            Error::new(ErrorKind::Config, "start a run", why)
                .at("since", moment)
                .hint("write it as 2025-01-31 or 2025-01-31T08:00:00Z")
        };
        crate::normalise::timestamp(moment, None, Some(chrono_tz::UTC), &mut out)
            .map_err(|problem| refuse(problem.message.into_owned()))?;
        if out.is_empty() {
            return Err(refuse("the time is empty".into()));
        }
        self.since = Some(out);
        Ok(self)
    }

    /// Sets the name under which the source's ids are kept.
    #[must_use]
    pub fn external_system(mut self, name: impl Into<String>) -> Self {
        self.external_system = name.into();
        self
    }

    /// Sets how far this run merges without people, whatever the mapping says and the importer was built with.
    #[must_use]
    pub fn auto_merge(mut self, auto_merge: AutoMerge) -> Self {
        self.auto_merge = Some(auto_merge);
        self
    }

    /// Sets who asked for it.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<String>) -> Self {
        self.actor = actor.into();
        self
    }

    /// Nothing, if the names that it gives can be kept: of the source, the external system and who asked, and the label.
    ///
    /// # Errors
    /// When one of them has more characters than [`LONGEST_NAME`] or cannot be stored.
    pub fn check_names(&self) -> Result<()> {
        check_names(&self.source, &self.external_system, &self.actor, self.label.as_deref())
    }

    /// The request as JSON; equal requests give equal texts.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The key by which a run of corrections is known in what is stored of its request.
const CORRECTIONS: &str = "corrections";

/// What a run keeps of its request. Whoever asks, it is the same request.
pub(super) fn stored(request: &RunRequest, corrections: bool) -> String {
    let request = RunRequest { actor: String::new(), ..request.clone() };
    let mut json = serde_json::to_value(request).unwrap_or_default();
    if let Some(json) = json.as_object_mut().filter(|_| corrections) {
        json.insert(CORRECTIONS.into(), true.into());
    }
    json.to_string()
}

/// Whether a run took in what people corrected.
pub(super) fn is_correction(run: &RunRecord) -> bool {
    let request: serde_json::Value = serde_json::from_str(&run.new.request_json).unwrap_or_default();
    request[CORRECTIONS] == true
}

mod options_as_json {
    use importer_plugin::Options;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(options: &Options, serializer: S) -> Result<S::Ok, S::Error> {
        let map: std::collections::BTreeMap<&str, &serde_json::Value> =
            options.names().filter_map(|name| Some((name, options.get(name)?))).collect();
        map.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Options, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Options::from_json(&value.to_string()).map_err(serde::de::Error::custom)
    }
}

/// What was asked of a stored run.
///
/// # Errors
/// When it was no import, or a version that is newer asked for it.
pub fn request_of(run: &RunRecord) -> Result<RunRequest> {
    let mut request: serde_json::Value = serde_json::from_str(&run.new.request_json).unwrap_or_default();
    if let Some(request) = request.as_object_mut() {
        request.insert("actor".into(), run.new.actor.clone().into());
    }
    serde_json::from_value(request).map_err(|_| {
        Error::new(ErrorKind::Config, "continue a run", "this version cannot continue this kind of import")
            .at("run", run.id)
            .hint("start it again")
    })
}
