//! What people would be if something had not happened: what was said and done since is said and done again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::iter::Peekable;

use importer_core::Result;
use importer_core::pipeline::person_of_clean_row;
use importer_core::ports::{CoreId, CoreRecord, Decision, LaterChange, RowId, SourceRow, StewardSession};
use serde::Serialize;

use super::order::{Before, Circumstances, MergeOrder};
use super::plan::plan;
use super::{Typed, edited};

/// How many rows are read at a time.
const ROWS_AT_A_TIME: usize = 500;

/// Whose a source's record is while nobody is merged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// This person's.
    Known(CoreId),
    /// It came to this person when others had gone into it who are parted now; whom it is like is found out.
    Open(CoreId),
}

/// The name of a record in its source.
pub(super) type SourceName = (String, String);

/// An edit that was made on top of a value that had come from somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Whose field it is.
    pub core_id: CoreId,
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
    pub(super) world: &'a Circumstances<'a>,
    /// People as they were, the survivor of what does not happen first.
    pub(super) people: Vec<CoreRecord>,
    pub(super) owners: HashMap<SourceName, Owner>,
    /// What was said since, in its order.
    pub(super) changes: Vec<LaterChange>,
    /// Merges since, in their order.
    pub(super) merges: Vec<Again>,
}

#[derive(Debug, Default)]
pub(super) struct Replayed {
    /// Everybody who is there in the end.
    pub(super) people: BTreeMap<CoreId, CoreRecord>,
    /// The people of each merge as they were when it was done, the survivor first.
    pub(super) merged: Vec<Vec<CoreRecord>>,
    pub(super) edited_fields: BTreeSet<(CoreId, String)>,
    pub(super) conflicts: Vec<Conflict>,
    /// Rows that were said again.
    pub(super) rows: u64,
    /// Rows of which nothing is left to be said again.
    pub(super) lost: Vec<RowId>,
    /// Who got which of the source's records that had come later.
    pub(super) settled: HashMap<SourceName, CoreId>,
    /// Into whom people went.
    went: HashMap<CoreId, CoreId>,
}

impl Replay<'_> {
    pub(super) fn run(mut self, session: &mut dyn StewardSession) -> Result<Replayed> {
        let mut out = Replayed {
            people: self.people.drain(..).map(|person| (person.id, person)).collect(),
            ..Replayed::default()
        };
        let rows = read_rows(session, self.world, &self.changes)?;
        let mut said: BTreeSet<RowId> = BTreeSet::new();
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
        said: &mut BTreeSet<RowId>,
        out: &mut Replayed,
    ) -> Result<()> {
        if let Some(row) = line.row {
            return if said.insert(row) { self.row(rows.get(&row), row, line.core_id, out) } else { Ok(()) };
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

    fn merge(&self, again: &Again, out: &mut Replayed) -> Result<()> {
        let mut people = Vec::new();
        for id in std::iter::once(&again.order.survivor).chain(&again.order.retired) {
            let as_it_was = || {
                let image = again.before.people.iter().find(|image| image.id == *id);
                image.map(|image| image.record(self.world.contract))
            };
            people.extend(out.people.remove(id).or_else(as_it_was));
        }
        let planned = plan(self.world, &people, &again.order)?;
        for gone in &again.order.retired {
            out.went.insert(*gone, again.order.survivor);
        }
        out.people.insert(planned.person.id, planned.person);
        out.merged.push(people);
        Ok(())
    }

    fn row(
        &mut self,
        source: Option<&SourceRow>,
        row: RowId,
        about: CoreId,
        out: &mut Replayed,
    ) -> Result<()> {
        let Some(source) = source else {
            out.lost.push(row);
            return Ok(());
        };
        let name = (source.system.clone(), source.external_id.clone());
        // A name that is somebody else's may have brought a row about one of these all the same.
        let here = Some(about).filter(|id| out.people.contains_key(&out.now(*id)));
        let Some(owner) = self.owners.get(&name).copied().or(here.map(Owner::Open)) else { return Ok(()) };
        let Some(payload) = &source.payload_json else {
            out.lost.push(row);
            return Ok(());
        };
        let (contract, resolver) = (self.world.contract, self.world.resolver);
        let incoming = person_of_clean_row(contract, payload, &source.system)?;
        let id = match owner {
            Owner::Known(id) => id,
            Owner::Open(holder) => {
                let candidates: Vec<&CoreRecord> = out.people.values().collect();
                let id = match resolver.decide(contract, &incoming, &candidates) {
                    Decision::Same { candidate, .. } => candidates.get(candidate).map_or(holder, |c| c.id),
                    Decision::New { .. } => holder,
                };
                if self.owners.contains_key(&name) {
                    self.owners.insert(name.clone(), Owner::Known(id));
                    out.settled.insert(name, id);
                }
                id
            }
        };
        let id = out.now(id);
        if let Some(person) = out.people.get_mut(&id) {
            *person = self.world.survivorship.merge(contract, person, &incoming).person;
            out.rows += 1;
        }
        Ok(())
    }

    fn edit(&self, edit: &[&LaterChange], out: &mut Replayed) {
        let Some(first) = edit.first() else { return };
        let id = out.now(first.core_id);
        let Some(person) = out.people.get_mut(&id) else { return };
        let mut typed: Vec<Typed> = Vec::new();
        for line in edit {
            let Some(field) = &line.field else { continue };
            let place = self.world.contract.index(field);
            if place.is_some_and(|place| person.record.get(place) != line.old.as_deref()) {
                out.conflicts.push(Conflict { core_id: id, field: field.clone(), change: line.id });
            }
            out.edited_fields.insert((id, field.clone()));
            typed.push((field.clone(), line.new.clone()));
        }
        *person = edited(self.world.contract, self.world.survivorship, person, &typed, first.at);
    }
}

impl Replayed {
    /// Who somebody is by now.
    pub(super) fn now(&self, mut id: CoreId) -> CoreId {
        while let Some(next) = self.went.get(&id) {
            id = *next;
        }
        id
    }
}

fn read_rows(
    session: &mut dyn StewardSession,
    world: &Circumstances<'_>,
    changes: &[LaterChange],
) -> Result<HashMap<RowId, SourceRow>> {
    let mut ids: Vec<RowId> = changes.iter().filter_map(|line| line.row).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut rows = HashMap::new();
    for some in ids.chunks(ROWS_AT_A_TIME) {
        rows.extend(session.source_rows(world.contract, some)?.into_iter().map(|row| (row.row, row)));
    }
    Ok(rows)
}
