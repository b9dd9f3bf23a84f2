use std::collections::BTreeMap;

use importer_core::ports::{Origin, RecordId};
use serde::Serialize;

/// A core record (golden record) as the role sees it: [`Desk::record`](super::Desk::record) returns it.
///
/// Values that the role does not see are `***`.
///
/// ```
/// use importer::service::{Actor, Role};
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
/// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// let desk = importer.desk(Actor::new("sam", Role::Steward));
/// let record = desk.record("volunteer", 1.into())?.unwrap();
/// assert_eq!((record.values["first_name"].as_str(), record.values["dob"].as_str()), ("Brinda", "***"));
/// assert_eq!(record.masked, ["dob"]);
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordView {
    /// The id of the record.
    pub id: RecordId,
    /// The entity, such as `volunteer`.
    pub entity: &'static str,
    /// The values by field, in their normal form; fields without a value are left out.
    pub values: BTreeMap<&'static str, String>,
    /// The fields that have a value which is masked.
    pub masked: Vec<&'static str>,
    /// Every email address and phone number of the person.
    pub contacts: Vec<ContactView>,
    /// The source of the values, unless `field_origins` names another one.
    pub origin: Origin,
    /// The sources of single fields that differ from `origin`, by field.
    pub field_origins: BTreeMap<String, Origin>,
}

impl std::fmt::Debug for RecordView {
    // Values are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordView({} {}, {} fields)", self.entity, self.id, self.values.len())
    }
}

/// One email address or phone number of a record, as the role sees it.
///
/// A role that does not see contacts gets `***` for `value`, `original` and `extension`.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/app.db", folder.path().display());
/// # let file = folder.path().join("people.csv");
/// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
/// # std::fs::write(&file, rows).unwrap();
/// # let csv = importer_adapter_csv::plugin();
/// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
/// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
/// # let desk = importer.desk(importer::service::Actor::admin("ann"));
/// let ann = desk.record("volunteer", 1.into())?.unwrap();
/// let email = &ann.contacts[0];
/// assert_eq!((email.kind, email.value.as_str(), email.primary), ("email", "ann@example.org", true));
/// # Ok::<(), importer::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ContactView {
    /// The kind of contact: `email` or `phone`.
    pub kind: &'static str,
    /// The normal form; for a phone number that is E.164.
    pub value: String,
    /// The text as the source wrote it, when that differs from the normal form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// The extension behind a phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// True for the contact to use among those of its kind.
    pub primary: bool,
    /// The source that brought it.
    pub source: String,
}

impl std::fmt::Debug for ContactView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContactView({}, primary: {})", self.kind, self.primary)
    }
}
