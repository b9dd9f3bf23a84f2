//! Old data go, and what undoing, rolling back and recognising may need stays.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use importer::service::{
    Actor, Edit, MergeRequest, RedoRequest, RetentionReport, RetentionTable, RollbackRequest,
};
use importer::{GateMode, GatePolicy, Importer, RecordId, RunReport, RunRequest};
use importer_core::ports::{FixedClock, QuarantineFilter, QuarantineStatus, parse_moment};
use importer_core::retention::RetentionPolicy;

use super::access::everything;
use super::cli;
use super::interruption::people::Dice;
use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,hobby\n";

/// Everything is old after ten days, and a run can be rolled back for a day.
const SHORT: &str = "\
retention: short
version: 1
days: { staging: 10, clean: 10, quarantine: 10, violations: 10, outcomes: 10, suggestions: 10, change_log: 10, images: 1,
  merges: 10, rollbacks: 10 }
";

/// An importer on a day.
fn on(db: &Database, day: &str, mode: GateMode) -> Importer {
    let clock = FixedClock(parse_moment(&format!("{day}T12:00:00Z")).unwrap());
    Importer::builder()
        .database(&db.url)
        .plugin(importer_adapter_csv::plugin())
        .clock(Arc::new(clock))
        .gate(GatePolicy { mode, ..GatePolicy::default() })
        .build()
        .unwrap()
}

fn import(db: &Database, day: &str, file: &Path) -> RunReport {
    on(db, day, GateMode::Warn).run(&RunRequest::new("csv").file(file)).unwrap()
}

fn purge(db: &Database, day: &str, policy: &str, dry_run: bool) -> RetentionReport {
    let policy = RetentionPolicy::parse(policy, "test.yaml").unwrap();
    let importer = on(db, day, GateMode::Warn);
    importer.desk(Actor::admin("ann")).retention(&policy, dry_run, "spring cleaning").unwrap()
}

fn table<'a>(report: &'a RetentionReport, name: &str) -> &'a RetentionTable {
    report.tables.iter().find(|table| table.table == name).unwrap()
}

/// Good people and bad ones, from a number on.
fn people(from: usize, good: usize, bad: usize) -> String {
    let row = |n: usize| {
        let email = if n < from + good { format!("markera{n}@example.org") } else { format!("markerb{n}") };
        format!("{n},Pat{n},Stone,{email},markerc{n}\n")
    };
    HEADER.to_owned() + &(from..from + good + bad).map(row).collect::<String>()
}

/// How often a marker stands anywhere but in the core.
fn markers(db: &Database, marker: &str) -> usize {
    let journals = ["staging_volunteers", "clean_volunteers", "dq_violations", "change_log", "import_runs"];
    let rows = everything(db);
    rows.iter()
        .filter(|row| {
            journals.iter().any(|table| row.starts_with(&format!("{table}: "))) && row.contains(marker)
        })
        .count()
}

#[test]
fn a_dry_run_changes_nothing_and_says_what_the_real_run_then_does() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: String| support::file(folder.path(), name, text);
        import(&db, "2020-01-01", &file("old.csv", people(0, 30, 3)));
        let importer = on(&db, "2020-01-02", GateMode::Warn);
        let values = vec![("city".to_owned(), "Liberty".to_owned())];
        importer
            .desk(Actor::admin("ann"))
            .edit("volunteer", RecordId(1), &Edit { values, reason: "she called".into() })
            .unwrap();
        on(&db, "2020-01-03", GateMode::Enforce)
            .run(&RunRequest::new("csv").external_system("held").file(file("held.csv", people(100, 15, 15))))
            .unwrap();
        import(&db, "2020-02-01", &file("mended.csv", people(30, 2, 0)));
        import(&db, "2020-03-01", &file("new.csv", people(200, 5, 5)));
        db.execute("INSERT INTO record_images VALUES (1, 'volunteer', 1, '{}')");
        // Two people who were made one in February.
        merged(&db, 1, 2, "2020-02-01T00:00:00Z");

        let images = ["record_images", "map_images"]
            .map(|table| db.number(&format!("SELECT COUNT(*) AS t FROM {table}")));
        let images = u64::try_from(images.iter().sum::<i64>()).unwrap();
        assert!(images > 0);

        let before = everything(&db);
        let told = purge(&db, "2020-03-05", SHORT, true);
        assert_eq!(everything(&db), before, "{}", db.backend);
        let done = purge(&db, "2020-03-05", SHORT, false);
        assert_eq!((&told.tables, true, false), (&done.tables, told.dry_run, done.dry_run), "{}", db.backend);
        let kept = |name: &str| table(&done, name).kept.clone();
        assert_eq!(kept("clean"), BTreeMap::from([("unfinished", 15)]), "{}: {done:?}", db.backend);
        assert_eq!(kept("staging"), BTreeMap::from([("open", 1), ("unfinished", 30)]), "{done:?}");
        assert_eq!(
            (table(&done, "staging").gone, table(&done, "quarantine").gone, table(&done, "images").gone),
            (34, 2, images),
            "{done:?}"
        );
        assert!(table(&done, "change_log").anonymised && table(&done, "violations").gone > 0, "{done:?}");
        assert_eq!(table(&done, "samples of columns").gone, 5, "{done:?}");

        let again = purge(&db, "2020-03-05", SHORT, false);
        assert!(again.tables.iter().all(|table| table.gone == 0), "{again:?}");
        assert!(
            again.tables.iter().zip(&done.tables).all(|(again, done)| again.kept == done.kept),
            "{again:?}"
        );
        let audit = db.texts("SELECT details_json AS t FROM audit_log WHERE action = 'retain' ORDER BY id");
        assert!(
            audit.len() == 4 && audit[0].contains("begin") && audit[1].contains("\"staging\":34"),
            "{audit:?}"
        );
        assert!(audit.iter().all(|line| !line.contains("marker")));
    }
}

