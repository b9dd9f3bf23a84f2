use super::hash::is_made_of_content;
use crate::ports::{CoreRecord, Occasion};

/// What is known of the record that a row is about, before the row came.
#[derive(Debug, Clone, Copy, Default)]
pub struct KnownUnder<'a> {
    /// Whether the record was known under the row's external id.
    pub this_id: bool,
    /// Whether the record was known under another id of the same system.
    pub other_ids: bool,
    /// What the last row under the row's external id said.
    pub before: Option<&'a CoreRecord>,
}

/// On what occasion a row meets the record that it is about. A run asks it, and whoever lets rows of a run speak again: both choose
/// alike.
///
/// `set` are the fields that a person set when the row was corrected, if it was.
///
/// ```
/// use importer_core::pipeline::{KnownUnder, occasion_of};
/// use importer_core::ports::Occasion;
/// let known = KnownUnder { this_id: true, ..KnownUnder::default() };
/// assert_eq!(occasion_of(known, "V-7", None), Occasion::OwnRow);
/// assert_eq!(occasion_of(KnownUnder::default(), "V-7", None), Occasion::OtherId);
/// assert_eq!(occasion_of(KnownUnder::default(), "csv:00c0ffee00c0ffee", None), Occasion::Unnamed);
/// ```
pub fn occasion_of<'a>(known: KnownUnder<'a>, external_id: &str, set: Option<&'a [String]>) -> Occasion<'a> {
    match set {
        Some(set) => Occasion::Correction { set },
        None if is_made_of_content(external_id) => Occasion::Unnamed,
        None if known.this_id && known.other_ids => Occasion::OneOfSeveral { before: known.before },
        None if known.this_id => Occasion::OwnRow,
        None => Occasion::OtherId,
    }
}

/// Whether the source gave a row this name; others are made of the row's content.
///
/// ```
/// use importer_core::pipeline::is_given;
/// assert!(is_given("V-7") && !is_given("csv:00c0ffee00c0ffee"));
/// ```
pub fn is_given(external_id: &str) -> bool {
    !is_made_of_content(external_id)
}
