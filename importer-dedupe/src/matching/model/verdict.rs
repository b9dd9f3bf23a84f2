//! What may be done about a pair: merged without a human, shown to one, linked as a household, or nothing.

use serde::{Deserialize, Serialize};

use super::objection::Objection;

/// From which probability on a pair is merged or shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// From here on it may be merged without a human, if nothing speaks against it. 0.95 (specification, section 7.3).
    pub auto: f64,
    /// From here on it is shown to people. 0.80 (specification, section 7.3).
    pub review: f64,
}

impl Thresholds {
    /// What holds unless something else is asked for.
    pub const DEFAULT: Self = Self { auto: 0.95, review: 0.80 };
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// From this probability on a pair is two people of one household.
pub(crate) const HOUSEHOLD: f64 = 0.5;

/// What may be done about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairVerdict {
    /// A careful person would merge it.
    Merge,
    /// A person should look at it.
    Review,
    /// Two people who share an address, a phone or a mailbox.
    Household,
    /// Two people.
    Different,
}

impl PairVerdict {
    /// What comes of a score and of what speaks against merging it.
    pub(crate) fn of(
        probability: f64,
        household: f64,
        objections: &[Objection],
        thresholds: &Thresholds,
    ) -> Self {
        if household >= HOUSEHOLD {
            return Self::Household;
        }
        if probability < thresholds.review {
            return Self::Different;
        }
        if objections.is_empty() { Self::Merge } else { Self::Review }
    }

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Review => "review",
            Self::Household => "household",
            Self::Different => "different",
        }
    }
}
