//! Taking a whole run back, page by page: everybody the run changed is who they would be without it, unless somebody has built
//! on it since; then it is told and left as it is.

use std::collections::{BTreeSet, HashMap};

use importer_core::Result;
use importer_core::ports::{
    Cause, Change, ChangeAction, CoreId, CoreRecord, LaterChange, MapImage, RecordImage, RollbackItem,
    RollbackRow, RunId, RunRecord, StewardSession, row_id,
};

use super::merge::keys;
use super::order::Circumstances;
use super::replay::{Owner, Replay};

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
    let people = session.changed_by(contract, run.id, rollback.records_through, ROLLBACK_PAGE)?;
    let Some(&last) = people.last() else { return Ok(true) };
    let page = Page::read(session, world, run, &people)?;
    let mut items = Vec::new();
    for &id in &people {
        page.one(session, rollback.id, id, &mut items)?;
    }
    note(session, rollback, &items)?;
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
    let owners: Vec<CoreId> = entries.iter().map(|entry| entry.core_id).collect();
    let kept: BTreeSet<CoreId> = session.kept_by(rollback.id, &owners)?.into_iter().collect();
    let system = &run.new.external_system;
    let mut images: HashMap<String, MapImage> = session
        .map_images(contract, system, run.id, &names)?
        .into_iter()
        .map(|image| (image.external_id.clone(), image))
        .collect();
    let (mut back, mut gone) = (Vec::new(), Vec::new());
    for entry in entries.into_iter().filter(|entry| !kept.contains(&entry.core_id)) {
        // A later run that brought the row again stands by it.
        if entry.last_run != run.id {
            continue;
        }
        match images.remove(&entry.external_id) {
            Some(image) => match before_all(session, world, run, image)? {
                Some(image) => back.push(MapImage { id: entry.id, ..image }),
                None => gone.push(entry.id),
            },
            None if landed_by(run.id, &entry) => gone.push(entry.id),
            None => {}
        }
    }
    session.put_map(contract, &back, world.now)?;
    session.remove_map(&gone)?;
    rollback.rows_through = last;
    session.save_rollback(rollback)?;
    Ok(false)
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

fn note(session: &mut dyn StewardSession, rollback: &mut RollbackRow, items: &[RollbackItem]) -> Result<()> {
    for item in items {
        *rollback.counts.entry(item.outcome.clone()).or_default() += 1;
    }
    session.log_rollback(rollback.id, items)
}

/// What is known about the records of a page.
struct Page<'a> {
    world: &'a Circumstances<'a>,
    run: &'a RunRecord,
    people: HashMap<CoreId, CoreRecord>,
    /// What runs said about them, in order.
    said: HashMap<CoreId, Vec<LaterChange>>,
    /// This run, and those that were taken back already.
    taken_back: BTreeSet<RunId>,
    images: HashMap<(RunId, CoreId), RecordImage>,
    entries: HashMap<CoreId, Vec<MapImage>>,
}

impl<'a> Page<'a> {
    fn read(
        session: &mut dyn StewardSession,
        world: &'a Circumstances<'a>,
        run: &'a RunRecord,
        ids: &[CoreId],
    ) -> Result<Self> {
        let contract = world.contract;
        let mut said: HashMap<CoreId, Vec<LaterChange>> = HashMap::new();
        let mut runs = BTreeSet::new();
        for line in session.said_by_runs(contract, ids)? {
            runs.extend(line.run);
            said.entry(line.core_id).or_default().push(line);
        }
        let runs: Vec<RunId> = runs.into_iter().collect();
        let mut taken_back: BTreeSet<RunId> = session.taken_back(&runs)?.into_iter().collect();
        taken_back.insert(run.id);
        let of: Vec<RunId> = taken_back.iter().copied().collect();
        let images = session.record_images(contract, ids, &of)?;
        let mut entries: HashMap<CoreId, Vec<MapImage>> = HashMap::new();
        for entry in session.map_of(contract, ids)? {
            entries.entry(entry.core_id).or_default().push(entry);
        }
        Ok(Self {
            world,
            run,
            people: session.load(contract, ids)?.into_iter().map(|person| (person.id, person)).collect(),
            said,
            taken_back,
            images: images.into_iter().map(|(run, image)| ((run, image.id), image)).collect(),
            entries,
        })
    }

