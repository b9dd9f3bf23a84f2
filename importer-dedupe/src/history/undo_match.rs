use std::collections::{BTreeMap, BTreeSet};

use importer_core::pipeline::person_of_clean_row;
use importer_core::ports::{
    ChangeAction, CoreRecord, LaterChange, MapImage, MergeFilter, MergeId, MovedReferences, NewMerge,
    RecordId, RowId, RunId, SourceRow, StewardSession, Suggestion, SuggestionDecision, SuggestionKind,
    SuggestionVerdict, moment_text,
};
use importer_core::reasons::Reason;
use importer_core::{Error, ErrorKind, Result};

use super::merge::json;
use super::merge_order::{Before, MergeContext, MergeOrder};
use super::replay::{NOT_YET, read_rows, rows_of};
use super::undo::{Undone, before_of, images, undo};

const OPERATION: &str = "undo a match";

/// Takes one match of an import back: the source's record is a person of its own, as if the import had not found anybody like it.
/// What its rows said since is that person's, whoever it was matched with is as if these rows had not come, and both are
/// remembered as told apart. It is kept as a merge that was taken back, so [`super::redo`] does it again. It belongs in a transaction.
///
/// # Errors
/// When nothing is known under the id, the person came into being with it, it came with a merge, what the person was before is not
/// kept any more, or the database fails.
pub fn undo_match(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    system: &str,
    external_id: &str,
    actor: &str,
    reason: &str,
) -> Result<Undone> {
    let contract = context.contract;
    session.lock_core(contract)?;
    let Some(entry) = session.map_named(contract, system, &[external_id])?.pop() else {
        return Err(refused(
            ErrorKind::NotFound,
            "the core has no record with this external id of the source",
        ));
    };
    let person = entry.core_id;
    let brought = brought_by_merges(session, context, person)?;
    if let Some((_, merge, _)) = brought.iter().find(|(id, ..)| *id == entry.id) {
        let why = format!("the record was assigned to {person} by merge {merge}");
        return Err(refused(ErrorKind::Config, &why).hint(format!("undo merge {merge} first")));
    }
    let lines = session.said_by_runs(contract, &[person])?;
    let rows = read_rows(session, context, rows_of(&lines))?;
    let of_record = |line: &&LaterChange| {
        let row = line.row.and_then(|row| rows.get(&row));
        row.is_some_and(|row| row.system == system && row.external_id == external_id)
    };
    let mine: Vec<&LaterChange> = lines.iter().filter(of_record).collect();
    let Some(first) = mine.first() else {
        return Err(refused(ErrorKind::NotFound, "no row of this record is stored any more"));
    };
    if mine.iter().any(|line| line.action == ChangeAction::Created) {
        let error = refused(ErrorKind::Config, &format!("{} {person} was created from it", contract.entity));
        return Err(error.hint("name the other record that was matched with it"));
    }
    let Some((base, mark)) = base(session, context, person, &lines, &rows, first.id)? else {
        let why = "the person's state before the match is no longer stored";
        return Err(refused(ErrorKind::Config, why));
    };
    let apart = session.reserve_ids(contract, 1)?.into_iter().next();
    let apart = apart.ok_or_else(|| refused(ErrorKind::Invariant, "the store reserved no id"))?;
    let order = MergeOrder {
        survivor: person,
        retired: vec![apart],
        actor: first.actor.clone(),
        reason: Reason::MatchedByRun.with(first.run.unwrap_or_default()),
        ..MergeOrder::default()
    };
    let mut born: Vec<(RecordId, String)> =
        session.born(contract, &[person])?.iter().map(|born| (born.id, moment_text(born.at))).collect();
    born.push((apart, moment_text(first.at)));
    let before = Before {
        people: images(context, &[base]),
        born,
        own_map: own_map(
            session,
            context,
            &entry,
            &Said { lines: &lines, rows: &rows, first: first.id, mark },
        )?
        .into_iter()
        // What a later merge brought is whose it was before that.
        .filter(|own| !brought.iter().any(|(id, _, at)| *id == own.id && *at > mark))
        .collect(),
        moved: MovedReferences {
            map: vec![MapImage { core_id: apart, ..entry }],
            rejections_through: session.last_rejection()?,
            ..MovedReferences::default()
        },
    };
    let merge = session.log_merge(
        contract,
        &NewMerge {
            survivor: person,
            retired: order.retired.clone(),
            run: None,
            suggestion: None,
            change_mark: mark,
            before_json: json(&before)?,
            decisions_json: json(&order)?,
            actor: order.actor.clone(),
            reason: order.reason.clone(),
        },
        context.now,
    )?;
    let undone = undo(session, context, merge, actor, reason)?;
    tell_apart(session, context, first, [person, apart], actor, reason)?;
    Ok(undone)
}

