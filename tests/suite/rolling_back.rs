//! Taking whole runs back.

#[path = "rolling_back/laws.rs"]
mod laws;

use importer::service::{Actor, Edit, MergeRequest, Role, RollbackReport, RollbackRequest};
use importer::{ErrorKind, Importer, RecordId, RunId, RunRequest};

use super::merging::history::{World, snapshot};
use super::support;

fn request(run: i64) -> RollbackRequest {
    RollbackRequest { run: RunId(run), reason: "the wrong file".into(), dry_run: false }
}

pub(super) fn roll_back(importer: &Importer, run: i64) -> RollbackReport {
    importer.desk(Actor::admin("ann")).roll_back(&request(run)).unwrap()
}

fn last_run(world: &World) -> i64 {
    world.db.number("SELECT MAX(id) AS t FROM import_runs")
}

#[test]
fn a_run_that_is_taken_back_leaves_nothing_and_can_come_again() {
    for db in support::databases() {
        let world = World::new(db);
        let before = snapshot(&world.db);
        let folder = tempfile::tempdir().unwrap();
        let rows: String = (0..2500)
            .map(|n| format!("x{n},Ann,Lee,x{n}@example.org,Oslo,Acme,2025-05-20T08:00:00Z\n"))
            .collect();
        // New people, a known one with new values, one of another system, and a row that is held back.
        let csv = format!(
            "id,first name,last name,email,city,employer,updated at\n{rows}\
             p0,Ann,Lee,p0@example.org,Bergen,New,2025-05-20T08:00:00Z\nb1,Ann,Lee,p1@example.org,Lima,Acme,\n\
             bad,Ann,Lee,,Oslo,,\n"
        );
        let file = support::file(folder.path(), "people.csv", csv);
        let importer = world.importer();
        let run = RunRequest::new("csv").file(&file).external_system("alpha");
        let first = importer.run(&run).unwrap();
        assert_eq!((first.counts.inserted, first.counts.quarantined), (2500, 1), "{first:?}");
        let after = snapshot(&world.db);
        let id = first.run_id;

        let dry = importer
            .desk(Actor::new("vera", Role::Viewer))
            .roll_back(&RollbackRequest { dry_run: true, ..request(id.0) });
        let dry = dry.unwrap();
        assert_eq!(snapshot(&world.db), after, "{}", world.db.backend);
        let told = roll_back(&importer, id.0);
        assert_eq!(told.counts, dry.counts);
        assert_eq!(told.counts.keys().collect::<Vec<_>>(), ["reverted"], "{told:?}");
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
        assert_eq!(importer.runs(&Default::default()).unwrap()[0].status.as_str(), "rolled_back");
        assert_eq!(world.db.number("SELECT COUNT(*) AS t FROM quarantine WHERE status = 'open'"), 0);

        // Once more is an error; the file itself comes again as if it had never come.
        let error = importer.desk(Actor::admin("ann")).roll_back(&request(id.0)).unwrap_err();
        assert!(
            error.to_string().contains("it is already rolled back, and nothing of it is left"),
            "{error}"
        );
        let again = importer.run(&run).unwrap();
        assert_eq!(again.counts, first.counts, "{}", world.db.backend);
    }
}

