//! The records of a page: what is known about them, and what becomes of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use importer_core::Result;
use importer_core::ports::{
    Cause, Change, ChangeAction, CoreRecord, LaterChange, MapImage, MergeFilter, MergeRow, RecordId,
    RecordImage, RollbackItem, RollbackRow, RowId, RunId, RunRecord, StewardSession,
};
use importer_core::reasons::Reason;

use super::super::merge::keys;
use super::super::merge_order::MergeContext;
use super::super::replay::{Known, Owner, Replay, Replayed, SourceName, known, read_rows, rows_of};
use super::super::undo::before_of;
use super::landed_by;
use super::standing::Standing;

/// What a record comes to when a run is taken back.
enum Fate {
    /// It is left as it is.
    Stays { outcome: &'static str, why: String },
    /// It is taken out.
    Goes,
    /// It is as before the run, and what came since is said again.
    Becomes { base: Box<CoreRecord>, after: Box<CoreRecord> },
}

/// What is known about the records of a page, and what becomes of them.
pub(super) struct Page<'a> {
    context: &'a MergeContext<'a>,
    run: &'a RunRecord,
    people: HashMap<RecordId, CoreRecord>,
    /// What the run said about them, in order.
    said: HashMap<RecordId, Vec<LaterChange>>,
    /// What anybody else said about them whose word stands, in order.
    stands: HashMap<RecordId, Vec<LaterChange>>,
    merges: Vec<MergeRow>,
    referred: BTreeMap<RecordId, u64>,
    /// Which of their values rows of the host refer to.
    values: BTreeMap<RecordId, BTreeSet<String>>,
    /// Who lives in a household.
    households: BTreeSet<RecordId>,
    standing: Standing,
    /// Which runs brought a row again by which this one changed them.
    again: HashMap<RecordId, Vec<RunId>>,
    /// What the run found before it changed them.
    images: HashMap<RecordId, RecordImage>,
    entries: HashMap<RecordId, Vec<MapImage>>,
    /// Who is taken out.
    gone: Vec<RecordId>,
    /// Who is somebody else, as before the run.
    back: Vec<CoreRecord>,
    /// What was said to them again, and behind which line.
    replayed: Vec<(Replayed, i64)>,
    changes: Vec<Change>,
    items: Vec<RollbackItem>,
}

impl<'a> Page<'a> {
    pub(super) fn read(
        session: &mut dyn StewardSession,
        context: &'a MergeContext<'a>,
        run: &'a RunRecord,
        ids: &[RecordId],
    ) -> Result<Self> {
        let contract = context.contract;
        let mut said = session.said_by_runs(contract, ids)?;
        said.retain(|line| line.run == Some(run.id));
        let mut stands = session.later_changes(contract, ids, 0)?;
        stands.retain(|line| line.run != Some(run.id));
        let mut entries: HashMap<RecordId, Vec<MapImage>> = HashMap::new();
        let map = session.map_of(contract, ids)?;
        let mut again: HashMap<RecordId, Vec<RunId>> = HashMap::new();
        let whose: HashMap<RowId, RecordId> =
            said.iter().filter_map(|line| Some((line.row?, line.core_id))).collect();
        for (row, by) in session.brought_again(&whose.keys().copied().collect::<Vec<_>>())? {
            again.entry(whose[&row]).or_default().push(by);
        }
        let standing = Standing::of(
            session,
            run.id,
            map.iter().map(|entry| entry.last_run).chain(again.values().flatten().copied()),
            ids,
        )?;
        for entry in map {
            entries.entry(entry.core_id).or_default().push(entry);
        }
        let images = session.record_images(contract, ids, &[run.id])?;
        let merges =
            session.merges(contract, &MergeFilter { people: ids.to_vec(), ..MergeFilter::default() })?;
        Ok(Self {
            context,
            run,
            people: session.load(contract, ids)?.into_iter().map(|person| (person.id, person)).collect(),
            said: by_person(said),
            stands: by_person(stands),
            merges,
            households: session.living_with_others(contract, ids)?.into_iter().collect(),
            referred: session.referred_to(contract, context.references, ids)?,
            values: session.referred_values(contract, ids)?,
            standing,
            again,
            images: images.into_iter().map(|(_, image)| (image.id, image)).collect(),
            entries,
            gone: Vec::new(),
            back: Vec::new(),
            replayed: Vec::new(),
            changes: Vec::new(),
            items: Vec::new(),
        })
    }

