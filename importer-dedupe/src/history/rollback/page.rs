//! The records of a page: what is known about them, and what becomes of each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use importer_core::Result;
use importer_core::ports::{
    Cause, Change, ChangeAction, CoreId, CoreRecord, LaterChange, MapImage, MergeFilter, MergeRow,
    RecordImage, RollbackItem, RollbackRow, RowId, RunId, RunRecord, StewardSession,
};

use super::super::merge::keys;
use super::super::order::Circumstances;
use super::super::replay::{Owner, Replay, SourceName};
use super::landed_by;

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
    pub(super) world: &'a Circumstances<'a>,
    pub(super) run: &'a RunRecord,
    pub(super) people: HashMap<CoreId, CoreRecord>,
    /// What runs said about them, in order.
    pub(super) said: HashMap<CoreId, Vec<LaterChange>>,
    /// What anybody said about them whose word is not taken back, in order.
    pub(super) stands: HashMap<CoreId, Vec<LaterChange>>,
    /// Lines that merges and their undoing wrote about them, and the merge of each.
    pub(super) merged: HashMap<CoreId, Vec<(i64, i64)>>,
    pub(super) referred: BTreeMap<CoreId, u64>,
    /// Who lives in a household.
    pub(super) households: BTreeSet<CoreId>,
    /// This run, and those that were taken back already.
    pub(super) taken_back: BTreeSet<RunId>,
    pub(super) images: HashMap<(RunId, CoreId), RecordImage>,
    pub(super) entries: HashMap<CoreId, Vec<MapImage>>,
    /// Who is taken out.
    pub(super) gone: Vec<CoreId>,
    /// Who is somebody else, as before the run.
    pub(super) back: Vec<CoreRecord>,
    pub(super) changes: Vec<Change>,
    pub(super) items: Vec<RollbackItem>,
}

impl<'a> Page<'a> {
    pub(super) fn read(
        session: &mut dyn StewardSession,
        world: &'a Circumstances<'a>,
        run: &'a RunRecord,
        ids: &[CoreId],
    ) -> Result<Self> {
        let contract = world.contract;
        let mut runs = BTreeSet::new();
        let said = session.said_by_runs(contract, ids)?;
        runs.extend(said.iter().filter_map(|line| line.run));
        let mut entries: HashMap<CoreId, Vec<MapImage>> = HashMap::new();
        for entry in session.map_of(contract, ids)? {
            runs.insert(entry.last_run);
            entries.entry(entry.core_id).or_default().push(entry);
        }
        let runs: Vec<RunId> = runs.into_iter().collect();
        let mut taken_back: BTreeSet<RunId> = session.taken_back(&runs)?.into_iter().collect();
        taken_back.insert(run.id);
        let of: Vec<RunId> = taken_back.iter().copied().collect();
        let images = session.record_images(contract, ids, &of)?;
        let mut stands = session.later_changes(contract, ids, 0)?;
        stands.retain(|line| line.run.is_none_or(|run| !taken_back.contains(&run)));
        let mut merged: HashMap<CoreId, Vec<(i64, i64)>> = HashMap::new();
        for (id, line, merge) in session.merged_since(contract, ids)? {
            merged.entry(id).or_default().push((line, merge));
        }
        Ok(Self {
            world,
            run,
            people: session.load(contract, ids)?.into_iter().map(|person| (person.id, person)).collect(),
            said: by_person(said),
            stands: by_person(stands),
            merged,
            households: session.living_with_others(contract, ids)?.into_iter().collect(),
            referred: session.referred_to(world.references, ids)?,
            taken_back,
            images: images.into_iter().map(|(run, image)| ((run, image.id), image)).collect(),
            entries,
            gone: Vec::new(),
            back: Vec::new(),
            changes: Vec::new(),
            items: Vec::new(),
        })
    }

