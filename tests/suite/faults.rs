//! Every step of a merge, its undoing and a rollback fails once, and each of them is killed: nothing is ever half done.

use std::process::Stdio;
use std::time::{Duration, Instant};

use importer::service::{Actor, MergeRequest, RollbackRequest};
use importer::{ErrorKind, Importer, RunId, RunRequest};

use super::merging::history::{World, snapshot};
use super::support::{self, Database};

/// A table that is written, and how.
pub(crate) type Step = (&'static str, &'static str);

const MERGE: [Step; 15] = [
    ("merge_log", "INSERT"),
    ("merge_members", "INSERT"),
    ("external_id_map", "UPDATE"),
    ("dedupe_suggestions", "UPDATE"),
    ("household_members", "DELETE"),
    ("household_members", "INSERT"),
    ("signups", "UPDATE"),
    ("merge_log", "UPDATE"),
    ("core_volunteers", "DELETE"),
    ("core_volunteers", "INSERT"),
    ("core_volunteer_contacts", "DELETE"),
    ("core_volunteer_contacts", "INSERT"),
    ("match_keys", "INSERT"),
    ("change_log", "INSERT"),
    ("audit_log", "INSERT"),
];

const UNDO: [Step; 12] = [
    ("core_volunteers", "INSERT"),
    ("core_volunteer_contacts", "DELETE"),
    ("core_volunteer_contacts", "INSERT"),
    ("external_id_map", "UPDATE"),
    ("dedupe_suggestions", "UPDATE"),
    ("household_members", "DELETE"),
    ("household_members", "INSERT"),
    ("signups", "UPDATE"),
    ("match_keys", "DELETE"),
    ("merge_log", "UPDATE"),
    ("change_log", "INSERT"),
    ("audit_log", "INSERT"),
];

/// In their order: what is done before a step that fails stays done.
const ROLLBACK: [Step; 14] = [
    ("import_runs", "UPDATE"),
    ("rollbacks", "INSERT"),
    ("external_id_map", "DELETE"),
    ("core_volunteers", "INSERT"),
    ("core_volunteers", "DELETE"),
    ("core_volunteer_contacts", "DELETE"),
    ("match_keys", "DELETE"),
    ("change_log", "INSERT"),
    ("rollback_items", "INSERT"),
    ("rollbacks", "UPDATE"),
    ("dq_violations", "UPDATE"),
    ("quarantine", "UPDATE"),
    ("watermarks", "UPDATE"),
    ("audit_log", "INSERT"),
];

/// Makes the database refuse a step.
pub(crate) fn refuse(db: &Database, (table, how): Step) {
    db.execute(&match db.backend {
        "sqlite" => format!(
            "CREATE TRIGGER fault BEFORE {how} ON {table} BEGIN SELECT RAISE(ABORT, 'refused for a test'); END"
        ),
        _ => format!(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'refused for a test'; \
             END $$ LANGUAGE plpgsql; CREATE TRIGGER fault BEFORE {how} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
        ),
    });
}

pub(crate) fn allow(db: &Database, table: &str) {
    db.execute(&match db.backend {
        "sqlite" => "DROP TRIGGER fault".to_owned(),
        _ => format!("DROP TRIGGER fault ON {table}"),
    });
}

/// Does something with one step refused, and says why it failed.
pub(crate) fn without(db: &Database, step: Step, what: impl FnOnce() -> Option<importer::Error>) {
    refuse(db, step);
    let error = what();
    allow(db, step.0);
    let error = error.unwrap_or_else(|| panic!("{step:?} was never taken on {}", db.backend));
    let told = format!("{error} {:?}", std::error::Error::source(&error).map(ToString::to_string));
    assert!(told.contains("refused"), "{step:?} on {}: {told}", db.backend);
}

/// People with everything that can refer to them.
fn world(db: Database) -> World {
    let world = World::new(db);
    world.sign_up(2, "picnic");
    // Who goes lives with somebody.
    world.review(1, 3, true).unwrap();
    world
}