#[test]
fn what_was_built_on_since_is_kept_and_told() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let folder = tempfile::tempdir().unwrap();
        let csv = "id,first name,last name,email,city\nn1,Ann,Lee,n1@example.org,Oslo\nn2,Ann,Lee,n2@example.org,Oslo\n\
                   n3,Ann,Lee,n3@example.org,Oslo\nn4,Ann,Lee,n4@example.org,Oslo\nn5,Ann,Lee,n5@example.org,Oslo\n\
                   n6,Ann,Lee,n6@example.org,Oslo\n";
        let run =
            RunRequest::new("csv").file(support::file(folder.path(), "n.csv", csv)).external_system("alpha");
        importer.run(&run).unwrap();
        let run = last_run(&world);
        let id = |name: &str| world.owner_of(name);
        let (edited, merged, signed_up) = (id("n1"), id("n2"), id("n3"));
        let desk = importer.desk(Actor::admin("ann"));
        let values = vec![("city".into(), "Bergen".into())];
        desk.edit("volunteer", RecordId(edited), &Edit { values, reason: "moved".into() }).unwrap();
        let merge = desk.merge(&MergeRequest::new("volunteer", [1, merged], "the same")).unwrap().merge;
        world.sign_up(signed_up, "picnic");
        let pair = world.suggest(2, id("n6"), "household");
        world.review(2, pair, true).unwrap();
        let csv = "id,first name,last name,email,city\nm4,Ann,Lee,n4@example.org,Oslo\n";
        let other =
            RunRequest::new("csv").file(support::file(folder.path(), "m.csv", csv)).external_system("gamma");
        importer.run(&other).unwrap();

        let told = roll_back(&importer, run);
        assert_eq!((told.counts["reverted"], told.counts["kept"]), (1, 5), "{told:?}");
        let whys: Vec<&str> = told.not_reverted.iter().map(|item| item.why.as_str()).collect();
        let expected = [
            "edited_since".to_owned(),
            format!("merged_into: 1, {merge}"),
            "referenced_by_host: 1".into(),
            "confirmed_by_run: 4".into(),
            "in_household".into(),
        ];
        assert_eq!(whys, expected, "{}", world.db.backend);
        assert!(importer.record("volunteer", RecordId(edited)).unwrap().is_some());
        let items = desk.rollback_items(RunId(run), Some("reverted"), 0, 10).unwrap();
        assert_eq!(items.len(), 1);
    }
}

#[test]
fn what_was_kept_is_taken_back_by_the_same_call_once_nothing_keeps_it() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let before = snapshot(&world.db);
        let folder = tempfile::tempdir().unwrap();
        let csv = "id,first name,last name,email\nn1,Ann,Lee,n1@example.org\nn2,Ann,Lee,n2@example.org\n";
        let file = support::file(folder.path(), "n.csv", csv);
        importer.run(&RunRequest::new("csv").file(file).external_system("alpha")).unwrap();
        let run = last_run(&world);
        let desk = importer.desk(Actor::admin("ann"));
        let (merged, signed_up) = (world.owner_of("n1"), world.owner_of("n2"));
        let merge = desk.merge(&MergeRequest::new("volunteer", [1, merged], "the same")).unwrap().merge;
        world.sign_up(signed_up, "picnic");
        let told = roll_back(&importer, run);
        assert_eq!((told.left, told.counts.get("reverted")), (2, None), "{told:?}");

        desk.undo_merge(merge, "somebody else").unwrap();
        let told = roll_back(&importer, run);
        assert_eq!((told.left, told.counts["reverted"], told.counts["kept"]), (1, 1, 1), "{told:?}");
        assert!(importer.record("volunteer", RecordId(merged)).unwrap().is_none());
        // Each change is listed once, as it stands.
        let outcomes: Vec<String> = desk
            .rollback_items(RunId(run), None, 0, 10)
            .unwrap()
            .into_iter()
            .map(|(_, item)| item.outcome)
            .collect();
        assert_eq!(outcomes, ["reverted", "kept"], "{}", world.db.backend);

        world.db.execute("DELETE FROM signups");
        assert_eq!(roll_back(&importer, run).left, 0);
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
        let again = desk.roll_back(&request(run)).unwrap_err();
        assert!(again.to_string().contains("it is already rolled back"), "{again}");
    }
}

