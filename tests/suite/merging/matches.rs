//! A match that an import made is taken back alone: the record of the source is a person of its own, as if the import had not
//! found anybody like it.

use importer::service::{Actor, Role};
use importer::{ErrorKind, MatchFilter, RecordId, RunRequest};
use proptest::prelude::*;

use super::any_order::{Life, Wish, wishes};
use super::history::{Event, PEOPLE, World, elsewhere, people};
use crate::support;

/// The first match of the third source that can be taken back, and who came of it.
fn take_back_a_match(life: &mut Life) -> Option<(String, i64)> {
    let matched = life.done.iter().filter(|done| !done.gone).find_map(|done| match done.event {
        Event::Elsewhere { person, variant } => Some(elsewhere(person, variant)),
        _ => None,
    });
    let id = matched?;
    let undone =
        life.desk(life.hour, |desk| desk.undo_match("volunteer", "gamma", &id, "somebody else of that name"));
    match undone {
        Ok(undone) => {
            assert!(undone.lost_rows.is_empty(), "{undone:?}");
            life.stand_again(&undone.redone);
            Some((id, (undone.restored[0]).0))
        }
        // A merge that stands may have brought the record; whoever takes that back first can take back the match.
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            None
        }
    }
}

/// True when there was a match to take back.
fn check(wishes: &[Wish], at: prop::sample::Index) -> bool {
    let mut compared = true;
    for (db, other) in support::two_for_a_history() {
        let mut life = Life::new(World::new(db));
        let (before, after) = wishes.split_at(at.index(wishes.len() + 1));
        life.live(before);
        life.hour += 1;
        let Some((id, apart)) = take_back_a_match(&mut life) else {
            compared = false;
            continue;
        };
        life.live(after);
        let without = World::new(other);
        let mut met = false;
        for done in life.done.iter().filter(|done| !done.gone) {
            match done.event {
                Event::Elsewhere { person, variant } if elsewhere(person, variant) == id && !met => {
                    met = true;
                    without.set_last_id(apart - 1);
                    without.bring_as_stranger(done.hour, person, variant);
                }
                _ => _ = without.happen(done.hour, &done.event),
            }
        }
        let (is, should) = (people(&life.world.db), people(&without.db));
        assert_eq!(is, should, "{}: {wishes:#?} {:#?}", life.world.db.backend, life.done);
    }
    compared
}

#[test]
fn a_match_that_is_taken_back_has_never_happened() {
    let (cases, mut runner) = support::histories(40);
    // A row that comes again to the letter is not looked at again, and nobody else may come. Under a second id, a row fits who is
    // parted as well as who stays.
    let plain = wishes(false).prop_map(|mut wishes| {
        wishes.retain(|wish| match wish {
            Wish::Elsewhere(person, variant) => {
                *person < PEOPLE && variant % 4 != 3 && elsewhere(*person, *variant).starts_with('g')
            }
            Wish::Stranger(..) => false,
            _ => true,
        });
        wishes.insert(0, Wish::Elsewhere(1, 2));
        wishes
    });
    let compared = std::cell::Cell::new(0);
    runner
        .run(&(plain, any::<prop::sample::Index>()), |(wishes, at)| {
            compared.set(compared.get() + u32::from(check(&wishes, at)));
            Ok(())
        })
        .unwrap();
    assert!(compared.get() > cases / 2, "too few histories with a match: {}", compared.get());
}

