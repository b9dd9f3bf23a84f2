//! What merging comes to, before anything is written.

use std::collections::BTreeMap;

use importer_core::ports::{CoreRecord, FieldChange, Occasion, RecordId};
use importer_core::reasons::Reason;
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::merge_order::{FieldWinner, MergeContext, MergeOrder};
use super::{Typed, edited};

/// What a merge comes to.
#[derive(Debug, Clone)]
pub struct MergePlan {
    /// The survivor after it.
    pub person: CoreRecord,
    /// Every field in which any of the people has a value.
    pub fields: Vec<PlannedField>,
    /// What changes about the survivor.
    pub changes: Vec<FieldChange>,
}

/// A field of people who are merged.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PlannedField {
    /// Its name.
    pub field: String,
    /// Everybody's value, the survivor's first.
    pub values: Vec<(RecordId, Option<String>)>,
    /// The value that survives.
    pub value: Option<String>,
    /// Whose it is; none for a value that somebody typed.
    pub from: Option<RecordId>,
    /// What decided: the code of a [`Reason`].
    pub why: String,
}

impl std::fmt::Debug for PlannedField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PlannedField({}, from {:?}: {})", self.field, self.from, self.why)
    }
}

/// Merges people in memory, the survivor first, by the policy and by what somebody chose.
///
/// # Errors
/// When a choice names a field or a record that is not there.
pub(super) fn plan(
    context: &MergeContext<'_>,
    people: &[CoreRecord],
    order: &MergeOrder,
) -> Result<MergePlan> {
    let choices = &order.choices;
    let contract = context.contract;
    let Some((survivor, others)) = people.split_first() else {
        return Err(Error::new(ErrorKind::Invariant, "plan a merge", "there is nobody to merge"));
    };
    let mut person = survivor.clone();
    let mut changes: Vec<FieldChange> = Vec::new();
    let mut why: BTreeMap<String, Reason> = BTreeMap::new();
    for other in others {
        let merged = context.survivorship.merge_on(contract, &person, other, Occasion::OtherRecord);
        why.extend(merged.kept.iter().map(|(field, reason)| ((*field).to_owned(), *reason)));
        why.extend(merged.changes.iter().map(|change| (change.field.clone(), change.reason)));
        for change in merged.changes {
            // A field that changes twice went from its first value to its last; lists only grow.
            match changes.iter_mut().find(|known| known.field == change.field && change.old.is_some()) {
                Some(known) => (known.new, known.reason) = (change.new, change.reason),
                None => changes.push(change),
            }
        }
        person = merged.person;
    }
    let typed = typed(context, people, choices)?;
    if !typed.is_empty() {
        for (field, new) in &typed {
            let place = contract.index(field).unwrap_or(usize::MAX);
            let old = survivor.record.get(place).map(str::to_owned);
            changes.retain(|change| change.field != *field);
            if old != *new {
                let reason = Reason::ChosenByHand;
                changes.push(FieldChange { field: field.clone(), old, new: new.clone(), reason });
            }
        }
        person =
            edited(contract, context.survivorship, &person, &typed, order.decided_at.unwrap_or(context.now));
    }
    let fields = fields(context, people, &person, choices, &why);
    Ok(MergePlan { person, fields, changes })
}

fn typed(
    context: &MergeContext<'_>,
    people: &[CoreRecord],
    choices: &BTreeMap<String, FieldWinner>,
) -> Result<Vec<Typed>> {
    let refuse = |why: &str, field: &str| {
        Err(Error::new(ErrorKind::Config, "merge people", why.to_owned()).at("field", field))
    };
    let mut typed = Vec::new();
    for (field, winner) in choices {
        let Some((place, _)) = context.contract.columns().find(|(_, known)| known.name == field) else {
            return refuse("there is no such field to choose for", field);
        };
        let value = match winner {
            FieldWinner::Value(value) => value.clone(),
            FieldWinner::Of(id) => match people.iter().find(|person| person.id == *id) {
                Some(person) => person.record.get(place).map(str::to_owned),
                None => return refuse("the chosen record is none of those that are merged", field),
            },
        };
        typed.push((field.clone(), value));
    }
    Ok(typed)
}

fn fields(
    context: &MergeContext<'_>,
    people: &[CoreRecord],
    person: &CoreRecord,
    choices: &BTreeMap<String, FieldWinner>,
    why: &BTreeMap<String, Reason>,
) -> Vec<PlannedField> {
    let fields = context.contract.columns().filter_map(|(place, field)| {
        let values: Vec<(RecordId, Option<String>)> =
            people.iter().map(|p| (p.id, p.record.get(place).map(str::to_owned))).collect();
        let value = person.record.get(place).map(str::to_owned);
        if value.is_none() && values.iter().all(|(_, value)| value.is_none()) {
            return None;
        }
        let from = match choices.get(field.name) {
            Some(FieldWinner::Of(id)) => Some(*id),
            Some(FieldWinner::Value(_)) => None,
            None => values.iter().find(|(_, own)| *own == value).map(|(id, _)| *id),
        };
        let alike = values.iter().all(|(_, own)| *own == value);
        let why = match (choices.contains_key(field.name), why.get(field.name)) {
            (true, _) => Reason::ChosenByHand,
            (false, _) if alike => Reason::EqualValues,
            (false, Some(reason)) => *reason,
            (false, None) => Reason::OnlyValue,
        };
        Some(PlannedField { field: field.name.into(), values, value, from, why: why.code().into() })
    });
    fields.collect()
}
