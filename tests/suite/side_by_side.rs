//! Runs of different systems work at the same time, through one adapter or through several; runs of one system never do.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use importer::plugin::{
    Adapter, AdapterCapability, AdapterMeta, Error, Host, OpenRequest, Plugin, PluginMeta, Source,
};
use importer::service::{Actor, StopAck};
use importer::{ErrorKind, Importer, Observer, Progress, RowId, RunId, RunRequest};
use importer_core::ports::{Phase, RunStatus};

use super::cli;
use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,city\n";

/// People of a branch: some whom the other branch has too, under other ids, and some of its own.
fn branch(name: &str, shared: usize, own: usize) -> String {
    let both = (0..shared).map(|n| format!("{name}{n},Sam{n},Both{n},both{n}@example.org,Liberty\n"));
    let alone =
        (0..own).map(|n| format!("{name}x{n},Ann{n},{name}son{n},{name}{n}@example.org,Springfield\n"));
    HEADER.to_owned() + &both.chain(alone).collect::<String>()
}

/// What two runs come to, whoever of them was where first: everybody, and under which ids.
fn people(db: &Database) -> (i64, BTreeSet<String>) {
    let ids = db.texts(
        "SELECT c.email_normalized || ' ' || m.external_system || ':' || m.external_id AS t FROM external_id_map m \
         JOIN core_volunteers c ON c.id = m.core_id",
    );
    let distinct: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(distinct.len(), ids.len(), "an id stands twice in the map");
    (db.number("SELECT COUNT(*) AS t FROM core_volunteers"), distinct)
}

/// Nothing was lost on the way, and the core refers to nobody who is not there.
fn is_sound(db: &Database, rows: usize) {
    let count = |sql: &str| db.number(&format!("SELECT COUNT(*) AS t FROM {sql}"));
    let rows = i64::try_from(rows).unwrap();
    assert_eq!(count("staging_volunteers"), rows, "{}", db.backend);
    assert_eq!(count("row_outcomes"), rows, "{}", db.backend);
    assert_eq!(count("external_id_map"), rows, "{}", db.backend);
    assert_eq!(count("row_outcomes WHERE outcome = 'skipped'"), 0);
    let strays = "match_keys k WHERE NOT EXISTS (SELECT 1 FROM core_volunteers c WHERE c.id = k.core_id)";
    assert_eq!(count(strays), 0, "{}", db.backend);
    let created = "change_log WHERE action = 'created'";
    assert_eq!(count(created), count("core_volunteers"), "{}", db.backend);
}

fn another(db: &Database) -> Database {
    support::databases().into_iter().find(|other| other.backend == db.backend).unwrap()
}

/// A place where runs wait for each other, each with its system in its hands. It does not wait for ever, so that a test
/// fails where a run never comes.
struct Meeting {
    there: Mutex<usize>,
    changed: Condvar,
}

static MEETING: Meeting = Meeting { there: Mutex::new(0), changed: Condvar::new() };

impl Meeting {
    fn wait_for(&self, many: usize) -> Result<(), Error> {
        let mut there = self.there.lock().unwrap();
        *there += 1;
        self.changed.notify_all();
        let patience = Duration::from_secs(60);
        let (there, late) =
            self.changed.wait_timeout_while(there, patience, |there| *there % many != 0).unwrap();
        drop(there);
        if late.timed_out() { Err(Error::data("nobody else came")) } else { Ok(()) }
    }
}

/// Reads CSV files, and waits for another one who does before it opens its own.
struct InCompany;

impl Adapter for InCompany {
    fn meta(&self) -> AdapterMeta {
        let csv = importer_adapter_csv::plugin().find_adapter("csv").unwrap().meta();
        AdapterMeta { name: "in_company".into(), ..csv }.can(AdapterCapability::Resume)
    }

    fn open(&self, request: &OpenRequest, host: &Host) -> Result<Box<dyn Source>, Error> {
        MEETING.wait_for(2)?;
        importer_adapter_csv::plugin().find_adapter("csv").unwrap().open(request, host)
    }
}

fn in_company() -> Plugin {
    Plugin::new(PluginMeta::new("in_company", "0.1.0")).adapter(|| Box::new(InCompany))
}

fn importer(db: &Database) -> Importer {
    Importer::builder()
        .database(&db.url)
        .plugin(importer_adapter_csv::plugin())
        .plugin(in_company())
        .build()
        .unwrap()
}

