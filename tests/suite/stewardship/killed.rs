//! `kill -9` in the middle of a bulk fix: every row is open, or in; the same command takes the others.
#![allow(clippy::print_stderr, reason = "what chance did is said")]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use importer::Importer;
use importer_core::ports::{Phase, RunFilter, RunRecord, RunStatus};

use super::super::cli;
use super::super::support::{self, Database};

/// More than one transaction of reading.
const ROWS: usize = 22_000;

fn command(folder: &std::path::Path, db: &Database) -> Command {
    let mut command = cli::program(folder);
    command.args([
        "fix",
        "--bulk",
        "--field",
        "email",
        "--find",
        "@@",
        "--replace",
        "@",
        "--reason",
        "a typo",
    ]);
    command.args(["--apply", "--json", "--db", &db.url]);
    command
}

fn corrections(importer: &Importer) -> Option<RunRecord> {
    let filter = RunFilter { source: Some("corrections".into()), limit: 1, ..RunFilter::default() };
    importer.runs(&filter).unwrap().pop()
}

/// Kills the command once its run is where `there` says; false when it was over by then.
fn kill_at(mut child: Child, importer: &Importer, there: impl Fn(&RunRecord) -> bool) -> bool {
    let started = Instant::now();
    while !corrections(importer).is_some_and(|run| run.status == RunStatus::Running && there(&run)) {
        assert!(started.elapsed() < Duration::from_secs(120), "the run never came that far");
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap().code().is_none()
}

/// Everybody is somewhere, once, and what is in the core is told.
fn check(db: &Database, importer: &Importer) -> i64 {
    let count = |sql: &str| db.number(&format!("SELECT COUNT(*) AS t FROM {sql}"));
    let (open, fixed) =
        (count("quarantine WHERE status = 'open'"), count("quarantine WHERE status = 'fixed'"));
    assert_eq!(open + fixed, ROWS as i64, "{}", db.backend);
    assert_eq!(importer.count("volunteer").unwrap(), fixed, "{}", db.backend);
    assert_eq!(count("dq_violations WHERE status = 'fixed'"), fixed, "{}", db.backend);
    assert_eq!(count("external_id_map"), fixed, "{}", db.backend);
    let log = db.number("SELECT COUNT(*) AS t FROM audit_log WHERE action = 'fix_rows'");
    assert_eq!(log, i64::from(open == 0), "the log tells of what was done: {}", db.backend);
    open
}

#[test]
fn a_killed_bulk_fix_leaves_every_row_open_or_in() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let rows: String = (0..ROWS).map(|n| format!("{n},Pat{n},Stone{n},pat{n}@@example.org\n")).collect();
        db.import(&support::file(folder.path(), "x.csv", format!("id,first name,last name,email\n{rows}")));
        let importer = db.importer();
        let start = || {
            let mut command = command(folder.path(), &db);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        assert!(
            kill_at(start(), &importer, |run| run.rows_read > 0),
            "it was over before it could be killed"
        );
        assert_eq!(check(&db, &importer), ROWS as i64, "{}", db.backend);
        let before = corrections(&importer).unwrap().id;
        let hit = kill_at(start(), &importer, |run| run.id > before && run.phase == Phase::Gate);
        let open = check(&db, &importer);
        eprintln!("{}: killed while loading: {hit}, {open} rows open then", db.backend);
        // A Postgres server notices late that nobody waits for it, and holds the source until then.
        for _ in 0..50 {
            let ended = cli::ended(command(folder.path(), &db));
            if ended.code == 0 {
                break;
            }
            assert!(ended.err.contains("is at work"), "{ended:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(check(&db, &importer), 0, "{}", db.backend);
    }
}
