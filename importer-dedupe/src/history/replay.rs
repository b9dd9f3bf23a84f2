//! What people would be if something had not happened: what was said and done since is said and done again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::Peekable;

use importer_core::Result;
use importer_core::pipeline::{KnownUnder, is_given, occasion_of, person_of_clean_row, set_by_hand};
use importer_core::ports::{
    ChangeAction, CoreRecord, Decision, LaterChange, MapImage, RecordId, RecordImage, RowId, RunId,
    SourceRow, StewardSession, Subject,
};
use serde::Serialize;

use super::merge_order::{Before, MergeContext, MergeOrder};
use super::plan::plan;
use super::{Typed, edited};

/// How many rows are read at a time.
const ROWS_AT_A_TIME: usize = 500;

/// Whose a source's record is while nobody is merged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// This person's.
    Known(RecordId),
    /// It came to this person when others had gone into it who are parted now; whom it is like is found out.
    Open(RecordId),
}

/// The name of a record in its source.
pub(super) type SourceName = (String, String);

/// Whose one of the source's records is known to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) person: RecordId,
    /// The last row that came under the name.
    pub(super) row: RowId,
}

/// The last row under a name that nobody was known by yet.
pub(super) const NOT_YET: RowId = RowId(0);

/// Who is known by entries of the id map.
pub(super) fn known<'e>(entries: impl Iterator<Item = &'e MapImage>) -> HashMap<SourceName, Known> {
    let known = |entry: &MapImage| Known { person: entry.core_id, row: entry.staging_id };
    let entries = entries.filter(|entry| entry.staging_id != NOT_YET);
    entries.map(|entry| ((entry.system.clone(), entry.external_id.clone()), known(entry))).collect()
}

/// An edit that was made on top of a value that had come from somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Whose field it is.
    pub core_id: RecordId,
    /// The field; the edit stays.
    pub field: String,
    /// The line of the change log.
    pub change: i64,
}

/// A merge that is done again where it was done.
pub(super) struct Again {
    pub(super) order: MergeOrder,
    /// The last line of the change log before it.
    pub(super) mark: i64,
    pub(super) before: Before,
}

/// What is to be said and done again.
pub(super) struct Replay<'a> {
    pub(super) context: &'a MergeContext<'a>,
    /// People as they were, the survivor of what does not happen first.
    pub(super) people: Vec<CoreRecord>,
    pub(super) owners: HashMap<SourceName, Owner>,
    /// Who was known by which of the source's records before the first line: a row of another one is a statement of its own, as it
    /// was when it came.
    pub(super) known: HashMap<SourceName, Known>,
    /// What was said since, in its order.
    pub(super) changes: Vec<LaterChange>,
    /// Merges since, in their order.
    pub(super) merges: Vec<Again>,
    /// Who had gone into whom in the history as it stood until now, before the first line.
    pub(super) went: HashMap<RecordId, RecordId>,
    /// Somebody who comes into being with the first row that is theirs.
    pub(super) newcomer: Option<RecordId>,
}

#[derive(Debug, Default)]
pub(super) struct Replayed {
    /// Everybody who is there in the end.
    pub(super) people: BTreeMap<RecordId, CoreRecord>,
    /// The people of each merge as they were when it was done, the survivor first.
    pub(super) merged: Vec<Vec<CoreRecord>>,
    pub(super) edited_fields: BTreeSet<(RecordId, String)>,
    pub(super) conflicts: Vec<Conflict>,
    /// Rows that were said again.
    pub(super) rows: u64,
    /// Rows of which nothing is left to be said again.
    pub(super) lost: Vec<RowId>,
    /// Who got which of the source's records that had come later.
    pub(super) settled: HashMap<SourceName, RecordId>,
    /// What the lines come to that come to something else than before.
    pub(super) subjects: Vec<Subject>,
    /// What runs found before they changed somebody.
    pub(super) images: BTreeMap<(RunId, RecordId), RecordImage>,
    /// About whom lines of runs were and are that were told again.
    pub(super) told: BTreeSet<(RunId, RecordId)>,
    /// About whom lines of runs are that were passed over: they came before the person is looked at here.
    pub(super) passed: BTreeSet<(RunId, RecordId)>,
    /// About whom lines are of runs that were taken back and had to leave somebody as they were.
    pub(super) left: BTreeSet<(RunId, RecordId)>,
    /// Into whom people went.
    went: HashMap<RecordId, RecordId>,
}

