use super::{CoreRecord, RecordId, RowId};
use crate::contracts::Contract;
use crate::reasons::Reason;

/// A hash under which records that may be the same are found. Different values may share a hash: it finds candidates,
/// it never decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatchKey {
    /// What was hashed.
    pub kind: i16,
    /// The hash.
    pub hash: i64,
}

/// Why a pair of records is shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SuggestionKind {
    /// They may be the same.
    PossibleDuplicate,
    /// They share a contact and are different people.
    Household,
    /// A row fits several records equally well.
    Ambiguous,
}

impl SuggestionKind {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PossibleDuplicate => "possible_duplicate",
            Self::Household => "household",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// The kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::PossibleDuplicate, Self::Household, Self::Ambiguous];
        all.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A pair to look at, with what speaks for and against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    /// The landed row that led to it; 0 when a scan did.
    pub row: RowId,
    /// The lower id of the two.
    pub left: RecordId,
    /// The higher id of the two.
    pub right: RecordId,
    /// Why it is shown.
    pub kind: SuggestionKind,
    /// The probability that both are one person, where the resolver knows one.
    pub score: Option<f64>,
    /// The terms, as JSON: which values agree and which do not, never the values themselves.
    pub features_json: String,
}

/// A candidate that people should look at.
#[derive(Debug, Clone, PartialEq)]
pub struct LookAt {
    /// The candidate's place in the list.
    pub candidate: usize,
    /// Why it is shown.
    pub kind: SuggestionKind,
    /// The probability that both are one person, where the resolver knows one.
    pub score: Option<f64>,
    /// The terms, as JSON, without values.
    pub terms: String,
}

/// What is known of the candidates of a row beside their records; places in the list of candidates.
#[derive(Debug, Clone, Copy, Default)]
pub struct CandidateFacts<'a> {
    /// Those whom another system knows by the row's own external id.
    pub same_id: &'a [usize],
    /// Those whom the row's own system knows by another id.
    pub own_system: &'a [usize],
    /// Those who share a contact with the row and nothing else, in a run in which so many do that they are not all compared: only
    /// those whose names agree are.
    pub by_name_alone: &'a [usize],
    /// Those who are found only by contacts of other rows of the run that share one with the row.
    pub by_link: &'a [usize],
    /// The other rows of the run that share a contact with the row, directly or through one another, whether they are loaded or not:
    /// who is who among them does not depend on which comes first.
    pub in_run: &'a [&'a CoreRecord],
    /// Contacts of the row by which nobody was looked for, because so many have them: the kind of the key, and how many at least. A
    /// candidate who was found otherwise may have them as well, which says little.
    pub passed_over: &'a [(i16, usize)],
}

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It is this candidate (its place in the list).
    Same {
        /// The candidate's place.
        candidate: usize,
        /// Why: a stored form of a [`Reason`], or words of a resolver's own.
        reason: String,
    },
    /// It is somebody new; some candidates are worth a look.
    New {
        /// The pairs worth a look.
        look_at: Vec<LookAt>,
    },
}

/// How far rows are merged with known people without anybody looking.
///
/// ```
/// use importer_core::ports::AutoMerge;
/// assert_eq!("full".parse(), Ok(AutoMerge::Full));
/// assert_eq!(AutoMerge::default().to_string(), "deterministic");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AutoMerge {
    /// Never: what would be merged is suggested. Rows under a known external id are known all the same.
    Off,
    /// By an equal contact and an agreeing name.
    #[default]
    Deterministic,
    /// Also by probability.
    Full,
}

impl AutoMerge {
    /// Every way, the most careful first.
    pub const ALL: [Self; 3] = [Self::Off, Self::Deterministic, Self::Full];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Deterministic => "deterministic",
            Self::Full => "full",
        }
    }
}

impl std::fmt::Display for AutoMerge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for AutoMerge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|way| way.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is none of off, deterministic and full"))
    }
}

/// Who a row is beside the record that its external id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The same person, perhaps with new values.
    Same,
    /// The same person, unless the row is somebody else whom the source knows.
    Doubtful,
    /// Another person.
    Other,
}

/// Decides whether a row is somebody the core knows. Does no I/O.
pub trait Resolver: Send + Sync {
    /// The keys of a record.
    fn keys(&self, contract: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>);

    /// Those of them that are contacts.
    fn contact_keys(&self, contract: &Contract, person: &CoreRecord, out: &mut Vec<MatchKey>) {
        let start = out.len();
        self.keys(contract, person, out);
        let keys = out.split_off(start);
        out.extend(keys.into_iter().filter(|key| self.is_shared_by_homes(key.kind)));
    }

