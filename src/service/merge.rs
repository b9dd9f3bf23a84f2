//! Merging people, and taking merges back.

use std::collections::BTreeMap;

use importer_core::contracts::Contract;
use importer_core::ports::{CoreId, MergeFilter, MergeRow, Rejected, moment_text, no_unfinished_rollback};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::history::{
    self, FieldWinner, MergeContext, MergeOrder, MergePlan, PlannedField, Undone,
};
use serde::Serialize;

use super::access::{Action, Desk, Note};
use super::edit::typed;
use super::rejected_pairs::{no_rejected_pairs, rejected_pairs};
use super::unfinished_rollback::not_in_unfinished_rollback;
use crate::Importer;

const OPERATION: &str = "merge people";

/// People to be merged.
#[derive(Debug, Clone)]
pub struct MergeRequest {
    /// What they are.
    pub entity: String,
    /// Who they are; the survivor among them.
    pub people: Vec<CoreId>,
    /// Who stays; the one with the lowest id, who is there the longest, unless set.
    pub survivor: Option<CoreId>,
    /// Fields somebody decided about; the policy decides about the others.
    pub choices: Vec<(String, FieldChoice)>,
    /// Why.
    pub reason: String,
    /// Merges them although somebody has said of two of them that they are no duplicates; otherwise that is an error.
    pub although_rejected: bool,
}

impl MergeRequest {
    /// People to be merged as the policy says.
    pub fn new(entity: &str, people: impl Into<Vec<CoreId>>, reason: &str) -> Self {
        Self {
            entity: entity.into(),
            people: people.into(),
            survivor: None,
            choices: Vec::new(),
            reason: reason.into(),
            although_rejected: false,
        }
    }
}

/// A merge that was taken back, to be done again.
#[derive(Debug, Clone)]
pub struct RedoRequest {
    /// The merge.
    pub merge: i64,
    /// Why.
    pub reason: String,
    /// Does it although somebody has said of two of the people that they are no duplicates; otherwise that is an error.
    pub although_rejected: bool,
}

impl RedoRequest {
    /// A merge to be done again.
    pub fn new(merge: i64, reason: &str) -> Self {
        Self { merge, reason: reason.into(), although_rejected: false }
    }
}

/// Which value a field is to have.
#[derive(Clone, PartialEq, Eq)]
pub enum FieldChoice {
    /// That of this record.
    Of(CoreId),
    /// Another one, as a person types it; nothing empties the field.
    Value(String),
}

impl std::fmt::Debug for FieldChoice {
    // A value is personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Of(id) => write!(f, "Of({id})"),
            Self::Value(_) => f.write_str("Value"),
        }
    }
}

/// What merging would come to.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MergePreview {
    /// Who stays.
    pub survivor: CoreId,
    /// Who goes.
    pub retired: Vec<CoreId>,
    /// Field by field, whose value survives and why; what the role does not see is masked.
    pub fields: Vec<PlannedField>,
    /// Who of them was told apart: merging them has to be asked for all the same.
    pub rejected: Vec<Rejected>,
}

/// A merge that was done.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MergeDone {
    /// Its id; `undo` takes it back.
    pub merge: i64,
    /// Who stayed.
    pub survivor: CoreId,
    /// Who went.
    pub retired: Vec<CoreId>,
    /// The survivor's fields that changed.
    pub changed: Vec<String>,
}

/// A merge, for people to read.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MergeLine {
    /// Its id.
    pub merge: i64,
    /// What was merged.
    pub entity: String,
    /// Who stayed.
    pub survivor: CoreId,
    /// Who went.
    pub retired: Vec<CoreId>,
    /// The suggestion that led to it.
    pub suggestion: Option<i64>,
    /// Who merged.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub merged_at: String,
    /// When it was taken back.
    pub undone_at: Option<String>,
    /// By whom.
    pub undone_by: Option<String>,
    /// The merge that did it again.
    pub redone_by: Option<i64>,
}

