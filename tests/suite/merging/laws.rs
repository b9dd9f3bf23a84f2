//! Taking a merge back is as if it had not happened, whatever happened before and after.

use importer::service::Actor;
use importer_core::ports::MergeId;
use proptest::prelude::*;
use proptest::sample::select;

use super::history::{Event, PEOPLE, World, snapshot};
use crate::support;

/// What is to happen; people are told by whose row of the source they are.
#[derive(Debug, Clone)]
enum Wish {
    Bring(usize, u8),
    Elsewhere(usize, u8),
    Edit(usize, &'static str, u8),
    Merge(usize, usize, Option<(&'static str, bool)>),
    Three(usize, usize, usize),
    SignUp(usize, u8),
    Review(i64, bool),
}

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    let person = || 0..PEOPLE;
    let field = || select(vec!["city", "employer"]);
    let wish = prop_oneof![
        4 => (person(), 0_u8..8).prop_map(|(p, v)| Wish::Bring(p, v)),
        1 => (person(), 0_u8..8).prop_map(|(p, v)| Wish::Elsewhere(p, v)),
        2 => (person(), field(), 0_u8..5).prop_map(|(p, f, v)| Wish::Edit(p, f, v)),
        4 => (person(), person(), proptest::option::of((field(), any::<bool>()))).prop_map(|(a, b, c)| Wish::Merge(a, b, c)),
        1 => (person(), person(), person()).prop_map(|(a, b, c)| Wish::Three(a, b, c)),
        1 => (person(), 0_u8..4).prop_map(|(p, v)| Wish::SignUp(p, v)),
        3 => (1_i64..=6, any::<bool>()).prop_map(|(pair, accept)| Wish::Review(pair, accept)),
    ];
    proptest::collection::vec(wish, 1..10)
}

/// Lets wishes happen, and tells what happened in ids, with the merges that were made.
fn happen(world: &World, wishes: &[Wish]) -> Vec<(usize, Event, Option<i64>)> {
    let mut happened = Vec::new();
    for (hour, wish) in (2..).zip(wishes) {
        let id = |person: &usize| world.owner_of(&format!("p{person}"));
        let event = match wish {
            Wish::Bring(person, variant) => Event::Bring { person: *person, variant: *variant },
            Wish::Elsewhere(person, variant) => Event::Elsewhere { person: *person, variant: *variant },
            Wish::Edit(person, field, variant) => Event::Edit { id: id(person), field, variant: *variant },
            Wish::SignUp(person, event) => Event::SignUp { id: id(person), event: *event },
            Wish::Review(pair, accept) => {
                // Who is accepted is merged with whoever is there: without an earlier merge that is somebody else.
                let accept = *accept && (*pair <= 3 || world.is_original(*pair));
                // Where both are one person by now, nobody is to decide.
                if let Ok(merge) = world.review(hour, *pair, accept) {
                    happened.push((hour, Event::Review { pair: *pair, accept }, merge));
                }
                continue;
            }
            Wish::Merge(a, b, choice) => {
                let (a, b) = (id(a), id(b));
                if a == b {
                    continue;
                }
                Event::Merge {
                    people: vec![a, b],
                    choice: choice.map(|(f, first)| (f, if first { a } else { b })),
                }
            }
            Wish::Three(a, b, c) => {
                let people = vec![id(a), id(b), id(c)];
                if people[0] == people[1] || people[1] == people[2] || people[0] == people[2] {
                    continue;
                }
                Event::Merge { people, choice: None }
            }
        };
        let merge = world.happen(hour, &event);
        happened.push((hour, event, merge));
    }
    happened
}

fn check(wishes: &[Wish], which: prop::sample::Index) {
    for (db, other) in support::two_for_a_history() {
        let world = World::new(db);
        let happened = happen(&world, wishes);
        let merges: Vec<i64> = happened.iter().filter_map(|(_, _, merge)| *merge).collect();
        if merges.is_empty() {
            continue;
        }
        let gone = *which.get(&merges);
        let importer = world.importer_at(20);
        let desk = importer.desk(Actor::admin("ann"));
        let undone = desk.undo_merge(MergeId(gone), "a mistake").unwrap();
        assert!(undone.lost_rows.is_empty(), "{undone:?}");
        // The same without the merge. Sign-ups and edits go to whom they went to.
        let without = World::new(other);
        for (hour, event, merge) in &happened {
            if *merge != Some(gone) {
                without.happen(*hour, event);
            }
        }
        assert_eq!(snapshot(&world.db), snapshot(&without.db), "{}: {happened:#?}", world.db.backend);
    }
}

#[test]
fn a_merge_that_is_taken_back_has_never_happened() {
    let (_, mut runner) = support::histories(40);
    let strategy = (wishes(), any::<prop::sample::Index>());
    runner
        .run(&strategy, |(wishes, which)| {
            check(&wishes, which);
            Ok(())
        })
        .unwrap();
}