    /// How many records may have a key of this kind before it says nothing about who somebody is. 100.
    fn most_candidates(&self, _kind: i16) -> usize {
        100
    }

    /// Decides about a row whose external id is unknown, among the candidates that share a key with it, in the order of
    /// their ids.
    fn decide(&self, contract: &Contract, incoming: &CoreRecord, candidates: &[&CoreRecord]) -> Decision;

    /// Whether an external id tells who somebody is in whatever system it stands: rows under it are then also compared with who
    /// has it in another system. No id does unless the resolver says so.
    fn tells_across_systems(&self, _external_id: &str) -> bool {
        false
    }

    /// Whether keys of this kind are contacts, which a home or an office shares: who has nothing else in common with a row is
    /// hardly the same person, and is not compared where too many are like that. No kind is, unless the resolver says so.
    fn is_shared_by_homes(&self, _kind: i16) -> bool {
        false
    }

    /// Which fields a decision depends on, by their places.
    fn looks_at(&self, _contract: &Contract) -> Vec<usize> {
        Vec::new()
    }

    /// The same as [`decide`](Self::decide), with what else is known of the candidates.
    fn decide_known(
        &self,
        contract: &Contract,
        incoming: &CoreRecord,
        candidates: &[&CoreRecord],
        _facts: CandidateFacts<'_>,
    ) -> Decision {
        self.decide(contract, incoming, candidates)
    }

    /// Who a row is that comes under a known external id, beside the record that the id names: a source that gives its ids
    /// away again must not turn one person into another.
    fn identity(&self, contract: &Contract, incoming: &CoreRecord, known: &CoreRecord) -> Identity;

    /// Whether a row is beyond doubt a record that its external id does not name, so that the id has moved. Nobody is, unless
    /// the resolver says so.
    fn is_exactly(&self, _contract: &Contract, _incoming: &CoreRecord, _other: &CoreRecord) -> bool {
        false
    }

    /// Changes whenever a decision may change.
    fn checksum(&self) -> String;
}

/// One field that a row changes.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field's canonical name.
    pub field: String,
    /// The value before.
    pub old: Option<String>,
    /// The value after.
    pub new: Option<String>,
    /// Which criterion decided.
    pub reason: Reason,
}

impl std::fmt::Debug for FieldChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FieldChange({}, {})", self.field, self.reason)
    }
}

/// A record after a row was merged into it.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The record after.
    pub person: CoreRecord,
    /// What changed; empty when nothing did.
    pub changes: Vec<FieldChange>,
    /// Fields in which the row differs and lost, with the criterion that decided.
    pub kept: Vec<(&'static str, Reason)>,
}

/// What brings two sets of values together.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Occasion<'a> {
    /// A row under an external id that is the record's already: its source corrects what it said before.
    OwnRow,
    /// A row under one of several external ids by which its source knows the record: only what it says anew is a correction, so that
    /// the ids do not overrule each other in turns.
    OneOfSeveral {
        /// What the last row under the same id said, as long as it is stored.
        before: Option<&'a CoreRecord>,
    },
    /// A row of a source without ids, which was found to be about the record: a later word of the same source.
    Unnamed,
    /// A row under another external id, which was found to be about the record: a statement of its own.
    OtherId,
    /// Another record: somebody merges two.
    OtherRecord,
    /// A row that a person corrected after it had been held back: it is as old as when it came, but for the fields that the person
    /// set.
    Correction {
        /// The names of these fields.
        set: &'a [String],
    },
}

/// Decides, field by field, which value survives.
pub trait Survivorship: Send + Sync {
    /// Merges a row into the record it belongs to: a row under the record's own external id. Does no I/O.
    fn merge(&self, contract: &Contract, existing: &CoreRecord, incoming: &CoreRecord) -> Merged;

    /// Merges values into a record on any occasion. Does no I/O. Unless implemented, every occasion is like a row under the
    /// record's own external id.
    fn merge_on(
        &self,
        contract: &Contract,
        existing: &CoreRecord,
        incoming: &CoreRecord,
        _occasion: Occasion<'_>,
    ) -> Merged {
        self.merge(contract, existing, incoming)
    }

    /// Changes whenever a result may change.
    fn checksum(&self) -> String;
}

/// The policies of a run.
#[derive(Clone)]
pub struct Policies {
    /// Who is who.
    pub resolver: std::sync::Arc<dyn Resolver>,
    /// Which value survives.
    pub survivorship: std::sync::Arc<dyn Survivorship>,
}

impl std::fmt::Debug for Policies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Policies")
    }
}
