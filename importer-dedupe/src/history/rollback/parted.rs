//! Taking back what a run said of somebody who was several people then, and is again.

use std::collections::{BTreeSet, HashMap};

use importer_core::Result;
use importer_core::ports::{
    CoreId, CoreRecord, LaterChange, MergeFilter, MergeRow, RollbackItem, RunId, StewardSession,
};

use super::super::replay::{Owner, Replay};
use super::super::undo::before_of;
use super::landed_by;
use super::page::Page;

impl Page<'_> {
    /// Where the merge in which the run found somebody was taken back since: everybody is who they would be had they never been
    /// merged and had the run not spoken. False where it is another case, or one that is not that simple.
    pub(super) fn part(
        &mut self,
        session: &mut dyn StewardSession,
        id: CoreId,
        own: &[LaterChange],
    ) -> Result<bool> {
        let Some(first) = own.first() else { return Ok(false) };
        let merges = self.merges_since(session, id, first.id)?;
        let [merge] = &merges[..] else { return Ok(false) };
        if merge.undone.is_none() || merge.merge.change_mark >= first.id {
            return Ok(false);
        }
        let Some(after) = self.without(session, merge)? else { return Ok(false) };
        let mut changed: HashMap<&str, CoreId> = HashMap::new();
        let mut back = BTreeSet::new();
        for person in &after {
            let Some(now) = self.people.get(&person.id).filter(|now| *now != person) else { continue };
            back.insert(person.id);
            for (place, field) in self.world.contract.columns() {
                if now.record.get(place) != person.record.get(place) {
                    changed.insert(field.name, person.id);
                }
            }
        }
        let why = format!("as before the run; merge {} was taken back since", merge.id);
        let item = |row, core_id, field| {
            let outcome = "reverted".into();
            RollbackItem { row, core_id, field, outcome, why: why.clone() }
        };
        let lines: Vec<&LaterChange> = own.iter().filter(|line| line.is_change()).collect();
        if lines.is_empty() {
            // The run had only confirmed who they were together; apart, its row said something to one of them.
            self.items.extend(back.iter().map(|who| item(first.row, *who, None)));
        }
        for line in lines {
            let whose = line.field.as_deref().and_then(|field| changed.get(field)).copied();
            self.items.push(item(line.row, whose.unwrap_or(id), line.field.clone()));
        }
        for person in after.into_iter().filter(|person| back.contains(&person.id)) {
            self.becomes(&person);
        }
        Ok(true)
    }

    /// The people of a merge that was taken back, as they would be without it and without runs that are taken back.
    fn without(
        &mut self,
        session: &mut dyn StewardSession,
        merge: &MergeRow,
    ) -> Result<Option<Vec<CoreRecord>>> {
        let contract = self.world.contract;
        let (mark, survivor) = (merge.merge.change_mark, merge.merge.survivor);
        let members: Vec<CoreId> =
            std::iter::once(survivor).chain(merge.merge.retired.iter().copied()).collect();
        let people = session.load(contract, &members)?;
        // What the retention policy took cannot be said again.
        if people.len() != members.len() || merge.merge.before_json == "{}" {
            return Ok(None);
        }
        let said = session.said_by_runs(contract, &members)?;
        let entries = session.map_of(contract, &members)?;
        let mut runs: BTreeSet<RunId> = said.iter().filter_map(|line| line.run).collect();
        runs.extend(entries.iter().map(|entry| entry.last_run));
        let mut taken_back: BTreeSet<RunId> =
            session.taken_back(&runs.into_iter().collect::<Vec<_>>())?.into_iter().collect();
        taken_back.insert(self.run.id);
        let gone = |run: Option<RunId>| run.is_some_and(|run| taken_back.contains(&run));
        // The images of the merge hold what such a run had said before it.
        let spoiled = said.iter().any(|line| line.id <= mark && line.is_change() && gone(line.run));
        let again = entries.iter().any(|e| landed_by(self.run.id, e) && !taken_back.contains(&e.last_run));
        let filter = MergeFilter { people: members.clone(), ..MergeFilter::default() };
        let mut merges = session.merges(contract, &filter)?;
        merges.retain(|other| other.merge.change_mark > mark);
        if spoiled || again || merges.iter().any(|other| other.undone.is_none()) {
            return Ok(None);
        }
        let mut about: BTreeSet<CoreId> = members.iter().copied().collect();
        for other in merges {
            about.insert(other.merge.survivor);
            about.extend(other.merge.retired);
        }
        let about: Vec<CoreId> = about.into_iter().collect();
        let mut changes = session.later_changes(contract, &about, mark)?;
        changes.retain(|line| !gone(line.run));
        let owners = session
            .map_of(contract, &about)?
            .into_iter()
            .map(|entry| ((entry.system, entry.external_id), Owner::Known(entry.core_id)))
            .collect();
        let before = before_of(merge)?.people.iter().map(|image| image.record(contract)).collect();
        let replay = Replay { world: self.world, people: before, owners, changes, merges: Vec::new() };
        let mut replayed = replay.run(session)?;
        if !replayed.lost.is_empty() {
            return Ok(None);
        }
        self.people.extend(people.into_iter().map(|person| (person.id, person)));
        Ok(members.iter().map(|id| replayed.people.remove(id)).collect())
    }
}