/// However the days are chosen: what is told is done, and done once.
#[test]
fn every_policy_does_what_its_dry_run_told() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        for month in 1..=9_usize {
            // Some come again, some are mended, some are new.
            let text = people(10 * month - 8, 12 + month, month % 3);
            let file = support::file(folder.path(), &format!("{month}.csv"), text);
            import(&db, &format!("2020-0{month}-01"), &file);
            db.execute(&format!("INSERT INTO record_images VALUES ({month}, 'volunteer', {month}, '{{}}')"));
            if month % 4 == 0 {
                merged(&db, 3 * month as i64, 3 * month as i64 + 1, &format!("2020-0{month}-02T00:00:00Z"));
            }
        }
        let mut dice = Dice(20_200_901);
        let mut gone = 0;
        for round in 0..14 {
            let mut days = || 20 * (14 - round) / 2 + dice.below(60);
            let (staging, other) = (days() + 60, [(); 6].map(|()| days()));
            let policy = format!(
                "retention: dice\nversion: 1\nopen_quarantine: {}\ndays: {{ staging: {staging}, clean: {}, quarantine: {}, \
                 violations: {}, outcomes: {}, suggestions: 10, change_log: {}, images: {}, \
                 merges: 10, rollbacks: 10 }}\n",
                if round % 3 == 2 { "anonymise" } else { "keep" },
                other[0].min(staging),
                other[1],
                other[2],
                other[3],
                other[4],
                other[5]
            );
            let told = purge(&db, "2020-09-20", &policy, true);
            let done = purge(&db, "2020-09-20", &policy, false);
            assert_eq!(told.tables, done.tables, "{} by {policy}", db.backend);
            gone += done.tables.iter().map(|table| table.gone).sum::<u64>();
            let again = purge(&db, "2020-09-20", &policy, true);
            assert!(again.tables.iter().all(|table| table.gone == 0), "{again:?}");
        }
        assert!(gone > 100, "{gone}");
    }
}

/// Notes that two people were made one.
fn merged(db: &Database, survivor: i64, retired: i64, at: &str) {
    db.execute(&format!(
        "INSERT INTO merge_log (entity_type, survivor_id, change_mark, before_json, decisions_json, actor, reason, merged_at) \
         SELECT 'volunteer', {survivor}, COALESCE(MAX(id), 0), '{{}}', '{{}}', 'ann', 'one person', '{at}' FROM change_log; \
         INSERT INTO merge_members SELECT MAX(id), 'volunteer', {retired} FROM merge_log"
    ));
}

