//! Edits in the application. They outrank every import.

use importer_core::contracts::Contract;
use importer_core::mapping::Mapping;
use importer_core::ports::{Change, ChangeAction, CoreId, CoreWrite};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::{Typed, edited};
use importer_plugin::Batch;

use super::access::{Action, Desk, Note};
use super::unfinished_rollback::not_in_unfinished_rollback;

/// New values for the fields of a record.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Field and value, as a person types it; it is normalised like any other.
    pub values: Vec<(String, String)>,
    /// Why.
    pub reason: String,
}

const OPERATION: &str = "edit a record";

impl Desk<'_> {
    /// Edits a record of the core. Later imports leave the edited fields alone.
    ///
    /// # Errors
    /// When the actor may not or does not see a field, the record or a field does not exist, or a value has no normal form.
    pub fn edit(&self, entity: &str, id: CoreId, edit: &Edit) -> Result<()> {
        let contract = super::runs::contract(entity)?;
        let note = Note::new(format!("{entity} {id}"), &edit.reason).entity(entity);
        self.ready(Action::EditRecords, &note)?;
        let fields = edit.values.iter().map(|(field, _)| field.as_str());
        self.guard_write_fields(Action::EditRecords, &note, contract, fields)?;
        let typed = typed(contract, &edit.values, OPERATION)?;
        let importer = self.importer;
        let resolver = importer.resolver_of(contract, &importer.mapping(contract)?, None);
        self.act(Action::EditRecords, note, |session, note| {
            session.lock_core(contract)?;
            not_in_unfinished_rollback(session, contract, &[id], OPERATION)?;
            let now = importer.clock.now();
            let before = session.load(contract, &[id])?.pop().ok_or_else(|| {
                Error::new(ErrorKind::NotFound, OPERATION, format!("there is no {entity} {id}"))
            })?;
            let mut write = CoreWrite::default();
            for (field, new) in &typed {
                let old = contract.index(field).and_then(|place| before.record.get(place)).map(str::to_owned);
                // A value that is confirmed is an edit, too: imports leave it alone from now on.
                write.changes.push(Change {
                    core_id: id,
                    row: None,
                    action: ChangeAction::Updated,
                    field: Some(field.clone()),
                    old,
                    new: new.clone(),
                    reason: note.reason.clone().into(),
                });
            }
            let person = edited(contract, &importer.survivorship, &before, &typed, now);
            let mut keys = Vec::new();
            resolver.keys(contract, &person, &mut keys);
            write.keys = keys.into_iter().map(|key| (key, id)).collect();
            write.updates.push(person);
            note.detail("fields", typed.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>());
            session.write(contract, None, &self.actor.name, &write, now)
        })
    }
}

/// What somebody typed, field by field, in its normal form.
pub(super) fn typed(
    contract: &'static Contract,
    values: &[(String, String)],
    operation: &'static str,
) -> Result<Vec<Typed>> {
    for (field, _) in values {
        if !contract.field(field).is_some_and(|f| f.kind.is_column()) {
            return Err(
                Error::new(ErrorKind::Config, operation, "there is no such field to edit").at("field", field)
            );
        }
    }
    let plugin_error = |e: importer_plugin::Error| Error::new(ErrorKind::Invariant, operation, e.message);
    // An edit names a few fields, which no source would be accepted with; so the plan is asked for the rest as well.
    let all: Vec<String> = contract.fields.iter().map(|f| f.name.to_owned()).collect();
    let cell =
        |name: &String| values.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    let mut wide = Batch::new(all.len());
    wide.push_row(all.iter().map(cell)).map_err(plugin_error)?;
    let plan = Mapping::automatic(contract).plan(contract, &all)?;
    let mut normalised = Batch::new(2 * contract.fields.len());
    plan.normaliser().row(wide.row(0), &mut normalised).map_err(plugin_error)?;
    let mut typed: Vec<Typed> = Vec::new();
    for (field, value) in values {
        let new = contract.index(field).and_then(|place| normalised.get(0, place));
        if new.is_none() && !value.trim().is_empty() {
            return Err(
                Error::new(ErrorKind::Config, operation, "the value has no normal form").at("field", field)
            );
        }
        typed.push((field.clone(), new.map(Into::into)));
    }
    Ok(typed)
}