impl Replay<'_> {
    pub(super) fn run(mut self, session: &mut dyn StewardSession) -> Result<Replayed> {
        let mut out = Replayed {
            people: self.people.drain(..).map(|person| (person.id, person)).collect(),
            ..Replayed::default()
        };
        let before = self.merges.iter().flat_map(|again| again.before.known());
        let before = before.map(|entry| entry.staging_id).chain(self.known.values().map(|known| known.row));
        let said = self.changes.iter().filter_map(|line| line.row);
        let rows = read_rows(session, self.context, before.chain(said).collect())?;
        let mut said: HashMap<RowId, Option<Said>> = HashMap::new();
        let mut merges = std::mem::take(&mut self.merges).into_iter().peekable();
        let changes = std::mem::take(&mut self.changes);
        let mut lines = changes.iter().peekable();
        loop {
            let next = lines.peek().copied();
            if let Some(again) = merges.next_if(|again| next.is_none_or(|line| again.mark < line.id)) {
                self.merge(&again, &mut out)?;
            } else if let Some(line) = lines.next() {
                self.line(line, &mut lines, &rows, &mut said, &mut out)?;
            } else {
                return Ok(out);
            }
        }
    }

    /// A line, and with an edit its further lines: it has one for each field.
    fn line<'l>(
        &mut self,
        line: &'l LaterChange,
        lines: &mut Peekable<impl Iterator<Item = &'l LaterChange>>,
        rows: &HashMap<RowId, SourceRow>,
        said: &mut HashMap<RowId, Option<Said>>,
        out: &mut Replayed,
    ) -> Result<()> {
        if let Some(row) = line.row {
            // A row has a line for each field that it changed, and says everything with the first.
            let known = match said.get(&row) {
                Some(known) => *known,
                None => *said.entry(row).or_insert(self.row(rows, row, line, out)?),
            };
            out.note(line, known);
            return Ok(());
        }
        let mut edit = vec![line];
        while let Some(next) = lines.next_if(|next| {
            next.row.is_none()
                && next.core_id == line.core_id
                && next.actor == line.actor
                && next.at == line.at
        }) {
            edit.push(next);
        }
        self.edit(&edit, out);
        Ok(())
    }

    fn merge(&mut self, again: &Again, out: &mut Replayed) -> Result<()> {
        let mut people = Vec::new();
        for id in std::iter::once(&again.order.survivor).chain(&again.order.retired) {
            let as_it_was = || {
                let image = again.before.people.iter().find(|image| image.id == *id);
                image.map(|image| image.record(self.context.contract))
            };
            people.extend(out.people.remove(id).or_else(as_it_was));
        }
        for (name, known) in known(again.before.known()) {
            self.known.entry(name).or_insert(known);
        }
        let planned = plan(self.context, &people, &again.order)?;
        for gone in &again.order.retired {
            out.went.insert(*gone, again.order.survivor);
            self.went.insert(*gone, again.order.survivor);
        }
        out.people.insert(planned.person.id, planned.person);
        out.merged.push(people);
        Ok(())
    }

    /// Says a row again, to whom it says something now; none where that is nobody of these.
    fn row(
        &mut self,
        rows: &HashMap<RowId, SourceRow>,
        row: RowId,
        line: &LaterChange,
        out: &mut Replayed,
    ) -> Result<Option<Said>> {
        let lost = |out: &mut Replayed| {
            out.lost.push(row);
            Ok(None)
        };
        let members = self.members(line.core_id, out);
        let Some(source) = rows.get(&row) else {
            return if members.is_empty() { Ok(None) } else { lost(out) };
        };
        let name = (source.system.clone(), source.external_id.clone());
        // A name that is somebody else's may have brought a row about one of these all the same.
        let owner = self.owners.get(&name).copied().filter(|owner| {
            let (Owner::Known(id) | Owner::Open(id)) = *owner;
            root(&self.went, id) == line.core_id
        });
        if owner.is_none() && members.is_empty() {
            return Ok(None);
        }
        let Some(payload) = &source.payload_json else { return lost(out) };
        let incoming = person_of_clean_row(self.context.contract, payload, &source.system)?;
        let id = match owner {
            Some(Owner::Known(id)) => id,
            Some(Owner::Open(holder)) => {
                let id = self.like(&incoming, &members, holder, out);
                self.owners.insert(name.clone(), Owner::Known(id));
                out.settled.insert(name, id);
                id
            }
            None => self.like(&incoming, &members, line.core_id, out),
        };
        let id = out.now(id);
        let name = (source.system.clone(), source.external_id.clone());
        let this_id = self.known.get(&name).copied();
        let before = this_id.and_then(|known| rows.get(&known.row)?.payload_json.as_deref());
        let before =
            before.map(|payload| person_of_clean_row(self.context.contract, payload, &source.system));
        let before = before.transpose()?;
        let is_of_person = |known: &Known| out.now(known.person) == id;
        let mut others = self.known.iter().filter(|(other, _)| other.0 == name.0 && **other != name);
        let known = KnownUnder {
            this_id: this_id.as_ref().is_some_and(is_of_person),
            other_ids: others.any(|(other, known)| is_given(&other.1) && is_of_person(known)),
            before: before.as_ref(),
        };
        // An id that names somebody else keeps to that one.
        if owner.is_some() {
            self.known.insert(name, Known { person: id, row });
        }
        let Some(person) = out.people.get_mut(&id) else {
            if self.newcomer != Some(id) {
                return Ok(None);
            }
            self.newcomer = None;
            out.people.insert(id, CoreRecord { id, ..incoming });
            out.rows += 1;
            return Ok(Some(Said { id, action: ChangeAction::Created }));
        };
        let set = set_by_hand(payload);
        let occasion = occasion_of(known, &source.external_id, set.as_deref());
        let merged = self.context.survivorship.merge_on(self.context.contract, person, &incoming, occasion);
        out.rows += 1;
        if merged.changes.is_empty() {
            return Ok(Some(Said { id, action: ChangeAction::Confirmed }));
        }
        if let Some(run) = line.run {
            let image = || RecordImage::of(self.context.contract, person);
            out.images.entry((run, id)).or_insert_with(image);
        }
        *person = merged.person;
        Ok(Some(Said { id, action: ChangeAction::Updated }))
    }

    /// Who of these somebody was in the history as it stood.
    fn members(&self, about: RecordId, out: &Replayed) -> Vec<RecordId> {
        out.people.keys().copied().filter(|id| root(&self.went, *id) == about).collect()
    }

    /// Whom of several people a row is like; if none, whom it was thought to be about.
    fn like(
        &self,
        incoming: &CoreRecord,
        members: &[RecordId],
        otherwise: RecordId,
        out: &Replayed,
    ) -> RecordId {
        let candidates: Vec<&CoreRecord> = members.iter().filter_map(|id| out.people.get(id)).collect();
        match &candidates[..] {
            [] => otherwise,
            [one] => one.id,
            several => match self.context.resolver.decide(self.context.contract, incoming, several) {
                Decision::Same { candidate, .. } => several.get(candidate).map_or(otherwise, |c| c.id),
                Decision::New { .. } => otherwise,
            },
        }
    }

    fn edit(&self, edit: &[&LaterChange], out: &mut Replayed) {
        let Some(first) = edit.first() else { return };
        let id = out.now(first.core_id);
        let Some(person) = out.people.get_mut(&id) else { return };
        let mut typed: Vec<Typed> = Vec::new();
        for line in edit {
            if line.core_id != id {
                out.subjects.push(Subject { change: line.id, core_id: id, action: line.action });
            }
            let Some(field) = &line.field else { continue };
            let place = self.context.contract.index(field);
            if place.is_some_and(|place| person.record.get(place) != line.old.as_deref()) {
                out.conflicts.push(Conflict { core_id: id, field: field.clone(), change: line.id });
            }
            out.edited_fields.insert((id, field.clone()));
            typed.push((field.clone(), line.new.clone()));
        }
        *person = edited(self.context.contract, self.context.survivorship, person, &typed, first.at);
    }
}