#[test]
fn rows_that_come_again_are_known_although_their_bytes_are_gone() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        // More than one batch; some people have no id, and are known by what their row says.
        let mut text = people(0, 6_000, 4);
        text += ",Cy,Day,markera@example.org,\n";
        let file = support::file(folder.path(), "people.csv", text);
        assert_eq!(import(&db, "2020-01-01", &file).counts.inserted, 6_001);
        assert!(
            markers(&db, "markera") > 6_000 && markers(&db, "markerb") > 0 && markers(&db, "markerc") > 0
        );
        let policy = format!("{SHORT}open_quarantine: anonymise\n");
        let report = purge(&db, "2021-01-01", &policy, false);
        assert_eq!(table(&report, "staging").gone, 6_005, "{report:?}");
        assert_eq!(table(&report, "violations of open entries").gone, 4, "{report:?}");
        assert_eq!(markers(&db, "marker"), 0, "{}", db.backend);
        let core = || {
            let mut rows = everything(&db);
            rows.retain(|row| {
                row.starts_with("core_") || row.starts_with("match_keys") || row.starts_with("change_log")
            });
            rows
        };
        let before = core();
        let again = import(&db, "2021-01-02", &file).counts;
        assert_eq!(
            (again.unchanged, again.inserted, again.quarantined),
            (6_001, 0, 4),
            "{}: {again:?}",
            db.backend
        );
        assert_eq!(core(), before, "{}", db.backend);
        // Those that are still held back are landed anew: somebody may want to see them.
        let open = "SELECT COUNT(*) AS t FROM quarantine WHERE status = 'open'";
        assert_eq!(db.number(open), 4, "{}", db.backend);
        // Somebody who changed is somebody known, too.
        let changed = format!("{HEADER}7,Pat7,Stone-Lee,markera7@example.org,\n");
        let report = import(&db, "2021-01-03", &support::file(folder.path(), "changed.csv", changed));
        assert_eq!((report.counts.updated, report.counts.inserted), (1, 0), "{}", db.backend);
    }
}

#[test]
fn what_undoing_a_merge_may_need_stays_until_it_is_undone() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        import(&db, "2020-01-01", &support::file(folder.path(), "1.csv", people(0, 6, 0)));
        merged(&db, 1, 2, "2020-01-10T00:00:00Z");
        // Something new about the survivor and about somebody else; what came before the merge is kept with it.
        let rows = format!(
            "{HEADER}0,Pat0,Stone,markera0@example.org,\n0,Pat0,Stonely,markera0@example.org,\n5,Pat5,Stonely,markera5@example.org,\n"
        );
        import(&db, "2020-02-01", &support::file(folder.path(), "2.csv", rows));
        let report = purge(&db, "2021-01-01", SHORT, false);
        assert_eq!(table(&report, "staging").kept.get("merge"), Some(&2), "{}: {report:?}", db.backend);
        assert_eq!(table(&report, "change_log").kept.get("merge"), Some(&1), "{}: {report:?}", db.backend);
        let left = "SELECT external_id || ' ' || run_id AS t FROM staging_volunteers ORDER BY id";
        assert_eq!(db.texts(left), ["0 2", "0 2"], "{}", db.backend);
        assert_eq!(
            db.texts("SELECT new_value AS t FROM change_log WHERE new_value IS NOT NULL"),
            ["Stonely"]
        );
        db.execute("UPDATE merge_log SET undone_at = '2021-01-02T00:00:00Z'");
        let report = purge(&db, "2021-01-03", SHORT, false);
        assert_eq!(
            (table(&report, "staging").gone, table(&report, "clean").gone),
            (2, 2),
            "{}: {report:?}",
            db.backend
        );
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM merge_log"), 1, "merges are not touched");
    }
}

#[test]
fn a_run_that_can_be_rolled_back_keeps_what_that_needs() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        import(&db, "2020-01-01", &support::file(folder.path(), "1.csv", people(0, 6, 2)));
        // The second run mends one of the bad rows: taking it back would open the entry again.
        let mended = format!("{HEADER}6,Pat6,Stone,markera6@example.org,\n");
        import(&db, "2020-03-01", &support::file(folder.path(), "2.csv", mended));
        let policy = SHORT.replace("images: 1", "images: 60");
        let report = purge(&db, "2020-03-20", &policy, false);
        let kept = |name: &str| table(&report, name).kept.clone();
        assert_eq!(
            kept("staging"),
            BTreeMap::from([("open", 1), ("rollback", 2)]),
            "{}: {report:?}",
            db.backend
        );
        assert_eq!(kept("quarantine"), BTreeMap::from([("rollback", 1)]), "{}: {report:?}", db.backend);
        let later = purge(&db, "2020-08-01", &policy, false);
        assert_eq!(table(&later, "staging").kept, BTreeMap::from([("open", 1)]), "{}: {later:?}", db.backend);
        let never = purge(&db, "2030-01-01", &SHORT.replace("images: 1", "images: never"), true);
        assert_eq!(table(&never, "outcomes").gone, 0, "{never:?}");
    }
}

