//! What a run says of known people who bring a contact of somebody else.

use serde::{Deserialize, Serialize};

use super::Anomaly;
use crate::ports::RecordId;

/// The code of these findings.
///
/// ```
/// assert_eq!(importer_core::pipeline::CONTACT_OF_ANOTHER, "WHO-601");
/// ```
pub const CONTACT_OF_ANOTHER: &str = "WHO-601";
/// How many examples a run keeps.
const SAMPLES: usize = 5;

/// What a run met of them; stored with it, so that a resumed one goes on counting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TakenContacts {
    rows: u64,
    samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sample {
    pub(super) row: i64,
    pub(super) external_id: String,
    pub(super) field: String,
    pub(super) owner: RecordId,
}

impl TakenContacts {
    /// Notes the contacts of a batch: how many rows bring one, and each contact.
    pub(super) fn note(&mut self, rows: usize, contacts: Vec<Sample>) {
        self.rows += rows as u64;
        let room = SAMPLES - self.samples.len().min(SAMPLES);
        self.samples.extend(contacts.into_iter().take(room));
    }

    /// What a run says of them.
    pub(super) fn anomaly(&self, system: &str) -> Option<Anomaly> {
        if self.rows == 0 {
            return None;
        }
        let samples = self.samples.iter().map(|sample| {
            format!(
                "{system}:{} (row {}, {}) has one of record {}",
                sample.external_id, sample.row, sample.field, sample.owner
            )
        });
        let samples: Vec<String> = samples.collect();
        let (people, bring) = if self.rows == 1 {
            ("1 known person", "brings")
        } else {
            (&*format!("{} known people", self.rows), "bring")
        };
        Some(Anomaly {
            code: "contact_changes_hands".into(),
            message: format!(
                "{people} now {bring} a contact of somebody with another name, for example {}. Each pair is among the suggestions, and each \
                 row has the finding {CONTACT_OF_ANOTHER}",
                samples.join(", ")
            ),
        })
    }
}
