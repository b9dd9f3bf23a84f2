use std::collections::BTreeMap;

use importer_core::contracts::Contract;
use importer_core::ports::Moment;
use importer_core::ports::{
    MapImage, MovedReferences, RecordId, RecordImage, Reference, Resolver, RunId, SuggestionId, Survivorship,
};
use serde::{Deserialize, Serialize};

/// Which value a field has after a merge, as a person chose it. It outranks every rule, and later imports leave it alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldWinner {
    /// That of this record.
    Of(RecordId),
    /// Another one, in its normal form; none empties the field.
    Value(Option<String>),
}

impl std::fmt::Debug for FieldWinner {
    // A value is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Of(id) => write!(f, "Of({id})"),
            Self::Value(value) => write!(f, "Value(present: {})", value.is_some()),
        }
    }
}

/// People to be merged into one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MergeOrder {
    /// Who stays.
    pub survivor: RecordId,
    /// Who goes.
    pub retired: Vec<RecordId>,
    /// Fields that somebody decided about.
    pub choices: BTreeMap<String, FieldWinner>,
    /// When that was decided; now unless set.
    pub decided_at: Option<Moment>,
    /// Who merges.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The run that merges, where none of the people does.
    pub run: Option<RunId>,
    /// The suggestion that led to it.
    pub suggestion: Option<SuggestionId>,
}

/// What merging, undoing and rolling back need to know of the world.
#[derive(Clone, Copy)]
pub struct MergeContext<'a> {
    /// The entity.
    pub contract: &'a Contract,
    /// Which value survives.
    pub survivorship: &'a dyn Survivorship,
    /// Who is who.
    pub resolver: &'a dyn Resolver,
    /// Tables of the host that refer to people.
    pub references: &'a [Reference],
    /// The time.
    pub now: Moment,
}

impl std::fmt::Debug for MergeContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Circumstances({})", self.contract.entity)
    }
}

/// Everything an undo needs: stored with a merge.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Before {
    /// The people as they were, the survivor first.
    pub(super) people: Vec<RecordImage>,
    /// When they came into being, as canonical text.
    pub(super) born: Vec<(RecordId, String)>,
    /// The survivor's own entries of the id map.
    pub(super) own_map: Vec<MapImage>,
    /// What referred to those who went.
    pub(super) moved: MovedReferences,
}

impl Before {
    /// The entries of the id map that its people had.
    pub(super) fn known(&self) -> impl Iterator<Item = &MapImage> {
        self.moved.map.iter().chain(&self.own_map)
    }

    /// Who of those who went had not been there before: a match that an import made is kept as the merge of somebody who never
    /// was ([`super::undo_match`]).
    pub(super) fn newcomer(&self, retired: &[RecordId]) -> Option<RecordId> {
        retired.iter().copied().find(|gone| self.people.iter().all(|image| image.id != *gone))
    }
}
