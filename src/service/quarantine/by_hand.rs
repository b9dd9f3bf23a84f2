use std::fmt;
use std::sync::Arc;

use importer_core::Result;
use importer_core::ports::Origin;

use super::OPERATION;
use super::bench::{Bench, Draft};
use super::fix::{Fixed, once};
use super::send_in::Sending;
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
        self.importer.none_half_taken_back(entity, OPERATION)?;
        let keys: Vec<&str> = person.values.iter().map(|(key, _)| key.as_str()).collect();
        let bench = Bench::by_hand(self.importer, contract, Origin::MANUAL, &keys)?;
        let mut set = Vec::with_capacity(keys.len());
        for key in keys {
            set.push((key, bench.class(&Columns::default(), bench.place(key)?)));
        }
        self.may_set(Action::CreateRecords, &note, set)?;
        let mut draft = Draft { cells: vec![None; bench.columns.len()], ..Draft::default() };
        draft.correction.exempt.push(CONTACT.into());
        for (key, value) in &person.values {
            bench.set(&mut draft, bench.place(key)?, Some(value.clone()))?;
        }
        let judged = bench.judge(std::slice::from_ref(&draft))?.pop();
        let (held, found) = judged.map_or((true, Vec::new()), |judged| (judged.held, judged.findings));
        // Whoever types a value sees it; messages and suggestions are masked like anywhere else.
        let findings = bench.told(self.mask(), &Columns::default(), &draft, &found);
        if held {
            return Ok(Fixed { row: 0, loaded: None, findings });
        }
        let sending = Sending { source: Origin::MANUAL, action: Action::CreateRecords, verdict: None, note };
        let report = self.send_in(&Arc::new(bench), once(vec![draft]), sending)?;
        Ok(Fixed { row: 0, loaded: Some(self.loaded(contract, &report)?), findings })
    }
}
