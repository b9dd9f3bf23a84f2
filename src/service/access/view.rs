use std::collections::BTreeMap;

use importer_core::ports::{CoreId, Origin};
use serde::Serialize;

/// A record of the core as somebody is shown it. What their role does not see is masked.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordView {
    /// Its id.
    pub id: CoreId,
    /// What it is.
    pub entity: &'static str,
    /// The values by field; missing ones are left out.
    pub values: BTreeMap<&'static str, String>,
    /// The fields that have a value which is masked.
    pub masked: Vec<&'static str>,
    /// Every email address and phone number.
    pub contacts: Vec<ContactView>,
    /// Where the values come from unless `field_origins` says otherwise.
    pub origin: Origin,
    /// Exceptions, by field.
    pub field_origins: BTreeMap<String, Origin>,
}

impl std::fmt::Debug for RecordView {
    // Values are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordView({} {}, {} fields)", self.entity, self.id, self.values.len())
    }
}

/// One email address or phone number of a record.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ContactView {
    /// `email` or `phone`.
    pub kind: &'static str,
    /// The normal form.
    pub value: String,
    /// As the source wrote it, when that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<String>,
    /// The extension behind a phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// True for the one to use.
    pub primary: bool,
    /// The source that brought it.
    pub source: String,
}

impl std::fmt::Debug for ContactView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ContactView({}, primary: {})", self.kind, self.primary)
    }
}