    fn one(
        &self,
        session: &mut dyn StewardSession,
        rollback: i64,
        id: CoreId,
        items: &mut Vec<RollbackItem>,
    ) -> Result<()> {
        let own: Vec<&LaterChange> =
            self.said.get(&id).into_iter().flatten().filter(|line| line.run == Some(self.run.id)).collect();
        let Some(first) = own.first() else { return Ok(()) };
        let item = |line: &LaterChange, outcome: &str, why: &str| RollbackItem {
            row: line.row,
            core_id: id,
            field: line.field.clone(),
            outcome: outcome.into(),
            why: why.into(),
        };
        let whole = |outcome: &str, why: String| RollbackItem { field: None, ..item(first, outcome, &why) };
        let Some(person) = self.people.get(&id) else {
            items.push(whole("kept", self.where_is(session, id)?));
            return Ok(());
        };
        if let Some(Cause::Merge(merge)) = session.rewritten_since(self.world.contract, id, first.id)? {
            items.push(whole("kept", format!("merged or parted since; take merge {merge} back first")));
            return Ok(());
        }
        let entries = self.entries.get(&id).map(Vec::as_slice).unwrap_or_default();
        let again = entries.iter().find(|e| landed_by(self.run.id, e) && e.last_run != self.run.id);
        if let Some(entry) = again {
            items.push(whole("kept", format!("run {} brought the same row again", entry.last_run)));
            return Ok(());
        }
        let created = self.said.get(&id).into_iter().flatten().find(|line| line.created);
        let by_taken_back = created.filter(|line| line.run.is_some_and(|run| self.taken_back.contains(&run)));
        if let Some(created) = by_taken_back {
            let later = self.later(session, id, created.id)?;
            let others = entries.iter().any(|entry| !self.taken_back.contains(&entry.last_run));
            let referred = session.referred_to(self.world.references, id)?;
            let why = match (later.first(), others, referred) {
                (Some(line), ..) if line.run.is_some() => {
                    Some(format!("run {} changed it since", line.run.unwrap_or_default()))
                }
                (Some(_), ..) => Some("edited since".to_owned()),
                (None, true, _) => Some("another source has the same person".to_owned()),
                (None, false, 1..) => Some(format!("{referred} rows of the host refer to it")),
                (None, false, 0) => None,
            };
            match why {
                Some(why) => items.push(whole("kept", why)),
                None => {
                    self.remove(session, rollback, person, entries, first)?;
                    items.push(whole("reverted", "made by the run; taken out".into()));
                }
            }
            return Ok(());
        }
        let Some((base, mark, since)) = self.base(id) else {
            items.push(whole("failed", "what it was before the run is not kept any more".into()));
            return Ok(());
        };
        let owners =
            entries.iter().map(|e| ((e.system.clone(), e.external_id.clone()), Owner::Known(id))).collect();
        let replayed = Replay {
            world: self.world,
            people: vec![base.clone()],
            owners,
            changes: self.later(session, id, mark)?,
            merges: Vec::new(),
            silent: entries
                .iter()
                .map(|entry| entry.staging_id)
                .filter(|row| *row > row_id(since, 0) && !self.taken_back.contains(&(row >> 32)))
                .collect(),
        }
        .run(session)?;
        if !replayed.lost.is_empty() {
            items.push(whole("failed", "rows that came since are not kept any more".into()));
            return Ok(());
        }
        let Some(after) = replayed.people.get(&id) else { return Ok(()) };
        self.put(session, rollback, person, after)?;
        for line in own {
            let place = line.field.as_deref().and_then(|field| self.world.contract.index(field));
            let same = place.is_none_or(|place| after.record.get(place) == base.record.get(place));
            items.push(match same {
                true => item(line, "reverted", "as before the run"),
                false => item(line, "kept", "changed again since"),
            });
        }
        Ok(())
    }

    /// Who somebody is who is not in the core.
    fn where_is(&self, session: &mut dyn StewardSession, id: CoreId) -> Result<String> {
        Ok(match session.survivor_of(self.world.contract, id)? {
            Some((survivor, merge)) => format!("went into {survivor}; take merge {merge} back first"),
            None => "not in the core any more".into(),
        })
    }

    /// What was said since by whom is not taken back.
    fn later(&self, session: &mut dyn StewardSession, id: CoreId, mark: i64) -> Result<Vec<LaterChange>> {
        let mut lines = session.later_changes(self.world.contract, &[id], mark)?;
        lines.retain(|line| line.run.is_none_or(|run| !self.taken_back.contains(&run)));
        Ok(lines)
    }

    /// The record before the first of the runs that are taken back, the last line of the change log before it, and that run.
    fn base(&self, id: CoreId) -> Option<(CoreRecord, i64, RunId)> {
        let lines = self.said.get(&id)?.iter();
        let first = lines.filter(|line| line.run.is_some_and(|run| self.taken_back.contains(&run)));
        for line in first {
            if let Some(image) = self.images.get(&(line.run?, id)) {
                return Some((image.record(self.world.contract), line.id - 1, line.run?));
            }
        }
        None
    }

    fn put(
        &self,
        session: &mut dyn StewardSession,
        rollback: i64,
        before: &CoreRecord,
        after: &CoreRecord,
    ) -> Result<()> {
        let contract = self.world.contract;
        session.put_records(contract, std::slice::from_ref(after), self.world.now)?;
        let add = keys(self.world, after);
        let mut remove = keys(self.world, before);
        remove.retain(|key| !add.contains(key));
        session.change_keys(contract, &remove, &add)?;
        let mut changes = Vec::new();
        for (place, field) in contract.columns() {
            let (old, new) = (before.record.get(place), after.record.get(place));
            if old != new {
                changes.push(Change {
                    core_id: after.id,
                    row: None,
                    action: ChangeAction::Updated,
                    field: Some(field.name.into()),
                    old: old.map(Into::into),
                    new: new.map(Into::into),
                    reason: format!("run {} taken back", self.run.id).into(),
                });
            }
        }
        self.log(session, rollback, &changes)
    }

    fn remove(
        &self,
        session: &mut dyn StewardSession,
        rollback: i64,
        person: &CoreRecord,
        entries: &[MapImage],
        first: &LaterChange,
    ) -> Result<()> {
        let contract = self.world.contract;
        session.forget(contract, &[person.id])?;
        session.remove_map(&entries.iter().map(|entry| entry.id).collect::<Vec<_>>())?;
        session.change_keys(contract, &keys(self.world, person), &[])?;
        session.remove_records(contract, &[person.id])?;
        let change = Change {
            core_id: person.id,
            row: first.row,
            action: ChangeAction::Removed,
            field: None,
            old: None,
            new: None,
            reason: format!("run {} taken back", self.run.id).into(),
        };
        self.log(session, rollback, &[change])
    }

    fn log(&self, session: &mut dyn StewardSession, rollback: i64, changes: &[Change]) -> Result<()> {
        let (cause, actor) = (Cause::Rollback(rollback), self.run.new.actor.clone());
        session.log_changes(self.world.contract, changes, cause, &actor, self.world.now)
    }
}
