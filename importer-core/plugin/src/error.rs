use std::time::Duration;

/// What went wrong, for callers that branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// An option is missing or wrong; trying again without a change is pointless.
    Config,
    /// The source refused the credentials.
    Auth,
    /// The source asked to slow down; see [`Error::retry_after`].
    RateLimited,
    /// A passing fault (network, busy server): the same call may succeed later.
    Transient,
    /// The input itself cannot be read (missing, truncated, wrong format).
    Data,
    /// A fault of the plugin: a panic, a broken promise.
    Bug,
    /// The host asked to stop.
    Cancelled,
}

impl ErrorKind {
    /// True when the same call may succeed later without anybody changing anything.
    ///
    /// ```
    /// use importer_plugin::ErrorKind;
    /// assert!(ErrorKind::Transient.is_retryable());
    /// assert!(!ErrorKind::Config.is_retryable());
    /// ```
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Transient)
    }
}

/// The error of an adapter or a rule: a kind to branch on and a sentence for people.
///
/// The message says what happened, where, and what to do. It never contains personal data.
///
/// ```
/// use importer_plugin::{Error, ErrorKind};
/// let error = Error::config("option `delimiter` takes one character, such as \";\"").in_field("delimiter");
/// assert_eq!(error.kind, ErrorKind::Config);
/// assert_eq!(error.to_string(), "option `delimiter` takes one character, such as \";\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What to branch on.
    pub kind: ErrorKind,
    /// How long the source asked to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The option or column the error is about.
    pub field: Option<String>,
    /// What happened, where, and what to do.
    pub message: String,
}

impl Error {
    /// An error of any kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, retry_after: None, field: None, message: message.into() }
    }

    /// A wrong or missing option.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// An input that cannot be read.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }

    /// A passing fault.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient, message)
    }

    /// A fault of the plugin itself.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Bug, message)
    }

    /// The answer to a cancellation.
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "the run was cancelled")
    }

    /// Names the option or column.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}
