//! A file that changes while a run reads it, and one that changed when an interrupted run looks at it again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use importer::service::Actor;
use importer::{Importer, Observer, Progress, RunId, RunRequest};
use importer_core::ports::Phase;

use super::changed::cancelled_at;
use super::people::csv;
use crate::cli;
use crate::support::{self, Database};

type Change = fn(&Path);

/// Changes the file when the first rows of it were read.
struct Meanwhile {
    file: PathBuf,
    change: Change,
    done: AtomicBool,
}

impl Observer for Meanwhile {
    fn progress(&self, progress: Progress) {
        if progress.phase == Phase::Extract && !self.done.swap(true, Ordering::Relaxed) {
            (self.change)(&self.file);
        }
    }
}

fn importer(db: &Database, file: &Path, change: Change) -> Importer {
    let meanwhile = Meanwhile { file: file.into(), change, done: AtomicBool::new(false) };
    Importer::builder()
        .database(&db.url)
        .plugin(importer_adapter_csv::plugin())
        .observer(Arc::new(meanwhile))
        .build()
        .unwrap()
}

fn write(file: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    edit(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

/// What happens to the file, what is said of it, and how many rows it has then.
const CHANGES: [(Change, &str, u64); 4] = [
    // Inside of a name, half-way.
    (
        |file| {
            write(file, |bytes| {
                let half = bytes.len() / 2;
                let name = half + bytes[half..].windows(2).position(|w| w[0] == b',' && w[1] > b'@').unwrap();
                bytes.truncate(name + 3);
            });
        },
        "was cut off",
        0,
    ),
    (|file| write(file, |bytes| bytes.extend(b"new1,New,Person,new1@example.org,,,,\n")), "grew", 15_001),
    (|file| write(file, |bytes| *bytes.last_mut().unwrap() = b' '), "was written to", 15_000),
    (
        |file| {
            let new = file.with_extension("new");
            std::fs::copy(file, &new).unwrap();
            std::fs::rename(new, file).unwrap();
        },
        if cfg!(unix) { "was replaced" } else { "was" },
        15_000,
    ),
];

#[test]
fn a_file_that_changes_while_it_is_read_fails_the_run_and_the_core_is_untouched() {
    let text = csv(15_000, 3);
    for (change, what, rows) in CHANGES {
        for db in support::databases() {
            let folder = tempfile::tempdir().unwrap();
            let file = support::file(folder.path(), "people.csv", &text);
            let hour_ago = SystemTime::now() - Duration::from_secs(3600);
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(hour_ago).unwrap();
            let importer = importer(&db, &file, change);
            let request = RunRequest::new("csv").file(&file);
            let report = importer.run(&request).unwrap();
            let error = report.error.clone().unwrap_or_default();
            assert_eq!(report.status, importer::ReportStatus::Failed, "{what} on {}: {report:?}", db.backend);
            for part in [file.to_str().unwrap(), what, "while it was read", "import it again"] {
                assert!(error.contains(part), "{part}: {error}");
            }
            // What its rules held back before is in quarantine, as what it read is in staging.
            for table in cli::CORE.into_iter().filter(|table| *table != "quarantine") {
                assert_eq!(db.number(&format!("SELECT COUNT(*) AS t FROM {table}")), 0, "{table}");
            }
            // Nobody goes on in a file that is another one; the same command begins with it.
            assert!(!error.contains("goes on"), "{error}");
            let desk = importer.desk(Actor::admin("ann"));
            assert!(desk.interrupted().unwrap().is_empty(), "{what} on {}", db.backend);
            let refused = desk.retry(RunId(1), "once more").unwrap_err().to_string();
            assert!(what == "was replaced" || refused.contains("changed since"), "{what}: {refused}");
            let again = importer.run(&request).unwrap();
            assert_eq!((again.run_id.0, again.status.as_str()), (2, "succeeded"), "{:?}", again.error);
            assert!(rows == 0 || again.counts.read == rows, "{what}: {:?}", again.counts);
        }
    }
}

#[test]
fn a_dry_run_and_a_run_of_a_few_rows_notice_a_change_too() {
    let text = csv(15_000, 3);
    for (dry_run, limit) in [(true, None), (false, Some(10_000))] {
        let (folder, db) = (tempfile::tempdir().unwrap(), support::sqlite());
        let file = support::file(folder.path(), "people.csv", &text);
        let mut request = RunRequest::new("csv").file(&file).dry_run(dry_run);
        request.limit = limit;
        let report = importer(&db, &file, CHANGES[0].0).run(&request).unwrap();
        let error = report.error.unwrap_or_default();
        assert!(
            report.status == importer::ReportStatus::Failed
                && error.contains("was cut off while it was read"),
            "{error}"
        );
    }
}

#[test]
fn a_run_that_was_interrupted_while_loading_tells_what_became_of_its_source() {
    let text = csv(15_000, 3);
    let gone: Change = |file| std::fs::remove_file(file).unwrap();
    let cases = CHANGES.iter().take(3).map(|(change, ..)| (*change, "source_changed"));
    for (change, code) in cases.chain([(gone, "source_unavailable")]) {
        for db in support::databases() {
            let folder = tempfile::tempdir().unwrap();
            let file = support::file(folder.path(), "people.csv", &text);
            let hour_ago = SystemTime::now() - Duration::from_secs(3600);
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(hour_ago).unwrap();
            let request = RunRequest::new("csv").file(&file);
            cancelled_at(Phase::Load, &db, &request);
            change(&file);
            // What was read was read from a whole file, so it is loaded, and the anomaly says what to do.
            let report = db.importer().run(&request).unwrap();
            assert_eq!(
                (report.run_id.0, report.status.as_str(), report.counts.read),
                (1, "succeeded", 15_000)
            );
            let told: Vec<&str> = report.anomalies.iter().map(|anomaly| anomaly.code.as_str()).collect();
            assert_eq!(told, [code], "{}: {:?}", db.backend, report.anomalies);
            assert!(report.anomalies[0].message.contains(file.to_str().unwrap()), "{:?}", report.anomalies);
        }
    }
}
