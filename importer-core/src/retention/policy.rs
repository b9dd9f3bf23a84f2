use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ports::Moment;
use crate::{Error, ErrorKind, Result};

/// The policy that ships, as a document with its explanation.
pub const DEFAULT_RETENTION: &str = include_str!("../../policies/retention.yaml");

const READ: &str = "read the retention policy";

/// A number of days, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub Option<u32>);

impl Days {
    /// What is older than this moment is old; none when nothing ever is.
    fn before(self, now: Moment) -> Option<Moment> {
        now.checked_sub_days(chrono::Days::new(self.0?.into()))
    }

    /// Whether it keeps at least as long.
    fn at_least(self, other: Self) -> bool {
        match (self.0, other.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(one), Some(other)) => one >= other,
        }
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Days(u32),
            Word(String),
        }
        match Written::deserialize(from)? {
            Written::Days(days) => Ok(Self(Some(days))),
            Written::Word(word) if word == "never" => Ok(Self(None)),
            Written::Word(_) => Err(serde::de::Error::custom("write a number of days, or `never`")),
        }
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Some(days) => to.serialize_u32(days),
            None => to.serialize_str("never"),
        }
    }
}

/// After how many days each kind of data is purged or anonymised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionDays {
    staging: Days,
    clean: Days,
    quarantine: Days,
    violations: Days,
    outcomes: Days,
    suggestions: Days,
    change_log: Days,
    images: Days,
    merges: Days,
    rollbacks: Days,
}

/// What becomes of open entries of the quarantine that are old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenEntries {
    /// They stay as they are.
    #[default]
    Keep,
    /// Their rows and values go; the entries stay, by name and hash.
    Anonymise,
}

/// How long data are kept.
///
/// ```
/// use importer_core::retention::{DEFAULT_RETENTION, RetentionPolicy};
/// let policy = RetentionPolicy::parse(DEFAULT_RETENTION, "retention.yaml")?;
/// assert_eq!(policy, RetentionPolicy::shipped());
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionPolicy {
    retention: String,
    version: u32,
    days: RetentionDays,
    #[serde(default)]
    open_quarantine: OpenEntries,
}

/// The moments before which data are old, on a day.
#[derive(Debug, Clone, Copy)]
pub struct Cutoffs {
    /// For rows as received.
    pub staging: Option<Moment>,
    /// For normalised rows.
    pub clean: Option<Moment>,
    /// For ended entries of the quarantine.
    pub quarantine: Option<Moment>,
    /// For findings.
    pub violations: Option<Moment>,
    /// For what became of rows.
    pub outcomes: Option<Moment>,
    /// For decided suggestions.
    pub suggestions: Option<Moment>,
    /// For values in the change log.
    pub change_log: Option<Moment>,
    /// For what a rollback needs; without it, every run can be rolled back for ever.
    pub images: Option<Moment>,
    /// For what merges that were taken back had kept.
    pub merges: Option<Moment>,
    /// For what became of each change of runs that were taken back.
    pub rollbacks: Option<Moment>,
}

impl RetentionPolicy {
    /// Reads a policy document; `origin` is its file's name, for errors.
    ///
    /// # Errors
    /// When it is no policy document, with line and column, or keeps what refers to something longer than that.
    pub fn parse(yaml: &str, origin: &str) -> Result<Self> {
        let policy: Self = serde_saphyr::from_str(yaml)
            .map_err(|e| Error::new(ErrorKind::Config, READ, e.to_string()).at("file", origin))?;
        if !policy.days.staging.at_least(policy.days.clean) {
            let message =
                "`clean` must not be longer than `staging`: a normalised row refers to the row as received";
            return Err(Error::new(ErrorKind::Config, READ, message).at("file", origin));
        }
        Ok(policy)
    }

    /// The policy that ships.
    pub fn shipped() -> Self {
        match Self::parse(DEFAULT_RETENTION, "retention.yaml") {
            Ok(policy) => policy,
            // The document is part of the program; its example tests it.
            Err(error) => unreachable!("the shipped policy is broken: {error}"),
        }
    }

    /// Its name and version.
    pub fn name(&self) -> String {
        format!("{}/{}", self.retention, self.version)
    }

    /// What becomes of open entries of the quarantine.
    pub fn open_quarantine(&self) -> OpenEntries {
        self.open_quarantine
    }

    /// The moments before which data are old.
    pub fn cutoffs(&self, now: Moment) -> Cutoffs {
        let days = &self.days;
        Cutoffs {
            staging: days.staging.before(now),
            clean: days.clean.before(now),
            quarantine: days.quarantine.before(now),
            violations: days.violations.before(now),
            outcomes: days.outcomes.before(now),
            suggestions: days.suggestions.before(now),
            change_log: days.change_log.before(now),
            images: days.images.before(now),
            merges: days.merges.before(now),
            rollbacks: days.rollbacks.before(now),
        }
    }
}
