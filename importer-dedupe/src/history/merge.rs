use importer_core::ports::{
    Cause, Change, ChangeAction, CoreRecord, MatchKey, MergeId, NewMerge, RecordId, StewardSession,
    moment_text,
};
use importer_core::reasons::Reason;
use importer_core::{Error, ErrorKind, Result};

use super::merge_order::{Before, MergeContext, MergeOrder};
use super::plan::{MergePlan, plan};
use super::undo::images;

const OPERATION: &str = "merge people";

/// Reads the people of an order and plans their merge; writes nothing.
///
/// # Errors
/// When somebody is not in the core, the order names nobody to merge or somebody twice, or the database fails.
pub fn preview_merge(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    order: &MergeOrder,
) -> Result<MergePlan> {
    let people = people(session, context, order)?;
    plan(context, &people, order)
}

/// Merges people into one: whoever refers to those who go refers to the survivor from then on. It belongs in a transaction.
///
/// # Errors
/// As for [`preview_merge`]; when a table of the host refuses.
pub fn merge(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    order: &MergeOrder,
) -> Result<(MergeId, MergePlan)> {
    session.lock_core(context.contract)?;
    let people = people(session, context, order)?;
    // What is chosen counts from the first time the merge is done.
    let order = MergeOrder { decided_at: order.decided_at.or(Some(context.now)), ..order.clone() };
    let planned = plan(context, &people, &order)?;
    let mark = session.last_change()?;
    let id = keep_merge(session, context, &order, &people, mark)?;
    session.put_records(context.contract, std::slice::from_ref(&planned.person), context.now)?;
    let remove: Vec<_> = people[1..].iter().flat_map(|person| keys(context, person)).collect();
    session.change_keys(context.contract, &remove, &keys(context, &planned.person))?;
    let changes = lines(id, &order, &planned);
    session.log_changes(context.contract, &changes, Cause::Merge(id), &order.actor, context.now)?;
    Ok((id, planned))
}

/// Keeps a merge of people as they are given, moves what refers to those who go, and takes them out. What the survivor
/// is then is written by the caller.
pub(super) fn keep_merge(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    order: &MergeOrder,
    people: &[CoreRecord],
    change_mark: i64,
) -> Result<MergeId> {
    let contract = context.contract;
    let ids: Vec<RecordId> = people.iter().map(|person| person.id).collect();
    let mut retired = order.retired.clone();
    retired.sort_unstable();
    let mut before = Before {
        people: images(context, people),
        born: session.born(contract, &ids)?.iter().map(|b| (b.id, moment_text(b.at))).collect(),
        own_map: session.map_of(contract, &[order.survivor])?,
        ..Before::default()
    };
    let new = NewMerge {
        survivor: order.survivor,
        retired: retired.clone(),
        run: order.run,
        suggestion: order.suggestion,
        change_mark,
        before_json: "{}".into(),
        decisions_json: json(order)?,
        actor: order.actor.clone(),
        reason: order.reason.clone(),
    };
    let id = session.log_merge(contract, &new, context.now)?;
    before.moved = session.move_references(contract, context.references, order.survivor, &retired)?;
    session.set_merge_before(id, &json(&before)?)?;
    session.remove_records(contract, &retired)?;
    Ok(id)
}

fn lines(id: MergeId, order: &MergeOrder, planned: &MergePlan) -> Vec<Change> {
    let line =
        |core_id, action, field: Option<&String>, old: Option<&String>, new: Option<String>, why: &str| {
            Change {
                core_id,
                row: None,
                action,
                field: field.cloned(),
                old: old.cloned(),
                new,
                reason: Reason::Merged.with(format_args!("{id}, {why}")).into(),
            }
        };
    // The survivor has a line in any case, so that its history shows the merge.
    let mut changes = vec![line(order.survivor, ChangeAction::Updated, None, None, None, &order.reason)];
    for change in &planned.changes {
        let (field, old) = (Some(&change.field), change.old.as_ref());
        let new = change.new.clone();
        changes.push(line(order.survivor, ChangeAction::Updated, field, old, new, change.reason.code()));
    }
    for gone in &order.retired {
        let into = Some(order.survivor.to_string());
        changes.push(line(*gone, ChangeAction::Merged, None, None, into, &order.reason));
    }
    changes
}

/// The people of an order, the survivor first and the others in the order of their ids.
fn people(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    order: &MergeOrder,
) -> Result<Vec<CoreRecord>> {
    let entity = context.contract.entity;
    let mut retired = order.retired.clone();
    retired.sort_unstable();
    retired.dedup();
    if retired.is_empty() || retired.contains(&order.survivor) || retired.len() != order.retired.len() {
        return Err(Error::new(
            ErrorKind::Config,
            OPERATION,
            "it needs a survivor and others, each named once",
        )
        .at("survivor", order.survivor));
    }
    let mut found = Vec::new();
    for id in std::iter::once(order.survivor).chain(retired) {
        match session.load(context.contract, &[id])?.pop() {
            Some(person) => found.push(person),
            None => {
                let error = |why: String| Error::new(ErrorKind::NotFound, OPERATION, why);
                return Err(match session.survivor_of(context.contract, id)? {
                    Some((survivor, merge)) => {
                        error(format!("{entity} {id} went into {survivor} with merge {merge}"))
                            .hint(format!("merge {survivor} instead, or undo merge {merge} first"))
                    }
                    None => error(format!("there is no {entity} {id}")),
                });
            }
        }
    }
    Ok(found)
}

pub(super) fn keys(context: &MergeContext<'_>, person: &CoreRecord) -> Vec<(MatchKey, RecordId)> {
    let mut keys = Vec::new();
    context.resolver.keys(context.contract, person, &mut keys);
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(|key| (key, person.id)).collect()
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::new(ErrorKind::Invariant, OPERATION, e.to_string()))
}
