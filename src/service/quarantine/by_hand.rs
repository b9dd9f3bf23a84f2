use std::fmt;
use std::sync::Arc;

use importer_core::Result;
use importer_core::ports::Origin;

use super::OPERATION;
use super::fix::{Fixed, once};
use super::reprocess::ReprocessRequest;
use super::revalidator::{Draft, Revalidator};
use crate::service::access::{Action, Columns, Desk, Note};
use crate::service::runs;

/// The rule that wants a way to reach everybody.
const CONTACT: &str = "REQ-001";

/// A person who came in through no source.
#[derive(Clone, Default)]
pub struct NewPerson {
    /// Field and value, as somebody types it.
    pub values: Vec<(String, String)>,
    /// Why.
    pub reason: String,
}

impl fmt::Debug for NewPerson {
    // Values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewPerson({} values)", self.values.len())
    }
}

impl Desk<'_> {
    /// Makes a person by hand, under a temporary identifier unless one is given. Nobody needs a contact for that; every
    /// other rule holds. Somebody who is known already is found, as in an import.
    ///
    /// # Errors
    /// When the actor may not or does not see a field that is to be set, a name is no field, or the database refuses the
    /// person.
    pub fn create(&self, entity: &str, person: &NewPerson) -> Result<Fixed> {
        let mut note = Note::new("a new person", &person.reason).entity(entity);
        note.detail("fields", person.values.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>());
        self.ready(Action::CreateRecords, &note)?;
        let contract = runs::contract(entity)?;
        self.importer.no_unfinished_rollback(entity, OPERATION)?;
        let keys: Vec<&str> = person.values.iter().map(|(key, _)| key.as_str()).collect();
        let revalidator = Revalidator::by_hand(self.importer, contract, Origin::MANUAL, &keys)?;
        let mut set = Vec::with_capacity(keys.len());
        for key in keys {
            set.push((key, revalidator.class(&Columns::default(), revalidator.place(key)?)));
        }
        self.guard_write(Action::CreateRecords, &note, set)?;
        let mut draft = Draft { cells: vec![None; revalidator.columns.len()], ..Draft::default() };
        draft.correction.exempt.push(CONTACT.into());
        for (key, value) in &person.values {
            revalidator.set(&mut draft, revalidator.place(key)?, Some(value.clone()))?;
        }
        let judged = revalidator.judge(std::slice::from_ref(&draft))?.pop();
        let (held, found) = judged.map_or((true, Vec::new()), |judged| (judged.held, judged.findings));
        // Whoever types a value sees it; messages and suggestions are masked like anywhere else.
        let findings = revalidator.findings_view(self.mask(), &Columns::default(), &draft, &found);
        if held {
            return Ok(Fixed { row: 0, loaded: None, findings });
        }
        let request =
            ReprocessRequest { source: Origin::MANUAL, action: Action::CreateRecords, verdict: None, note };
        let report = self.reprocess(&Arc::new(revalidator), once(vec![draft]), request)?;
        Ok(Fixed { row: 0, loaded: Some(self.loaded(contract, &report)?), findings })
    }
}
