//! Findings about rows of known people that bring a contact of somebody else.

use std::collections::BTreeMap;

use importer_plugin::Severity;

use super::context::RunContext;
use super::finding::About;
use super::resolve::TakenContact;
use super::taken_contacts::{CONTACT_OF_ANOTHER, Sample};
use super::working::Working;
use crate::Result;
use crate::ports::{CleanRow, ContactKind, LandingWrite, RowId, Session, StagedRow};

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
    let (mut write, mut told) = (LandingWrite::default(), Vec::new());
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
        told.push(Sample {
            row: staged.position,
            external_id: contact.external_id.clone(),
            field: contact.field.into(),
            owner: contact.owner,
        });
    }
    session.land(context.contract, &work.run, &write, context.clock.now())?;
    work.metrics.taken_contacts.note(ids.len(), told);
    *work.metrics.dq.entry(CONTACT_OF_ANOTHER.into()).or_default() += ids.len() as u64;
    Ok(())
}