#[test]
fn a_merge_and_its_undoing_are_done_whole_or_not_at_all() {
    for db in support::databases() {
        let world = world(db);
        let before = snapshot(&world.db);
        let importer = world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let request = MergeRequest::new("volunteer", [1, 2], "the same");
        for step in MERGE {
            without(&world.db, step, || desk.merge(&request).err());
            assert_eq!(snapshot(&world.db), before, "{step:?} on {}", world.db.backend);
        }
        let merge = desk.merge(&request).unwrap().merge;
        let merged = snapshot(&world.db);
        assert_ne!(merged, before);
        for step in UNDO {
            without(&world.db, step, || desk.undo_merge(merge, "twins").err());
            assert_eq!(snapshot(&world.db), merged, "{step:?} on {}", world.db.backend);
        }
        desk.undo_merge(merge, "twins").unwrap();
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
    }
}

/// Brings many new people, one known one and one that is held back.
fn wrong_file(world: &World, people: usize) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let rows: String = (0..people)
        .map(|n| format!("x{n},Ann,Lee,x{n}@example.org,Oslo,Acme,2025-05-20T08:00:00Z\n"))
        .collect();
    let csv = format!(
        "id,first name,last name,email,city,employer,updated at\n{rows}\
         p0,Ann,Lee,p0@example.org,Bergen,New,2025-05-20T08:00:00Z\nbad,Ann,Lee,,Oslo,,\n"
    );
    let file = support::file(folder.path(), "wrong.csv", csv);
    let request = RunRequest::new("csv").file(file).external_system("alpha");
    world.importer().run(&request).unwrap().run_id.0
}

fn roll_back(importer: &Importer, run: i64) -> importer::Result<importer::service::RollbackReport> {
    let request = RollbackRequest { run: RunId(run), reason: "the wrong file".into(), dry_run: false };
    importer.desk(Actor::admin("ann")).roll_back(&request)
}

#[test]
fn a_rollback_goes_on_where_it_failed() {
    for db in support::databases() {
        let world = world(db);
        let before = snapshot(&world.db);
        let run = wrong_file(&world, 5);
        let importer = world.importer();
        for step in ROLLBACK {
            without(&world.db, step, || roll_back(&importer, run).err());
        }
        let told = roll_back(&importer, run).unwrap();
        assert_eq!(told.counts.keys().collect::<Vec<_>>(), ["reverted"], "{told:?}");
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
        assert_eq!(world.db.number("SELECT COUNT(*) AS t FROM rollbacks"), 1);
    }
}

#[test]
fn what_is_half_taken_back_is_finished_before_anything_comes() {
    for db in support::databases() {
        let world = world(db);
        let run = wrong_file(&world, 5);
        let importer = world.importer();
        without(&world.db, ("rollback_items", "INSERT"), || roll_back(&importer, run).err());
        let half = importer.desk(Actor::admin("ann")).interrupted().unwrap();
        assert_eq!(half.iter().map(|run| run.id).collect::<Vec<_>>(), [run], "{}", world.db.backend);
        let begun = "SELECT details_json AS t FROM audit_log WHERE action = 'roll_back_runs'";
        assert!(world.db.texts(begun)[0].contains("begin"), "{}", world.db.backend);
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(
            folder.path(),
            "right.csv",
            "id,first name,last name,email\np0,Ann,Lee,p0@example.org\n",
        );
        let right = RunRequest::new("csv").file(file);
        let refused = importer.run(&right.clone().external_system("alpha")).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Busy);
        assert_eq!(refused.code(), "rollback_unfinished");
        assert!(
            refused.to_string().contains(&format!("the rollback of run {run} of `alpha` is unfinished")),
            "{refused}"
        );
        // Another system could bring somebody whom the run has made, and who is about to go.
        let other = importer.run(&right.clone().external_system("delta")).unwrap_err();
        assert_eq!(other.kind(), ErrorKind::Busy);
        roll_back(&importer, run).unwrap();
        assert_eq!(
            importer.run(&right.external_system("alpha")).unwrap().counts.read,
            1,
            "{}",
            world.db.backend
        );
    }
}

