use std::collections::{BTreeSet, HashMap};

use importer_core::ports::{
    Cause, Change, ChangeAction, CoreRecord, Dated, MapImage, MergeFilter, MergeId, MergeRow, RecordId,
    RecordImage, RowId, RunId, StewardSession, SuggestionId, SuggestionRow, SuggestionVerdict, fingerprint,
    parse_moment,
};
use importer_core::reasons::Reason;
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;

use super::merge::{keep_merge, keys, merge};
use super::merge_order::{Before, MergeContext, MergeOrder};
use super::replay::{Again, Conflict, NOT_YET, Owner, Replay, Replayed, SourceName, known};

const OPERATION: &str = "undo a merge";

/// What taking a merge back came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The merge.
    pub merge: MergeId,
    /// Who stayed.
    pub survivor: RecordId,
    /// Who came back.
    pub restored: Vec<RecordId>,
    /// Fields that somebody edited since; the edits stay.
    pub kept: Vec<(RecordId, String)>,
    /// Edits on top of a value that went back to somebody else; they stay, and want a look.
    pub conflicts: Vec<Conflict>,
    /// How many rows that came since were given to whom they belong.
    pub rows: u64,
    /// Rows that came since and of which nothing is left to be said again.
    pub lost_rows: Vec<RowId>,
    /// Records of sources that came since, and whose they are now: system, name, person.
    pub settled: Vec<(String, String, RecordId)>,
    /// Later merges of the same people, which stand without this one: before and after.
    pub redone: Vec<(MergeId, MergeId)>,
}

/// Takes a merge back: everybody is again who they would be if it had not happened. Later merges of the same people stand, as
/// they would stand without it. It belongs in a transaction.
///
/// # Errors
/// When there is no such merge, it is taken back already, or the database fails.
pub fn undo(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    id: MergeId,
    actor: &str,
    reason: &str,
) -> Result<Undone> {
    session.lock_core(context.contract)?;
    let row = standing(session, context, id)?;
    let (later, people) = later_merges(session, context, &row)?;
    let before = before_of(&row)?;
    let mut merges = Vec::new();
    for merge in &later {
        let order = order_of(merge)?;
        merges.push(Again { order, mark: merge.merge.change_mark, before: before_of(merge)? });
    }
    let through: Vec<i64> = merges.iter().map(|again| again.before.moved.rejections_through).collect();
    let households = households(merges.iter().rev().map(|again| &again.before).chain([&before]));
    let standing_now = session.load(context.contract, &people)?;
    let entries = session.map_of(context.contract, &people)?;
    let owners = owners(&entries, &row, &before, &merges);
    let replay = Replay {
        context,
        people: before.people.iter().map(|image| image.record(context.contract)).collect(),
        owners: owners.clone(),
        known: known(before.known()),
        changes: session.later_changes(context.contract, &people, row.merge.change_mark)?,
        merges,
        went: row.merge.retired.iter().map(|gone| (*gone, row.merge.survivor)).collect(),
        newcomer: before.newcomer(&row.merge.retired),
    };
    let replayed = replay.run(session)?;
    replayed.keep(session, context, row.merge.change_mark)?;
    leave(session, id, &replayed.left)?;

    let mut led = HashMap::new();
    for suggestion in later.iter().filter_map(|merge| merge.merge.suggestion) {
        led.extend(session.suggestion(suggestion)?.map(|row| (suggestion, row)));
    }
    // References go back the way they came, the last merge first; then the later merges take theirs again.
    for merge in later.iter().rev().chain([&row]) {
        part(session, context, merge)?;
        session.end_merge(merge.id, actor, reason, context.now)?;
    }
    session.settle_suggestions(context.contract, &people, &households)?;
    print_rejections(session, context, &people, &before, &through, &replayed)?;
    give_back(session, &entries, &owners, &replayed)?;
    let redone = stand_again(session, context, &later, &replayed, &led)?;
    put(session, context, &standing_now, &replayed, &before)?;
    let changes = lines(context, &row, &standing_now, &replayed, reason);
    session.log_changes(context.contract, &changes, Cause::Merge(row.id), actor, context.now)?;
    let mut settled: Vec<_> =
        replayed.settled.into_iter().map(|((system, name), who)| (system, name, who)).collect();
    settled.sort_unstable();
    Ok(Undone {
        merge: id,
        survivor: row.merge.survivor,
        restored: row.merge.retired,
        kept: replayed.edited_fields.into_iter().collect(),
        conflicts: replayed.conflicts,
        rows: replayed.rows,
        lost_rows: replayed.lost,
        settled,
        redone,
    })
}

