//! Sources that fail: what passes is asked for again, what can be mended is gone on with, and nothing is read twice.

mod flaky;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use importer::plugin::{Error, ErrorKind};
use importer::service::Actor;
use importer::{Observer, Progress, RetryPolicy, RunId, RunReport, Waiting};

use self::flaky::{At, Script, Service};
use super::interruption::snapshot::{assert_same, take};
use super::support;

fn busy() -> Error {
    Error::transient("the server is busy")
}

fn slow_down(seconds: u64) -> Error {
    Error::new(ErrorKind::RateLimited, "too many requests").retry_after(Duration::from_secs(seconds))
}

fn succeeded(service: &Service) -> RunReport {
    let report = service.importer.run(&service.request()).unwrap();
    assert_eq!(
        report.status,
        importer::ReportStatus::Succeeded,
        "{}: {:?}",
        service.db.backend,
        report.error
    );
    report
}

fn failed(service: &Service) -> String {
    let report = service.importer.run(&service.request()).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Failed, "{}: {report:?}", service.db.backend);
    report.error.unwrap()
}

/// The runs that could go on.
fn waiting(service: &Service) -> Vec<i64> {
    let runs = service.importer.desk(Actor::admin("ann")).interrupted().unwrap();
    runs.iter().map(|run| run.id.0).collect()
}

fn cursors(all: &[&str]) -> Vec<Option<String>> {
    all.iter().map(|cursor| Some((*cursor).to_owned()).filter(|cursor| !cursor.is_empty())).collect()
}

#[derive(Default)]
struct Ears(Mutex<Vec<Waiting>>);

impl Observer for Ears {
    fn progress(&self, _: Progress) {}

    fn waiting(&self, waiting: &Waiting) {
        self.0.lock().unwrap().push(waiting.clone());
    }
}

#[test]
fn what_fails_in_passing_is_asked_again_and_the_run_ends_like_one_that_never_failed() {
    for (whole, db) in support::databases().into_iter().zip(support::databases()) {
        let whole = Service::new(whole, Script::new([]));
        succeeded(&whole);
        let fails = [
            (At::Open, busy()),
            (At::Row(0), slow_down(7)),
            (At::Row(4), busy()),
            (At::Open, busy()),
            // In the middle of a batch: what it had of that is not taken.
            (At::Row(9), slow_down(3)),
        ];
        let ears = Arc::new(Ears::default());
        let observer = Arc::clone(&ears) as Arc<dyn Observer>;
        let service = Service::built(db, Script::new(fails), |builder| builder.observer(observer));
        let report = succeeded(&service);
        assert_eq!((report.run_id.0, report.counts.read, report.counts.inserted), (1, 12, 12));
        assert_eq!(service.opened(), cursors(&["", "", "", "4", "4", "8"]), "{}", service.db.backend);
        // Rows that came begin the count anew.
        let seen = std::mem::take(&mut *ears.0.lock().unwrap());
        let seen: Vec<(u32, u64)> = seen.iter().map(|w| (w.tries, w.time.as_secs())).collect();
        assert_eq!(seen, [(1, 1), (2, 7), (1, 1), (2, 2), (1, 3)]);
        assert_eq!(service.alarm.slept(), Duration::from_secs(14));
        let note =
            "failed temporarily and was retried, 5 times with 14.0 s of waiting; the last error: too many";
        for report in [&report, &service.importer.report(RunId(1)).unwrap()] {
            assert!(report.notes.iter().any(|told| told.contains(note)), "{:?}", report.notes);
        }
        assert_same(&take(&whole.db), &take(&service.db));
    }
}

