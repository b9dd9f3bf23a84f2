//! Findings about rows of known people that bring a contact of somebody else.

use std::collections::BTreeMap;

use importer_plugin::Severity;
use serde::{Deserialize, Serialize};

use super::Anomaly;
use super::context::RunContext;
use super::finding::About;
use super::resolve::TakenContact;
use super::working::Working;
use crate::Result;
use crate::ports::{CleanRow, ContactKind, LandingWrite, RecordId, RowId, Session, StagedRow};

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
struct Sample {
    row: i64,
    external_id: String,
    field: String,
    owner: RecordId,
}

/// Stores what was found about the rows of a batch as findings of these rows. They stay clean: a home may share an address.
pub(super) fn tell(
    context: &RunContext<'_>,
    session: &mut dyn Session,
    work: &mut Working,
    rows: &[CleanRow],
    taken: &[TakenContact],
) -> Result<()> {
    if taken.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<RowId> = taken.iter().map(|taken| taken.row).collect();
    ids.dedup();
    let staged: BTreeMap<RowId, StagedRow> =
        session.staged_rows(context.contract, &ids)?.into_iter().map(|row| (row.id, row)).collect();
    let mut write = LandingWrite::default();
    for contact in taken {
        let clean = rows.binary_search_by_key(&contact.row, |row| row.staging_id);
        let (Some(clean), Some(staged)) = (clean.ok().and_then(|at| rows.get(at)), staged.get(&contact.row))
        else {
            continue;
        };
        let about = About {
            system: &work.run.new.external_system,
            external_id: &contact.external_id,
            staging_id: contact.row,
            position: staged.position,
            raw: &staged.payload_json,
            normalised: &clean.payload_json,
        };
        let what = match contact.kind {
            ContactKind::Email => "email address",
            ContactKind::Phone => "phone number",
        };
        let message = format!(
            "The {what} is one of record {}, who has another name. Find out whose it is; if both use it, accept the household",
            contact.owner
        );
        write.violations.push(about.violation(
            CONTACT_OF_ANOTHER,
            Severity::Warning,
            contact.field,
            &message,
        ));
        let told = &mut work.metrics.taken_contacts;
        if told.samples.len() < SAMPLES {
            told.samples.push(Sample {
                row: staged.position,
                external_id: contact.external_id.clone(),
                field: contact.field.into(),
                owner: contact.owner,
            });
        }
    }
    session.land(context.contract, &work.run, &write, context.clock.now())?;
    work.metrics.taken_contacts.rows += ids.len() as u64;
    *work.metrics.dq.entry(CONTACT_OF_ANOTHER.into()).or_default() += ids.len() as u64;
    Ok(())
}

impl TakenContacts {
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