    pub(super) fn one(&mut self, session: &mut dyn StewardSession, id: CoreId) -> Result<()> {
        let said = self.said.get(&id).into_iter().flatten().filter(|line| line.run == Some(self.run.id));
        let mut own: Vec<LaterChange> = said.cloned().collect();
        if self.part(session, id, &own)? {
            return Ok(());
        }
        own.retain(LaterChange::is_change);
        // Whom the run only confirmed may have stood for that alone, when the runs that changed them were taken back.
        let confirmed = own.is_empty();
        if confirmed {
            let by = |line: &&LaterChange| line.run.is_some_and(|run| self.taken_back.contains(&run));
            own = self.lines(id).filter(by).cloned().collect();
        }
        let Some(first) = own.first() else { return Ok(()) };
        let whole = |outcome: &str, why: String| RollbackItem {
            row: first.row,
            core_id: id,
            field: None,
            outcome: outcome.into(),
            why,
        };
        if !self.people.contains_key(&id) && session.survivor_of(self.world.contract, id)?.is_none() {
            // Who was kept for another run goes with that one, and what this run said goes along.
            if !confirmed {
                self.items.push(whole("reverted", "not in the core any more; nothing of it is left".into()));
            }
            return Ok(());
        }
        let fate = self.fate(session, id, first)?;
        match fate {
            Fate::Stays { .. } if confirmed => {}
            Fate::Stays { outcome, why } => self.items.push(whole(outcome, why)),
            Fate::Goes => {
                self.gone.push(id);
                self.changes.push(self.change(id, ChangeAction::Removed, first.row));
                let why = match first.run == Some(self.run.id) {
                    true => "made by the run; taken out",
                    false => "made by a run that was taken back; taken out",
                };
                self.items.push(whole("reverted", why.into()));
            }
            Fate::Becomes { after, .. } if confirmed && self.people.get(&id) == Some(&*after) => {}
            Fate::Becomes { base, after } => {
                self.becomes(&after);
                for line in own {
                    let place = line.field.as_deref().and_then(|field| self.world.contract.index(field));
                    let same = place.is_none_or(|place| after.record.get(place) == base.record.get(place));
                    let (outcome, why) = if same {
                        ("reverted", "as before the run")
                    } else {
                        ("kept", "changed again since")
                    };
                    self.items.push(RollbackItem {
                        row: line.row,
                        core_id: id,
                        field: line.field,
                        outcome: outcome.into(),
                        why: why.into(),
                    });
                }
            }
        }
        Ok(())
    }

    /// What somebody comes to without the run and those that were taken back before.
    fn fate(&self, session: &mut dyn StewardSession, id: CoreId, first: &LaterChange) -> Result<Fate> {
        if let Some(why) = self.stays(session, id, first)? {
            return Ok(Fate::Stays { outcome: "kept", why });
        }
        let made = self.lines(id).find(|line| line.created);
        if made.is_some_and(|line| line.run.is_some_and(|run| self.taken_back.contains(&run))) {
            let stays = self.built_on(id).map(|why| Fate::Stays { outcome: "kept", why });
            return Ok(stays.unwrap_or(Fate::Goes));
        }
        let failed = |why: &str| Ok(Fate::Stays { outcome: "failed", why: why.into() });
        let Some((base, mark)) = self.base(id) else {
            return failed("what it was before the run is not kept any more");
        };
        let (changes, owners) = self.said_since(session, id, mark)?;
        let (world, people) = (self.world, vec![base.clone()]);
        let mut replayed = Replay { world, people, owners, changes, merges: Vec::new() }.run(session)?;
        if !replayed.lost.is_empty() {
            return failed("rows that came since are not kept any more");
        }
        match replayed.people.remove(&id) {
            Some(after) => Ok(Fate::Becomes { base: Box::new(base), after: Box::new(after) }),
            None => failed("nothing of it is left"),
        }
    }

    /// What runs changed of a record.
    fn lines(&self, id: CoreId) -> impl Iterator<Item = &LaterChange> {
        self.said.get(&id).into_iter().flatten().filter(|line| line.is_change())
    }

    /// Why a record is left as it is, whatever the run did to it.
    fn stays(
        &self,
        session: &mut dyn StewardSession,
        id: CoreId,
        first: &LaterChange,
    ) -> Result<Option<String>> {
        if let Some((survivor, merge)) = session.survivor_of(self.world.contract, id)? {
            return Ok(Some(format!("went into {survivor}; take merge {merge} back first")));
        }
        for merge in self.merges_since(session, id, first.id)? {
            if merge.undone.is_none() {
                return Ok(Some(format!("merged since; take merge {} back first", merge.id)));
            }
            if merge.merge.change_mark < first.id {
                return Ok(Some(format!("merge {} was taken back since", merge.id)));
            }
        }
        let entries = self.entries.get(&id).into_iter().flatten();
        let mut again =
            entries.filter(|e| landed_by(self.run.id, e) && !self.taken_back.contains(&e.last_run));
        Ok(again.next().map(|entry| format!("run {} brought the same row again", entry.last_run)))
    }

    /// Merges that have made or parted somebody since a line of the change log, the last first.
    pub(super) fn merges_since(
        &self,
        session: &mut dyn StewardSession,
        id: CoreId,
        line: i64,
    ) -> Result<Vec<MergeRow>> {
        let since = self.merged.get(&id).into_iter().flatten().filter(|(at, _)| *at > line);
        let since: BTreeSet<i64> = since.map(|(_, merge)| *merge).collect();
        let mut merges = if since.is_empty() { Vec::new() } else { self.merges_of(session, id)? };
        merges.retain(|merge| since.contains(&merge.id));
        merges.reverse();
        Ok(merges)
    }