#[test]
fn who_was_parted_stays_apart_and_can_be_matched_again() {
    for db in support::databases() {
        let world = World::new(db);
        world.happen(2, &Event::Elsewhere { person: 1, variant: 2 });
        let together = people(&world.db);
        let importer = world.importer_at(4);
        let desk = importer.desk(Actor::admin("ann"));
        let undone = desk.undo_match("volunteer", "gamma", "g1", "her mother").unwrap();
        let (stays, apart) = (undone.survivor.0, undone.restored[0].0);
        assert_eq!((world.owner_of("p1"), world.owner_of("g1")), (stays, apart), "{}", world.db.backend);
        // The file comes again with something new: each row goes to its own person, and nobody is suggested.
        world.happen(5, &Event::Elsewhere { person: 1, variant: 6 });
        assert_eq!(world.owner_of("g1"), apart);
        let open = "SELECT COUNT(*) AS t FROM dedupe_suggestions WHERE decision = 'open' AND right_id =";
        assert_eq!(world.db.number(&format!("{open} {apart}")), 0, "{}", world.db.backend);
        // It can be done again; then everything is as it was, and the last row is theirs, too.
        let error = desk.undo_match("volunteer", "gamma", "g1", "again").unwrap_err();
        assert!(error.to_string().contains("was created from it"), "{error}");
        let error = desk.undo_match("volunteer", "gamma", "nobody", "again").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_ne!(people(&world.db), together);
    }
}

#[test]
fn matches_are_listed_explained_and_taken_back_by_what_is_listed() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let importer = db.importer();
        let bring = |name: &str, csv: &str| {
            let request = RunRequest::new("csv").external_system(name);
            importer.run(&request.file(support::file(folder.path(), &format!("{name}.csv"), csv))).unwrap()
        };
        bring(
            "members",
            "id,first name,last name,email\n1,Ann,Lee,ann@example.org\n2,Bo,Ray,bo@example.org\n",
        );
        // One with an id of its own, one without, and somebody who is nobody known.
        let fair = bring("fair", "first name,last name,email,city\nAnn,Lee,ann@example.org,Omaha\n");
        bring("camp", "id,first name,last name,email\n9,Bo,Ray,bo@example.org\n8,Cy,Poe,cy@example.org\n");
        let desk = importer.desk(Actor::admin("ann"));
        let all = desk.matches("volunteer", &MatchFilter::default()).unwrap();
        let told: Vec<_> =
            all.iter().map(|line| (line.system.as_str(), line.record.0, line.stands)).collect();
        assert_eq!(told, [("fair", 1, true), ("camp", 2, true)], "{}", db.backend);
        assert!(all.iter().all(|line| line.reason.starts_with("same_email_and_name")), "{all:?}");
        // By page, by run and by person.
        let page = |after, limit| MatchFilter { after, limit, ..MatchFilter::default() };
        assert_eq!(desk.matches("volunteer", &page(all[0].row, 1)).unwrap(), all[1..]);
        let of_run = MatchFilter { run: Some(fair.run_id), ..MatchFilter::default() };
        assert_eq!(desk.matches("volunteer", &of_run).unwrap(), all[..1]);
        let of_person = |id| MatchFilter { record: Some(RecordId(id)), ..MatchFilter::default() };
        assert_eq!(desk.matches("volunteer", &of_person(2)).unwrap(), all[1..]);
        assert!(desk.matches("volunteer", &of_person(3)).unwrap().is_empty());
        // An id that was made of a row's content tells of the row.
        let viewer = importer.desk(Actor::new("val", Role::Viewer));
        let seen = viewer.matches("volunteer", &of_person(1)).unwrap();
        assert_eq!(seen[0].external_id, importer::service::MASKED);
        assert!(!seen[0].reason.contains("same_email"), "{seen:?}");

        let undone = desk.undo_match("volunteer", &all[0].system, &all[0].external_id, "her mother").unwrap();
        assert_eq!(undone.survivor, 1);
        let again = desk.matches("volunteer", &MatchFilter::default()).unwrap();
        assert_eq!(again.iter().map(|line| line.stands).collect::<Vec<_>>(), [false, true]);
        // Who goes into somebody takes the matches along.
        let merge = importer::service::MergeRequest::new("volunteer", [1, 2], "one person");
        desk.merge(&merge).unwrap();
        let of_both = desk.matches("volunteer", &of_person(1)).unwrap();
        assert!(of_both.iter().any(|line| line.system == "camp" && line.record == 1 && line.stands));
    }
}
