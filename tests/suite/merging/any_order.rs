//! Merges and runs are taken back in any order, with anything in between: what stands at the end is as if the rest had never
//! happened.

use importer_core::ports::{MergeId, RunId};
use std::collections::BTreeSet;

use importer::ErrorKind;
use importer::service::{Actor, RedoRequest, RollbackRequest};
use importer_core::ports::MergeFilter;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::history::{Event, PEOPLE, World, snapshot};
use crate::support;

/// How many people nobody knew may come.
const STRANGERS: usize = 2;

/// What is to happen; people are told by whose row of the source they are, strangers behind the others.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Bring(usize, u8),
    File(&'static str, u8),
    Elsewhere(usize, u8),
    Stranger(usize, u8),
    Correct(usize, u8),
    Edit(usize, &'static str, u8),
    Merge(usize, usize, Option<(&'static str, bool)>),
    Three(usize, usize, usize),
    SignUp(usize, u8),
    Scan,
    Review(i64, bool),
    Undo(Index),
    Redo(Index),
    RollBack(Index),
}

pub(super) fn wishes(rollbacks: bool) -> impl Strategy<Value = Vec<Wish>> {
    // Few people, so that the same ones are merged again and again.
    let person = || prop_oneof![6 => 0..3_usize, 1 => 3..PEOPLE, 1 => PEOPLE..PEOPLE + STRANGERS];
    let known = || prop_oneof![5 => 0..3_usize, 1 => 3..PEOPLE];
    let field = || select(vec!["city", "employer"]);
    let wish = prop_oneof![
        3 => (known(), 0_u8..8).prop_map(|(p, v)| Wish::Bring(p, v)),
        2 => (select(vec!["alpha", "beta"]), 0_u8..8).prop_map(|(s, v)| Wish::File(s, v)),
        2 => (person(), 0_u8..8).prop_map(|(p, v)| Wish::Elsewhere(p, v)),
        2 => (0..STRANGERS, 0_u8..8).prop_map(|(n, v)| Wish::Stranger(n, v)),
        1 => (known(), 0_u8..8).prop_map(|(p, v)| Wish::Correct(p, v)),
        2 => (person(), field(), 0_u8..5).prop_map(|(p, f, v)| Wish::Edit(p, f, v)),
        5 => (person(), person(), proptest::option::of((field(), any::<bool>()))).prop_map(|(a, b, c)| Wish::Merge(a, b, c)),
        1 => (person(), person(), person()).prop_map(|(a, b, c)| Wish::Three(a, b, c)),
        1 => (person(), 0_u8..4).prop_map(|(p, v)| Wish::SignUp(p, v)),
        1 => Just(Wish::Scan),
        2 => (1_i64..=6, any::<bool>()).prop_map(|(pair, accept)| Wish::Review(pair, accept)),
        if rollbacks { 1 } else { 4 } => any::<Index>().prop_map(Wish::Undo),
        1 => any::<Index>().prop_map(Wish::Redo),
        5 => any::<Index>().prop_map(move |n| if rollbacks { Wish::RollBack(n) } else { Wish::Undo(n) }),
    ];
    proptest::collection::vec(wish, 3..16)
}

/// Something that happened.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) hour: usize,
    pub(super) event: Event,
    /// The last id that anybody had before.
    last_id: i64,
    /// The merge that it led to, under the number that it has by now.
    merge: Option<i64>,
    /// The runs it was, the first one first.
    runs: Vec<i64>,
    /// Whether it was taken back.
    pub(super) gone: bool,
}

/// A world with all that happened to it.
pub(super) struct Life {
    pub(super) world: World,
    pub(super) done: Vec<Done>,
    pub(super) hour: usize,
}

impl Life {
    pub(super) fn new(world: World) -> Self {
        Self { world, done: Vec::new(), hour: 1 }
    }

    fn last_run(&self) -> i64 {
        self.world.db.number("SELECT MAX(id) AS t FROM import_runs")
    }

    pub(super) fn desk<T>(&self, hour: usize, act: impl FnOnce(&importer::service::Desk<'_>) -> T) -> T {
        act(&self.world.at(hour).desk(Actor::admin("ann")))
    }

    pub(super) fn live(&mut self, wishes: &[Wish]) {
        for wish in wishes {
            self.hour += 1;
            match wish {
                Wish::Undo(which) => self.undo(which),
                Wish::Redo(which) => self.redo(which),
                Wish::RollBack(which) => self.roll_back(which),
                Wish::Review(pair, accept) => self.review(*pair, *accept),
                wish => {
                    if let Some(event) = self.event(wish) {
                        let (before, last_id) = (self.last_run(), self.world.last_id());
                        let merge = self.world.happen(self.hour, &event);
                        let runs = (before + 1..=self.last_run()).collect();
                        self.done.push(Done { runs, ..self.did(event, last_id, merge) });
                    }
                }
            }
        }
    }

    fn did(&self, event: Event, last_id: i64, merge: Option<i64>) -> Done {
        Done { hour: self.hour, event, last_id, merge, runs: vec![], gone: false }
    }

    /// A wish in ids; none where it comes to nothing.
    fn event(&self, wish: &Wish) -> Option<Event> {
        // Whoever is not there, or not any more, has nothing happen to them.
        let id = |person: usize| match person.checked_sub(PEOPLE) {
            None => self.world.find(&format!("p{person}")),
            Some(stranger) => self.world.find(&format!("d{stranger}")),
        };
        Some(match *wish {
            Wish::Bring(person, variant) => Event::Bring { person, variant },
            Wish::File(system, variant) => Event::File { system, variant },
            Wish::Elsewhere(person, variant) => Event::Elsewhere { person, variant },
            Wish::Stranger(stranger, variant) => Event::Stranger { stranger, variant },
            Wish::Correct(person, variant) => Event::Correct { person, variant },
            Wish::Edit(person, field, variant) => Event::Edit { id: id(person)?, field, variant },
            Wish::SignUp(person, event) => Event::SignUp { id: id(person)?, event },
            Wish::Scan => Event::Scan,
            Wish::Merge(a, b, choice) => {
                let people = distinct(&[id(a)?, id(b)?])?;
                let choice = choice.map(|(field, first)| (field, people[usize::from(!first)]));
                Event::Merge { people, choice }
            }
            Wish::Three(a, b, c) => {
                Event::Merge { people: distinct(&[id(a)?, id(b)?, id(c)?])?, choice: None }
            }
            Wish::Review(..) | Wish::Undo(_) | Wish::Redo(_) | Wish::RollBack(_) => return None,
        })
    }

    fn review(&mut self, pair: i64, accept: bool) {
        // Who is accepted is merged with whoever is there: without an earlier merge that is somebody else.
        let accept = accept && (pair <= 3 || self.world.is_original(pair));
        // Where both are one person by now, nobody is to decide.
        if let Ok(merge) = self.world.review(self.hour, pair, accept) {
            let event = Event::Review { pair, accept };
            self.done.push(self.did(event, self.world.last_id(), merge));
        }
    }

    /// A merge that stands, or one that was taken back.
    fn merge(&self, which: &Index, gone: bool) -> Option<usize> {
        let found =
            (0..self.done.len()).filter(|n| self.done[*n].merge.is_some() && self.done[*n].gone == gone);
        let found: Vec<usize> = found.collect();
        (!found.is_empty()).then(|| *which.get(&found))
    }

    fn undo(&mut self, which: &Index) {
        let Some(n) = self.merge(which, false) else { return };
        let merge = self.done[n].merge.unwrap();
        let undone = self.desk(self.hour, |desk| desk.undo_merge(MergeId(merge), "a mistake")).unwrap();
        assert!(undone.lost_rows.is_empty(), "{undone:?}");
        self.done[n].gone = true;
        self.stand_again(&undone.redone);
    }

    /// Later merges stand without the one that was taken back, under new numbers.
    pub(super) fn stand_again(&mut self, redone: &[(MergeId, MergeId)]) {
        for (was, is) in redone {
            let again = self.done.iter_mut().find(|done| done.merge == Some(was.0));
            again.unwrap().merge = Some(is.0);
        }
    }

    /// A merge that is done again is a merge of now, with the choices of then.
    fn redo(&mut self, which: &Index) {
        let Some(n) = self.merge(which, true) else { return };
        // What somebody decided about a pair is gone with the merge that it led to.
        let Event::Merge { people, choice: None } = self.done[n].event.clone() else { return };
        let merge = self.done[n].merge.unwrap();
        let request =
            RedoRequest { although_rejected: true, ..RedoRequest::new(MergeId(merge), "the same after all") };
        if let Ok(again) = self.desk(self.hour, |desk| desk.redo(&request)) {
            let event = Event::Merge { people, choice: None };
            self.done.push(self.did(event, self.world.last_id(), Some(again.0)));
            self.done[n].merge = None;
        }
    }

    fn roll_back(&mut self, which: &Index) {
        let found = (0..self.done.len()).filter(|n| !self.done[*n].runs.is_empty() && !self.done[*n].gone);
        let found: Vec<usize> = found.collect();
        if found.is_empty() {
            return;
        }
        let n = *which.get(&found);
        self.done[n].gone = true;
        self.take_back(n);
    }

    /// Takes the runs of an event back; true when nobody had to be left as they are.
    fn take_back(&self, n: usize) -> bool {
        let mut whole = true;
        for run in self.done[n].runs.iter().rev() {
            let request =
                RollbackRequest { run: RunId(*run), reason: "the wrong file".into(), dry_run: false };
            match self.desk(self.hour, |desk| desk.roll_back(&request)) {
                Ok(report) => whole &= report.left == 0,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Config, "{error}"),
            }
        }
        whole
    }

    /// Takes back, in the order of `which`, all merges that stand.
    fn undo_all(&mut self, which: &[Index]) {
        for which in which.iter().cycle() {
            self.hour += 1;
            if self.merge(which, false).is_none() {
                return;
            }
            self.undo(which);
        }
    }

    /// Tries again what had to be left when runs were taken back; true when nothing is left.
    fn finish(&mut self) -> bool {
        self.hour += 1;
        let runs: Vec<usize> =
            (0..self.done.len()).filter(|n| self.done[*n].gone && !self.done[*n].runs.is_empty()).collect();
        // What keeps somebody may be a run that is itself tried again.
        (0..3).any(|_| runs.iter().filter(|n| !self.take_back(**n)).count() == 0)
    }
}

fn distinct(people: &[i64]) -> Option<Vec<i64>> {
    let set: BTreeSet<i64> = people.iter().copied().collect();
    (set.len() == people.len()).then(|| people.to_vec())
}

/// True when the history could be compared.
fn check(rollbacks: bool, wishes: &[Wish], at_the_end: &[Index]) -> bool {
    let mut compared = true;
    for (db, other) in support::two_for_a_history() {
        let mut life = Life::new(World::new(db));
        life.live(wishes);
        if !at_the_end.is_empty() {
            life.undo_all(at_the_end);
            if rollbacks {
                at_the_end.iter().take(2).for_each(|which| life.roll_back(which));
            }
        }
        if !life.finish() {
            compared = false;
            continue;
        }
        let without = World::new(other);
        for done in life.done.iter().filter(|done| !done.gone) {
            without.set_last_id(done.last_id);
            without.happen(done.hour, &done.event);
        }
        // What a scan finds depends on who is there when it looks; the next one finds the same in both.
        if life.done.iter().any(|done| matches!(done.event, Event::Scan)) {
            life.world.happen(life.hour, &Event::Scan);
            without.happen(life.hour, &Event::Scan);
        }
        let (is, should) = (snapshot(&life.world.db), snapshot(&without.db));
        assert_eq!(is, should, "{}: {wishes:#?} {:#?}", life.world.db.backend, life.done);
    }
    compared
}

fn law(cases: u32, rollbacks: bool) {
    let (cases, mut runner) = support::histories(cases);
    let every = proptest::collection::vec(any::<Index>(), 4);
    // A run that came before a merge which stands is left: where runs are taken back, merges mostly are in the end, too.
    let ends = prop_oneof![if rollbacks { 1 } else { 3 } => Just(vec![]), 3 => every];
    let compared = std::cell::Cell::new(0);
    runner
        .run(&(wishes(rollbacks), ends), |(wishes, at_the_end)| {
            compared.set(compared.get() + u32::from(check(rollbacks, &wishes, &at_the_end)));
            Ok(())
        })
        .unwrap();
    assert!(
        compared.get() > cases * 3 / 5,
        "too many histories in which something was kept: {}",
        compared.get()
    );
}

#[test]
fn merges_that_are_taken_back_in_any_order_have_never_happened() {
    law(60, false);
}

#[test]
fn merges_and_runs_that_are_taken_back_in_any_order_have_never_happened() {
    law(60, true);
}

/// The smallest case: two merges of three people, a file that brings all of them, and both merges are taken back.
#[test]
fn two_merges_with_a_file_in_between_are_taken_back_in_either_order() {
    let shapes = [[(1, 2), (1, 3)], [(1, 2), (3, 1)], [(2, 1), (3, 2)]];
    for (shape, last_first) in shapes.iter().flat_map(|shape| [(shape, true), (shape, false)]) {
        for (db, other) in support::databases().into_iter().zip(support::databases()) {
            let world = World::new(db);
            let merge = |(survivor, gone): (i64, i64)| {
                let people = vec![survivor, gone];
                world.happen(2, &Event::Merge { people, choice: None }).unwrap()
            };
            let mut merges: Vec<i64> = shape.iter().map(|pair| merge(*pair)).collect();
            let files =
                [Event::File { system: "alpha", variant: 2 }, Event::File { system: "beta", variant: 4 }];
            files.iter().for_each(|file| assert_eq!(world.happen(5, file), None));
            if last_first {
                merges.reverse();
            }
            let importer = world.importer_at(6);
            let desk = importer.desk(Actor::admin("ann"));
            for merge in merges {
                let now = desk.merges("volunteer", &MergeFilter::default()).unwrap();
                let now = now
                    .iter()
                    .find(|line| line.merge == MergeId(merge))
                    .unwrap()
                    .redone_by
                    .unwrap_or(MergeId(merge));
                desk.undo_merge(now, "three people").unwrap();
            }
            let without = World::new(other);
            files.iter().for_each(|file| assert_eq!(without.happen(5, file), None));
            let told = format!("{} {shape:?} {last_first}", world.db.backend);
            assert_eq!(snapshot(&world.db), snapshot(&without.db), "{told}");
        }
    }
}