    pub(super) fn one(&mut self, session: &mut dyn StewardSession, id: RecordId) -> Result<()> {
        let own: Vec<LaterChange> =
            self.said.get(&id).into_iter().flatten().filter(|line| line.changed()).cloned().collect();
        // Whom the run only confirmed is who they are without it.
        let Some(first) = own.first() else { return Ok(()) };
        let whole = |outcome: &str, why: String| RollbackItem {
            row: first.row,
            core_id: id,
            field: None,
            outcome: outcome.into(),
            why,
        };
        if !self.people.contains_key(&id) && session.survivor_of(self.context.contract, id)?.is_none() {
            // Who was kept for another run goes with that one, and what this run said goes along.
            self.items.push(whole("reverted", Reason::AlreadyGone.to_string()));
            return Ok(());
        }
        match self.fate(session, id, &own, first)? {
            Fate::Stays { outcome, why } => self.items.push(whole(outcome, why)),
            Fate::Goes => {
                self.gone.push(id);
                self.changes.push(self.change(id, ChangeAction::Removed, first.row));
                self.items.push(whole("reverted", Reason::CreatedByRun.to_string()));
            }
            Fate::Becomes { base, after } => {
                self.becomes(&after);
                for line in own {
                    let place = line.field.as_deref().and_then(|field| self.context.contract.index(field));
                    let same = place.is_none_or(|place| after.record.get(place) == base.record.get(place));
                    let (outcome, why) = if same {
                        ("reverted", Reason::ValueRestored)
                    } else {
                        ("kept", Reason::ChangedSince)
                    };
                    self.items.push(RollbackItem {
                        row: line.row,
                        core_id: id,
                        field: line.field,
                        outcome: outcome.into(),
                        why: why.to_string(),
                    });
                }
            }
        }
        Ok(())
    }

    /// What somebody comes to without the run.
    fn fate(
        &mut self,
        session: &mut dyn StewardSession,
        id: RecordId,
        own: &[LaterChange],
        first: &LaterChange,
    ) -> Result<Fate> {
        if let Some(why) = self.stays(session, id, first)? {
            return Ok(Fate::Stays { outcome: "kept", why });
        }
        if own.iter().any(|line| line.action == ChangeAction::Created) {
            let stays = self.built_on(id).map(|why| Fate::Stays { outcome: "kept", why });
            return Ok(stays.unwrap_or(Fate::Goes));
        }
        let failed = |why: Reason| Ok(Fate::Stays { outcome: "failed", why: why.to_string() });
        let Some(base) = self.images.get(&id).map(|image| image.record(self.context.contract)) else {
            return failed(Reason::ImageMissing);
        };
        let mark = first.id - 1;
        let changes = self.stands.get(&id).into_iter().flatten().filter(|line| line.id > mark).cloned();
        let entries = self.entries.get(&id).into_iter().flatten();
        let owners =
            entries.map(|e| ((e.system.clone(), e.external_id.clone()), Owner::Known(e.core_id))).collect();
        let (people, changes): (_, Vec<LaterChange>) = (vec![base.clone()], changes.collect());
        // Where nothing is said again, it does not matter by which names somebody was known.
        let known = if changes.is_empty() { HashMap::new() } else { self.known_before(session, id, mark)? };
        let (merges, went) = (Vec::new(), HashMap::new());
        let replay =
            Replay { context: self.context, people, owners, known, changes, merges, went, newcomer: None };
        let mut replayed = replay.run(session)?;
        if !replayed.lost.is_empty() {
            return failed(Reason::LaterRowsMissing);
        }
        let Some(after) = replayed.people.remove(&id) else { return failed(Reason::NothingLeft) };
        if self.loses_referred(&after) {
            let why = Reason::ValueReferencedByHost.to_string();
            return Ok(Fate::Stays { outcome: "kept", why });
        }
        self.replayed.push((replayed, mark));
        Ok(Fate::Becomes { base: Box::new(base), after: Box::new(after) })
    }

    /// By which of the source's records somebody was known before a line: by all but those that came with a later row.
    fn known_before(
        &self,
        session: &mut dyn StewardSession,
        id: RecordId,
        mark: i64,
    ) -> Result<HashMap<SourceName, Known>> {
        let lines: Vec<LaterChange> =
            [&self.said, &self.stands].iter().filter_map(|by| by.get(&id)).flatten().cloned().collect();
        let rows = read_rows(session, self.context, rows_of(&lines))?;
        // What a merge brought came with rows about those who went.
        let of = |row: &&MergeRow| {
            row.merge.survivor == id && row.undone.is_none() && row.merge.change_mark <= mark
        };
        let mut before = HashMap::new();
        for merge in self.merges.iter().filter(of) {
            before.extend(known(before_of(merge)?.moved.map.iter()));
        }
        let mut after = BTreeSet::new();
        for line in &lines {
            let Some(row) = line.row.and_then(|row| rows.get(&row)) else { continue };
            let name = (row.system.clone(), row.external_id.clone());
            if line.id > mark {
                after.insert(name);
            } else {
                let last = before.entry(name).or_insert(Known { person: id, row: row.row });
                last.row = last.row.max(row.row);
            }
        }
        let mut names = known(self.entries.get(&id).into_iter().flatten());
        names.retain(|name, known| match before.get(name) {
            Some(then) => {
                known.row = then.row;
                true
            }
            None => !after.contains(name),
        });
        Ok(names)
    }

    /// Whether somebody would lose a value that rows of the host refer to.
    fn loses_referred(&self, after: &CoreRecord) -> bool {
        let (Some(columns), Some(now)) = (self.values.get(&after.id), self.people.get(&after.id)) else {
            return false;
        };
        let mut places = columns.iter().filter_map(|column| self.context.contract.index(column));
        places.any(|place| now.record.get(place) != after.record.get(place))
    }

