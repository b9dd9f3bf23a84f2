use std::collections::BTreeMap;
use std::fmt;

use super::{RecordId, RowId};

/// The values of a record, by the places of the contract's fields. A missing value is `None`; there are no blanks.
///
/// All values lie in one text: a record costs two allocations, however many fields it has.
#[derive(Clone, Default)]
pub struct Record {
    text: String,
    /// Start and end of each value in the text.
    spans: Vec<(u32, u32)>,
}

/// The span of a missing value.
const MISSING: (u32, u32) = (u32::MAX, u32::MAX);

impl PartialEq for Record {
    // A value that was set twice leaves unused text behind.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|field| self.get(field) == other.get(field))
    }
}

impl Eq for Record {}

impl fmt::Debug for Record {
    // Values are personal data; how many there are is not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let present = self.spans.iter().filter(|span| **span != MISSING).count();
        write!(f, "Record({present} of {} fields)", self.spans.len())
    }
}

impl Record {
    /// A record of `fields` missing values.
    ///
    /// ```
    /// use importer_core::ports::Record;
    /// let mut record = Record::new(3);
    /// record.set(1, Some("Ada"));
    /// assert_eq!(record.get(1), Some("Ada"));
    /// assert_eq!(record.get(2), None);
    /// ```
    pub fn new(fields: usize) -> Self {
        Self::with_capacity(fields, 0)
    }

    /// The same with room for `bytes` of text.
    pub fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), spans: vec![MISSING; fields] }
    }

    /// The value at a place.
    pub fn get(&self, field: usize) -> Option<&str> {
        let &(start, end) = self.spans.get(field)?;
        self.text.get(start as usize..end as usize)
    }

    /// Sets or removes a value. A record holds at most 4 GiB of text; what would not fit is left out.
    pub fn set(&mut self, field: usize, value: Option<&str>) {
        let Some(span) = self.spans.get_mut(field) else { return };
        *span = MISSING;
        if let Some(value) = value {
            let start = u32::try_from(self.text.len());
            let end = u32::try_from(self.text.len() + value.len());
            if let (Ok(start), Ok(end)) = (start, end) {
                self.text.push_str(value);
                *span = (start, end);
            }
        }
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// True without any place.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

/// What a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// An email address.
    Email,
    /// A phone number in E.164.
    Phone,
}

impl ContactKind {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }
}

/// One email address or phone number of a record.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// What it is.
    pub kind: ContactKind,
    /// The normal form.
    pub value: Box<str>,
    /// As the source wrote it, when that differs.
    pub original: Option<Box<str>>,
    /// The extension behind a phone number.
    pub extension: Option<Box<str>>,
    /// True for the one to use.
    pub primary: bool,
    /// The source that brought it.
    pub source: Box<str>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact({}, primary: {})", self.kind.as_str(), self.primary)
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    /// The source, or `manual` for an edit in the application.
    pub source: String,
    /// When the source last confirmed it (canonical text); unknown when the source does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verified_at: Option<String>,
}

impl Origin {
    /// The name of edits in the application.
    pub const MANUAL: &'static str = "manual";

    /// An origin.
    pub fn new(source: impl Into<String>, verified_at: Option<&str>) -> Self {
        Self { source: source.into(), verified_at: verified_at.map(Into::into) }
    }
}

/// A record of the core: values, contacts, and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreRecord {
    /// Its id; stable for ever.
    pub id: RecordId,
    /// The values with a column in the core table.
    pub record: Record,
    /// Every email address and phone number, in a stable order.
    pub contacts: Vec<Contact>,
    /// Where the values come from unless `field_origins` says otherwise.
    pub origin: Origin,
    /// Exceptions, by field name. A field without a value has an origin when somebody emptied it by hand, and a date also when
    /// its source gave one that nobody can read.
    pub field_origins: BTreeMap<String, Origin>,
}

impl CoreRecord {
    /// Where a field's value comes from.
    pub fn origin_of(&self, field: &str) -> &Origin {
        self.field_origins.get(field).unwrap_or(&self.origin)
    }

    /// Whether the source gave a date for this field that nobody can read; that is not the same as none.
    ///
    /// ```
    /// use importer_core::contracts::VOLUNTEER;
    /// use importer_core::ports::{CoreRecord, Origin, Record, RecordId};
    /// let record = Record::new(VOLUNTEER.fields.len());
    /// let origin = Origin::new("csv", None);
    /// let mut person =
    ///     CoreRecord { id: RecordId(1), record, contacts: vec![], origin, field_origins: Default::default() };
    /// let dob = VOLUNTEER.index("dob").unwrap();
    /// assert!(!person.is_unreadable(dob, "dob"));
    /// person.field_origins.insert("dob".into(), Origin::new("csv", None));
    /// assert!(person.is_unreadable(dob, "dob"));
    /// ```
    pub fn is_unreadable(&self, place: usize, field: &str) -> bool {
        self.record.get(place).is_none()
            && self.field_origins.get(field).is_some_and(|origin| origin.source != Origin::MANUAL)
    }

    /// The normal forms of all contacts of a kind, the primary first.
    pub fn contact_values(&self, kind: ContactKind) -> impl Iterator<Item = &str> {
        let of_kind = move |primary: bool| {
            self.contacts.iter().filter(move |c| c.kind == kind && c.primary == primary).map(|c| &*c.value)
        };
        of_kind(true).chain(of_kind(false))
    }
}

/// A clean row on its way into the core, in the core's own form (its id is 0 until it has one).
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The landed row.
    pub row: RowId,
    /// Its name in its source.
    pub external_id: String,
    /// The hash under which the row counts as seen.
    pub row_hash: i64,
    /// The values.
    pub person: CoreRecord,
    /// The fields that a person set, if the row was corrected.
    pub set: Option<Vec<String>>,
}
