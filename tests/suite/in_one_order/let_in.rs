//! Whoever waits for a load is let in after one of its batches, and told so meanwhile.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use importer::service::{Actor, MergeRequest};
use importer::{Importer, RunRequest};
use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{Phase, Store};
use importer_store::SqlStore;

use super::{HEADER, until_somebody_waits, watched};
use crate::{cli, support};

/// Two people whom somebody may merge.
const TWO: &str = "1,Ann,Lee,ann@example.org,Oslo\n2,Anna,Lee,lee@example.org,Oslo\n";

#[test]
fn who_merges_while_a_load_is_at_work_waits_for_one_of_its_batches() {
    let folder = tempfile::tempdir().unwrap();
    let two = support::file(folder.path(), "two.csv", format!("{HEADER}{TWO}"));
    // Two batches, which one transaction takes.
    let many: String =
        (0..10_050).map(|n| format!("m{n},Max{n},Mann{n},max{n}@example.org,Rome\n")).collect();
    let many = support::file(folder.path(), "many.csv", format!("{HEADER}{many}"));
    for db in support::databases() {
        if db.backend == "sqlite" {
            // Nobody there knows who waits; a transaction of a load is let run to its end.
            continue;
        }
        db.import(&two);
        let merged = Arc::new(Mutex::new(None::<mpsc::Receiver<bool>>));
        let let_in = Arc::new(Mutex::new(None));
        let db = Arc::new(db);
        let of = Arc::clone(&db);
        let (waiting, told) = (Arc::clone(&merged), Arc::clone(&let_in));
        let importer = watched(&db.url, move |progress| {
            if progress.phase != Phase::Load {
                return;
            }
            let mut waiting = waiting.lock().unwrap();
            if let Some(merged) = waiting.take() {
                // The second batch is written, and the load is not done.
                *told.lock().unwrap() = Some(merged.recv_timeout(Duration::from_secs(5)));
                return;
            }
            let (tell, merged) = mpsc::channel();
            *waiting = Some(merged);
            let url = of.url.clone();
            std::thread::spawn(move || {
                let importer = Importer::builder().database(&url).build().unwrap();
                let desk = importer.desk(Actor::admin("ann"));
                let _ = tell.send(desk.merge(&MergeRequest::new("volunteer", [1, 2], "the same")).is_ok());
            });
            until_somebody_waits(&of);
        });
        let request = RunRequest::new("csv").file(&many).external_system("crm");
        let report = importer.run(&request).unwrap();
        assert_eq!((report.status.as_str(), report.counts.inserted), ("succeeded", 10_050));
        assert_eq!(let_in.lock().unwrap().take(), Some(Ok(true)));
        assert_eq!(db.number("SELECT COUNT(*) AS t FROM core_volunteers"), 10_051);
    }
}

#[test]
fn the_command_line_says_that_it_waits_for_a_load() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        db.import(&support::file(folder.path(), "two.csv", format!("{HEADER}{TWO}")));
        if db.backend == "sqlite" {
            continue;
        }
        db.execute("UPDATE import_runs SET status = 'running'");
        let store = SqlStore::open(&db.url).unwrap();
        let mut load = store.session().unwrap();
        load.begin().unwrap();
        load.lock_core(&VOLUNTEER).unwrap();
        assert!(!load.is_waited_for(&VOLUNTEER).unwrap());
        let mut command = cli::program(folder.path());
        command.args(["merge", "1", "2", "--reason", "the same", "--db", &db.url]);
        let mut merge = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut err = BufReader::new(merge.stderr.take().unwrap());
        let mut line = String::new();
        err.read_line(&mut line).unwrap();
        assert!(line.contains("waiting until it is let in; at work: run 1 (csv)"), "{line}");
        super::until("somebody who waits", || load.is_waited_for(&VOLUNTEER).unwrap());
        load.commit().unwrap();
        assert!(merge.wait().unwrap().success());
        line.clear();
        err.read_line(&mut line).unwrap();
        assert_eq!(line, "", "it says so once");
    }
}