    fn merges_of(&self, session: &mut dyn StewardSession, id: CoreId) -> Result<Vec<MergeRow>> {
        let filter = MergeFilter { people: vec![id], ..MergeFilter::default() };
        session.merges(self.world.contract, &filter)
    }

    /// What was said behind a line by whose word is not taken back, and whose the records of sources are; also what was said while
    /// somebody else stood for the person, in a merge that was taken back since.
    fn said_since(
        &self,
        session: &mut dyn StewardSession,
        id: CoreId,
        mark: i64,
    ) -> Result<(Vec<LaterChange>, HashMap<SourceName, Owner>)> {
        let own = |entries: &[MapImage]| -> HashMap<SourceName, Owner> {
            let name = |e: &MapImage| ((e.system.clone(), e.external_id.clone()), Owner::Known(e.core_id));
            entries.iter().map(name).collect()
        };
        if !self.merged.contains_key(&id) {
            let lines = self.stands.get(&id).into_iter().flatten().filter(|l| l.id > mark).cloned();
            let entries = self.entries.get(&id).map(Vec::as_slice).unwrap_or_default();
            return Ok((lines.collect(), own(entries)));
        }
        let mut people = BTreeSet::from([id]);
        for merge in self.merges_of(session, id)? {
            people.insert(merge.merge.survivor);
            people.extend(merge.merge.retired);
        }
        let people: Vec<CoreId> = people.into_iter().collect();
        let mut lines = session.later_changes(self.world.contract, &people, mark)?;
        lines.retain(|line| line.run.is_none_or(|run| !self.taken_back.contains(&run)));
        Ok((lines, own(&session.map_of(self.world.contract, &people)?)))
    }

    /// Why somebody stays whom a run has made that is taken back.
    fn built_on(&self, id: CoreId) -> Option<String> {
        if let Some(line) = self.stands.get(&id).and_then(|lines| lines.first()) {
            return Some(match line.run {
                Some(run) if !line.is_change() => format!("run {run} brought the same person"),
                Some(run) => format!("run {run} changed it since"),
                None => "edited since".into(),
            });
        }
        let mut entries = self.entries.get(&id).into_iter().flatten();
        if entries.any(|entry| !self.taken_back.contains(&entry.last_run)) {
            return Some("another source has the same person".into());
        }
        if self.households.contains(&id) {
            return Some("somebody said who lives with it".into());
        }
        self.referred.get(&id).map(|rows| match rows {
            1 => "1 row of the host refers to it".into(),
            _ => format!("{rows} rows of the host refer to it"),
        })
    }

    /// The record before the first of the runs that are taken back, and the last line of the change log before it.
    fn base(&self, id: CoreId) -> Option<(CoreRecord, i64)> {
        self.lines(id).find_map(|line| {
            let run = line.run.filter(|run| self.taken_back.contains(run))?;
            let image = self.images.get(&(run, id))?;
            Some((image.record(self.world.contract), line.id - 1))
        })
    }

    fn change(&self, id: CoreId, action: ChangeAction, row: Option<RowId>) -> Change {
        let reason = format!("run {} taken back", self.run.id).into();
        Change { core_id: id, row, action, field: None, old: None, new: None, reason }
    }

    pub(super) fn becomes(&mut self, after: &CoreRecord) {
        let Some(before) = self.people.get(&after.id) else { return };
        for (place, field) in self.world.contract.columns() {
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
        let contract = self.world.contract;
        session.forget_people(contract, &self.gone)?;
        let of_gone = self.gone.iter().filter_map(|id| self.entries.get(id)).flatten();
        session.remove_map(&of_gone.map(|entry| entry.id).collect::<Vec<_>>())?;
        session.put_records(contract, &self.back, self.world.now)?;
        let back: Vec<CoreId> = self.back.iter().map(|person| person.id).collect();
        session.reopen_outdated(contract, &back, self.run.id)?;
        let changed = self.gone.iter().chain(self.back.iter().map(|person| &person.id));
        let before = changed.filter_map(|id| self.people.get(id));
        let add: Vec<_> = self.back.iter().flat_map(|person| keys(self.world, person)).collect();
        let remove: Vec<_> = before.flat_map(|person| keys(self.world, person)).collect();
        session.change_keys(contract, &remove, &add)?;
        session.remove_records(contract, &self.gone)?;
        let cause = Cause::Rollback(rollback.id);
        session.log_changes(contract, &self.changes, cause, &rollback.actor, self.world.now)?;
        session.log_rollback(rollback.id, &self.items)
    }
}

fn by_person(lines: Vec<LaterChange>) -> HashMap<CoreId, Vec<LaterChange>> {
    let mut found: HashMap<CoreId, Vec<LaterChange>> = HashMap::new();
    for line in lines {
        found.entry(line.core_id).or_default().push(line);
    }
    found
}