/// Whom a run spoke to that had to leave who they were together: it left each of them, and its rollback can be tried again.
fn leave(session: &mut dyn StewardSession, merge: MergeId, left: &BTreeSet<(RunId, RecordId)>) -> Result<()> {
    let (runs, people): (BTreeSet<RunId>, BTreeSet<RecordId>) = left.iter().copied().unzip();
    let (runs, people): (Vec<_>, Vec<_>) = (runs.into_iter().collect(), people.into_iter().collect());
    let known: BTreeSet<_> = session.left_as_they_were(&runs, &people)?.into_iter().collect();
    for run in runs {
        let new: Vec<RecordId> =
            left.difference(&known).filter(|(of, _)| *of == run).map(|(_, person)| *person).collect();
        let why = Reason::MergeUndoneSince.with(merge);
        session.leave(run, &new, &why)?;
    }
    Ok(())
}

/// In which household who was, by the merges that are taken back, the last first.
fn households<'b>(before: impl Iterator<Item = &'b Before>) -> Vec<(RecordId, i64)> {
    let were: HashMap<RecordId, i64> =
        before.flat_map(|before| before.moved.households.iter().copied()).collect();
    were.into_iter().collect()
}

/// Gives each entry of the id map to whom it belongs.
fn give_back(
    session: &mut dyn StewardSession,
    entries: &[MapImage],
    owners: &HashMap<SourceName, Owner>,
    replayed: &Replayed,
) -> Result<()> {
    for entry in entries {
        let name = (entry.system.clone(), entry.external_id.clone());
        let owner = match owners.get(&name) {
            Some(Owner::Known(owner)) => *owner,
            Some(Owner::Open(holder)) => replayed.settled.get(&name).copied().unwrap_or(*holder),
            None => entry.core_id,
        };
        session.give_map(entry.id, owner)?;
    }
    Ok(())
}

/// Lets later merges stand as they would without the one that is taken back: before and after.
fn stand_again(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    later: &[MergeRow],
    replayed: &Replayed,
    led: &HashMap<SuggestionId, SuggestionRow>,
) -> Result<Vec<(MergeId, MergeId)>> {
    let mut redone = Vec::new();
    for (merge, people) in later.iter().zip(&replayed.merged) {
        let new = keep_merge(session, context, &order_of(merge)?, people, merge.merge.change_mark)?;
        keep_what_was_known(session, new.0, merge)?;
        if let Some(was) = merge.merge.suggestion.and_then(|id| led.get(&id)) {
            accept_again(session, context, was, merge)?;
        }
        session.set_redone(merge.id, new)?;
        redone.push((merge.id, new));
    }
    Ok(redone)
}

/// Does a merge again that was taken back, with what was chosen then.
///
/// # Errors
/// When there is no such merge, it stands, somebody is no longer in the core, or the database fails.
pub fn redo(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    id: MergeId,
    actor: &str,
    reason: &str,
) -> Result<MergeId> {
    let refuse = |kind, why: String| Err(Error::new(kind, "redo a merge", why));
    let Some(row) = session.merge(id)?.filter(|row| row.entity == context.contract.entity) else {
        return refuse(ErrorKind::NotFound, format!("there is no merge {id}"));
    };
    if row.undone.is_none() {
        return refuse(ErrorKind::Config, format!("merge {id} was not undone"));
    }
    if row.merge.decisions_json == "{}" {
        let why = format!(
            "the data needed to redo merge {id} were purged by the retention policy; merge the people again"
        );
        return refuse(ErrorKind::Config, why);
    }
    let order = MergeOrder { actor: actor.into(), reason: reason.into(), ..order_of(&row)? };
    let (new, _) = merge(session, context, &order)?;
    session.set_redone(id, new)?;
    Ok(new)
}

fn standing(session: &mut dyn StewardSession, context: &MergeContext<'_>, id: MergeId) -> Result<MergeRow> {
    let Some(row) = session.merge(id)?.filter(|row| row.entity == context.contract.entity) else {
        let message = format!("there is no merge {id}");
        return Err(Error::new(ErrorKind::NotFound, OPERATION, message).coded("merge_not_found"));
    };
    if row.undone.is_some() {
        let message = format!("merge {id} is already undone");
        let error = Error::new(ErrorKind::Config, OPERATION, message);
        return Err(match row.redone_by {
            Some(by) => error.hint(format!("merge {by} redid it")),
            None => error,
        });
    }
    Ok(row)
}

