//! What corrected rows would do to records: they are resolved as a run would, and written to a scratch store alone.

use importer_plugin::Batch;

use super::context::RunContext;
use super::dry_run::DryRun;
use super::payload::{JsonObject, corrected, person};
use super::request::RunRequest;
use super::resolve::{RunContacts, resolve};
use super::shared_contacts::SharedContacts;
use crate::Result;
use crate::contracts::Contract;
use crate::ports::{
    CoreStore as _, FieldChange, Incoming, Outcome, OutcomeKind, Phase, RecordId, RowId, RunId, RunRecord,
    RunStatus, in_transaction,
};
use crate::reasons::Reason;

/// The number of a run that is none: behind all that there are.
const NO_RUN: RunId = RunId(i32::MAX as i64);

/// A corrected row, normalised.
#[derive(Debug, Clone)]
pub struct PreviewRow {
    /// Its name in its source.
    pub external_id: String,
    /// The values, as JSON.
    payload: String,
}

impl PreviewRow {
    /// A row of a batch of the contract's columns, as rules see it, without the values of `withheld` places.
    ///
    /// `set` are the fields that a person set.
    pub fn new(
        contract: &Contract,
        rows: &Batch,
        row: usize,
        withheld: &[usize],
        external_id: &str,
        set: &[String],
    ) -> Self {
        let payload = corrected(&JsonObject::new().normalised(contract, rows, row, withheld), set);
        Self { external_id: external_id.into(), payload }
    }
}

/// What a row would do.
#[derive(Debug, Clone)]
pub struct RowEffect {
    /// What would become of it.
    pub outcome: OutcomeKind,
    /// The record that it is about; none for one that it would create.
    pub record: Option<RecordId>,
    /// What would change about that record.
    pub changes: Vec<FieldChange>,
    /// The fields that the record would keep although the row has another value, and why.
    pub kept: Vec<(&'static str, Reason)>,
}

/// Corrected rows that are shown before they are loaded; rows that were shown count as loaded for those that follow.
pub struct RowPreview {
    session: DryRun,
    shared: SharedContacts,
    rows: u32,
    /// Records that do not exist yet.
    created: Vec<RecordId>,
}

impl std::fmt::Debug for RowPreview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RowPreview({} rows)", self.rows)
    }
}

impl RowPreview {
    /// Begins with the core as it is.
    ///
    /// # Errors
    /// When the database cannot be reached, or the scratch store cannot be made.
    pub fn begin(context: &RunContext<'_>) -> Result<Self> {
        let (real, scratch) = (context.store.session()?, context.store.scratch(context.contract)?);
        let session = DryRun { real, scratch, last_id: None };
        Ok(Self { session, shared: SharedContacts::default(), rows: 0, created: Vec::new() })
    }

    /// What rows of an external system would do, in their order.
    ///
    /// # Errors
    /// When the database fails, or a row is not what was written.
    pub fn show(
        &mut self,
        context: &RunContext<'_>,
        system: &str,
        rows: &[PreviewRow],
    ) -> Result<Vec<RowEffect>> {
        let now = context.clock.now();
        let request = RunRequest { entity: context.contract.entity.into(), ..RunRequest::new("corrections") };
        let run = RunRecord {
            id: NO_RUN,
            new: context.new_run(&request.external_system(system)),
            status: RunStatus::Running,
            phase: Phase::Load,
            started_at: now,
            updated_at: now,
            finished_at: None,
            cursor: None,
            rows_read: 0,
            loaded_through: RowId(0),
            counts_json: String::new(),
            metrics_json: String::new(),
            anomaly_flags: String::new(),
            error_summary: None,
            freshness: None,
            hashes: None,
        };
        let mut incoming = Vec::with_capacity(rows.len());
        for row in rows {
            self.rows += 1;
            incoming.push(Incoming {
                row: RowId::of(NO_RUN, self.rows),
                external_id: row.external_id.clone(),
                row_hash: i64::from(self.rows),
                person: person(context.contract, &row.payload, system)?,
                set: super::payload::set_by_hand(&row.payload),
            });
        }
        let shared = self.shared;
        let resolved = resolve(
            &mut self.session,
            context.contract,
            context.policies,
            &run,
            incoming,
            (&RunContacts::default(), shared),
        )?;
        self.shared = resolved.shared;
        let (write, kept) = (&resolved.write, &resolved.kept);
        in_transaction(&mut self.session, |session| {
            session.write(context.contract, Some(&run), "", write, now)
        })?;
        self.created.extend(write.inserts.iter().map(|record| record.id));
        let changes = |row: RowId| {
            let of_row = write.changes.iter().filter(move |change| change.row == Some(row));
            of_row.filter_map(|change| {
                Some(FieldChange {
                    field: change.field.clone()?,
                    old: change.old.clone(),
                    new: change.new.clone(),
                    reason: Reason::find(&change.reason)?,
                })
            })
        };
        let effect = |outcome: &Outcome| RowEffect {
            outcome: outcome.kind,
            record: outcome.core_id.filter(|id| !self.created.contains(id)),
            changes: changes(outcome.row).collect(),
            kept: kept.iter().filter(|kept| kept.0 == outcome.row).map(|kept| (kept.1, kept.2)).collect(),
        };
        Ok(resolved.outcomes.iter().map(effect).collect())
    }
}
