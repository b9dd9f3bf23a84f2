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

fn run(importer: &Importer) -> RunReport {
    let folder = std::env::temp_dir().join("importer-tests-moods");
    std::fs::create_dir_all(&folder).unwrap();
    // One path, so that it is one request.
    let file = support::file(&folder, "people.csv", people(30));
    importer.run(&RunRequest::new("csv").file(&file)).unwrap()
}

fn made(retry: RetryPolicy) -> Option<(Database, Importer)> {
    let database = database()?;
    let importer = importer(&database, retry);
    // Makes the tables.
    importer.count("volunteer").unwrap();
    Some((database, importer))
}

#[test]
fn a_row_is_skipped_for_what_stands_in_it_alone() {
    for code in ["22001", "22003", "22008", "22P02", "22021", "23502", "23505", "23514", "23000", "P0001"] {
        let Some((database, importer)) = made(RetryPolicy::none()) else { return };
        fails_with(&database, code);
        let report = run(&importer);
        assert_eq!(report.status, "partially_failed", "{code}: {:?}", report.error);
        assert_eq!((report.counts.skipped, report.counts.inserted), (1, 29), "{code}");
        if code.starts_with("22") {
            let why = database
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
        ("57P01", "goes on where it stopped"),
        ("54000", "54000"),
        ("0A000", "0A000"),
        ("58030", "58030"),
        ("XX001", "damaged"),
    ] {
        let Some((database, importer)) = made(RetryPolicy::none()) else { return };
        fails_with(&database, code);
        let report = run(&importer);
        let error = report.error.clone().unwrap_or_default();
        assert_eq!((report.status.as_str(), report.counts.skipped), ("failed", 0), "{code}: {error}");
        assert!(error.contains(told) && error.contains(code), "{code}: {error}");
        assert_eq!(importer.count("volunteer").unwrap(), 0, "{code}");
        database.execute("DROP TRIGGER moody ON core_volunteers");
        let again = run(&importer);
        assert_eq!((again.run_id, again.status.as_str()), (report.run_id, "succeeded"), "{code}");
        assert_eq!(again.counts.inserted, 30, "{code}");
    }
}

#[test]
fn a_deadlock_is_tried_again() {
    for code in ["40001", "40P01"] {
        let retry = RetryPolicy { first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
        let Some((database, importer)) = made(retry) else { return };
        // A sequence does not come back when a transaction does.
        database.execute(&format!(
            "CREATE SEQUENCE tries; CREATE FUNCTION once() RETURNS trigger AS $$ BEGIN \
             IF nextval('tries') = 1 THEN RAISE EXCEPTION 'Verklemmung entdeckt' USING ERRCODE = '{code}'; END IF; \
             RETURN NEW; END $$ LANGUAGE plpgsql; \
             CREATE TRIGGER once BEFORE INSERT ON core_volunteers FOR EACH STATEMENT EXECUTE FUNCTION once()"
        ));
        let report = run(&importer);
        assert_eq!(
            (report.status.as_str(), report.counts.inserted),
            ("succeeded", 30),
            "{code}: {:?}",
            report.error
        );
        assert_eq!(database.number("SELECT last_value AS t FROM tries"), 2, "{code}");
    }
}

#[test]
fn a_limit_of_the_server_is_named_and_no_row_is_skipped_for_it() {
    let Some((database, _)) = made(RetryPolicy::none()) else { return };
    database.execute(
        "CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(2); RETURN NEW; END $$ LANGUAGE plpgsql; \
         CREATE TRIGGER slow BEFORE INSERT ON core_volunteers FOR EACH STATEMENT EXECUTE FUNCTION slow()",
    );
    set(&database, "statement_timeout = '500ms'");
    set(&database, "lc_messages = 'C'");
    let limited = importer(&database, RetryPolicy::none());
    let report = run(&limited);
    let error = report.error.unwrap_or_default();
    assert_eq!((report.status.as_str(), report.counts.skipped), ("failed", 0), "{error}");
    assert!(error.contains("statement_timeout") && error.contains("ALTER ROLE"), "{error}");
    set(&database, "statement_timeout = 0");
    let again = run(&limited);
    assert_eq!((again.run_id, again.counts.inserted), (report.run_id, 30), "{:?}", again.error);
}

#[test]
fn a_lock_of_another_program_is_waited_for_as_long_as_the_server_allows() {
    let Some((database, importer)) = made(RetryPolicy::none()) else { return };
    set(&database, "lock_timeout = '200ms'");
    let mut other = postgres::Client::connect(&database.url, postgres::NoTls).unwrap();
    other.batch_execute("BEGIN; LOCK TABLE core_volunteers IN EXCLUSIVE MODE").unwrap();
    let report = run(&importer);
    let error = report.error.unwrap_or_default();
    assert_eq!((report.status.as_str(), report.counts.skipped), ("failed", 0), "{error}");
    assert!(error.contains("lock_timeout") && error.contains("55P03"), "{error}");
    other.batch_execute("ROLLBACK").unwrap();
    let again = run(&importer);
    assert_eq!((again.run_id, again.counts.inserted), (report.run_id, 30), "{:?}", again.error);
}
