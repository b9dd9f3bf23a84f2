use std::fmt;
use std::str::FromStr;

use importer_core::plugin::Severity;
use importer_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What an error of a rule does.
///
/// ```
/// use importer_dq::Mode;
/// assert_eq!("warn".parse::<Mode>()?, Mode::Warn);
/// assert!("off".parse::<Mode>().is_err());
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The row goes to quarantine.
    Enforce,
    /// The row goes in; the error counts as a warning.
    Warn,
}

impl Mode {
    /// The name used in documents and in the environment.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "enforce" => Ok(Self::Enforce),
            "warn" => Ok(Self::Warn),
            _ => Err(Error::new(ErrorKind::Config, "read a mode of rules", "there is no such mode")
                .hint("the modes are `enforce` and `warn`")),
        }
    }
}

/// What a suite says about one rule; what it does not say stays as it was.
///
/// ```
/// use importer_dq::{Mode, RuleSettings};
/// let mut all = RuleSettings { mode: Some(Mode::Enforce), ..RuleSettings::default() };
/// all.overlay(&RuleSettings { enabled: Some(false), ..RuleSettings::default() });
/// assert_eq!((all.mode, all.enabled), (Some(Mode::Enforce), Some(false)));
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// False switches the rule off.
    pub enabled: Option<bool>,
    /// What an error does.
    pub mode: Option<Mode>,
    /// How bad a finding is, instead of the rule's own answer. Findings to which a rule gives a severity of their own
    /// (a bad further address) keep it.
    pub severity: Option<Severity>,
    /// The rule's options.
    pub options: Map<String, Value>,
}

impl fmt::Debug for RuleSettings {
    // The values of options may be personal data or secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSettings")
            .field("enabled", &self.enabled)
            .field("mode", &self.mode)
            .field("severity", &self.severity)
            .field("options", &self.options.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl RuleSettings {
    /// Lays other settings on top; options one by one.
    pub fn overlay(&mut self, over: &Self) {
        self.enabled = over.enabled.or(self.enabled);
        self.mode = over.mode.or(self.mode);
        self.severity = over.severity.or(self.severity);
        for (name, value) in &over.options {
            self.options.insert(name.clone(), value.clone());
        }
    }
}
