//! Taking a whole run back, page by page: everybody the run changed is who they would be without it, unless somebody has built
//! on it since; then it is told and left as it is.

mod parted;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use importer_core::Result;
use importer_core::ports::{
    Cause, Change, ChangeAction, CoreId, CoreRecord, LaterChange, MapImage, MergeFilter, MergeRow,
    RecordImage, RollbackItem, RollbackRow, RowId, RunId, RunRecord, StewardSession, row_id,
};

use super::merge::keys;
use super::order::Circumstances;
use super::replay::{Owner, Replay, SourceName};

/// How many records or rows one page has.
pub const ROLLBACK_PAGE: usize = 1000;

/// Takes back what a run did to the next records; true when there were none. It belongs in a transaction.
///
/// # Errors
/// When the database fails. What cannot be taken back is no error but an item.
pub fn roll_back_records(
    session: &mut dyn StewardSession,
    world: &Circumstances<'_>,
    run: &RunRecord,
    rollback: &mut RollbackRow,
) -> Result<bool> {
    let contract = world.contract;
    session.lock_core(contract)?;
    // A later attempt looks again at whom the one before it left as they were.
    let people = match session.earlier_rollback(rollback)? {
        Some(earlier) => session.left_by(earlier, rollback.records_through, ROLLBACK_PAGE)?,
        None => session.changed_by(contract, run.id, rollback.records_through, ROLLBACK_PAGE)?,
    };
    let Some(&last) = people.last() else { return Ok(true) };
    let mut page = Page::read(session, world, run, &people)?;
    for &id in &people {
        page.one(session, id)?;
    }
    page.write(session, rollback)?;
    page.count(rollback);
    rollback.records_through = last;
    session.save_rollback(rollback)?;
    Ok(false)
}

/// Takes back what a run wrote into the id map for the next rows; true when there were none. It belongs in a transaction.
///
/// # Errors
/// When the database fails.
pub fn roll_back_rows(
    session: &mut dyn StewardSession,
    world: &Circumstances<'_>,
    run: &RunRecord,
    rollback: &mut RollbackRow,
) -> Result<bool> {
    let contract = world.contract;
    session.lock_core(contract)?;
    let rows = session.landed_by(contract, run.id, rollback.rows_through, ROLLBACK_PAGE)?;
    let Some(&(last, _)) = rows.last() else { return Ok(true) };
    let names: Vec<&str> = rows.iter().map(|(_, name)| name.as_str()).collect();
    let entries = session.map_named(contract, &run.new.external_system, &names)?;
    let entries = roll_back_kept(session, world, run, rollback, entries)?;
    let owners: Vec<CoreId> = entries.iter().map(|entry| entry.core_id).collect();
    let kept = kept(session, world, rollback.id, &owners)?;
    let last_runs: Vec<RunId> = entries.iter().map(|entry| entry.last_run).collect();
    let mut taken_back: BTreeSet<RunId> = session.taken_back(&last_runs)?.into_iter().collect();
    taken_back.insert(run.id);
    let system = &run.new.external_system;
    let mut images: HashMap<String, MapImage> = session
        .map_images(contract, system, run.id, &names)?
        .into_iter()
        .map(|image| (image.external_id.clone(), image))
        .collect();
    let (mut back, mut gone) = (Vec::new(), Vec::new());
    for entry in entries.into_iter().filter(|entry| !kept.contains(&entry.core_id)) {
        // A later run that brought the row again stands by it.
        if !taken_back.contains(&entry.last_run) {
            continue;
        }
        match images.remove(&entry.external_id) {
            Some(image) => match before_all(session, world, run, image)? {
                // Whose it is by now, it stays.
                Some(image) => back.push(MapImage { id: entry.id, core_id: entry.core_id, ..image }),
                None => gone.push(entry.id),
            },
            // It was made by this run, or by one that was taken back while this one stood by it.
            None => {
                let (id, core_id, staging) = (entry.id, entry.core_id, entry.staging_id);
                match before_all(session, world, run, entry)? {
                    Some(image) if image.staging_id != staging => {
                        back.push(MapImage { id, core_id, ..image });
                    }
                    Some(_) => {}
                    None => gone.push(id),
                }
            }
        }
    }
    session.put_map(contract, &back, world.now)?;
    session.remove_map(&gone)?;
    rollback.rows_through = last;
    session.save_rollback(rollback)?;
    Ok(false)
}