/// The merges that stand on one: later ones of the same people, and of whom those were merged with. Also everybody concerned.
fn later_merges(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    row: &MergeRow,
) -> Result<(Vec<MergeRow>, Vec<RecordId>)> {
    let mut people: BTreeSet<RecordId> = row.merge.retired.iter().copied().collect();
    people.insert(row.merge.survivor);
    let mut found = 0;
    loop {
        let filter = MergeFilter {
            standing: true,
            people: people.iter().copied().collect(),
            ..MergeFilter::default()
        };
        let mut merges = session.merges(context.contract, &filter)?;
        // One that was done again stands where it was first done.
        merges.retain(|merge| {
            merge.id != row.id && (merge.merge.change_mark, merge.id) > (row.merge.change_mark, row.id)
        });
        for merge in &merges {
            people.insert(merge.merge.survivor);
            people.extend(&merge.merge.retired);
        }
        if merges.len() == found {
            merges.sort_by_key(|merge| (merge.merge.change_mark, merge.id));
            return Ok((merges, people.into_iter().collect()));
        }
        found = merges.len();
    }
}

fn unreadable(row: &MergeRow, error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::Store, OPERATION, "the data stored with it cannot be read")
        .at("merge", row.id)
        // What JSON says about itself quotes it.
        .at("column", error.column())
}

pub(super) fn before_of(row: &MergeRow) -> Result<Before> {
    serde_json::from_str(&row.merge.before_json).map_err(|e| unreadable(row, &e))
}

fn order_of(row: &MergeRow) -> Result<MergeOrder> {
    let order: MergeOrder =
        serde_json::from_str(&row.merge.decisions_json).map_err(|e| unreadable(row, &e))?;
    Ok(MergeOrder {
        survivor: row.merge.survivor,
        retired: row.merge.retired.clone(),
        actor: row.merge.actor.clone(),
        reason: row.merge.reason.clone(),
        run: row.merge.run,
        suggestion: row.merge.suggestion,
        ..order
    })
}

/// Whose each entry of the id map is while nobody is merged.
fn owners(
    entries: &[MapImage],
    row: &MergeRow,
    before: &Before,
    later: &[Again],
) -> HashMap<SourceName, Owner> {
    let mut owners = HashMap::new();
    let known_by = |before: &Before, entry: &MapImage| {
        let known = before.moved.map.iter().chain(&before.own_map).find(|known| known.id == entry.id);
        known.map(|known| known.core_id)
    };
    for entry in entries {
        let mut owner = known_by(before, entry).map(Owner::Known);
        // Who is several people by now, those of the merge among them.
        let mut mixed = BTreeSet::from([row.merge.survivor]);
        let whose = |id: RecordId, mixed: &BTreeSet<RecordId>| {
            if mixed.contains(&id) { Owner::Open(id) } else { Owner::Known(id) }
        };
        for again in later {
            if owner.is_none() {
                owner = known_by(&again.before, entry).map(|known| whose(known, &mixed));
            }
            if again.order.retired.iter().any(|gone| mixed.contains(gone)) {
                mixed.insert(again.order.survivor);
            }
        }
        let name = (entry.system.clone(), entry.external_id.clone());
        owners.insert(name, owner.unwrap_or_else(|| whose(entry.core_id, &mixed)));
    }
    owners
}

/// What was rejected since, with people merged, is remembered by the data that they would have had then.
fn print_rejections(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    people: &[RecordId],
    before: &Before,
    through: &[i64],
    replayed: &Replayed,
) -> Result<()> {
    for rejection in session.rejections_since(context.contract, people, before.moved.rejections_through)? {
        let print = |id: RecordId| {
            let merges =
                through.iter().zip(&replayed.merged).filter(|(through, _)| **through >= rejection.id);
            let then = merges.flat_map(|(_, people)| people).find(|person| person.id == id);
            let person = then.or_else(|| replayed.people.get(&replayed.now(id)))?;
            fingerprint(context.contract, person)
        };
        session.print_rejection(rejection.id, print(rejection.one), print(rejection.other))?;
    }
    Ok(())
}

