//! Finding records: filters, orders, and places in a list that stay where they are while records come and go.

use serde::{Deserialize, Serialize};

use super::{RecordId, RunId};
use crate::Result;
use crate::contracts::Contract;

/// In which order records are listed; records that are equal in it follow each other by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordOrder {
    /// By id, which is the order in which they were made.
    #[default]
    Id,
    /// By a field of the contract, letter case aside; records without a value come first.
    Field(String),
    /// By the moment of the last change.
    Updated,
}

/// Behind which record of a list the next page begins. It is what the page before gave, and is only good for the same order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCursor {
    /// What the record is listed by; nothing where that is its id.
    pub key: Option<String>,
    /// The record.
    pub id: RecordId,
}

impl std::fmt::Debug for RecordCursor {
    // What a record is listed by is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordCursor({})", self.id)
    }
}

/// Which records are listed, and how. All conditions hold; a record is found by a part of a value, letter case aside.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordFilter {
    /// With this text in any value or contact.
    pub text: Option<String>,
    /// With these texts in these fields, such as `("last_name", "lee")` or `("employer", "bank")`.
    pub fields: Vec<(String, String)>,
    /// With this text in an email address or a phone number, also in one that is not the primary one.
    pub contact: Option<String>,
    /// Known under exactly this id of an external system.
    pub external_id: Option<String>,
    /// Known to this external system.
    pub external_system: Option<String>,
    /// Whom the external system of this run brought before, and neither in this run nor in a later one.
    pub missing_since: Option<RunId>,
    /// The order.
    pub order: RecordOrder,
    /// The other way round.
    pub descending: bool,
    /// Only those behind this place.
    pub after: Option<RecordCursor>,
    /// At most this many; 50 when 0, and never more than 1,000.
    pub limit: usize,
}

impl std::fmt::Debug for RecordFilter {
    // What somebody looks for is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecordFilter(order: {:?}, limit: {})", self.order, self.limit)
    }
}

/// A filter with what it may look at: nobody finds out what they do not see by looking for it.
#[derive(Debug, Clone, Copy)]
pub struct RecordSearch<'a> {
    /// The filter.
    pub filter: &'a RecordFilter,
    /// The fields in which `text` is sought.
    pub fields: &'a [&'a str],
    /// Whether `text` is sought in contacts.
    pub contacts: bool,
}

/// Finds records.
pub trait RecordSearchStore {
    /// The places of the records that a search finds, in its order; the limit is taken as it is.
    ///
    /// # Errors
    /// When the database fails.
    fn find_records(&mut self, contract: &Contract, search: RecordSearch<'_>) -> Result<Vec<RecordCursor>>;
    /// How many records a search finds, counted up to `most`; its place and limit say nothing.
    ///
    /// # Errors
    /// When the database fails.
    fn count_records(&mut self, contract: &Contract, search: RecordSearch<'_>, most: i64) -> Result<i64>;
}