impl From<MergeRow> for MergeLine {
    fn from(row: MergeRow) -> Self {
        let (undone_at, undone_by) = match row.undone {
            Some((at, by, _)) => (Some(moment_text(at)), Some(by)),
            None => (None, None),
        };
        Self {
            merge: row.id,
            entity: row.entity,
            survivor: row.merge.survivor,
            retired: row.merge.retired,
            suggestion: row.merge.suggestion,
            actor: row.merge.actor,
            reason: row.merge.reason,
            merged_at: moment_text(row.merged_at),
            undone_at,
            undone_by,
            redone_by: row.redone_by,
        }
    }
}

impl Desk<'_> {
    /// What merging people would come to; nothing is written.
    ///
    /// # Errors
    /// When somebody is not in the core, a choice names no field or no record of them, or the database fails.
    pub fn preview_merge(&self, request: &MergeRequest) -> Result<MergePreview> {
        let contract = super::runs::contract(&request.entity)?;
        let note = Note::new(people(&request.people), &request.reason).entity(contract.entity);
        self.authorize(Action::Review, &note)?;
        self.may_choose(Action::Review, &note, contract, &request.choices)?;
        let order = self.order(contract, request)?;
        let (plan, rejected) = self.query(Action::Review, &subject(&order), |session| {
            let plan = self.importer.with_merge_context(contract, |merge_context| {
                history::preview_merge(session, merge_context, &order)
            })?;
            Ok((plan, session.rejected_among(contract, &request.people)?))
        })?;
        let (survivor, retired) = (order.survivor, order.retired);
        let mut preview = MergePreview { survivor, retired, fields: plan.fields, rejected };
        self.mask().preview(contract, &mut preview);
        Ok(preview)
    }

    /// Merges people into one. Whoever refers to those who go refers to the survivor from then on, later imports included;
    /// [`Desk::undo_merge`] takes it back.
    ///
    /// # Errors
    /// As for [`Desk::preview_merge`]; when the actor may not, there is no reason, two of them were told apart and the request
    /// does not say that they are to be merged all the same, or a table of the host refuses.
    pub fn merge(&self, request: &MergeRequest) -> Result<MergeDone> {
        let contract = super::runs::contract(&request.entity)?;
        let note = Note::new(people(&request.people), &request.reason).entity(contract.entity);
        self.ready(Action::Merge, &note)?;
        self.may_choose(Action::Merge, &note, contract, &request.choices)?;
        let order = self.order(contract, request)?;
        let note = Note::new(subject(&order), &request.reason).entity(contract.entity);
        self.act(Action::Merge, note, |session, note| {
            session.lock_core(contract)?;
            not_in_unfinished_rollback(session, contract, &request.people, OPERATION)?;
            let apart =
                no_rejected_pairs(session, contract, &request.people, request.although_rejected, OPERATION)?;
            although(note, &apart);
            let (merge, plan) = self.importer.with_merge_context(contract, |merge_context| {
                history::merge(session, merge_context, &order)
            })?;
            note.subject = format!("merge {merge}");
            note.detail("survivor", order.survivor);
            note.detail("retired", order.retired.clone());
            note.detail("chosen", order.choices.keys().cloned().collect::<Vec<_>>());
            let mut done = done(merge, &order, plan);
            self.mask().merged(contract, &mut done);
            Ok(done)
        })
    }

    /// Takes a merge back: everybody is again who they would be if it had not happened. What was imported since goes to whom
    /// it belongs; edits of the survivor stay with the survivor. Later merges of the same people are taken back with it and
    /// done again.
    ///
    /// # Errors
    /// When the actor may not, there is no reason, no such merge, or it is taken back already.
    pub fn undo_merge(&self, merge: i64, reason: &str) -> Result<Undone> {
        self.of_merge(merge, Action::UndoMerge, reason, |session, merge_context, _, reason, note| {
            let undone = history::undo(session, merge_context, merge, &self.actor.name, reason)?;
            note.detail("restored", undone.restored.clone());
            note.detail("conflicts", undone.conflicts.len());
            Ok(self.mask().undone(undone))
        })
    }

    /// Takes one match of an import back: the record of this id in its source is a person of its own, as if the import had not
    /// found anybody like it. Both are remembered as told apart. [`Desk::redo_merge`] takes that back again.
    ///
    /// # Errors
    /// When the actor may not, there is no reason, nothing is known under the id, the person came into being with it or a merge
    /// brought it, what the person was before is not kept any more, or the database fails.
    pub fn undo_match(&self, entity: &str, system: &str, external_id: &str, reason: &str) -> Result<Undone> {
        let contract = super::runs::contract(entity)?;
        let note = Note::new("a match", reason).entity(contract.entity);
        self.act(Action::UndoMerge, note, |session, note| {
            session.lock_core(contract)?;
            // Somebody comes into being.
            no_unfinished_rollback(session, contract.entity, Action::UndoMerge.doing())?;
            let reason = note.reason.clone();
            let undone = self.importer.with_merge_context(contract, |merge_context| {
                history::undo_match(session, merge_context, system, external_id, &self.actor.name, &reason)
            })?;
            note.subject = format!("merge {}", undone.merge);
            note.detail("match", true);
            note.detail("person", undone.survivor);
            note.detail("apart", undone.restored.clone());
            Ok(self.mask().undone(undone))
        })
    }

    /// Does a merge again that was taken back, with what was chosen then; returns the new merge.
    ///
    /// # Errors
    /// As for [`Desk::redo`].
    pub fn redo_merge(&self, merge: i64, reason: &str) -> Result<i64> {
        self.redo(&RedoRequest::new(merge, reason))
    }

    /// The same, also although somebody has said of two of the people that they are no duplicates.
    ///
    /// # Errors
    /// When the actor may not, there is no reason, no such merge, it was not taken back, or two of the people were told apart
    /// otherwise than by taking it back and the request does not say that they are to be merged all the same.
    pub fn redo(&self, request: &RedoRequest) -> Result<i64> {
        let RedoRequest { merge, reason, although_rejected } = request;
        self.of_merge(*merge, Action::Merge, reason, |session, merge_context, row, reason, note| {
            if let Some((at, by, _)) = &row.undone {
                // What was said with taking it back is taken back with it.
                let otherwise = |rejected: &Rejected| (&rejected.by, rejected.at) != (by, *at);
                let asked = *although_rejected;
                let apart = rejected_pairs(
                    session,
                    merge_context.contract,
                    &members(row),
                    asked,
                    otherwise,
                    OPERATION,
                )?;
                although(note, &apart);
            }
            let new = history::redo(session, merge_context, *merge, &self.actor.name, reason)?;
            note.detail("again", new);
            Ok(new)
        })
    }

    /// Merges in the order of their ids; page with [`MergeFilter::after`].
    ///
    /// # Errors
    /// When the actor may not see them, or the database fails.
    pub fn merges(&self, entity: &str, filter: &MergeFilter) -> Result<Vec<MergeLine>> {
        let contract = super::runs::contract(entity)?;
        self.query(Action::ViewSuggestions, "merges", |session| {
            let lines = session.merges(contract, filter)?.into_iter().map(|mut row| {
                let before = std::mem::take(&mut row.merge.before_json);
                let mut line = MergeLine::from(row);
                self.mask().merge_line(contract, &before, &mut line);
                line
            });
            Ok(lines.collect())
        })
    }

    /// Who somebody is now: the same, or the survivor of the merges in which the record went.
    ///
    /// # Errors
    /// When the actor may not see records, or the database fails.
    pub fn who_is(&self, entity: &str, id: CoreId) -> Result<CoreId> {
        let contract = super::runs::contract(entity)?;
        self.query(Action::ViewRecords, &format!("{entity} {id}"), |session| {
            Ok(session.survivor_of(contract, id)?.map_or(id, |(survivor, _)| survivor))
        })
    }

    fn of_merge<T>(
        &self,
        merge: i64,
        action: Action,
        reason: &str,
        work: impl FnOnce(
            &mut dyn importer_core::ports::StewardSession,
            &MergeContext<'_>,
            &MergeRow,
            &str,
            &mut Note,
        ) -> Result<T>,
    ) -> Result<T> {
        self.act(action, Note::new(format!("merge {merge}"), reason), |session, note| {
            let Some(row) = session.merge(merge)? else {
                let message = format!("there is no merge {merge}");
                return Err(Error::new(ErrorKind::NotFound, action.doing(), message)
                    .hint("`merge --list` lists them"));
            };
            let contract = super::runs::contract(&row.entity)?;
            session.lock_core(contract)?;
            not_in_unfinished_rollback(session, contract, &members(&row), action.doing())?;
            note.entity = Some(row.entity.clone());
            let reason = note.reason.clone();
            self.importer.with_merge_context(contract, |merge_context| {
                work(session, merge_context, &row, &reason, note)
            })
        })
    }

    /// Whether the role sees the fields for which somebody typed a value; keeping that of a record needs no eyes.
    pub(super) fn may_choose(
        &self,
        action: Action,
        note: &Note,
        contract: &Contract,
        choices: &[(String, FieldChoice)],
    ) -> Result<()> {
        let typed = choices.iter().filter(|(_, choice)| matches!(choice, FieldChoice::Value(_)));
        self.guard_write_fields(action, note, contract, typed.map(|(field, _)| field.as_str()))
    }

    pub(super) fn order(&self, contract: &'static Contract, request: &MergeRequest) -> Result<MergeOrder> {
        let survivor = request.survivor.or_else(|| request.people.iter().copied().min());
        let Some(survivor) = survivor.filter(|id| request.people.contains(id)) else {
            return Err(Error::new(ErrorKind::Config, OPERATION, "the survivor is none of the people"));
        };
        let mut choices = BTreeMap::new();
        for (field, choice) in &request.choices {
            let winner = match choice {
                FieldChoice::Of(id) => FieldWinner::Of(*id),
                FieldChoice::Value(value) => {
                    let typed = typed(contract, &[(field.clone(), value.clone())], OPERATION)?;
                    FieldWinner::Value(typed.into_iter().next().and_then(|(_, value)| value))
                }
            };
            choices.insert(field.clone(), winner);
        }
        Ok(MergeOrder {
            survivor,
            retired: request.people.iter().copied().filter(|id| *id != survivor).collect(),
            choices,
            actor: self.actor.name.clone(),
            reason: request.reason.trim().into(),
            ..MergeOrder::default()
        })
    }
}