/// Takes people back who stood for this run alone: what earlier runs did to them was kept when those were taken back, because
/// this one had brought their rows again. Returns the entries that are left.
fn roll_back_kept(
    session: &mut dyn StewardSession,
    world: &Circumstances<'_>,
    run: &RunRecord,
    rollback: &mut RollbackRow,
    mut entries: Vec<MapImage>,
) -> Result<Vec<MapImage>> {
    let again: Vec<&MapImage> =
        entries.iter().filter(|entry| entry.last_run == run.id && !landed_by(run.id, entry)).collect();
    let by: Vec<RunId> = again.iter().map(|entry| entry.staging_id >> 32).collect();
    let by = session.taken_back(&by)?;
    let people: BTreeSet<CoreId> =
        again.iter().filter(|entry| by.contains(&(entry.staging_id >> 32))).map(|e| e.core_id).collect();
    let people: Vec<CoreId> = people.into_iter().collect();
    if people.is_empty() {
        return Ok(entries);
    }
    let mut page = Page::read(session, world, run, &people)?;
    for &id in &people {
        page.one(session, id)?;
    }
    page.write(session, rollback)?;
    page.count(rollback);
    entries.retain(|entry| !page.gone.contains(&entry.core_id));
    Ok(entries)
}

/// Who of these was left as they were, or somebody who is or was one with them.
fn kept(
    session: &mut dyn StewardSession,
    world: &Circumstances<'_>,
    rollback: i64,
    people: &[CoreId],
) -> Result<BTreeSet<CoreId>> {
    let mut kept: BTreeSet<CoreId> = session.kept_by(rollback, people)?.into_iter().collect();
    if people.is_empty() {
        return Ok(kept);
    }
    let filter = MergeFilter { people: people.to_vec(), ..MergeFilter::default() };
    for row in session.merges(world.contract, &filter)? {
        let members: Vec<CoreId> = std::iter::once(row.merge.survivor).chain(row.merge.retired).collect();
        if !session.kept_by(rollback, &members)?.is_empty() {
            kept.extend(members);
        }
    }
    Ok(kept)
}

/// The entry before the first of the runs in a row that were taken back; none when that one made it.
fn before_all(
    session: &mut dyn StewardSession,
    world: &Circumstances<'_>,
    run: &RunRecord,
    mut image: MapImage,
) -> Result<Option<MapImage>> {
    loop {
        let by = image.staging_id >> 32;
        if by != run.id && session.taken_back(&[by])?.is_empty() {
            return Ok(Some(image));
        }
        let name = [image.external_id.as_str()];
        let earlier = session.map_images(world.contract, &run.new.external_system, by, &name)?.pop();
        match earlier.filter(|earlier| earlier.staging_id < image.staging_id) {
            Some(earlier) => image = earlier,
            None => return Ok(None),
        }
    }
}

fn landed_by(run: RunId, entry: &MapImage) -> bool {
    entry.staging_id > row_id(run, 0) && entry.staging_id < row_id(run + 1, 0)
}

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
struct Page<'a> {
    world: &'a Circumstances<'a>,
    run: &'a RunRecord,
    people: HashMap<CoreId, CoreRecord>,
    /// What runs said about them, in order.
    said: HashMap<CoreId, Vec<LaterChange>>,
    /// What anybody said about them whose word is not taken back, in order.
    stands: HashMap<CoreId, Vec<LaterChange>>,
    /// Lines that merges and their undoing wrote about them, and the merge of each.
    merged: HashMap<CoreId, Vec<(i64, i64)>>,
    referred: BTreeMap<CoreId, u64>,
    /// Who lives in a household.
    households: BTreeSet<CoreId>,
    /// This run, and those that were taken back already.
    taken_back: BTreeSet<RunId>,
    images: HashMap<(RunId, CoreId), RecordImage>,
    entries: HashMap<CoreId, Vec<MapImage>>,
    /// Who is taken out.
    gone: Vec<CoreId>,
    /// Who is somebody else, as before the run.
    back: Vec<CoreRecord>,
    changes: Vec<Change>,
    items: Vec<RollbackItem>,
}

impl<'a> Page<'a> {
    fn read(
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

    fn one(&mut self, session: &mut dyn StewardSession, id: CoreId) -> Result<()> {
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
        if !self.people.contains_key(&id) {
            return Ok(Some(match session.survivor_of(self.world.contract, id)? {
                Some((survivor, merge)) => format!("went into {survivor}; take merge {merge} back first"),
                None => "not in the core any more".into(),
            }));
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
    fn merges_since(&self, session: &mut dyn StewardSession, id: CoreId, line: i64) -> Result<Vec<MergeRow>> {
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

    fn becomes(&mut self, after: &CoreRecord) {
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

    fn count(&self, rollback: &mut RollbackRow) {
        for item in &self.items {
            *rollback.counts.entry(item.outcome.clone()).or_default() += 1;
        }
    }

    fn write(&self, session: &mut dyn StewardSession, rollback: &RollbackRow) -> Result<()> {
        let contract = self.world.contract;
        session.forget_people(contract, &self.gone)?;
        let of_gone = self.gone.iter().filter_map(|id| self.entries.get(id)).flatten();
        session.remove_map(&of_gone.map(|entry| entry.id).collect::<Vec<_>>())?;
        session.put_records(contract, &self.back, self.world.now)?;
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
