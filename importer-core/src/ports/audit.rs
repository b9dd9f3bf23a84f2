use super::Moment;
use crate::Result;

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// The actor's role does not allow it.
    Refused,
}

impl AuditOutcome {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// One line of the audit log: who did what to what, when and why. It holds no values of records.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AuditEntry {
    /// Who.
    pub actor: String,
    /// In which role: `admin`, `steward` or `viewer`.
    pub role: String,
    /// What was done.
    pub action: String,
    /// The entity, where one is concerned.
    pub entity: Option<String>,
    /// What it was done to, such as `merge 7`.
    pub subject: String,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// Why, in the actor's words.
    pub reason: String,
    /// What else there is to know, as a JSON object.
    pub details: serde_json::Map<String, serde_json::Value>,
}

/// A stored line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AuditRow {
    /// Its id; lines are numbered in the order in which things were done.
    pub id: i64,
    /// When.
    #[serde(serialize_with = "moment_as_text")]
    pub at: Moment,
    /// The line.
    #[serde(flatten)]
    pub entry: AuditEntry,
}

fn moment_as_text<S: serde::Serializer>(at: &Moment, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_str(&super::moment_text(*at))
}

/// Which lines to list.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// By this actor only.
    pub actor: Option<String>,
    /// Of this action only.
    pub action: Option<String>,
    /// About this subject only.
    pub subject: Option<String>,
    /// At or after this moment.
    pub since: Option<Moment>,
    /// Before this moment.
    pub until: Option<Moment>,
    /// Only those behind this id, for paging.
    pub after: i64,
    /// At most this many; all when 0.
    pub limit: i64,
}

/// The log of what people did. Lines are added, never changed and never deleted.
pub trait AuditStore {
    /// Adds a line.
    ///
    /// # Errors
    /// When the database fails.
    fn audit(&mut self, entry: &AuditEntry, now: Moment) -> Result<()>;
    /// Lines, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn audit_log(&mut self, filter: &AuditFilter) -> Result<Vec<AuditRow>>;
}