#[test]
fn a_source_that_does_not_recover_is_left_alone_and_the_same_request_goes_on_later() {
    for db in support::databases() {
        let policy = RetryPolicy { tries: 3, ..RetryPolicy::default() };
        let forever = |at| std::iter::repeat_n((at, busy()), 4);
        let service = Service::with(db, Script::new(forever(At::Row(6))), policy);
        let error = failed(&service);
        for part in ["the server is busy", "tries: 4", "the same request continues where it stopped"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert_eq!(service.alarm.slept(), Duration::from_secs(1 + 2 + 4));
        assert_eq!(waiting(&service), [1], "{}", service.db.backend);
        // At its door, too; then the run stays as it is.
        service.opened();
        service.fails(forever(At::Open));
        let error = service.importer.run(&service.request()).unwrap_err().to_string();
        assert!(error.contains("cannot open the source") && error.contains("tries: 4"), "{error}");
        assert_eq!(waiting(&service), [1]);
        service.opened();
        let report = succeeded(&service);
        assert_eq!((report.run_id.0, report.counts.read), (1, 12));
        assert!(
            report.notes.iter().any(|note| note.contains("continued run 1, which had stopped after 6 rows"))
        );
        assert_eq!(service.opened(), cursors(&["6"]));
        assert_eq!(service.db.number("SELECT COUNT(*) AS t FROM staging_volunteers"), 12);
        assert!(waiting(&service).is_empty());
    }
}

#[test]
fn a_source_that_asks_for_more_time_than_a_run_has_is_not_waited_for() {
    let service = Service::new(support::sqlite(), Script::new([(At::Row(2), slow_down(3_600))]));
    let error = failed(&service);
    assert!(error.contains("retried in 3600 s") && error.contains("continue where it stopped"), "{error}");
    assert_eq!((service.alarm.slept(), waiting(&service)), (Duration::ZERO, vec![1]));
    assert_eq!(succeeded(&service).run_id, RunId(1));
}

#[test]
fn a_run_that_waits_is_cancelled_and_paused_at_once() {
    for db in support::databases() {
        let patient = RetryPolicy { first_wait: Duration::from_secs(600), ..RetryPolicy::default() };
        let policy = RetryPolicy { longest_wait: patient.first_wait, ..patient };
        let service = Service::with(db, Script::new([(At::Row(6), busy())]), policy);
        let url = service.db.url.clone();
        service.alarm.meanwhile(move || {
            // As another process does it.
            let other = importer::Importer::builder().database(&url).build().unwrap();
            let desk = other.desk(Actor::admin("bob"));
            let run = desk.runs(&Default::default()).unwrap().remove(0);
            let waits = RunReport::of(&run).notes.join("\n");
            assert!(waits.contains("the server is busy"), "it tells while it waits: {waits}");
            desk.pause(RunId(1), "not now").unwrap();
        });
        assert!(failed(&service).contains("it was paused"));
        assert!(service.alarm.slept() < Duration::from_secs(2), "{:?}", service.alarm.slept());
        let status = "SELECT status AS t FROM import_runs";
        assert_eq!(service.db.texts(status), ["paused"], "{}", service.db.backend);
        let (report, opened) = (succeeded(&service), service.opened());
        assert_eq!((report.run_id.0, report.counts.read, opened), (1, 12, cursors(&["", "6"])));

        let service = Service::with(support::sqlite(), Script::new([(At::Open, busy())]), policy);
        let cancel = service.importer.cancel();
        service.alarm.meanwhile(move || cancel.request());
        let error = service.importer.run(&service.request()).unwrap_err();
        assert_eq!(error.kind(), importer::ErrorKind::Cancelled, "{error}");
        assert!(service.alarm.slept() < Duration::from_secs(2));
    }
}

#[test]
fn what_can_be_mended_ends_the_run_at_once_and_the_same_request_goes_on_with_it() {
    for (error, once) in [
        (Error::new(ErrorKind::Auth, "the token is refused"), "once the source accepts the credentials"),
        (Error::config("the secret `token` is missing").in_field("token"), "once that is corrected"),
        (Error::bug("a panic at src/lib.rs:7"), "once the plugin is repaired"),
    ] {
        for db in support::databases() {
            let service = Service::new(db, Script::new([(At::Row(8), error.clone())]));
            let told = failed(&service);
            let goes_on = format!("the same request continues where it stopped {once}");
            assert!(told.contains(&error.message) && told.contains(&goes_on), "{told}");
            assert_eq!(waiting(&service), [1], "{}", service.db.backend);
            // Not mended yet, and seen when the source is opened: nothing is given up. Who may not be opened at the place
            // where the run stopped may not be opened at all.
            service.fails([(At::Open, error.clone()), (At::Open, error.clone())]);
            assert!(
                service.importer.run(&service.request()).unwrap_err().to_string().contains(&error.message)
            );
            assert_eq!(waiting(&service), [1], "{}", service.db.backend);
            service.opened();
            service.fails([]);
            let report = succeeded(&service);
            assert_eq!((report.run_id.0, report.counts.read, report.counts.inserted), (1, 12, 12));
            assert_eq!(service.opened(), cursors(&["8"]));
            assert_eq!(service.db.number("SELECT COUNT(*) AS t FROM staging_volunteers"), 12);
            assert_eq!(service.alarm.slept(), Duration::ZERO);
        }
    }
}

#[test]
fn a_run_can_be_resumed_by_its_number_too_and_another_request_begins_anew() {
    let bug = || [(At::Row(8), Error::bug("broken"))];
    let service = Service::new(support::sqlite(), Script::new(bug()));
    failed(&service);
    let desk = service.importer.desk(Actor::admin("ann"));
    assert_eq!(
        desk.resume(RunId(1), "the plugin is repaired").unwrap().status,
        importer::ReportStatus::Succeeded
    );
    service.fails(bug());
    failed(&service);
    assert_eq!(waiting(&service), [2]);
    // A rehearsal is no other run.
    let rehearsal = service.importer.run(&service.request().dry_run(true)).unwrap();
    assert_eq!((rehearsal.run_id.0, rehearsal.status.as_str()), (3, "succeeded"));
    assert_eq!(succeeded(&service).run_id, RunId(2));
    service.fails(bug());
    failed(&service);
    assert_eq!(waiting(&service), [4]);
    let mut other = service.request();
    other.limit = Some(4);
    let report = service.importer.run(&other).unwrap();
    assert_eq!((report.run_id.0, report.counts.read), (5, 4));
    assert_eq!(waiting(&service), [4], "what came again unchanged has loaded nothing newer");
}

#[test]
fn a_run_that_is_older_than_what_was_loaded_since_does_not_go_on() {
    for db in support::databases() {
        let service = Service::new(db, Script::new([(At::Row(8), Error::bug("broken"))]));
        failed(&service);
        let mut other = service.request();
        other.limit = Some(4);
        // It fails as well, when it has loaded its rows.
        service.db.execute("ALTER TABLE watermarks RENAME TO no_watermarks");
        let report = service.importer.run(&other).unwrap();
        assert_eq!((report.run_id.0, report.status.as_str()), (2, "failed"));
        service.db.execute("ALTER TABLE no_watermarks RENAME TO watermarks");
        assert_eq!(waiting(&service), [2], "{}", service.db.backend);
        let report = succeeded(&service);
        assert_eq!((report.run_id.0, report.counts.read), (3, 12));
    }
}

#[test]
fn a_source_that_says_not_where_it_stands_is_read_from_its_beginning_by_a_new_run() {
    for db in support::databases() {
        let script = Script { cursor: false, ..Script::new([(At::Row(0), busy()), (At::Row(8), busy())]) };
        let service = Service::new(db, script);
        // As long as there are no rows, it can be asked again.
        let error = failed(&service);
        assert_eq!(service.alarm.slept(), Duration::from_secs(1));
        assert!(!error.contains("goes on"), "{error}");
        assert!(waiting(&service).is_empty(), "{}", service.db.backend);
        let report = succeeded(&service);
        assert_eq!((report.run_id.0, report.counts.read, report.counts.inserted), (2, 12, 12));
        assert_eq!(service.opened(), cursors(&["", "", ""]));
    }
}

#[test]
fn a_killed_run_of_a_source_without_a_cursor_is_not_gone_on_with() {
    let service = Service::new(support::sqlite(), Script { cursor: false, ..Script::new([]) });
    succeeded(&service);
    service.db.execute("UPDATE import_runs SET status = 'running', phase = 'extract', finished_at = NULL");
    let error = service.importer.desk(Actor::admin("ann")).resume(RunId(1), "go on").unwrap_err();
    assert!(error.to_string().contains("cannot be read from the middle"), "{error}");
    let report = succeeded(&service);
    assert_eq!((report.run_id.0, report.counts.read), (2, 12));
    assert!(report.notes[0].contains("run 1 was interrupted and cannot be continued"), "{:?}", report.notes);
}

#[test]
fn a_source_with_other_columns_is_another_source() {
    let service = Service::new(support::sqlite(), Script::new([(At::Row(8), busy())]));
    let script = Arc::clone(&service.script);
    service.alarm.meanwhile(move || *script.last_column.lock().unwrap() = "state");
    let error = failed(&service);
    assert!(error.contains("its columns changed while it was read"), "{error}");
    assert!(waiting(&service).is_empty());

    let service = Service::new(support::sqlite(), Script::new([(At::Row(8), Error::bug("broken"))]));
    failed(&service);
    *service.script.last_column.lock().unwrap() = "state";
    let report = succeeded(&service);
    assert_eq!((report.run_id.0, report.counts.read), (2, 12));
    assert!(report.notes[0].contains("its source has other columns now"), "{:?}", report.notes);
}

#[test]
fn damage_and_a_broken_promise_end_a_run_for_good() {
    let service = Service::new(support::sqlite(), Script::new([(At::Row(8), Error::data("it breaks off"))]));
    let error = failed(&service);
    assert!(error.contains("it breaks off") && !error.contains("goes on"), "{error}");
    assert!(waiting(&service).is_empty());
    assert_eq!((succeeded(&service).run_id.0, service.alarm.slept()), (2, Duration::ZERO));
}

#[test]
fn a_database_that_is_busy_in_passing_is_tried_again_in_both_phases() {
    for table in ["staging_volunteers", "core_volunteers"] {
        for (whole, db) in support::databases().into_iter().zip(support::databases()) {
            let whole = Service::new(whole, Script::new([]));
            succeeded(&whole);
            let service = Service::new(db, Script::new([]));
            let (trigger, drop) = match service.db.backend {
                "sqlite" => (
                    format!(
                        "CREATE TRIGGER busy BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'database is locked'); END"
                    ),
                    "DROP TRIGGER busy".to_owned(),
                ),
                _ => (
                    format!(
                        "CREATE FUNCTION busy() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no words count' USING ERRCODE = '40P01'; END $$ \
                         LANGUAGE plpgsql; CREATE TRIGGER busy BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION busy()"
                    ),
                    format!("DROP TRIGGER busy ON {table}"),
                ),
            };
            service.db.execute(&trigger);
            let (url, backend) = (service.db.url.clone(), service.db.backend);
            service.alarm.meanwhile(move || support::execute(&url, backend, &drop));
            let report = succeeded(&service);
            assert_eq!(
                (report.run_id.0, report.counts.inserted),
                (1, 12),
                "{table} on {}",
                service.db.backend
            );
            assert!(service.alarm.slept() > Duration::ZERO);
            assert_same(&take(&whole.db), &take(&service.db));
        }
    }
}

#[test]
fn patience_is_set_on_the_command_line() {
    let desk = super::cli::Desk::new();
    desk.file("people.csv", super::cli::PEOPLE);
    desk.run("people.csv", &["--retries", "0", "--retry-wait", "30"]).succeeds();
    desk.run("people.csv", &["--retries", "often"]).fails(2, &["--retries"]);
}
