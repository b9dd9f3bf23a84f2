//! What the pipeline needs from the outside, as small traits and plain data.
//!
//! The store, the rules and identity resolution live behind these; the pipeline knows nothing else of them.

mod audit;
mod bounds;
mod changes;
mod clock;
mod core;
mod fingerprint;
mod history;
mod households;
mod ids;
mod image;
mod landing;
mod matches;
mod outcome;
mod quarantine;
mod record;
mod record_search;
mod replay;
mod resolve;
mod retention;
mod rollback;
mod rules;
mod run;
mod run_control;
mod seen;
mod session;
mod suggestions;
mod unfinished_rollback;
mod violation;

pub use audit::{AuditEntry, AuditFilter, AuditOutcome, AuditRow, AuditStore};
pub(crate) use bounds::check_names;
pub use bounds::{LONGEST_NAME, LONGEST_REASON, within};
pub use changes::{ChangeFilter, ChangeLog, ChangeRow};
pub use clock::{Clock, FixedClock, SystemClock};
pub use core::{Change, ChangeAction, CoreStore, CoreWrite, MapEntry, MissingPeople};
pub use fingerprint::fingerprint;
pub use history::{
    Cause, HistoryStore, HostReference, HostRows, MergeFilter, MergeRow, MovedReferences, MovedSuggestion,
    NewMerge, Reference, Rejection, RollbackItem, RollbackRow, RowKey, SourceRow, Traces,
};
pub use households::{Household, HouseholdStore};
pub use ids::{MergeId, RecordId, RowId, RunId, SuggestionId};
pub use image::{ContactImage, Dated, MapImage, RecordImage};
pub use landing::{CleanRow, Landing, LandingWrite, LoadedRow, QuarantineRow, StagedRow};
pub use matches::{MatchFilter, MatchRow, MatchStore};
pub use outcome::{Outcome, OutcomeKind, OutcomeTally};
pub use quarantine::{
    QuarantineEntry, QuarantineFilter, QuarantineStatus, QuarantineStore, QuarantineVerdict, StoredOutcome,
};
pub use record::{Contact, ContactKind, CoreRecord, Incoming, Origin, Record};
pub use record_search::{RecordCursor, RecordFilter, RecordOrder, RecordSearch, RecordSearchStore};
pub use replay::{LaterChange, ReplayStore, Subject};
pub use resolve::{
    AutoMerge, CandidateFacts, Decision, FieldChange, Identity, LookAt, MatchKey, Merged, Occasion, Policies,
    Resolver, Suggestion, SuggestionKind, Survivorship,
};
pub use retention::{Kind, Retention, Scope, Weighed};
pub use rollback::RollbackStore;
pub use rules::{BatchVerdict, Rules, SetJudge};
pub use run::{NewRun, Phase, RunFilter, RunRecord, RunStatus, RunStore};
pub use run_control::{RunControl, StopRequest};
pub use seen::{OtherRow, ReadRow, RepeatedRow, SeenAs, SeenIndexes, SeenRow};
pub use session::{Session, StewardSession, Store, SystemLock, in_transaction};
pub use suggestions::{
    Rejected, Suggested, SuggestionDecision, SuggestionFilter, SuggestionRow, SuggestionStore,
    SuggestionVerdict,
};
pub use unfinished_rollback::{UnfinishedRollback, no_unfinished_rollback};
pub use violation::{Violation, ViolationFilter, ViolationRow};

/// Moments are UTC.
pub type Moment = chrono::DateTime<chrono::Utc>;

/// A moment as text, in the canonical form of contracts.
///
/// ```
/// let moment = chrono::DateTime::from_timestamp(0, 0).unwrap();
/// assert_eq!(importer_core::ports::moment_text(moment), "1970-01-01T00:00:00Z");
/// ```
pub fn moment_text(moment: Moment) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The moment a canonical text names.
pub fn parse_moment(text: &str) -> Option<Moment> {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").ok().map(|moment| moment.and_utc())
}

/// The moment so many days later; the same moment where the calendar ends.
pub fn days_later(moment: Moment, days: u16) -> Moment {
    moment.checked_add_days(chrono::Days::new(days.into())).unwrap_or(moment)
}