#[test]
fn a_merge_that_was_taken_back_keeps_nobody() {
    for (db, other) in support::databases().into_iter().zip(support::databases()) {
        // The wrong rows come to one world only. While two are one, a source brings the one who went again.
        let [with, without] = [(db, true), (other, false)].map(|(db, wrong)| {
            let world = World::new(db);
            world.bring(2, 2, 0);
            if wrong {
                world.bring(3, 2, 1);
            }
            let run = last_run(&world);
            let importer = world.importer();
            let desk = importer.desk(Actor::admin("ann"));
            let merge = desk.merge(&MergeRequest::new("volunteer", [1, 2], "the same")).unwrap().merge;
            world.bring(4, 2, 2);
            if wrong {
                let kept = roll_back_dry(&importer, run);
                assert_eq!(kept.not_reverted[0].why, format!("merged_into: 1, {merge}"));
            }
            desk.undo_merge(merge, "twins").unwrap();
            if wrong {
                let told = roll_back(&importer, run);
                assert!(told.not_reverted.iter().all(|item| item.field.is_some()), "{told:?}");
            }
            world
        });
        assert_eq!(snapshot(&with.db), snapshot(&without.db), "{}", with.db.backend);
    }
}

fn roll_back_dry(importer: &Importer, run: i64) -> RollbackReport {
    importer.desk(Actor::admin("ann")).roll_back(&RollbackRequest { dry_run: true, ..request(run) }).unwrap()
}

#[test]
fn what_a_run_ended_in_quarantine_is_open_again_when_it_is_taken_back() {
    // Whichever of the later runs is taken back first.
    for (first, second) in [(3, 2), (2, 3)] {
        for db in support::databases() {
            let folder = tempfile::tempdir().unwrap();
            for (n, city) in ["Oslo", "Bergen", "Lima"].into_iter().enumerate() {
                // Later files bring other rows of both, and Bob is right in the last one.
                let mail = if n == 2 { "bob@example.org" } else { "" };
                let csv = format!(
                    "id,first name,last name,email,city\na,Ann,Lee,,{city}\nb,Bob,Ray,{mail},{city}\n"
                );
                db.import(&support::file(folder.path(), "people.csv", csv));
            }
            let importer = db.importer();
            let open = || {
                let found = db.texts(
                    "SELECT run_id || external_id AS t FROM quarantine WHERE status = 'open' ORDER BY 1",
                );
                let findings = db.number("SELECT COUNT(*) AS t FROM dq_violations WHERE status = 'open'");
                assert_eq!(findings, found.len() as i64, "each row lacks one thing");
                found
            };
            assert_eq!(open(), ["3a"]);
            roll_back(&importer, first);
            let (between, how) = (open(), format!("{first} and {second} on {}", db.backend));
            assert_eq!(between, if first == 3 { vec!["2a", "2b"] } else { vec!["3a"] }, "{how}");
            roll_back(&importer, second);
            assert_eq!(open(), ["1a", "1b"], "{how}");
        }
    }
}

