use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What went wrong, for callers that branch on it.
///
/// ```
/// use importer_core::ErrorKind;
/// assert_eq!(ErrorKind::NotFound.code(), "not_found");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option, a document or a call is wrong; nothing was started.
    Config,
    /// A mapping does not fit its source or its contract.
    Mapping,
    /// A plugin is missing, refused or broken.
    Plugin,
    /// The source cannot be read.
    Source,
    /// The source refused the credentials.
    Auth,
    /// The database failed.
    Store,
    /// The database refused a record: a constraint, a trigger.
    Refused,
    /// The database may be looked at and not changed: its file, the rights there, or a newer version of its tables forbid it.
    ReadOnly,
    /// Somebody else holds what is needed: a run of the same source, a lock.
    Busy,
    /// What was asked for does not exist.
    NotFound,
    /// The run was cancelled.
    Cancelled,
    /// The actor's role does not allow it.
    Forbidden,
    /// A promise of the importer itself was broken, such as counts that do not add up.
    Invariant,
}

impl ErrorKind {
    /// Its code, which stays the same from version to version: for logs, interfaces and other programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Mapping => "mapping",
            Self::Plugin => "plugin",
            Self::Source => "source",
            Self::Auth => "auth",
            Self::Store => "store",
            Self::Refused => "refused",
            Self::ReadOnly => "read_only",
            Self::Busy => "busy",
            Self::NotFound => "not_found",
            Self::Cancelled => "cancelled",
            Self::Forbidden => "forbidden",
            Self::Invariant => "invariant",
        }
    }
}

/// Whether the same call may succeed later without anybody changing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorStatus {
    /// It will not.
    Permanent,
    /// It may: a lock, a network, a busy server.
    Temporary,
}

/// The one error of the importer: a kind to branch on, a status for retries, the operation, and where it happened.
///
/// The text is made for people: what happened, where, what to do. It never contains personal data.
///
/// ```
/// use importer_core::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::Config, "start a run", "there is no adapter `csw`")
///     .hint("the adapters are `csv`")
///     .at("source", "csw");
/// assert_eq!(error.kind(), ErrorKind::Config);
/// assert_eq!(
///     error.to_string(),
///     "cannot start a run: there is no adapter `csw` (source: csw); the adapters are `csv`"
/// );
/// ```
pub struct Error {
    kind: ErrorKind,
    status: ErrorStatus,
    operation: &'static str,
    message: String,
    context: Vec<(&'static str, String)>,
    hint: Option<String>,
    /// Apart, so that every `Result` stays small.
    rare: Option<Box<Rare>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What few errors have.
#[derive(Default)]
struct Rare {
    retry_after: Option<Duration>,
    code: Option<&'static str>,
}

/// The result of every fallible call of the importer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` while doing `operation` (which completes the sentence "cannot …").
    pub fn new(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Self {
        let status = if kind == ErrorKind::Busy { ErrorStatus::Temporary } else { ErrorStatus::Permanent };
        Self {
            kind,
            status,
            operation,
            message: message.into(),
            context: Vec::new(),
            hint: None,
            rare: None,
            source: None,
        }
    }

    /// An error of the plugin with this id while doing `operation`, with the plugin's kind translated. How long the source
    /// asks to be left alone goes with it.
    pub fn from_plugin(plugin: &str, operation: &'static str, error: importer_plugin::Error) -> Self {
        use importer_plugin::ErrorKind as P;
        let kind = match error.kind {
            P::Config => ErrorKind::Config,
            P::Auth => ErrorKind::Auth,
            P::RateLimited | P::Transient | P::Data => ErrorKind::Source,
            P::Bug => ErrorKind::Plugin,
            P::Cancelled => ErrorKind::Cancelled,
        };
        let retryable = error.kind.is_retryable();
        let mut out = Self::new(kind, operation, error.message).at("plugin", plugin);
        out.rare = error.retry_after.map(|time| Box::new(Rare { retry_after: Some(time), code: None }));
        if let Some(field) = error.field {
            out = out.at("field", field);
        }
        if retryable { out.temporary() } else { out }
    }

    /// What to branch on.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// A stable code that says more than the kind where a host may want to react to it, else the code of the kind.
    ///
    /// ```
    /// use importer_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::NotFound, "show the run", "there is no run 7");
    /// assert_eq!(error.code(), "not_found");
    /// assert_eq!(error.coded("run_not_found").code(), "run_not_found");
    /// ```
    pub fn code(&self) -> &'static str {
        self.rare.as_ref().and_then(|rare| rare.code).unwrap_or(self.kind.code())
    }

    /// Where it happened: the names and values that [`at`](Self::at) added.
    ///
    /// ```
    /// use importer_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::NotFound, "show the run", "there is no such run").at("run", 7);
    /// assert_eq!(error.places().collect::<Vec<_>>(), [("run", "7")]);
    /// ```
    pub fn places(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.context.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Whether trying again may help.
    pub fn status(&self) -> ErrorStatus {
        self.status
    }

    /// How long the source asked to be left alone before it is asked again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.rare.as_ref().and_then(|rare| rare.retry_after)
    }

    /// What was being done; completes the sentence "cannot …".
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The sentence without operation, context and hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Adds where it happened: file, row, field, run.
    #[must_use]
    pub fn at(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((name, value.to_string()));
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Gives it a stable code of its own.
    #[must_use]
    pub fn coded(mut self, code: &'static str) -> Self {
        self.rare.get_or_insert_default().code = Some(code);
        self
    }

    /// Marks it as passing.
    #[must_use]
    pub fn temporary(mut self) -> Self {
        self.status = ErrorStatus::Temporary;
        self
    }

    /// Adds the error beneath.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.operation, self.message)?;
        if !self.context.is_empty() {
            let places: Vec<String> =
                self.context.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            write!(f, " ({})", places.join(", "))?;
        }
        if let Some(hint) = &self.hint {
            // A list before it ends its line; nothing needs to part the two then.
            let gap = if hint.starts_with('\n') { "" } else { "; " };
            write!(f, "{gap}{hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}: {self}", self.kind, self.status)?;
        match &self.source {
            Some(source) => write!(f, "\ncaused by: {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn std::error::Error + 'static))
    }
}
