use super::{
    CoreRecord, Moment, RecordId, RowId, RunId, RunRecord, Suggestion, SuggestionId, SuggestionKind,
};
use crate::Result;
use crate::contracts::Contract;

/// What people decided about a suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SuggestionDecision {
    /// Nobody has decided.
    Open,
    /// Merged without a person.
    AutoMerged,
    /// They are one person.
    Accepted,
    /// They are two people, for ever.
    Rejected,
    /// Not now.
    Deferred,
    /// Another pair took its place when one of both was merged.
    Superseded,
    /// Nobody has decided, and a scan has found it too unlikely to be shown; it is open again when a later one finds it.
    Outdated,
}

impl SuggestionDecision {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Open, "open"),
        (Self::AutoMerged, "auto_merged"),
        (Self::Accepted, "accepted"),
        (Self::Rejected, "rejected"),
        (Self::Deferred, "deferred"),
        (Self::Superseded, "superseded"),
        (Self::Outdated, "outdated"),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(d, _)| *d == self).map_or("", |(_, name)| name)
    }

    /// The decision of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, n)| *n == name).map(|(d, _)| *d)
    }
}

/// A stored suggestion.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SuggestionRow {
    /// Its id.
    pub id: SuggestionId,
    /// The run or scan that found it.
    pub run_id: RunId,
    /// The entity.
    pub entity: String,
    /// The landed row that led to it; 0 when a scan did.
    pub row: RowId,
    /// The lower id of the two.
    pub left: RecordId,
    /// The higher id of the two.
    pub right: RecordId,
    /// Why it is shown.
    pub kind: SuggestionKind,
    /// The probability that both are one person, where it is known.
    pub score: Option<f64>,
    /// The terms, as JSON, without values.
    pub features_json: String,
    /// What people decided.
    pub decision: SuggestionDecision,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Moment>,
    /// Until when a deferred one stays out of the list of open ones.
    pub deferred_until: Option<Moment>,
    /// When it was found.
    pub created_at: Moment,
    /// True when one of the records has changed since the pair was scored, so that score and terms are not those that are
    /// stored: they are about the records as they are now.
    pub rescored: bool,
}

/// Which suggestions to list.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct SuggestionFilter {
    /// Of this entity only.
    pub entity: Option<String>,
    /// Only those that wait for a decision at this moment: open ones, and deferred ones whose time has come.
    pub waiting_at: Option<Moment>,
    /// Only those with this decision.
    pub decision: Option<SuggestionDecision>,
    /// Only of this kind.
    pub kind: Option<SuggestionKind>,
    /// Leaves out those of kind household.
    pub without_households: bool,
    /// Only those that a run or a scan found.
    pub run: Option<RunId>,
    /// Only those that this row led to: of an ambiguous one, the others that the row fits as well.
    pub row: Option<RowId>,
    /// Only those with at least this score.
    pub score_from: Option<f64>,
    /// Only those with a lower score than this.
    pub score_below: Option<f64>,
    /// The likeliest first, by the stored score, rather than the oldest.
    pub likeliest_first: bool,
    /// Only those behind this id, for paging.
    pub after: SuggestionId,
    /// At most this many; all when 0.
    pub limit: i64,
}

/// What became of suggestions that were to be stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Suggested {
    /// New ones.
    pub added: u64,
    /// Open ones with another score or other terms than before.
    pub rescored: u64,
    /// Open ones that stay as they are.
    pub unchanged: u64,
    /// Open ones that are closed, because they are too unlikely by now.
    pub outdated: u64,
    /// Ones that an earlier scan had closed and that are open again.
    pub reopened: u64,
    /// Pairs that somebody has decided about or put off; they stay as they are.
    pub decided: u64,
    /// Pairs of records that have the data of a pair which somebody has rejected; they are not stored.
    pub rejected_before: u64,
}

impl Suggested {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.added += other.added;
        self.rescored += other.rescored;
        self.unchanged += other.unchanged;
        self.outdated += other.outdated;
        self.reopened += other.reopened;
        self.decided += other.decided;
        self.rejected_before += other.rejected_before;
    }
}

