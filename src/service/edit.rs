//! Edits in the application. They outrank every import.

use importer_core::contracts::FieldKind;
use importer_core::mapping::Mapping;
use importer_core::ports::{
    Change, ChangeAction, Contact, ContactKind, CoreId, CoreRecord, CoreWrite, Origin, Record, Survivorship,
    moment_text,
};
use importer_core::{Error, ErrorKind, Result};
use importer_plugin::Batch;

use crate::Importer;

/// New values for the fields of a record.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Field and value, as a person types it; it is normalised like any other.
    pub values: Vec<(String, String)>,
    /// Who edits.
    pub actor: String,
    /// Why.
    pub reason: String,
}

const OPERATION: &str = "edit a record";

impl Importer {
    /// Edits a record of the core. Later imports leave the edited fields alone.
    ///
    /// # Errors
    /// When the record or a field does not exist, or a value has no normal form.
    pub fn edit(&self, entity: &str, id: CoreId, edit: &Edit) -> Result<()> {
        let contract = super::runs::contract(entity)?;
        let columns: Vec<String> = edit.values.iter().map(|(field, _)| field.clone()).collect();
        for field in &columns {
            let known = contract.field(field).is_some_and(|f| f.kind.is_column());
            if !known {
                return Err(Error::new(ErrorKind::Config, OPERATION, "there is no such field to edit")
                    .at("field", field));
            }
        }
        let plugin_error = |e: importer_plugin::Error| Error::new(ErrorKind::Invariant, OPERATION, e.message);
        // An edit names a few fields, which no source would be accepted with; so the plan is asked for the rest as well.
        let all: Vec<String> = contract.fields.iter().map(|f| f.name.to_owned()).collect();
        let mut wide = Batch::new(all.len());
        let cell = |name: &String| {
            edit.values.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
        };
        wide.push_row(all.iter().map(cell)).map_err(plugin_error)?;
        let plan = Mapping::automatic(contract).plan(contract, &all)?;
        let mut normalised = Batch::new(2 * contract.fields.len());
        plan.normaliser().row(wide.row(0), &mut normalised).map_err(plugin_error)?;

        let mut session = self.store()?.session()?;
        let now = self.clock.now();
        session.begin()?;
        let result = (|| {
            let mut person = session.load(contract, &[id])?.pop().ok_or_else(|| {
                Error::new(ErrorKind::NotFound, OPERATION, format!("there is no {entity} {id}"))
            })?;
            let mut write = CoreWrite::default();
            let origin = Origin::new(Origin::MANUAL, Some(&moment_text(now)));
            let mut typed = CoreRecord {
                id,
                record: Record::new(contract.fields.len()),
                contacts: Vec::new(),
                origin: origin.clone(),
                field_origins: Default::default(),
            };
            for field in &columns {
                let Some(place) = contract.index(field) else { continue };
                let new = normalised.get(0, place);
                if new.is_none() && cell(field).is_some_and(|typed| !typed.trim().is_empty()) {
                    return Err(Error::new(ErrorKind::Config, OPERATION, "the value has no normal form")
                        .at("field", field));
                }
                let old = person.record.get(place).map(str::to_owned);
                if old.as_deref() != new {
                    write.changes.push(Change {
                        core_id: id,
                        row: None,
                        action: ChangeAction::Updated,
                        field: Some(field.clone()),
                        old,
                        new: new.map(Into::into),
                        reason: edit.reason.clone().into(),
                    });
                }
                person.record.set(place, new);
                person.field_origins.insert(field.clone(), origin.clone());
                typed.record.set(place, new);
                let kind = match contract.fields[place].kind {
                    FieldKind::Email => ContactKind::Email,
                    FieldKind::Phone => ContactKind::Phone,
                    _ => continue,
                };
                typed.contacts.extend(new.map(|value| Contact {
                    kind,
                    value: value.into(),
                    original: None,
                    extension: None,
                    primary: true,
                    source: Origin::MANUAL.into(),
                }));
            }
            // The fields are decided; merging brings the lists of contacts and their primaries in line with them.
            let person = self.survivorship.merge(contract, &person, &typed).person;
            let mut keys = Vec::new();
            self.resolver_of(contract, &self.mapping(contract)?, None).keys(contract, &person, &mut keys);
            write.keys = keys.into_iter().map(|key| (key, id)).collect();
            write.updates.push(person);
            session.write(contract, None, &edit.actor, &write, now)?;
            session.commit()
        })();
        if result.is_err() {
            // The first error tells more than a failing rollback.
            let _ = session.rollback();
        }
        result
    }
}
