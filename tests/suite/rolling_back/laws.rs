//! A run that is taken back has never happened, whatever happened before and after.

use importer::service::Actor;
use importer_core::ports::{MergeId, RunId};
use proptest::prelude::*;
use proptest::sample::select;

use super::roll_back;
use crate::merging::history::{Event, PEOPLE, World, snapshot};
use crate::support;

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0..PEOPLE, 0_u8..8).prop_map(|(person, variant)| Event::Bring { person, variant }),
        2 => (0..PEOPLE, 0_u8..8).prop_map(|(person, variant)| Event::Elsewhere { person, variant }),
        2 => (1..=PEOPLE, select(vec!["city", "employer"]), 0_u8..5)
            .prop_map(|(id, field, variant)| Event::Edit { id: i64::try_from(id).unwrap(), field, variant }),
    ];
    proptest::collection::vec(event, 1..9)
}

/// Takes two of the runs back, the first ones among those that are chosen last; true when nothing had to be kept.
fn check(events: &[Event], which: &[prop::sample::Index]) -> bool {
    let mut whole = true;
    for (db, other) in support::two_for_a_history() {
        let world = World::new(db);
        let mut runs = Vec::new();
        for (hour, event) in (2..).zip(events) {
            world.happen(hour, event);
            if !matches!(event, Event::Edit { .. }) {
                runs.push((hour, world.db.number("SELECT MAX(id) AS t FROM import_runs")));
            }
        }
        if runs.is_empty() {
            return false;
        }
        let mut gone: Vec<(usize, i64)> = which.iter().map(|index| *index.get(&runs)).collect();
        gone.dedup();
        let importer = world.importer_at(20);
        let mut kept = false;
        for (_, run) in &gone {
            if importer.run_status(*run) != "rolled_back" {
                let counts = roll_back(&importer, *run).counts;
                kept |= counts.contains_key("kept") || counts.contains_key("failed");
            }
        }
        if kept {
            whole = false;
            continue;
        }
        let without = World::new(other);
        for (hour, event) in (2..).zip(events) {
            if !gone.iter().any(|(at, _)| *at == hour) {
                without.happen(hour, event);
            }
        }
        assert_eq!(snapshot(&world.db), snapshot(&without.db), "{}: {events:#?} {gone:?}", world.db.backend);
    }
    whole
}

/// How a run stands.
trait Status {
    fn run_status(&self, run: i64) -> &'static str;
}

impl Status for importer::Importer {
    fn run_status(&self, run: i64) -> &'static str {
        let runs = self.runs(&Default::default()).unwrap();
        runs.iter().find(|r| r.id == RunId(run)).unwrap().status.as_str()
    }
}

#[test]
fn runs_that_are_taken_back_have_never_happened() {
    let (cases, mut runner) = support::histories(40);
    let strategy = (events(), proptest::collection::vec(any::<prop::sample::Index>(), 1..3));
    let whole = std::cell::Cell::new(0);
    runner
        .run(&strategy, |(events, which)| {
            whole.set(whole.get() + u32::from(check(&events, &which)));
            Ok(())
        })
        .unwrap();
    assert!(whole.get() > cases / 4, "too many histories in which something was kept: {}", whole.get());
}

/// Whoever stood only because a later run had brought the same row again goes when that run goes.
#[test]
fn when_every_run_is_taken_back_nobody_is_left_whatever_the_order() {
    let (_, mut runner) = support::histories(20);
    let brought = events().prop_map(|mut events| {
        events.retain(|event| !matches!(event, Event::Edit { .. }));
        events
    });
    let strategy = (brought, proptest::collection::vec(any::<u32>(), 12));
    runner
        .run(&strategy, |(events, order)| {
            for db in support::databases_for_a_history() {
                let world = World::new(db);
                for (hour, event) in (2..).zip(&events) {
                    world.happen(hour, event);
                }
                let mut runs: Vec<(u32, i64)> = order
                    .iter()
                    .copied()
                    .zip(1..=world.db.number("SELECT MAX(id) AS t FROM import_runs"))
                    .collect();
                runs.sort_unstable();
                let importer = world.importer_at(20);
                for (_, run) in &runs {
                    roll_back(&importer, *run);
                }
                let left = snapshot(&world.db);
                assert!(left.is_empty(), "{}: {events:#?} {runs:?}: {left:#?}", world.db.backend);
            }
            Ok(())
        })
        .unwrap();
}

/// Runs that came while people were merged, and the merges, are taken back: nothing of either is left.
#[test]
fn runs_that_came_while_people_were_merged_leave_nothing_once_the_merges_are_taken_back() {
    let (cases, mut runner) = support::histories(20);
    let pair = (1..=PEOPLE, 1..=PEOPLE).prop_filter("two people", |(a, b)| a != b);
    let histories = (events(), pair, any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let whole = std::cell::Cell::new(0);
    runner
        .run(&histories, |(events, (a, b), at, which)| {
            let id = |n: usize| i64::try_from(n).unwrap();
            let at = at.index(events.len() + 1);
            let mut nothing_kept = false;
            for (db, other) in support::two_for_a_history() {
                let world = World::new(db);
                let (mut merge, mut runs) = (None, Vec::new());
                for (n, event) in events.iter().enumerate() {
                    if n == at {
                        let people = vec![id(a), id(b)];
                        merge = world.happen(n + 2, &Event::Merge { people, choice: None });
                    }
                    if let Event::Edit { id: who, .. } = event
                        && *who == id(b)
                        && merge.is_some()
                    {
                        // Who went cannot be edited.
                        continue;
                    }
                    world.happen(n + 2, event);
                    if !matches!(event, Event::Edit { .. }) {
                        runs.push((n, world.db.number("SELECT MAX(id) AS t FROM import_runs")));
                    }
                }
                if runs.is_empty() {
                    continue;
                }
                let gone = *which.get(&runs);
                let importer = world.importer_at(20);
                if let Some(merge) = merge {
                    importer.desk(Actor::admin("ann")).undo_merge(MergeId(merge), "two people").unwrap();
                }
                let counts = roll_back(&importer, gone.1).counts;
                if counts.contains_key("kept") || counts.contains_key("failed") {
                    continue;
                }
                nothing_kept = true;
                let without = World::new(other);
                for (n, event) in events.iter().enumerate() {
                    let not_done = merge.is_some()
                        && n >= at
                        && matches!(event, Event::Edit { id: who, .. } if *who == id(b));
                    if n != gone.0 && !not_done {
                        without.happen(n + 2, event);
                    }
                }
                assert_eq!(
                    snapshot(&world.db),
                    snapshot(&without.db),
                    "{}: {events:#?} {a} and {b} merged before event {at}, event {} taken back",
                    world.db.backend,
                    gone.0
                );
            }
            whole.set(whole.get() + u32::from(nothing_kept));
            Ok(())
        })
        .unwrap();
    assert!(whole.get() > cases / 3, "too many histories in which something was kept: {}", whole.get());
}