    /// Why a record is left as it is, whatever the run did to it.
    fn stays(
        &self,
        session: &mut dyn StewardSession,
        id: RecordId,
        first: &LaterChange,
    ) -> Result<Option<String>> {
        // Who is there went into nobody, and that is nearly everybody.
        if !self.people.contains_key(&id)
            && let Some((survivor, merge)) = session.survivor_of(self.context.contract, id)?
        {
            return Ok(Some(Reason::MergedInto.with(format_args!("{survivor}, {merge}"))));
        }
        let of = |row: &&MergeRow| row.merge.survivor == id || row.merge.retired.contains(&id);
        for row in self.merges.iter().rev().filter(of) {
            match &row.undone {
                None if row.merge.change_mark >= first.id => {
                    return Ok(Some(Reason::MergedSince.with(row.id)));
                }
                Some((at, ..)) if !row.retold && *at >= self.run.started_at => {
                    return Ok(Some(Reason::UndoneByEarlierVersion.with(row.id)));
                }
                _ => {}
            }
        }
        let entries = self.entries.get(&id).into_iter().flatten();
        let last = entries.filter(|entry| landed_by(self.run.id, entry)).map(|entry| entry.last_run);
        // Another row may have come since; what this one says was said again all the same.
        let mut again = last.chain(self.again.get(&id).into_iter().flatten().copied());
        let stands = again.find(|by| *by != self.run.id && self.standing.stands(*by, id));
        Ok(stands.map(|by| Reason::RepeatedByRun.with(by)))
    }

    /// Why somebody stays whom a run has made that is taken back.
    fn built_on(&self, id: RecordId) -> Option<String> {
        if let Some(line) = self.stands.get(&id).and_then(|lines| lines.first()) {
            return Some(match line.run {
                Some(run) if !line.changed() => Reason::ConfirmedByRun.with(run),
                Some(run) => Reason::ChangedByRun.with(run),
                None => Reason::EditedSince.to_string(),
            });
        }
        let mut entries = self.entries.get(&id).into_iter().flatten();
        if entries.any(|entry| self.standing.stands(entry.last_run, id)) {
            return Some(Reason::KnownToOtherSource.to_string());
        }
        if self.households.contains(&id) {
            return Some(Reason::InHousehold.to_string());
        }
        self.referred.get(&id).map(|rows| Reason::ReferencedByHost.with(rows))
    }

    fn change(&self, id: RecordId, action: ChangeAction, row: Option<RowId>) -> Change {
        let reason = Reason::RunRolledBack.with(self.run.id).into();
        Change { core_id: id, row, action, field: None, old: None, new: None, reason }
    }

    fn becomes(&mut self, after: &CoreRecord) {
        let Some(before) = self.people.get(&after.id) else { return };
        for (place, field) in self.context.contract.columns() {
            let (old, new) = (before.record.get(place), after.record.get(place));
            if old != new {
                self.changes.push(Change {
                    field: Some(field.name.into()),
                    old: old.map(Into::into),
                    new: new.map(Into::into),
                    ..self.change(after.id, ChangeAction::Updated, None)
                });
            }
        }
        self.back.push(after.clone());
    }

    pub(super) fn count(&self, rollback: &mut RollbackRow) {
        for item in &self.items {
            *rollback.counts.entry(item.outcome.clone()).or_default() += 1;
        }
    }

    pub(super) fn write(&self, session: &mut dyn StewardSession, rollback: &RollbackRow) -> Result<()> {
        let contract = self.context.contract;
        session.forget_people(contract, &self.gone)?;
        let of_gone = self.gone.iter().filter_map(|id| self.entries.get(id)).flatten();
        session.remove_map(&of_gone.map(|entry| entry.id).collect::<Vec<_>>())?;
        session.put_records(contract, &self.back, self.context.now)?;
        let back: Vec<RecordId> = self.back.iter().map(|person| person.id).collect();
        session.reopen_outdated(contract, &back, self.run.id)?;
        let changed = self.gone.iter().chain(self.back.iter().map(|person| &person.id));
        let before = changed.filter_map(|id| self.people.get(id));
        let add: Vec<_> = self.back.iter().flat_map(|person| keys(self.context, person)).collect();
        let remove: Vec<_> = before.flat_map(|person| keys(self.context, person)).collect();
        session.change_keys(contract, &remove, &add)?;
        session.remove_records(contract, &self.gone)?;
        for (replayed, mark) in self.replayed.iter().filter(|(replayed, _)| !replayed.told.is_empty()) {
            replayed.keep(session, self.context, *mark)?;
        }
        let cause = Cause::Rollback(rollback.id);
        session.log_changes(contract, &self.changes, cause, &rollback.actor, self.context.now)?;
        session.log_rollback(rollback.id, &self.items)
    }
}

fn by_person(lines: Vec<LaterChange>) -> HashMap<RecordId, Vec<LaterChange>> {
    let mut found: HashMap<RecordId, Vec<LaterChange>> = HashMap::new();
    for line in lines {
        found.entry(line.core_id).or_default().push(line);
    }
    found
}
