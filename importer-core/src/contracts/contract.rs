use serde::Serialize;

use super::{Field, FieldKind};

/// The description of one entity: what crosses from sources into the core.
///
/// ```
/// use importer_core::contracts::VOLUNTEER;
/// assert_eq!(VOLUNTEER.staging_table(), "staging_volunteers");
/// assert_eq!(VOLUNTEER.core_table(), "core_volunteers");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Contract {
    /// The entity's name, singular.
    pub entity: &'static str,
    /// The entity's name in table names, plural.
    pub plural: &'static str,
    /// The contract's version (`ingest_version`).
    pub version: &'static str,
    /// Its fields, in the order of storage and templates.
    pub fields: &'static [Field],
    /// A source is refused when, of one of these groups, it offers no field at all: every row would be quarantined.
    pub needed: &'static [&'static [&'static str]],
}

impl Contract {
    /// Where received rows land.
    pub fn staging_table(&self) -> String {
        format!("staging_{}", self.plural)
    }

    /// Where normalised, accepted rows go.
    pub fn clean_table(&self) -> String {
        format!("clean_{}", self.plural)
    }

    /// Where records live.
    pub fn core_table(&self) -> String {
        format!("core_{}", self.plural)
    }

    /// A field by its canonical name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// A field's place among all fields.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }

    /// The place of the first field of a kind.
    pub fn index_of_kind(&self, kind: FieldKind) -> Option<usize> {
        self.fields.iter().position(|f| f.kind == kind)
    }

    /// The fields with a column in the core table, with their places.
    pub fn columns(&self) -> impl Iterator<Item = (usize, &'static Field)> {
        self.fields.iter().enumerate().filter(|(_, f)| f.kind.is_column())
    }
}