#[test]
fn a_rollback_needs_an_admin_a_reason_and_a_run() {
    let world = World::new(support::sqlite());
    let importer = world.importer();
    let before = snapshot(&world.db);
    let refused = importer.desk(Actor::new("sam", Role::Steward)).roll_back(&request(1)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    let desk = importer.desk(Actor::admin("ann"));
    let refused = desk.roll_back(&RollbackRequest { reason: String::new(), ..request(1) }).unwrap_err();
    assert!(refused.to_string().contains("it needs a reason"), "{refused}");
    assert_eq!(desk.roll_back(&request(77)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(snapshot(&world.db), before);
}

#[test]
fn once_more_says_what_is_left_of_a_run() {
    for db in support::databases() {
        let world = World::new(db);
        let importer = world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let folder = tempfile::tempdir().unwrap();
        let brings = |system: &str, rows: &str| {
            let csv = format!("id,first name,last name,email,city\n{rows}");
            let file = support::file(folder.path(), "n.csv", csv);
            importer.run(&RunRequest::new("csv").file(file).external_system(system)).unwrap().run_id
        };
        // Somebody whom two runs know stands until the second one is taken back as well.
        let first = brings("alpha", "n1,Ann,Lee,n1@example.org,Oslo\n");
        let second = brings("gamma", "m1,Ann,Lee,n1@example.org,Oslo\n");
        let told = roll_back(&importer, first.0);
        assert_eq!((told.left, told.nothing_left), (1, false), "{told:?}");
        assert!(roll_back(&importer, second.0).nothing_left);
        let nothing = |run: i64| {
            let error = desk.roll_back(&request(run)).unwrap_err().to_string();
            assert!(error.contains("it is already rolled back, and nothing of it is left"), "{error}");
        };
        nothing(first.0);

        // Who is kept for a row of the host, and is gone when somebody looks again.
        let run = brings("alpha", "n2,Ann,Lee,n2@example.org,Oslo\n");
        let gone = world.owner_of("n2");
        world.sign_up(gone, "picnic");
        assert_eq!(roll_back(&importer, run.0).left, 1, "{}", world.db.backend);
        world.db.execute(&format!(
            "DELETE FROM signups; DELETE FROM core_volunteer_contacts WHERE volunteer_id = {gone}; \
                                   DELETE FROM core_volunteers WHERE id = {gone}"
        ));
        let told = roll_back(&importer, run.0);
        assert_eq!((told.left, told.nothing_left, told.counts["reverted"]), (0, true, 1), "{told:?}");
        let items = desk.rollback_items(run, None, 0, 10).unwrap();
        let whys: Vec<&str> = items.iter().map(|(_, item)| item.why.as_str()).collect();
        assert_eq!(whys, ["already_gone"], "{}", world.db.backend);
        nothing(run.0);

        // A value that somebody changed again is theirs; the rest is as before.
        let third = brings("alpha", "p0,Ann,Lee,p0@example.org,Bergen\n");
        let values = vec![("city".into(), "Turin".into())];
        desk.edit("volunteer", RecordId(1), &Edit { values, reason: "moved".into() }).unwrap();
        let told = roll_back(&importer, third.0);
        assert_eq!((told.left, told.nothing_left), (0, false), "{told:?}");
        let error = desk.roll_back(&request(third.0)).unwrap_err();
        assert!(error.to_string().contains("values that were changed again since"), "{error}");
        assert_eq!(error.code(), "only_kept_values_left", "{error}");
    }
}

#[test]
fn a_row_that_came_again_in_between_stands_though_another_one_came_later() {
    for taken_back_first in [0, 1] {
        for (db, other) in support::databases().into_iter().zip(support::databases()) {
            let (world, without) = (World::new(db), World::new(other));
            // A row without a date is the same to the letter when it comes again.
            world.bring(3, 4, 7);
            let mut gone = vec![last_run(&world)];
            world.bring(4, 4, 7);
            gone.push(last_run(&world));
            for world in [&world, &without] {
                world.bring(5, 4, 5);
            }
            let importer = world.importer_at(9);
            let counts = roll_back(&importer, gone[taken_back_first]).counts;
            // The second run says the same.
            assert_eq!(counts.contains_key("kept"), taken_back_first == 0, "{counts:?}");
            roll_back(&importer, gone[1 - taken_back_first]);
            assert_eq!(snapshot(&world.db), snapshot(&without.db), "{} {taken_back_first}", world.db.backend);
        }
    }
}

#[test]
fn what_a_run_landed_that_stands_is_known_though_the_run_that_saw_it_again_is_taken_back() {
    for (first, then) in [(0, 1), (1, 0)] {
        for (db, other) in support::databases().into_iter().zip(support::databases()) {
            let (world, without) = (World::new(db), World::new(other));
            world.bring(4, 0, 1);
            let earlier = last_run(&world);
            // A row without a date is the same to the letter when it comes again.
            for world in [&world, &without] {
                world.bring(5, 0, 3);
            }
            world.bring(7, 0, 3);
            let gone = [earlier, last_run(&world)];
            let importer = world.importer_at(9);
            roll_back(&importer, gone[first]);
            roll_back(&importer, gone[then]);
            assert_eq!(snapshot(&world.db), snapshot(&without.db), "{} {first}", world.db.backend);
        }
    }
}