/// A decision about a suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestionVerdict {
    /// The suggestion.
    pub id: SuggestionId,
    /// What was decided.
    pub decision: SuggestionDecision,
    /// Who decided.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Until when a deferred one stays out of the list of open ones.
    pub deferred_until: Option<Moment>,
}

/// Two people of whom somebody has said that they are two.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejected {
    /// One of both.
    pub one: RecordId,
    /// The other.
    pub other: RecordId,
    /// The suggestion that was rejected: about these two, about somebody who went into one of them by now, or about others
    /// with their data.
    pub suggestion: SuggestionId,
    /// Who rejected it.
    pub by: String,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Moment,
    /// Why.
    pub reason: String,
}

fn as_text<S: serde::Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&super::moment_text(*at))
}

/// Core records in pages, and suggestions about pairs of them.
pub trait SuggestionStore {
    /// The next records behind `after`, in the order of their ids.
    ///
    /// # Errors
    /// When the database fails.
    fn records_after(
        &mut self,
        contract: &Contract,
        after: RecordId,
        limit: usize,
    ) -> Result<Vec<CoreRecord>>;
    /// The ids of records that were made or changed at or after a moment, ascending.
    ///
    /// # Errors
    /// When the database fails.
    fn changed_since(&mut self, contract: &Contract, since: Moment) -> Result<Vec<RecordId>>;
    /// Stores what a scan suggests: pairs that are not known are added, open ones get the new score and terms, outdated ones
    /// are open again, decided ones stay, and what was rejected under other ids is left out.
    ///
    /// # Errors
    /// When the database fails.
    fn suggest(
        &mut self,
        contract: &Contract,
        run: &RunRecord,
        suggestions: &[Suggestion],
        now: Moment,
    ) -> Result<Suggested>;
    /// Closes suggestions that are still open, with the score and the terms by which they are too unlikely. Says how many there
    /// were.
    ///
    /// # Errors
    /// When the database fails.
    fn outdate(&mut self, contract: &Contract, run: &RunRecord, suggestions: &[Suggestion]) -> Result<u64>;
    /// For each pair, whether somebody has rejected it: these two, whoever went into one of them, or others with their data.
    ///
    /// # Errors
    /// When the database fails.
    fn are_rejected(&mut self, contract: &Contract, pairs: &[(RecordId, RecordId)]) -> Result<Vec<bool>>;
    /// Which two of these people somebody has said are no duplicates, in the same sense; that two do not live together says
    /// nothing about that.
    ///
    /// # Errors
    /// When the database fails.
    fn rejected_among(&mut self, contract: &Contract, people: &[RecordId]) -> Result<Vec<Rejected>>;
    /// Whether somebody has rejected any pair.
    ///
    /// # Errors
    /// When the database fails.
    fn has_rejections(&mut self, contract: &Contract) -> Result<bool>;
    /// For fingerprints of people, who somebody has said is not that person: the fingerprint, the other's id, and the other's
    /// fingerprint at that time.
    ///
    /// # Errors
    /// When the database fails.
    fn rejected_as(
        &mut self,
        contract: &Contract,
        prints: &[i64],
    ) -> Result<Vec<(i64, RecordId, Option<i64>)>>;
    /// Suggestions, in the order of their ids or of their scores.
    ///
    /// # Errors
    /// When the database fails.
    fn suggestions(&mut self, filter: &SuggestionFilter) -> Result<Vec<SuggestionRow>>;
    /// A suggestion by id.
    ///
    /// # Errors
    /// When the database fails.
    fn suggestion(&mut self, id: SuggestionId) -> Result<Option<SuggestionRow>>;
    /// The suggestion about a pair.
    ///
    /// # Errors
    /// When the database fails.
    fn suggestion_of(
        &mut self,
        contract: &Contract,
        left: RecordId,
        right: RecordId,
    ) -> Result<Option<SuggestionRow>>;
    /// Records a decision and keeps it in the log of decisions. A rejection is remembered with the fingerprints of both
    /// records; any other decision about the same suggestion takes that back.
    ///
    /// # Errors
    /// When the database fails.
    fn decide(&mut self, contract: &Contract, verdict: &SuggestionVerdict, now: Moment) -> Result<()>;
}
