//! `kill -9`.
#![allow(clippy::print_stderr, reason = "what chance did is said")]

use std::path::Path;
use std::time::{Duration, Instant};

use importer_core::ports::{Phase, RunId, RunStatus};

use super::people::{Dice, csv};
use super::snapshot::{assert_same, take};
use super::{cli, command, kill, newest, place, start, wait_until};
use crate::support::{self, Database};

/// Enough for four transactions of reading and two of loading, the second long enough to be hit.
const ROWS: usize = 70_000;
const SEED: u64 = 20_250_102;

/// Repeats the command until it succeeds, and returns what it said at last.
fn repeat(folder: &std::path::Path, db: &Database, file: &std::path::Path) -> String {
    for _ in 0..3 {
        let ended = cli::ended(command(folder, db, file));
        if ended.code == 0 {
            return ended.out;
        }
        eprintln!("{ended:?}");
    }
    panic!("the command does not succeed however often it is repeated");
}

fn another(db: &Database) -> Database {
    support::databases().into_iter().find(|other| other.backend == db.backend).unwrap()
}

/// Kills the run twice: between transactions of reading, and while it loads.
fn kill_reading_and_loading(folder: &std::path::Path, db: &Database, file: &std::path::Path) {
    let importer = db.importer();
    let mut child = start(folder, db, file);
    let reading = wait_until(&mut child, &importer, |run| run.rows_read > 0);
    assert!(kill(child) && reading, "the run was over before it could be killed while reading");
    // A Postgres server notices only after its statement that nobody waits for the answer, and holds the source until then.
    for _ in 0..50 {
        let mut child = start(folder, db, file);
        let loading = wait_until(&mut child, &importer, |run| run.phase == Phase::Load);
        if kill(child) && loading {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the run could not be killed while loading: {}", place(newest(&importer).as_ref()));
}

/// Kills up to ten runs, each within a part of the time that a whole one takes, and says how many were at work then. It ends with the
/// first that was done.
fn kill_by_chance(folder: &Path, db: &Database, file: &Path, whole: Duration) -> u32 {
    let importer = db.importer();
    let (mut dice, mut hits) = (Dice(SEED), 0);
    for number in 1..=10 {
        // Short and long in turn: the long ones get somewhere, the short ones hit what the long ones reached.
        let longest = if number % 2 == 0 { 0.3 } else { 0.1 };
        let delay = whole.mul_f64(0.01 + longest * dice.share());
        let child = start(folder, db, file);
        std::thread::sleep(delay);
        let hit = kill(child);
        hits += u32::from(hit);
        let run = newest(&importer);
        eprintln!(
            "{}: kill {number} after {delay:?} of {whole:?}: {hit}, {}",
            db.backend,
            place(run.as_ref())
        );
        if !hit {
            break;
        }
    }
    hits
}

#[test]
fn a_killed_run_ends_like_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(ROWS, SEED));
    for reference in support::databases() {
        let started = Instant::now();
        let ended = cli::ended(command(folder.path(), &reference, &file));
        ended.succeeds();
        let whole = started.elapsed();
        let expected = take(&reference);
        for table in ["quarantine", "dedupe_suggestions", "change_log", "clean_volunteers"] {
            assert!(
                expected[table].len() > 500,
                "the file has too little of {table}: {}",
                expected[table].len()
            );
        }

        // Where it hurts: between transactions of reading, and when the first rows are being loaded.
        let db = another(&reference);
        kill_reading_and_loading(folder.path(), &db, &file);
        let importer = db.importer();
        eprintln!("{}: killed while loading: {}", db.backend, place(newest(&importer).as_ref()));
        let said = repeat(folder.path(), &db, &file);
        assert!(said.contains("continued run 1"), "{said}");
        assert_same(&expected, &take(&db));

        // Wherever chance has it. The first run may have been slower than these are, as on a busy machine: then they are killed sooner.
        let (mut db, mut hits, mut part) = (another(&reference), 0, 1.0);
        for _ in 0..4 {
            hits = kill_by_chance(folder.path(), &db, &file, whole.mul_f64(part));
            if hits >= 3 {
                break;
            }
            (db, part) = (another(&reference), part / 3.0);
        }
        assert!(hits >= 3, "only {hits} of the kills hit a run; is the file too small?");
        let importer = db.importer();
        if newest(&importer).is_none_or(|run| run.status != RunStatus::Succeeded) {
            repeat(folder.path(), &db, &file);
        }
        assert_same(&expected, &take(&db));
    }
}

#[test]
fn a_dry_run_that_was_killed_leaves_nothing_and_does_not_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(25_000, SEED));
    let db = support::sqlite();
    let importer = db.importer();
    let temporary = tempfile::tempdir().unwrap();
    let mut dry = command(folder.path(), &db, &file);
    dry.env("TMPDIR", temporary.path());
    dry.arg("--dry-run").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = dry.spawn().unwrap();
    let loading = wait_until(&mut child, &importer, |run| run.phase > Phase::Extract);
    assert!(kill(child) && loading);
    let left = std::fs::read_dir(temporary.path()).unwrap().count();
    assert_eq!(left, 0, "its rows are not left in the temporary folder");
    for table in cli::CORE {
        assert_eq!(db.number(&format!("SELECT COUNT(*) AS t FROM {table}")), 0, "{table}");
    }
    let ended = cli::ended(dry);
    assert_eq!(ended.code, 0);
    assert_eq!(newest(&importer).unwrap().id, RunId(2));
    assert_eq!(db.texts("SELECT status AS t FROM import_runs ORDER BY id"), ["failed", "succeeded"]);
}

/// A file that is still being read when the process is killed.
const LONG: usize = 55_000;

/// Kills the run while it reads, and says whether it came in time.
fn killed_at_work(folder: &std::path::Path, file: &std::path::Path, args: &[&str]) {
    let db = support::sqlite();
    let mut child = {
        let mut command = command(folder, &db, file);
        // A copy of the file elsewhere may be of another build, which is not held.
        command.arg("--plugin").arg(cli::plugins::library());
        command.args(args).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let reading = wait_until(&mut child, &db.importer(), |run| run.rows_read > 0);
    assert!(kill(child) && reading, "the run was over before it could be killed");
}

#[test]
fn killing_a_run_holds_no_plugin_back_unless_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let long = support::file(folder.path(), "long.csv", csv(LONG, SEED));
    let short = support::file(folder.path(), "short.csv", csv(5, SEED));
    let again = |args: &[&str]| {
        let db = support::sqlite();
        let mut command = command(folder.path(), &db, &short);
        command.arg("--plugin").arg(cli::plugins::library()).args(args);
        cli::ended(command)
    };
    for _ in 0..3 {
        killed_at_work(folder.path(), &long, &[]);
    }
    again(&[]).succeeds();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is noted");

    let marks = ["--plugin-crash-marks"];
    killed_at_work(folder.path(), &long, &marks);
    // One can be an operator, and a run that ends makes up for it.
    again(&marks).succeeds();
    killed_at_work(folder.path(), &long, &marks);
    killed_at_work(folder.path(), &long, &marks);
    again(&marks).fails(
        2,
        &[
            "it has been held back since 20",
            "after 2 failures: the program ended while this plugin was at work (import of `csv`, process ",
            "release `csv`",
            "`plugins release ID`",
        ],
    );
    let mut release = cli::program(folder.path());
    release.args(["plugins", "release", "csv"]);
    cli::ended(release).succeeds();
    again(&marks).succeeds();
}
