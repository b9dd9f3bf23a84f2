use serde::{Deserialize, Serialize};

/// How bad a finding is.
///
/// ```
/// use importer_plugin::Severity;
/// assert!(Severity::Error > Severity::Warning);
/// assert_eq!(Severity::Warning.as_str(), "warning");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing, nothing to do.
    Info,
    /// The row is loaded, somebody should look at it.
    Warning,
    /// The row goes to quarantine (unless the rule's mode is `warn`).
    Error,
}

impl Severity {
    /// The name used in documents and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was found about one row.
///
/// The message explains the fault without repeating the value: values are personal data and live in the stored row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The row in its batch, counted from 0.
    pub row: usize,
    /// The code of the rule, such as `FMT-101`.
    pub code: String,
    /// The column it is about; empty when it is about the whole row.
    pub column: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence without the value itself.
    pub message: String,
}