#[test]
fn two_systems_are_imported_at_once_through_one_adapter_and_come_to_what_one_after_the_other_does() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["north", "south"]
        .map(|name| (name, support::file(folder.path(), &format!("{name}.csv"), branch(name, 2_500, 2_500))));
    for one_by_one in support::databases() {
        for (system, file) in &files {
            let request = RunRequest::new("csv").file(file).external_system(*system);
            assert_eq!(
                one_by_one.importer().run(&request).unwrap().status,
                importer::ReportStatus::Succeeded
            );
        }
        let expected = people(&one_by_one);
        assert_eq!((expected.0, expected.1.len()), (7_500, 10_000), "{}", one_by_one.backend);

        let db = another(&one_by_one);
        let importer = importer(&db);
        // Both have their systems before either reads a row.
        let at_once = || {
            std::thread::scope(|scope| {
                let runs = files.each_ref().map(|(system, file)| {
                    let request = RunRequest::new("in_company").file(file).external_system(*system);
                    let importer = &importer;
                    scope.spawn(move || importer.run(&request))
                });
                runs.map(|run| run.join().unwrap().unwrap())
            })
        };
        for report in at_once() {
            assert_eq!(
                (report.status.as_str(), report.counts.read),
                ("succeeded", 5_000),
                "{:?}",
                report.error
            );
        }
        assert_eq!(people(&db), expected, "{}", db.backend);
        is_sound(&db, 10_000);
        // The same again, again at once, changes nothing.
        for report in at_once() {
            assert_eq!(
                (report.status.as_str(), report.counts.unchanged),
                ("succeeded", 5_000),
                "{:?}",
                report.error
            );
        }
        assert_eq!(people(&db), expected, "{}", db.backend);
    }
}

fn start(folder: &Path, db: &Database, system: &str, file: &Path) -> Child {
    let mut command = cli::program(folder);
    command.args(["run", "--source", "csv", "--summary-json", "--db", &db.url, "--system", system, "--file"]);
    command.arg(file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn two_processes_import_two_systems_into_a_database_that_neither_has_made() {
    let folder = tempfile::tempdir().unwrap();
    // More than one transaction of reading each.
    let files = ["north", "south"].map(|name| {
        (name, support::file(folder.path(), &format!("{name}.csv"), branch(name, 11_000, 11_000)))
    });
    for db in support::databases() {
        let children = files.each_ref().map(|(system, file)| start(folder.path(), &db, system, file));
        for child in children {
            let output = child.wait_with_output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(0), "{}: {err}", db.backend);
            let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(
                (&told["status"], &told["counts"]["read"]),
                (&"succeeded".into(), &22_000.into()),
                "{told}"
            );
        }
        let (count, ids) = people(&db);
        assert_eq!((count, ids.len()), (33_000, 44_000), "{}", db.backend);
        is_sound(&db, 44_000);
    }
}

/// Does something once, while a run is at work.
struct Once<F: FnOnce() + Send>(Mutex<Option<F>>);

impl<F: FnOnce() + Send> Observer for Once<F> {
    fn progress(&self, progress: Progress) {
        if progress.phase == Phase::Extract
            && let Some(what) = self.0.lock().unwrap().take()
        {
            what();
        }
    }
}

fn watched(db: &Database, what: impl FnOnce() + Send + 'static) -> Importer {
    Importer::builder()
        .database(&db.url)
        .plugin(importer_adapter_csv::plugin())
        .observer(Arc::new(Once(Mutex::new(Some(what)))))
        .build()
        .unwrap()
}

const CARDS: &str = "BEGIN:VCARD\nVERSION:4.0\nUID:v1\nFN:Card Holder\nEMAIL:card@example.net\nEND:VCARD\n";

#[test]
fn one_system_is_imported_by_one_run_at_a_time_through_whatever_adapter() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", branch("crm", 0, 50));
        let cards = support::file(folder.path(), "cards.vcf", CARDS);
        let through_cards = RunRequest::new("vcard").file(cards).external_system("crm");
        let (url, request) = (db.url.clone(), through_cards.clone());
        let refused = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&refused);
        let importer = watched(&db, move || {
            let other =
                Importer::builder().database(&url).plugin(importer_sample_vcard::plugin()).build().unwrap();
            *heard.lock().unwrap() = Some(other.run(&request).unwrap_err());
        });
        let report = importer.run(&RunRequest::new("csv").file(&file).external_system("crm")).unwrap();
        assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
        let error = refused.lock().unwrap().take().expect("it was never tried");
        assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
        let text = error.to_string();
        assert!(
            text.contains("another run of this system is at work") && text.contains("system: crm"),
            "{text}"
        );
        assert_eq!(db.texts("SELECT source AS t FROM import_runs"), ["csv"], "{}", db.backend);
        let other =
            Importer::builder().database(&db.url).plugin(importer_sample_vcard::plugin()).build().unwrap();
        assert_eq!(other.run(&through_cards).unwrap().status, importer::ReportStatus::Succeeded);
    }
}

#[test]
fn an_interrupted_run_is_gone_on_with_however_many_systems_were_imported_since() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", branch("first", 0, 5_000));
        let request = RunRequest::new("csv").file(&file).external_system("first");
        let stop = Arc::new(Mutex::new(None::<importer::Cancel>));
        let cancel = Arc::clone(&stop);
        let importer = watched(&db, move || cancel.lock().unwrap().as_ref().unwrap().request());
        *stop.lock().unwrap() = Some(importer.cancel());
        assert_eq!(importer.run(&request).unwrap().status, importer::ReportStatus::Failed);
        let small = support::file(folder.path(), "small.csv", branch("b", 1, 1));
        let importer = db.importer();
        for n in 0..25 {
            let branch = RunRequest::new("csv").file(&small).external_system(format!("branch {n}"));
            assert_eq!(importer.run(&branch).unwrap().status, importer::ReportStatus::Succeeded);
        }
        let waiting = importer.desk(Actor::admin("ann")).interrupted().unwrap();
        assert_eq!(waiting.iter().map(|run| run.id).collect::<Vec<_>>(), [1], "{}", db.backend);
        let report = importer.run(&request).unwrap();
        assert_eq!((report.run_id.0, report.status.as_str(), report.counts.read), (1, "succeeded", 5_000));
    }
}

