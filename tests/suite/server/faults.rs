//! What the server fails of is told apart by its codes, in whatever language it speaks.

use std::time::Duration;

use importer::{Importer, RetryPolicy, RunReport, RunRequest};

use super::{Database, database, people, set, support};

const BAD: &str = "Novak3";

/// The server fails with this code whenever a certain person is written.
fn fails_with(database: &Database, code: &str) {
    database.execute(&format!(
        "CREATE OR REPLACE FUNCTION moody() RETURNS trigger AS $$ BEGIN \
         IF NEW.last_name = '{BAD}' THEN RAISE EXCEPTION 'Ein Fehler ist aufgetreten: »{BAD}«' USING ERRCODE = '{code}'; END IF; \
         RETURN NEW; END $$ LANGUAGE plpgsql; DROP TRIGGER IF EXISTS moody ON core_volunteers; \
         CREATE TRIGGER moody BEFORE INSERT ON core_volunteers FOR EACH ROW EXECUTE FUNCTION moody()"
    ));
}

fn importer(database: &Database, retry: RetryPolicy) -> Importer {
    let builder = Importer::builder().database(&database.url).plugin(importer_adapter_csv::plugin());
    builder.retry(retry).build().unwrap()
}

/// A database with tables, and a file to import.
struct Subject {
    database: Database,
    importer: Importer,
    folder: tempfile::TempDir,
}

impl Subject {
    fn new(retry: RetryPolicy) -> Option<Self> {
        let database = database()?;
        let importer = importer(&database, retry);
        // Makes the tables.
        importer.count("volunteer").unwrap();
        let folder = tempfile::tempdir().unwrap();
        support::file(folder.path(), "people.csv", people(30));
        Some(Self { database, importer, folder })
    }

    fn run(&self) -> RunReport {
        self.run_with(&self.importer)
    }

    fn run_with(&self, importer: &Importer) -> RunReport {
        importer.run(&RunRequest::new("csv").file(self.folder.path().join("people.csv"))).unwrap()
    }
}

#[test]
fn a_row_is_skipped_for_what_stands_in_it_alone() {
    for code in ["22001", "22003", "22008", "22P02", "22021", "23502", "23505", "23514", "23000", "P0001"] {
        let Some(subject) = Subject::new(RetryPolicy::none()) else { return };
        fails_with(&subject.database, code);
        let report = subject.run();
        assert_eq!(report.status, importer::ReportStatus::PartiallyFailed, "{code}: {:?}", report.error);
        assert_eq!((report.counts.skipped, report.counts.inserted), (1, 29), "{code}");
        if code.starts_with("22") {
            let why = subject
                .database
                .texts("SELECT reason AS t FROM row_outcomes WHERE outcome = 'skipped'")
                .pop()
                .unwrap();
            assert!(why.contains(code) && !why.contains(BAD), "{why}");
        }
    }
}

#[test]
fn everything_else_ends_the_run_which_goes_on_when_it_is_mended() {
    for (code, told) in [
        ("57014", "statement_timeout"),
        ("25P03", "idle_in_transaction_session_timeout"),
        ("42501", "GRANT"),
        ("53100", "space"),
        ("53200", "memory"),
        ("57P01", "continues where it stopped"),
        ("54000", "54000"),
        ("0A000", "0A000"),
        ("58030", "58030"),
        ("XX001", "damaged"),
    ] {
        let Some(subject) = Subject::new(RetryPolicy::none()) else { return };
        fails_with(&subject.database, code);
        let report = subject.run();
        let error = report.error.clone().unwrap_or_default();
        assert_eq!((report.status.as_str(), report.counts.skipped), ("failed", 0), "{code}: {error}");
        assert!(error.contains(told) && error.contains(code), "{code}: {error}");
        assert_eq!(subject.importer.count("volunteer").unwrap(), 0, "{code}");
        subject.database.execute("DROP TRIGGER moody ON core_volunteers");
        let again = subject.run();
        assert_eq!((again.run_id, again.status.as_str()), (report.run_id, "succeeded"), "{code}");
        assert_eq!(again.counts.inserted, 30, "{code}");
    }
}

#[test]
fn a_deadlock_is_tried_again() {
    for code in ["40001", "40P01"] {
        let retry = RetryPolicy { first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
        let Some(subject) = Subject::new(retry) else { return };
        // A sequence does not come back when a transaction does.
        subject.database.execute(&format!(
            "CREATE SEQUENCE tries; CREATE FUNCTION once() RETURNS trigger AS $$ BEGIN \
             IF nextval('tries') = 1 THEN RAISE EXCEPTION 'Verklemmung entdeckt' USING ERRCODE = '{code}'; END IF; \
             RETURN NEW; END $$ LANGUAGE plpgsql; \
             CREATE TRIGGER once BEFORE INSERT ON core_volunteers FOR EACH STATEMENT EXECUTE FUNCTION once()"
        ));
        let report = subject.run();
        assert_eq!(
            (report.status.as_str(), report.counts.inserted),
            ("succeeded", 30),
            "{code}: {:?}",
            report.error
        );
        assert_eq!(subject.database.number("SELECT last_value AS t FROM tries"), 2, "{code}");
    }
}

#[test]
fn a_limit_of_the_server_is_named_and_no_row_is_skipped_for_it() {
    let Some(subject) = Subject::new(RetryPolicy::none()) else { return };
    subject.database.execute(
        "CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$ LANGUAGE plpgsql; \
         CREATE TRIGGER slow BEFORE INSERT ON core_volunteers FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    );
    set(&subject.database, "statement_timeout = '500ms'");
    let limited = importer(&subject.database, RetryPolicy::none());
    let report = subject.run_with(&limited);
    let error = report.error.unwrap_or_default();
    assert_eq!((report.status.as_str(), report.counts.skipped), ("failed", 0), "{error}");
    assert!(error.contains("statement_timeout") && error.contains("ALTER ROLE"), "{error}");
    set(&subject.database, "statement_timeout = 0");
    let again = subject.run_with(&limited);
    assert_eq!((again.run_id, again.counts.inserted), (report.run_id, 30), "{:?}", again.error);
}

#[test]
fn a_lock_of_another_program_is_waited_for_as_long_as_the_server_allows() {
    let Some(subject) = Subject::new(RetryPolicy::none()) else { return };
    set(&subject.database, "lock_timeout = '200ms'");
    let mut other = postgres::Client::connect(&subject.database.url, postgres::NoTls).unwrap();
    other.batch_execute("BEGIN; LOCK TABLE core_volunteers IN EXCLUSIVE MODE").unwrap();
    let report = subject.run();
    let error = report.error.unwrap_or_default();
    assert_eq!((report.status.as_str(), report.counts.skipped), ("failed", 0), "{error}");
    assert!(error.contains("lock_timeout") && error.contains("55P03"), "{error}");
    other.batch_execute("ROLLBACK").unwrap();
    let again = subject.run();
    assert_eq!((again.run_id, again.counts.inserted), (report.run_id, 30), "{:?}", again.error);
}
