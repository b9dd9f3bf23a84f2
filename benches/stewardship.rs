//! What the calls of people cost on Postgres, as ratios of SQLite's wall time for the same calls on the same core.
//!
//! ```text
//! cargo xtask pg -- cargo bench --features postgres --bench stewardship             # 100,000 made-up volunteers
//! cargo xtask pg -- cargo bench --features postgres --bench stewardship -- 20000    # fewer of them
//! cargo bench --bench stewardship                                                   # SQLite alone
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement prints, and fails aloud")]

#[path = "made_up/mod.rs"]
mod made_up;
#[cfg(feature = "postgres")]
#[path = "server/mod.rs"]
mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use importer::service::{Actor, BulkChange, BulkFix, Desk, MergeRequest, RollbackRequest, ScanRequest};
use importer::{AutoMerge, QuarantineFilter, RunId, SuggestionFilter};
use importer::{Importer, ReportStatus, RunRequest};
use made_up::Spread;

const WHY: &str = "measured";
/// How many people are merged one by one, and parted again.
const SINGLE: usize = 50;

fn main() {
    // A run of all tests builds this too, and must not wait for it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let rows = arguments.next().map_or(100_000, |rows| rows.parse().unwrap());
    let file = made_up::file(folder.path(), rows, Spread::Census);
    println!("{rows} rows; wall time in milliseconds");
    let sqlite = measure(&format!("sqlite://{}", folder.path().join("core.db").display()), &file);
    let postgres = on_postgres(&file);
    println!("  {:<44} {:>10} {:>10} {:>7}", "", "SQLite", "Postgres", "ratio");
    for (at, (what, time)) in sqlite.iter().enumerate() {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        match postgres.get(at) {
            Some((same, other)) => {
                assert_eq!(what, same, "SQLite and Postgres did the same");
                let ratio = other.as_secs_f64() / time.as_secs_f64();
                println!("  {what:<44} {:10.1} {:10.1} {ratio:7.2}", ms(*time), ms(*other));
            }
            None => println!("  {what:<44} {:10.1}", ms(*time)),
        }
    }
}

#[cfg(feature = "postgres")]
fn on_postgres(file: &Path) -> Vec<(String, Duration)> {
    server::with_database("stewardship", |database| measure(database, file)).unwrap_or_default()
}

#[cfg(not(feature = "postgres"))]
fn on_postgres(_file: &Path) -> Vec<(String, Duration)> {
    Vec::new()
}

/// Does what people do, on a new core, and says how long each took.
fn measure(database: &str, file: &Path) -> Vec<(String, Duration)> {
    let importer = Importer::builder()
        .database(database)
        .auto_merge(AutoMerge::Off)
        .plugin(importer_adapter_csv::plugin())
        .build()
        .unwrap();
    let desk = importer.desk(Actor::admin("bench"));
    let mut times = Vec::new();
    let mut timed = |what: String, took: Duration| times.push((what, took));

    let start = Instant::now();
    let run = import(&importer, file);
    timed("import".into(), start.elapsed());
    let start = Instant::now();
    let scanned = desk.scan(&ScanRequest::new("volunteer"), WHY).unwrap();
    timed(format!("scan ({} pairs)", scanned.merge_pairs), start.elapsed());

    let (merges, merging, undoing) = one_by_one(&desk);
    timed(format!("merge, {merges} one by one"), merging);
    timed(format!("undo of {merges}, one by one"), undoing);
    let start = Instant::now();
    let obvious = desk.merge_obvious("volunteer", WHY).unwrap();
    timed(format!("merge what is obvious ({})", obvious.merged), start.elapsed());
    let start = Instant::now();
    roll_back(&desk, obvious.run.unwrap().0, false);
    timed("rollback of that".into(), start.elapsed());

    let start = Instant::now();
    let fixed = desk.fix_bulk("volunteer", &fix()).unwrap();
    timed(format!("bulk fix ({})", fixed.loaded), start.elapsed());
    let start = Instant::now();
    let filter = QuarantineFilter { run: Some(RunId(run)), ..QuarantineFilter::default() };
    let given_up = desk.reject_rows("volunteer", &filter, WHY).unwrap();
    timed(format!("reject by filter ({given_up})"), start.elapsed());

    let start = Instant::now();
    roll_back(&desk, run, true);
    timed("rollback, dry run".into(), start.elapsed());
    let start = Instant::now();
    let replay = import(&importer, file);
    timed("replay".into(), start.elapsed());
    let start = Instant::now();
    roll_back(&desk, run, true);
    timed("rollback after a replay, dry run".into(), start.elapsed());
    let start = Instant::now();
    roll_back(&desk, replay, false);
    timed("rollback of the replay".into(), start.elapsed());
    let start = Instant::now();
    roll_back(&desk, run, false);
    timed("rollback".into(), start.elapsed());
    times
}

fn import(importer: &Importer, file: &Path) -> i64 {
    let report = importer.run(&RunRequest::new("csv").file(file)).unwrap();
    assert_eq!(report.status, ReportStatus::Succeeded, "{:?}", report.error);
    report.run_id.0
}

fn roll_back(desk: &Desk<'_>, run: i64, dry_run: bool) {
    desk.roll_back(&RollbackRequest { run: RunId(run), reason: WHY.into(), dry_run }).unwrap();
}

/// Merges the first pairs that are waiting, and takes each back; says how many, and how long both took.
fn one_by_one(desk: &Desk<'_>) -> (usize, Duration, Duration) {
    let filter =
        SuggestionFilter { score_from: Some(0.99), limit: 4 * SINGLE as i64, ..SuggestionFilter::default() };
    let pairs = desk.suggestions(&filter).unwrap();
    let mut pairs: Vec<_> = pairs.iter().map(|pair| (pair.left, pair.right)).collect();
    // Each person once.
    let mut taken = std::collections::BTreeSet::new();
    pairs.retain(|(left, right)| taken.insert(*left) & taken.insert(*right));
    pairs.truncate(SINGLE);
    let start = Instant::now();
    let merges: Vec<_> = pairs
        .iter()
        .map(|(left, right)| desk.merge(&MergeRequest::new("volunteer", [*left, *right], WHY)).unwrap().merge)
        .collect();
    let merging = start.elapsed();
    let start = Instant::now();
    for merge in &merges {
        desk.undo_merge(*merge, WHY).unwrap();
    }
    (merges.len(), merging, start.elapsed())
}

/// Completes the addresses that end in their sign.
fn fix() -> BulkFix {
    BulkFix {
        filter: QuarantineFilter::default(),
        change: BulkChange::Replace {
            field: "email_normalized".into(),
            find: "@".into(),
            replace: "@example.org".into(),
        },
        reason: WHY.into(),
        current_mapping: false,
    }
}
