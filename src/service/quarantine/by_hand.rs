use importer_core::ports::RowId;
use std::fmt;
use std::sync::Arc;

use importer_core::Result;
use importer_core::ports::Origin;

use super::OPERATION;
use super::fix::{Fixed, once};
use super::reprocess::ReprocessRequest;
use super::revalidator::{Draft, Revalidator};
use crate::service::access::{Action, Columns, Desk, Note};

/// The rule that wants a way to reach everybody.
const CONTACT: &str = "REQ-001";

/// A person whom no source brought, as [`Desk::create`] takes it.
///
/// Its `Debug` text holds no value, because values are personal data.
///
/// ```
/// use importer::service::NewPerson;
///
/// let values = vec![("first_name".into(), "Ida".into()), ("last_name".into(), "Noddack".into())];
/// let person = NewPerson { values, reason: "at the front desk".into() };
/// assert_eq!(format!("{person:?}"), "NewPerson(2 values)");
/// ```
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct NewPerson {
    /// Pairs of field and value, as a person types the value.
    pub values: Vec<(String, String)>,
    /// The reason, for the audit log.
    pub reason: String,
}

impl NewPerson {
    /// A person without values yet, and the reason why they are added.
    ///
    /// ```
    /// assert_eq!(importer::service::NewPerson::new("why").reason, "why");
    /// ```
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    /// Adds a value for a field.
    ///
    /// ```
    /// let person = importer::service::NewPerson::new("why").set("city", "Liberty");
    /// assert_eq!(person.values.len(), 1);
    /// ```
    #[must_use]
    pub fn set(mut self, field: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.push((field.into(), value.into()));
        self
    }
}

impl fmt::Debug for NewPerson {
    // Values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewPerson({} values)", self.values.len())
    }
}

impl Desk<'_> {
    /// Creates a person by hand, under a temporary external id unless one is given.
    ///
    /// The values are judged by the rules like a row. One rule does not count: a person made by hand needs no email
    /// address and no phone number (`REQ-001`). A person who is known already is found, as in an import, and updated.
    /// If a rule holds the values back, [`Fixed::loaded`] is `None`, [`Fixed::findings`] says why, and nothing changes.
    /// Needs a steward.
    ///
    /// ```
    /// use importer::service::NewPerson;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let values = vec![("first_name".into(), "Ida".into()), ("last_name".into(), "Noddack".into())];
    /// let made = desk.create("volunteer", &NewPerson { values, reason: "at the front desk".into() })?;
    /// assert_eq!(made.loaded.unwrap().outcome, "inserted");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not or does not see a field that is to be set, no reason is given, a name is no field, a
    /// rollback of the entity is unfinished, or the database refuses the person.
    pub fn create(&self, entity: &str, person: &NewPerson) -> Result<Fixed> {
        let mut note = Note::new("a new person", &person.reason).entity(entity);
        note.detail("fields", person.values.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>());
        self.ready(Action::CreateRecords, &note)?;
        let contract = self.importer.contract(entity)?;
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
            return Ok(Fixed { row: RowId(0), loaded: None, findings });
        }
        let request =
            ReprocessRequest { source: Origin::MANUAL, action: Action::CreateRecords, verdict: None, note };
        let report = self.reprocess(&Arc::new(revalidator), once(vec![draft]), request)?;
        Ok(Fixed { row: RowId(0), loaded: Some(self.loaded(contract, &report)?), findings })
    }
}