impl Importer {
    /// Calls with everything that merging, undoing and rolling back need to know.
    pub(super) fn with_merge_context<T>(
        &self,
        contract: &'static Contract,
        work: impl FnOnce(&MergeContext<'_>) -> Result<T>,
    ) -> Result<T> {
        let resolver = self.resolver_of(contract, &self.mapping(contract)?, None);
        work(&MergeContext {
            contract,
            survivorship: &self.survivorship,
            resolver: resolver.as_ref(),
            references: &self.references,
            now: self.clock.now(),
        })
    }
}

pub(super) fn done(merge: i64, order: &MergeOrder, plan: MergePlan) -> MergeDone {
    let mut changed: Vec<String> = plan.changes.into_iter().map(|change| change.field).collect();
    changed.dedup();
    MergeDone { merge, survivor: order.survivor, retired: order.retired.clone(), changed }
}

/// Tells the audit log who was told apart of those who are merged all the same.
pub(super) fn although(note: &mut Note, apart: &[Rejected]) {
    if !apart.is_empty() {
        let mut suggestions: Vec<i64> = apart.iter().map(|rejected| rejected.suggestion).collect();
        suggestions.sort_unstable();
        suggestions.dedup();
        note.detail("although_rejected", suggestions);
    }
}

fn members(row: &MergeRow) -> Vec<CoreId> {
    std::iter::once(row.merge.survivor).chain(row.merge.retired.iter().copied()).collect()
}

fn subject(order: &MergeOrder) -> String {
    people(std::iter::once(&order.survivor).chain(&order.retired))
}

fn people<'a>(ids: impl IntoIterator<Item = &'a CoreId>) -> String {
    let ids: Vec<String> = ids.into_iter().map(i64::to_string).collect();
    format!("people {}", ids.join(", "))
}