/// To whom a row said something, and what that did.
#[derive(Clone, Copy)]
struct Said {
    id: RecordId,
    action: ChangeAction,
}

impl Replayed {
    /// Who somebody is by now.
    pub(super) fn now(&self, id: RecordId) -> RecordId {
        root(&self.went, id)
    }

    /// Notes what a line of a row comes to.
    fn note(&mut self, line: &LaterChange, said: Option<Said>) {
        let Some(Said { id, action }) = said else {
            self.passed.extend(line.run.map(|run| (run, line.core_id)));
            return;
        };
        if (id, action) != (line.core_id, line.action) {
            self.subjects.push(Subject { change: line.id, core_id: id, action });
        }
        if let Some(run) = line.run {
            self.told.extend([(run, line.core_id), (run, id)]);
            if line.taken_back {
                self.left.insert((run, id));
            }
        }
    }

    /// Keeps what lines come to now, and what runs found before them. Images of runs that had spoken to somebody before
    /// `mark`, too, are of then and stay.
    pub(super) fn keep(
        &self,
        session: &mut dyn StewardSession,
        context: &MergeContext<'_>,
        mark: i64,
    ) -> Result<()> {
        session.put_subjects(context.contract, &self.subjects)?;
        let about: BTreeSet<RecordId> = self.told.iter().map(|(_, id)| *id).collect();
        let about: Vec<RecordId> = about.into_iter().collect();
        let before = session.said_by_runs(context.contract, &about)?;
        let before = before.into_iter().filter(|line| line.id <= mark);
        let mut stays: BTreeSet<(RunId, RecordId)> =
            before.filter_map(|line| Some((line.run?, line.core_id))).collect();
        stays.extend(&self.passed);
        let remove: Vec<_> = self.told.difference(&stays).copied().collect();
        let images = self.images.iter().filter(|(of, _)| !stays.contains(of));
        let images: Vec<_> = images.map(|((run, _), image)| (*run, image.clone())).collect();
        session.replace_images(context.contract, &remove, &images)
    }
}

/// Who somebody is, over as many merges as there are.
fn root(went: &HashMap<RecordId, RecordId>, mut id: RecordId) -> RecordId {
    while let Some(next) = went.get(&id) {
        id = *next;
    }
    id
}

pub(super) fn read_rows(
    session: &mut dyn StewardSession,
    context: &MergeContext<'_>,
    mut ids: Vec<RowId>,
) -> Result<HashMap<RowId, SourceRow>> {
    ids.sort_unstable();
    ids.dedup();
    let mut rows = HashMap::new();
    for some in ids.chunks(ROWS_AT_A_TIME) {
        rows.extend(session.source_rows(context.contract, some)?.into_iter().map(|row| (row.row, row)));
    }
    Ok(rows)
}

/// The rows of lines.
pub(super) fn rows_of(lines: &[LaterChange]) -> Vec<RowId> {
    lines.iter().filter_map(|line| line.row).collect()
}