/// Lets who went be there again, as they were, and everything refer to them again.
fn part(session: &mut dyn StewardSession, context: &MergeContext<'_>, row: &MergeRow) -> Result<()> {
    let before = before_of(row)?;
    let gone: Vec<CoreRecord> = before
        .people
        .iter()
        .filter(|image| row.merge.retired.contains(&image.id))
        .map(|image| image.record(context.contract))
        .collect();
    session.put_records(context.contract, &gone, context.now)?;
    session.set_born(context.contract, &born(&before))?;
    for entry in &before.moved.map {
        session.give_map(entry.id, entry.core_id)?;
    }
    session.move_back(context.contract, context.references, row.merge.survivor, &before.moved)
}

fn born(before: &Before) -> Vec<Dated> {
    let born = before.born.iter().filter_map(|(id, at)| Some(Dated { id: *id, at: parse_moment(at)? }));
    born.collect()
}

/// A merge that is done again remembers which of the source's records were there when it was first done: one that came later finds
/// its person when this merge is taken back.
fn keep_what_was_known(session: &mut dyn StewardSession, new: i64, old: &MergeRow) -> Result<()> {
    let Some(row) = session.merge(MergeId(new))? else { return Ok(()) };
    let (mut before, known) = (before_of(&row)?, before_of(old)?);
    let through = known.moved.rejections_through;
    let known: HashMap<i64, RowId> = known.known().map(|entry| (entry.id, entry.staging_id)).collect();
    before.own_map.retain(|entry| known.contains_key(&entry.id));
    for entry in before.own_map.iter_mut().chain(&mut before.moved.map) {
        entry.staging_id = known.get(&entry.id).copied().unwrap_or(NOT_YET);
    }
    before.moved.rejections_through = through;
    session.set_merge_before(MergeId(new), &super::merge::json(&before)?)
}

/// A merge that stands again stands by what led to it, decided when it was.
fn accept_again(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    was: &SuggestionRow,
    merge: &MergeRow,
) -> Result<()> {
    let Some(row) = session.suggestion(was.id)? else { return Ok(()) };
    // The pair may be about somebody who is parted from these now.
    for id in [row.left, row.right] {
        let now = session.survivor_of(context.contract, id)?.map_or(id, |(survivor, _)| survivor);
        if now != merge.merge.survivor {
            return Ok(());
        }
    }
    let verdict = SuggestionVerdict {
        id: was.id,
        decision: was.decision,
        actor: was.decided_by.clone().unwrap_or_else(|| merge.merge.actor.clone()),
        reason: merge.merge.reason.clone(),
        deferred_until: None,
    };
    session.decide(context.contract, &verdict, was.decided_at.unwrap_or(context.now))
}

/// Writes everybody as they are in the end.
fn put(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    standing_now: &[CoreRecord],
    replayed: &Replayed,
    before: &Before,
) -> Result<()> {
    let everybody: Vec<CoreRecord> = replayed.people.values().cloned().collect();
    session.put_records(context.contract, &everybody, context.now)?;
    session.set_born(context.contract, &born(before))?;
    let add: Vec<_> = everybody.iter().flat_map(|person| keys(context, person)).collect();
    let mut remove: Vec<_> = standing_now.iter().flat_map(|person| keys(context, person)).collect();
    remove.retain(|key| !add.contains(key));
    session.change_keys(context.contract, &remove, &add)
}

fn lines(
    context: &MergeContext<'_>,
    row: &MergeRow,
    standing_now: &[CoreRecord],
    replayed: &Replayed,
    reason: &str,
) -> Vec<Change> {
    let why = Reason::MergeUndone.with(format_args!("{}, {reason}", row.id));
    let line = |core_id, action, field: Option<&str>, old: Option<&str>, new: Option<&str>| Change {
        core_id,
        row: None,
        action,
        field: field.map(Into::into),
        old: old.map(Into::into),
        new: new.map(Into::into),
        reason: why.clone().into(),
    };
    let mut changes = vec![line(row.merge.survivor, ChangeAction::Updated, None, None, None)];
    for now in standing_now {
        let Some(person) = replayed.people.get(&now.id) else { continue };
        for (place, field) in context.contract.columns() {
            let (old, new) = (now.record.get(place), person.record.get(place));
            if old != new {
                changes.push(line(now.id, ChangeAction::Updated, Some(field.name), old, new));
            }
        }
    }
    changes.extend(row.merge.retired.iter().map(|id| line(*id, ChangeAction::Restored, None, None, None)));
    changes
}

/// As they are kept with a merge.
pub(super) fn images(context: &MergeContext<'_>, people: &[CoreRecord]) -> Vec<RecordImage> {
    people.iter().map(|person| RecordImage::of(context.contract, person)).collect()
}