#[test]
fn a_held_run_keeps_its_rows_and_can_still_be_approved() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "held.csv", people(0, 15, 15));
        let held = on(&db, "2020-01-01", GateMode::Enforce).run(&RunRequest::new("csv").file(&file)).unwrap();
        assert_eq!(held.status, importer::ReportStatus::Held);
        let policy = format!("{SHORT}open_quarantine: anonymise\n");
        purge(&db, "2021-01-01", &policy, false);
        // Rules know the day, so it is the day of the run.
        let importer = on(&db, "2020-01-01", GateMode::Warn);
        let report = importer.desk(Actor::admin("ann")).approve(held.run_id, "late but right").unwrap();
        assert_eq!((report.status.as_str(), report.counts.inserted), ("succeeded", 15), "{}", db.backend);
    }
}

#[test]
fn a_row_that_was_anonymised_in_quarantine_is_listed_and_whole_again_when_it_comes_again() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "1.csv", people(0, 6, 2));
        import(&db, "2020-01-01", &file);
        let policy = format!("{SHORT}open_quarantine: anonymise\n");
        purge(&db, "2021-01-01", &policy, false);
        assert_eq!(markers(&db, "markerb"), 0, "{}", db.backend);
        let importer = on(&db, "2021-01-02", GateMode::Warn);
        let desk = importer.desk(Actor::admin("ann"));
        let open = || {
            let filter =
                QuarantineFilter { status: Some(QuarantineStatus::Open), ..QuarantineFilter::default() };
            desk.quarantine("volunteer", &filter).unwrap()
        };
        assert_eq!(open().len(), 2, "{}", db.backend);
        let bare = desk.quarantined_row("volunteer", open()[0].row).unwrap();
        assert!(bare.raw.is_empty());

        let again = import(&db, "2021-01-02", &file);
        assert_eq!(again.counts.quarantined, 2, "{}", db.backend);
        assert_eq!(open().len(), 2, "{}", db.backend);
        assert_eq!(open().iter().map(|row| row.run).collect::<Vec<_>>(), [again.run_id; 2], "{}", db.backend);
        assert!(markers(&db, "markerb") > 0);
    }
}

#[test]
fn the_command_line_purges_and_says_so() {
    let db = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    import(&db, "2020-01-01", &support::file(folder.path(), "1.csv", people(0, 6, 2)));
    let desk = cli::Desk::on(db);
    desk.call(["retention", "--dry-run", "--role", "steward"])
        .fails(2, &["a steward may not retain", "needs the role admin"]);
    desk.call(["retention"]).fails(2, &["--reason"]);
    desk.file("bad.yaml", SHORT.replace("clean: 10", "clean: 11"));
    desk.call(["retention", "--dry-run", "--policy", "bad.yaml"])
        .fails(2, &["`clean` must not be longer than `staging`", "bad.yaml"]);
    desk.file("worse.yaml", SHORT.replace("clean: 10", "clean: soon"));
    desk.call(["retention", "--dry-run", "--policy", "worse.yaml"])
        .fails(2, &["a number of days, or `never`", "worse.yaml"]);

    let mut template = cli::program(desk.folder.path());
    template.args(["template", "retention"]);
    let shipped = cli::ended(template);
    desk.file("mine.yaml", &shipped.out);
    let told = desk.call(["retention", "--dry-run", "--json", "--policy", "mine.yaml"]).json();
    let text = desk.call(["retention", "--reason", "spring cleaning"]);
    assert!(text.succeeds().out.contains("This went, by the policy default/1"), "{text:?}");
    let gone = told["tables"].as_array().unwrap().iter().find(|table| table["table"] == "staging").unwrap();
    assert_eq!(gone["gone"], 6, "{told}");
    assert!(
        text.out
            .lines()
            .any(|line| line.split_whitespace().collect::<Vec<_>>().starts_with(&["staging", "6", "0", "2"])),
        "{text:?}"
    );
    assert_eq!(desk.rows("staging_volunteers"), 2);
}