fn refused(kind: ErrorKind, why: &str) -> Error {
    Error::new(kind, OPERATION, why.to_owned())
}

/// Entries of the id map that merges which stand brought to a person: the entry, the merge, and the last line before it.
fn brought_by_merges(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    person: RecordId,
) -> Result<Vec<(i64, MergeId, i64)>> {
    let filter = MergeFilter { standing: true, people: vec![person], ..MergeFilter::default() };
    let mut brought = Vec::new();
    for merge in session.merges(context.contract, &filter)? {
        let entries = before_of(&merge)?.moved.map;
        brought.extend(entries.iter().map(|entry| (entry.id, merge.id, merge.merge.change_mark)));
    }
    Ok(brought)
}

/// What a person was before a line, or somewhat earlier, and the last line that this already holds.
fn base(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    person: RecordId,
    lines: &[LaterChange],
    rows: &std::collections::HashMap<RowId, SourceRow>,
    first: i64,
) -> Result<Option<(CoreRecord, i64)>> {
    let mut began: BTreeMap<RunId, i64> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.changed()) {
        began.entry(line.run.unwrap_or_default()).or_insert(line.id);
    }
    let runs: Vec<RunId> = began.keys().copied().collect();
    let images = session.record_images(context.contract, &[person], &runs)?;
    let images = images.into_iter().filter_map(|(run, image)| Some((*began.get(&run)?, image)));
    if let Some((at, image)) = images.filter(|(at, _)| *at <= first).max_by_key(|(at, _)| *at) {
        return Ok(Some((image.record(context.contract), at - 1)));
    }
    let Some(created) = lines.iter().find(|line| line.action == ChangeAction::Created && line.id < first)
    else {
        return Ok(None);
    };
    let Some(source) = created.row.and_then(|row| rows.get(&row)) else { return Ok(None) };
    let Some(payload) = &source.payload_json else { return Ok(None) };
    let record = person_of_clean_row(context.contract, payload, &source.system)?;
    Ok(Some((CoreRecord { id: person, ..record }, created.id)))
}

/// What runs said about a person.
struct Said<'a> {
    lines: &'a [LaterChange],
    rows: &'a std::collections::HashMap<RowId, SourceRow>,
    /// The first line of the match.
    first: i64,
    /// The last line that what the person was holds already.
    mark: i64,
}

/// The person's entries of the id map that were there before the match: what came later finds its person. Each has the row that was
/// the last one then.
fn own_map(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    entry: &MapImage,
    said: &Said<'_>,
) -> Result<Vec<MapImage>> {
    let mut before: BTreeMap<(String, String), RowId> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for line in said.lines {
        let Some(row) = line.row.and_then(|row| said.rows.get(&row)) else { continue };
        let name = (row.system.clone(), row.external_id.clone());
        if line.id < said.first {
            let last = before.entry(name.clone()).or_insert(NOT_YET);
            *last = if line.id <= said.mark { row.row.max(*last) } else { *last };
        }
        all.insert(name);
    }
    let mut own = session.map_of(context.contract, &[entry.core_id])?;
    own.retain_mut(|known| {
        let name = (known.system.clone(), known.external_id.clone());
        let then = before.get(&name);
        known.staging_id = then.copied().unwrap_or(known.staging_id);
        known.id != entry.id && (then.is_some() || !all.contains(&name))
    });
    Ok(own)
}

/// Remembers that two are not one person, so that no import and no scan says so again.
fn tell_apart(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    first: &LaterChange,
    [person, apart]: [RecordId; 2],
    actor: &str,
    reason: &str,
) -> Result<()> {
    let Some(run) = session.run(first.run.unwrap_or_default())? else { return Ok(()) };
    let terms = serde_json::json!({ "model": "steward", "terms": [], "why": Reason::MatchUndone.code() });
    let pair = Suggestion {
        row: first.row.unwrap_or_default(),
        left: person.min(apart),
        right: person.max(apart),
        kind: SuggestionKind::PossibleDuplicate,
        score: None,
        features_json: terms.to_string(),
    };
    let (left, right) = (pair.left, pair.right);
    session.suggest(context.contract, &run, &[pair], context.now)?;
    let Some(suggestion) = session.suggestion_of(context.contract, left, right)? else { return Ok(()) };
    let verdict = SuggestionVerdict {
        id: suggestion.id,
        decision: SuggestionDecision::Rejected,
        actor: actor.into(),
        reason: reason.into(),
        deferred_until: None,
    };
    session.decide(context.contract, &verdict, context.now)
}