#[test]
fn a_run_that_is_taken_back_does_not_go_on() {
    for db in support::databases() {
        let world = world(db);
        let folder = tempfile::tempdir().unwrap();
        let csv =
            "id,first name,last name,email,updated at\nx1,Ann,Lee,x1@example.org,2025-05-20T08:00:00Z\n";
        let request =
            RunRequest::new("csv").file(support::file(folder.path(), "x.csv", csv)).external_system("alpha");
        let importer = world.importer();
        refuse(&world.db, ("watermarks", "UPDATE"));
        let report = importer.run(&request).unwrap();
        allow(&world.db, "watermarks");
        let broken = report.run_id;
        assert_eq!(report.status, importer::ReportStatus::Failed, "{report:?}");
        assert_eq!(world.db.number("SELECT COUNT(*) AS t FROM external_id_map WHERE external_id = 'x1'"), 1);
        roll_back(&importer, broken.0).unwrap();
        assert_eq!(world.db.number("SELECT COUNT(*) AS t FROM external_id_map WHERE external_id = 'x1'"), 0);

        let again = importer.run(&request).unwrap();
        assert!(again.run_id > broken, "{again:?}");
        assert_eq!((again.counts.read, again.counts.inserted), (1, 1), "{}", world.db.backend);
        let status = format!("SELECT status AS t FROM import_runs WHERE id = {broken}");
        assert_eq!(world.db.texts(&status), ["rolled_back"]);
    }
}

/// Kills the command line at one moment after another until it comes to its end, looking at what it left each time. `look` says
/// whether all was done: a process can be killed between its last transaction and its exit.
fn killed_again_and_again(world: &World, arguments: &[&str], look: impl Fn() -> bool) {
    for delay in [2, 5, 9, 14, 20, 27, 35, 50, 80, 120, 200, 400, 800, 3000, 60_000] {
        let mut child = support::command_line()
            .args(arguments)
            .args(["--reason", "a test", "--db", &world.db.url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_millis(delay);
        while Instant::now() < end && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // SIGKILL, unless it has ended.
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        if look() || ended.success() {
            return;
        }
    }
    panic!("it never came to its end");
}

#[test]
fn killed_at_any_moment_a_merge_is_done_or_not_done() {
    for db in support::databases() {
        let world = World::new(db);
        wrong_file(&world, 300);
        let before = snapshot(&world.db);
        let people = world.db.texts("SELECT id AS t FROM core_volunteers ORDER BY id");
        let arguments: Vec<&str> =
            std::iter::once("merge").chain(people.iter().map(String::as_str)).collect();
        let one = || world.db.number("SELECT COUNT(*) AS t FROM core_volunteers") == 1;
        killed_again_and_again(&world, &arguments, || {
            assert!(one() || snapshot(&world.db) == before, "half merged on {}", world.db.backend);
            one()
        });
        let merged = snapshot(&world.db);
        assert!(one());
        let merge = world.db.number("SELECT MAX(id) AS t FROM merge_log").to_string();
        killed_again_and_again(&world, &["undo", &merge], || {
            let now = snapshot(&world.db);
            assert!(now == merged || now == before, "half undone on {}", world.db.backend);
            now == before
        });
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
    }
}

#[test]
fn killed_at_any_moment_a_rollback_comes_to_the_same_end() {
    for db in support::databases() {
        let world = World::new(db);
        let before = snapshot(&world.db);
        let run = wrong_file(&world, 3000).to_string();
        let done = || world.db.texts("SELECT status AS t FROM rollbacks") == ["done"];
        killed_again_and_again(&world, &["rollback", &run], done);
        assert_eq!(snapshot(&world.db), before, "{}", world.db.backend);
        assert_eq!(world.db.texts("SELECT status AS t FROM rollbacks"), ["done"]);
    }
}