/// Killed at one moment after another, it has taken away at the end what it would have taken away at once.
#[test]
fn killed_at_any_moment_it_comes_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "old.csv", people(0, 12_000, 200));
    let policy = support::file(folder.path(), "short.yaml", SHORT);
    let left = |db: &Database| -> Vec<String> {
        everything(db)
            .into_iter()
            .filter(|row| !["audit_log: ", "import_runs: "].iter().any(|t| row.starts_with(t)))
            .collect()
    };
    for (whole, broken) in support::databases().into_iter().zip(support::databases()) {
        for db in [&whole, &broken] {
            import(db, "2020-01-01", &file);
        }
        let start = |db: &Database| {
            let mut command = support::command_line();
            command.args(["retention", "--reason", "a test", "--db", &db.url, "--policy"]).arg(&policy);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        assert!(start(&whole).wait().unwrap().success());
        let before = left(&broken).len();
        assert!(left(&whole).len() < before - 30_000, "nothing was taken away");
        let mut killed = 0;
        for delay in [3, 20, 40, 60, 80, 120, 160, 240, 400, 800, 1600, 60_000] {
            let mut child = start(&broken);
            let end = Instant::now() + Duration::from_millis(delay);
            while Instant::now() < end && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                break;
            }
            killed += 1;
            // No row is left whose normalised row or entry of the quarantine refers to nothing.
            let orphans = "SELECT COUNT(*) AS t FROM clean_volunteers c WHERE NOT EXISTS \
                           (SELECT 1 FROM staging_volunteers s WHERE s.id = c.staging_id)";
            assert_eq!(broken.number(orphans), 0, "{}", broken.backend);
        }
        assert!(killed > 1, "it was never killed at work");
        assert_eq!(left(&whole), left(&broken), "{}", whole.backend);
    }
}

#[test]
fn what_merges_and_rollbacks_kept_goes_once_they_are_over() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let run = import(&db, "2020-01-01", &support::file(folder.path(), "1.csv", people(0, 6, 0)));
        let later = import(&db, "2020-01-02", &support::file(folder.path(), "2.csv", people(6, 3, 0)));
        let importer = on(&db, "2020-01-03", GateMode::Warn);
        let desk = importer.desk(Actor::admin("ann"));
        let merge = |one, other| {
            desk.merge(&MergeRequest::new("volunteer", [one, other], "one person")).unwrap().merge
        };
        let (over, stands) = (merge(1, 2), merge(3, 4));
        desk.undo_merge(over, "two people").unwrap();
        let rollback = RollbackRequest { run: later.run_id, reason: "the wrong file".into(), dry_run: false };
        desk.roll_back(&rollback).unwrap();
        let kept =
            |id: i64| db.texts(&format!("SELECT before_json AS t FROM merge_log WHERE id = {id}")).remove(0);
        assert!(kept(over.0).contains("markera"));

        let report = purge(&db, "2020-01-10", SHORT, false);
        assert_eq!(
            (table(&report, "merges").gone, table(&report, "rollbacks").gone),
            (0, 0),
            "{}",
            db.backend
        );
        let report = purge(&db, "2020-01-20", SHORT, false);
        assert_eq!(
            (table(&report, "merges").gone, table(&report, "rollbacks").gone),
            (1, 3),
            "{}",
            db.backend
        );
        assert_eq!((kept(over.0).as_str(), kept(stands.0).contains("markera")), ("{}", true));
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM rollback_items"), 0);

        let refused = desk.redo(&RedoRequest::new(over, "the same after all")).unwrap_err();
        assert!(refused.to_string().contains("were purged by the retention policy"), "{refused}");
        let undone = desk.undo_merge(stands, "two people").unwrap();
        assert!(undone.lost_rows.is_empty(), "{undone:?}");
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM core_volunteers"), 6, "{}", run.run_id);
    }
}

#[test]
fn a_run_that_could_go_on_keeps_its_rows_until_something_newer_of_its_system_is_loaded() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: String| support::file(folder.path(), name, text);
        import(&db, "2020-01-01", &file("failed.csv", people(0, 4, 2)));
        // As a server leaves it that goes away before anything is loaded.
        db.execute(
            "UPDATE import_runs SET status = 'failed', phase = 'extract', loaded_through = 0, \
             metrics_json = REPLACE(metrics_json, '\"resumable\":false', '\"resumable\":true')",
        );
        let north = RunRequest::new("csv").external_system("north").file(file("north.csv", people(50, 2, 0)));
        on(&db, "2020-02-01", GateMode::Warn).run(&north).unwrap();
        let unfinished = |day: &str| {
            let told = purge(&db, day, SHORT, true);
            table(&told, "staging").kept.get("unfinished").copied().unwrap_or(0)
        };
        assert_eq!(unfinished("2020-02-05"), 6, "{}: another system loads nothing of this one", db.backend);
        import(&db, "2020-02-06", &file("new.csv", people(100, 5, 0)));
        assert_eq!(unfinished("2020-02-07"), 0, "{}", db.backend);
    }
}
