//! Whatever people and programs do at the same time, they lock rows in one order: nobody waits for somebody who waits for
//! them. And whoever waits is let in, and told so.

mod let_in;
mod pairs;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use importer::service::Actor;
use importer::{Importer, Observer, Progress, RunRequest};
use importer_core::ports::{Phase, QuarantineFilter};

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,city\n";

/// Waits until something is so; a test whose condition never comes fails.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} never came");
}

/// Waits until so many wait for a lock of this database; on SQLite nobody can know.
fn until_somebody_waits(db: &Database) {
    if db.backend == "sqlite" {
        return;
    }
    let waiting = "SELECT COUNT(*) AS t FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    until("somebody who waits", || db.number(waiting) > 0);
}

/// How many deadlocks there were in this database.
fn deadlocks(db: &Database) -> i64 {
    if db.backend == "sqlite" {
        return 0;
    }
    // A server process counts what it saw when it ends; those of connections that wait for their next use are ended here.
    let of_others = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    db.texts(&format!(
        "SELECT CAST(pg_terminate_backend(pid) AS TEXT) AS t FROM {of_others} AND state = 'idle'"
    ));
    until("the end of all sessions", || db.number(&format!("SELECT COUNT(*) AS t FROM {of_others}")) == 0);
    db.number("SELECT deadlocks AS t FROM pg_stat_database WHERE datname = current_database()")
}

/// Does something each time a run tells of its progress in a phase.
struct Each<F: Fn(Progress) + Send + Sync>(F);

impl<F: Fn(Progress) + Send + Sync> Observer for Each<F> {
    fn progress(&self, progress: Progress) {
        (self.0)(progress);
    }
}

fn watched(url: &str, each: impl Fn(Progress) + Send + Sync + 'static) -> Importer {
    Importer::builder()
        .database(url)
        .plugin(importer_adapter_csv::plugin())
        .observer(Arc::new(Each(each)))
        .build()
        .unwrap()
}

#[test]
fn a_replay_and_whoever_gives_its_rows_up_do_not_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    // More rows that are held back than one batch has; then one that is not.
    let bad: String = (0..5_000).map(|n| format!("b{n},Bob{n},Row,nowhere,Oslo\n")).collect();
    let rows = format!("{HEADER}{bad}g1,Ann,Lee,ann@example.org,Oslo\n");
    let file = support::file(folder.path(), "rows.csv", rows);
    for db in support::databases() {
        let request = RunRequest::new("csv").file(&file).external_system("north");
        db.importer().run(&request).unwrap();
        let giving_up = Arc::new(Mutex::new(None));
        let (db, thread) = (Arc::new(db), Arc::clone(&giving_up));
        let of = Arc::clone(&db);
        let importer = watched(&db.url, move |progress| {
            let mut thread = thread.lock().unwrap();
            if progress.phase != Phase::Extract || thread.is_some() {
                return;
            }
            // The first batch is noted; the transaction goes on.
            let url = of.url.clone();
            *thread = Some(std::thread::spawn(move || {
                let importer = Importer::builder().database(&url).build().unwrap();
                let desk = importer.desk(Actor::admin("ann"));
                desk.reject_rows("volunteer", &QuarantineFilter::default(), "old")
            }));
            until_somebody_waits(&of);
        });
        let report = importer.run(&request).unwrap();
        assert_eq!((report.status.as_str(), report.counts.read), ("succeeded", 5_001), "{:?}", report.error);
        let given_up = giving_up.lock().unwrap().take().unwrap().join().unwrap();
        assert_eq!(given_up.unwrap(), 5_000, "{}", db.backend);
        assert_eq!(deadlocks(&db), 0, "{}", db.backend);
    }
}
