//! Edits in the application. They outrank every import.

use importer_core::contracts::Contract;
use importer_core::mapping::Mapping;
use importer_core::ports::{Change, ChangeAction, CoreWrite, RecordId};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::{Typed, edited};
use importer_plugin::Batch;

use super::access::{Action, Desk, Note};
use super::unfinished_rollback::not_in_unfinished_rollback;

/// New values for the fields of a record, as [`Desk::edit`] takes them.
///
/// ```
/// use importer::service::Edit;
///
/// let edit = Edit { values: vec![("city".into(), "Liberty".into())], reason: "she called".into() };
/// assert_eq!(edit.values.len(), 1);
/// ```
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Edit {
    /// Pairs of field and value, as a person types the value; it is brought into its normal form. A blank value empties
    /// the field.
    pub values: Vec<(String, String)>,
    /// The reason, for the audit log and the change log.
    pub reason: String,
}

impl Edit {
    /// An edit for a reason, which changes nothing yet.
    ///
    /// ```
    /// assert_eq!(importer::service::Edit::new("why").reason, "why");
    /// ```
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    /// Adds a value for a field.
    ///
    /// ```
    /// let edit = importer::service::Edit::new("why").set("city", "Liberty");
    /// assert_eq!(edit.values.len(), 1);
    /// ```
    #[must_use]
    pub fn set(mut self, field: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.push((field.into(), value.into()));
        self
    }
}

const OPERATION: &str = "edit a record";

impl Desk<'_> {
    /// Edits a core record. Later imports leave the edited fields alone.
    ///
    /// An edit outranks every import. Giving a field the value that it has already is an edit too: it confirms the
    /// value. Needs a steward.
    ///
    /// ```
    /// use importer::service::Edit;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let edit = Edit { values: vec![("phone_e164".into(), "(816) 234-5678".into())], reason: "she called".into() };
    /// desk.edit("volunteer", 1.into(), &edit)?;
    /// assert_eq!(desk.record("volunteer", 1.into())?.unwrap().values["phone_e164"], "+18162345678");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not or does not see a field, no reason is given, the record or a field does not exist, a
    /// value has no normal form, or an unfinished rollback concerns the record.
    pub fn edit(&self, entity: &str, id: RecordId, edit: &Edit) -> Result<()> {
        let contract = self.importer.contract(entity)?;
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