#[test]
fn a_run_that_died_is_found_although_another_one_of_its_system_is_at_work() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", branch("crm", 0, 50));
        let cards = support::file(folder.path(), "cards.vcf", CARDS);
        let through_cards = RunRequest::new("vcard").file(cards).external_system("crm");
        let request = RunRequest::new("csv").file(&file).external_system("crm");
        let importer = Importer::builder()
            .database(&db.url)
            .plugin(importer_adapter_csv::plugin())
            .plugin(importer_sample_vcard::plugin())
            .build()
            .unwrap();
        importer.run(&through_cards).unwrap();
        // As a killed process leaves it.
        db.execute(
            "UPDATE import_runs SET status = 'running', phase = 'extract', finished_at = NULL, loaded_through = 0",
        );
        let url = db.url.clone();
        let seen = Arc::new(Mutex::new(None));
        let tell = Arc::clone(&seen);
        let watched = watched(&db, move || {
            let other = Importer::builder().database(&url).build().unwrap();
            let desk = other.desk(Actor::admin("bob"));
            let waiting = desk.interrupted().unwrap().iter().map(|run| run.id.0).collect::<Vec<_>>();
            // It is not taken for the one at work, which would be asked to stop in its place.
            let refused = desk.cancel(RunId(1), "the wrong file").unwrap_err();
            *tell.lock().unwrap() = Some((waiting, refused.kind()));
        });
        assert_eq!(
            watched.run(&request).unwrap().status,
            importer::ReportStatus::Succeeded,
            "{}",
            db.backend
        );
        let seen = seen.lock().unwrap().take();
        assert_eq!(seen, Some((vec![1], ErrorKind::Busy)), "{}", db.backend);
        // What was loaded since is newer.
        let desk = importer.desk(Actor::admin("ann"));
        assert!(desk.interrupted().unwrap().is_empty());
        let error = desk.resume(RunId(1), "go on").unwrap_err().to_string();
        assert!(error.contains("run 2 of the same system was loaded since"), "{error}");
        assert_eq!(desk.cancel(RunId(1), "the wrong file").unwrap(), StopAck::Done);
        assert_eq!(desk.runs(&Default::default()).unwrap()[1].status, RunStatus::Cancelled);
    }
}

#[test]
fn a_correction_waits_for_no_other_system_and_its_own_is_not_imported_meanwhile() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let bad = format!("{HEADER}n1,Pat,Stone,nowhere,Liberty\n");
        let bad = support::file(folder.path(), "bad.csv", bad);
        let importer = db.importer();
        for system in ["north", "south"] {
            importer.run(&RunRequest::new("csv").file(&bad).external_system(system)).unwrap();
        }
        let rows = db.texts("SELECT staging_id AS t FROM quarantine WHERE status = 'open' ORDER BY 1");
        let rows: Vec<i64> = rows.iter().map(|row| row.parse().unwrap()).collect();
        let store = importer_store::SqlStore::open(&db.url).unwrap();
        let north_is_at_work =
            importer_core::ports::Store::lock_system(&store, "volunteer", "north").unwrap();
        let desk = importer.desk(Actor::admin("ann"));
        let fix = |row: i64| {
            let values = vec![("email".to_owned(), format!("pat{row}@example.org"))];
            let fix = importer::service::RowFix { values, reason: "asked".into(), ..Default::default() };
            desk.fix("volunteer", RowId(row), &fix)
        };
        let refused = fix(rows[0]).unwrap_err();
        assert!(refused.kind() == ErrorKind::Busy && refused.to_string().contains("north"), "{refused}");
        assert!(fix(rows[1]).unwrap().loaded.is_some(), "{}", db.backend);
        drop(north_is_at_work);
        assert!(fix(rows[0]).unwrap().loaded.is_some(), "{}", db.backend);
    }
}

#[test]
fn the_lock_files_beside_a_database_tell_their_systems() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "a.csv", branch("a", 0, 3));
    for system in ["north", "Süd / Ost"] {
        let mut command: Command = cli::program(folder.path());
        command
            .args(["run", "--source", "csv", "--system", system, "--db", "sqlite://x.db", "--file"])
            .arg(&file);
        cli::ended(command).succeeds();
    }
    let names = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".lock"));
    names.sort();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].starts_with("x.db.volunteer-SdOst~"), "{names:?}");
    assert_eq!(&names[1..], ["x.db.volunteer-north.lock", "x.db.writing.lock"]);
}
