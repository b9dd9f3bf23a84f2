//! What an adapter may tell of a source beside its rows.

use serde::{Deserialize, Serialize};

/// Something an adapter can do beside reading rows. What it cannot do is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdapterCapability {
    /// It tells which fields a source has ([`Adapter::fields`](crate::Adapter::fields)).
    Fields,
    /// It tells how a source is ([`Adapter::health`](crate::Adapter::health)).
    Health,
    /// It tells which records were deleted ([`Adapter::deletions`](crate::Adapter::deletions)).
    Deletions,
    /// Its sources go on where an interrupted run stopped ([`Source::cursor`](crate::Source::cursor)).
    Resume,
    /// It hands over only rows changed since a moment, so that not everything need be read again.
    Since,
    /// Something a newer SDK knows to ask for and this one does not: it is not asked for.
    #[serde(other)]
    Unknown,
}

/// A field that a source has, for whoever writes a mapping.
///
/// ```
/// use importer_plugin::SourceField;
/// let field = SourceField::new("MobilePhone").labelled("Mobile");
/// assert_eq!(field.label.as_deref(), Some("Mobile"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceField {
    /// The name it has as a column.
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it holds, in the source's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// True when every record has a value.
    #[serde(default)]
    pub required: bool,
}

impl SourceField {
    /// A field of a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds what people call it.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds what it holds.
    #[must_use]
    pub fn of_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }
}

/// How a source is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// A run can begin.
    #[default]
    Ok,
    /// A run can begin; somebody should look at it soon.
    Warning,
    /// A run would fail.
    Failed,
    /// An answer that a newer SDK has and this one does not: the message says more.
    #[serde(other)]
    Unknown,
}

/// How a source is: whether it can be reached, for how long, and how much may be asked of it.
///
/// ```
/// use importer_plugin::{Health, HealthStatus};
/// let health = Health::new(HealthStatus::Warning, "the token ends in three days").expires("2026-12-01T00:00:00Z");
/// assert_eq!(health.credentials_expire_at.as_deref(), Some("2026-12-01T00:00:00Z"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// How it is.
    pub status: HealthStatus,
    /// What was found, and what to do about it.
    pub message: String,
    /// When the credentials end (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_expire_at: Option<String>,
    /// How many calls are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_left: Option<u64>,
    /// How many calls there are in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_limit: Option<u64>,
    /// When there are as many again (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_reset_at: Option<String>,
}

impl Health {
    /// How it is, and why.
    pub fn new(status: HealthStatus, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), ..Self::default() }
    }

    /// Adds when the credentials end (RFC 3339, UTC).
    #[must_use]
    pub fn expires(mut self, at: impl Into<String>) -> Self {
        self.credentials_expire_at = Some(at.into());
        self
    }

    /// Adds how many calls are left of how many.
    #[must_use]
    pub fn calls(mut self, left: u64, limit: u64) -> Self {
        (self.calls_left, self.calls_limit) = (Some(left), Some(limit));
        self
    }
}
