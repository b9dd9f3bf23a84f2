//! Runs are paused, cancelled, resumed, retried, approved and discarded, also from other processes.

use importer::service::{Actor, Desk, RerunStep, StopAck};
use importer::{ErrorKind, GateMode, GatePolicy, Importer, RunId, RunRequest};
use importer_core::ports::{AuditFilter, RunStatus};

use super::cli;
use super::interruption::people::csv;
use super::interruption::snapshot::{assert_same, take};
use super::interruption::{command, kill, newest, start, wait_until};
use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email\n";

/// People of whom every third has an address that is none.
fn every_third_is_bad(rows: usize) -> String {
    let row = |n| match n % 3 {
        0 => format!("{n},Pat{n},Stone,nowhere\n"),
        _ => format!("{n},Pat{n},Stone,pat{n}@example.org\n"),
    };
    HEADER.to_owned() + &(0..rows).map(row).collect::<String>()
}

fn strict(db: &Database) -> Importer {
    Importer::builder()
        .database(&db.url)
        .plugin(importer_adapter_csv::plugin())
        .gate(GatePolicy { mode: GateMode::Enforce, ..GatePolicy::default() })
        .build()
        .unwrap()
}

fn admin(importer: &Importer) -> Desk<'_> {
    importer.desk(Actor::admin("ann"))
}

fn another(db: &Database) -> Database {
    support::databases().into_iter().find(|other| other.backend == db.backend).unwrap()
}

#[test]
fn an_approved_run_ends_like_one_that_was_never_held() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", every_third_is_bad(60));
    for reference in support::databases() {
        reference.import(&file);
        let expected = take(&reference);
        let db = another(&reference);
        let held = strict(&db).run(&RunRequest::new("csv").file(&file)).unwrap();
        assert_eq!((held.status.as_str(), held.counts.inserted), ("held", 0));
        let importer = db.importer();
        assert_eq!(importer.count("volunteer").unwrap(), 0);
        let report = admin(&importer).approve(held.run_id, "looked at it with the office").unwrap();
        assert_eq!((report.status.as_str(), report.counts.inserted), ("succeeded", 40), "{report:?}");
        assert_same(&expected, &take(&db));
        let again = admin(&importer).approve(held.run_id, "once more").unwrap_err();
        assert!(
            again.kind() == ErrorKind::Config && again.to_string().contains("it is succeeded"),
            "{again}"
        );
        let log = admin(&importer).audit_log(&AuditFilter::default()).unwrap();
        let line = &log.iter().find(|line| line.entry.action == "approve_runs").unwrap().entry;
        assert_eq!((line.subject.as_str(), line.reason.as_str()), ("run 1", "looked at it with the office"));
    }
}

#[test]
fn an_approval_outlives_its_process() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "people.csv", every_third_is_bad(60));
        let strict = strict(&db);
        assert_eq!(
            strict.run(&RunRequest::new("csv").file(&file)).unwrap().status,
            importer::ReportStatus::Held
        );
        // As the process leaves it that ends right after the approval was stored.
        db.execute(
            "UPDATE import_runs SET status = 'running', \
             metrics_json = REPLACE(metrics_json, '\"approved\":false', '\"approved\":true')",
        );
        assert_eq!(admin(&strict).interrupted().unwrap().len(), 1);
        let report = admin(&strict).resume(RunId(1), "the machine was restarted").unwrap();
        assert_eq!((report.status.as_str(), report.counts.inserted), ("succeeded", 40), "{}", db.backend);
    }
}

#[test]
fn runs_of_different_sources_work_side_by_side() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let people = support::file(folder.path(), "people.csv", csv(3_000, 14));
        let card = |n| {
            format!(
                "BEGIN:VCARD\nVERSION:4.0\nUID:v{n}\nFN:Card{n} Holder\nEMAIL:card{n}@example.net\nEND:VCARD\n"
            )
        };
        let cards = support::file(folder.path(), "cards.vcf", (0..500).map(card).collect::<String>());
        let importer = Importer::builder()
            .database(&db.url)
            .plugin(importer_adapter_csv::plugin())
            .plugin(importer_sample_vcard::plugin())
            .build()
            .unwrap();
        let requests = [RunRequest::new("csv").file(&people), RunRequest::new("vcard").file(&cards)];
        std::thread::scope(|scope| {
            let runs = requests.each_ref().map(|request| scope.spawn(|| importer.run(request).unwrap()));
            for run in runs {
                let report = run.join().unwrap();
                assert_eq!(report.status, importer::ReportStatus::Succeeded, "{}: {report:?}", db.backend);
            }
        });
        let known = "SELECT COUNT(*) AS t FROM external_id_map WHERE external_system = ";
        let (cards, people) = (db.number(&format!("{known}'vcard'")), db.number(&format!("{known}'csv'")));
        assert!(cards == 500 && people > 2_000, "{}: {cards} and {people}", db.backend);
    }
}

#[test]
fn a_discarded_run_loads_nothing_and_what_it_replaced_is_held_again() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        db.import(&support::file(folder.path(), "1.csv", format!("{HEADER}1,Pat1,Stone,nowhere\n")));
        // Row 1 is mended in a file that is held as a whole.
        let file = support::file(folder.path(), "2.csv", every_third_is_bad(60));
        let held = strict(&db).run(&RunRequest::new("csv").file(&file)).unwrap();
        assert_eq!(held.status, importer::ReportStatus::Held);
        let open = "SELECT COUNT(*) AS t FROM quarantine WHERE status = 'open'";
        assert_eq!(db.number(open), 20, "{}", db.backend);
        let importer = db.importer();
        admin(&importer).discard(held.run_id, "the wrong file").unwrap();
        assert_eq!(importer.count("volunteer").unwrap(), 0);
        // The mended row was never loaded, so the first one waits again, and nothing of the discarded file does.
        assert_eq!(db.number(open), 1, "{}", db.backend);
        assert_eq!(
            db.number("SELECT run_id AS t FROM quarantine WHERE status = 'open'"),
            1,
            "{}",
            db.backend
        );
        let ended = "SELECT DISTINCT reason AS t FROM quarantine WHERE status = 'superseded'";
        assert_eq!(db.texts(ended), ["the wrong file"]);
        let sql = "SELECT COUNT(*) AS t FROM dq_violations WHERE status = 'open' AND run_id = 1";
        assert!(db.number(sql) > 0, "{}", db.backend);
        for error in [
            admin(&importer).approve(held.run_id, "why not").unwrap_err(),
            admin(&importer).discard(held.run_id, "again").unwrap_err(),
            admin(&importer).resume(held.run_id, "go on").unwrap_err(),
        ] {
            assert!(
                error.kind() == ErrorKind::Config && error.to_string().contains("it is cancelled"),
                "{error}"
            );
        }
        // The same file is a new run.
        assert_eq!(db.import(&file).counts.inserted, 40);
        let newest = admin(&importer).runs(&Default::default()).unwrap().remove(0);
        assert_eq!((newest.id.0, newest.status), (3, RunStatus::Succeeded));
    }
}

#[test]
fn an_approval_comes_too_late_when_something_newer_was_loaded() {
    let db = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", every_third_is_bad(60));
    let held = strict(&db).run(&RunRequest::new("csv").file(&file)).unwrap();
    db.import(&support::file(
        folder.path(),
        "new.csv",
        format!("{HEADER}1,Patricia,Stone,pat1@example.org\n"),
    ));
    let importer = db.importer();
    let error = admin(&importer).approve(held.run_id, "fine").unwrap_err();
    assert!(error.to_string().contains("run 2 of the same system was loaded since"), "{error}");
    assert_eq!(importer.report(held.run_id).unwrap().status, importer::ReportStatus::Held);
}

#[test]
fn a_run_is_paused_by_another_process_and_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(45_000, 11));
    for reference in support::databases() {
        cli::ended(command(folder.path(), &reference, &file)).succeeds();
        let expected = take(&reference);
        let db = another(&reference);
        let importer = db.importer();
        let mut child = start(folder.path(), &db, &file);
        assert!(wait_until(&mut child, &importer, |run| run.rows_read > 0));
        let desk = cli::Desk::on(db);
        let asked = desk.call(["runs", "pause", "1", "--reason", "the office needs the database"]);
        assert!(asked.succeeds().out.contains("Run 1 is running and pauses after its batch."), "{asked:?}");
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.code() == Some(1) && said.contains("it was paused"), "{said}");
        assert_eq!(newest(&importer).unwrap().status, RunStatus::Paused, "{}", desk.db.backend);

        let waiting = desk.call(["runs", "interrupted"]);
        assert!(waiting.succeeds().out.contains("Run 1 of csv: paused"), "{waiting:?}");
        desk.call(["runs", "resume", "1", "--reason", "go on", "--rules-mode", "warn"])
            .fails(2, &["the mapping, the rules or the policies differ from those it started with"]);
        desk.call(["runs", "resume", "1", "--reason", "go on", "--role", "viewer"])
            .fails(2, &["it needs the role steward"]);
        let resumed = desk.call(["runs", "resume", "1", "--reason", "the office is done"]);
        assert!(resumed.succeeds().out.contains("Run 1 of csv (volunteer): succeeded"), "{resumed:?}");
        assert_same(&expected, &take(&desk.db));
        assert!(desk.call(["runs", "interrupted"]).succeeds().out.contains("No run in"));
        let done = "SELECT reason AS t FROM audit_log WHERE outcome = 'done' ORDER BY id";
        assert_eq!(
            desk.db.texts(done),
            ["asked for on the command line", "the office needs the database", "the office is done"]
        );
    }
}

#[test]
fn a_run_is_cancelled_for_good_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(45_000, 12));
    for db in support::databases() {
        let importer = db.importer();
        let mut child = start(folder.path(), &db, &file);
        assert!(wait_until(&mut child, &importer, |run| run.rows_read > 0));
        assert_eq!(admin(&importer).cancel(RunId(1), "the wrong file").unwrap(), StopAck::Requested);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", db.backend);
        let run = newest(&importer).unwrap();
        assert_eq!(
            (run.status, run.error_summary.as_deref()),
            (RunStatus::Cancelled, Some("cannot finish the run: it was cancelled"))
        );
        assert!(admin(&importer).interrupted().unwrap().is_empty());
        let error = admin(&importer).resume(RunId(1), "go on").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let small = support::file(folder.path(), "small.csv", csv(10, 12));
        assert_eq!(db.import(&small).run_id, RunId(2));
    }
}

#[test]
fn a_killed_run_is_found_and_resumed_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(45_000, 13));
    for reference in support::databases() {
        cli::ended(command(folder.path(), &reference, &file)).succeeds();
        let expected = take(&reference);
        let db = another(&reference);
        let importer = db.importer();
        let mut child = start(folder.path(), &db, &file);
        let reading = wait_until(&mut child, &importer, |run| run.rows_read > 0);
        assert!(kill(child) && reading);
        let desk = cli::Desk::on(db);
        // A Postgres server notices only after a while that nobody waits for its answer.
        let found = (0..50).any(|_| {
            let waiting = desk.call(["runs", "interrupted"]);
            let found = waiting.succeeds().out.contains("Run 1 of csv: its process ended");
            if !found {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            found
        });
        assert!(found, "{}", desk.db.backend);
        desk.call(["runs", "resume", "1", "--reason", "the machine was restarted"]).succeeds();
        assert_same(&expected, &take(&desk.db));
    }
}

#[test]
fn what_is_not_at_work_is_ended_at_once() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        db.import(&support::file(folder.path(), "1.csv", every_third_is_bad(9)));
        let importer = db.importer();
        let desk = admin(&importer);
        assert!(desk.pause(RunId(1), "stop").unwrap_err().to_string().contains("it is succeeded"));
        assert_eq!(desk.pause(RunId(7), "stop").unwrap_err().kind(), ErrorKind::NotFound);
        db.execute("UPDATE import_runs SET status = 'running', phase = 'load', finished_at = NULL");
        assert_eq!(desk.pause(RunId(1), "stop").unwrap(), StopAck::Done);
        assert_eq!(desk.interrupted().unwrap()[0].status, RunStatus::Paused);
        assert_eq!(desk.cancel(RunId(1), "stop").unwrap(), StopAck::Done);
        assert!(desk.interrupted().unwrap().is_empty());
        desk.label(RunId(1), Some("spring fair"), "so that we find it").unwrap();
        assert_eq!(
            db.texts("SELECT status || ' ' || label AS t FROM import_runs"),
            ["cancelled spring fair"]
        );
    }
}

#[test]
fn judging_stored_rows_again_by_the_same_rules_changes_nothing() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let rows = "id,first name,last name,email,hobby\n1,Ann,Lee,ann@example.org,\n2,Bob,Fox,nowhere,chess\n,Cy,Day,cy@example.org,\n";
        db.import(&support::file(folder.path(), "1.csv", rows));
        // Ann is newer in another file; what the first one said of her is history.
        db.import(&support::file(folder.path(), "2.csv", format!("{HEADER}1,Anna,Lee,ann@example.org\n")));
        let core = || {
            let mut rows = take(&db);
            rows.retain(|table, _| {
                table.starts_with("core") || *table == "change_log" || *table == "quarantine"
            });
            rows
        };
        let before = core();
        let importer = db.importer();
        let report = admin(&importer).rerun(RunId(1), RerunStep::Validate, "to be sure").unwrap();
        let counts = report.counts;
        assert_eq!(
            (counts.read, counts.unchanged, counts.quarantined),
            (2, 1, 1),
            "{}: {counts:?}",
            db.backend
        );
        assert_same(&before, &core());
        assert_eq!(admin(&importer).rerun(RunId(1), RerunStep::Upsert, "to be sure").unwrap().counts.read, 0);
        let label = db.texts("SELECT label AS t FROM import_runs WHERE label IS NOT NULL ORDER BY id");
        assert_eq!(label, ["validate of run 1", "upsert of run 1"]);
    }
}

#[test]
fn rows_that_other_rules_let_through_are_loaded_from_what_is_stored() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let file = support::file(folder.path(), "1.csv", every_third_is_bad(9));
        assert_eq!(db.import(&file).counts.quarantined, 3);
        // The file is gone; the rows are not.
        std::fs::remove_file(&file).unwrap();
        let lenient = Importer::builder()
            .database(&db.url)
            .plugin(importer_adapter_csv::plugin())
            .rules_mode(Some(importer_dq::Mode::Warn))
            .build()
            .unwrap();
        let report = admin(&lenient)
            .rerun(RunId(1), RerunStep::Validate, "an address is not needed after all")
            .unwrap();
        assert_eq!((report.counts.read, report.counts.inserted), (9, 3), "{report:?}");
        assert_eq!(
            db.number("SELECT COUNT(*) AS t FROM quarantine WHERE status = 'open'"),
            0,
            "{}",
            db.backend
        );
        assert_eq!(lenient.count("volunteer").unwrap(), 9);
    }
}

#[test]
fn rows_that_could_not_be_written_are_retried_and_only_these() {
    let db = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    db.importer();
    db.execute(
        "CREATE TRIGGER no_pat BEFORE INSERT ON core_volunteers WHEN NEW.first_name = 'Pat1' \
         BEGIN SELECT RAISE(ABORT, 'the host says no'); END",
    );
    let rows = format!("{HEADER}1,Pat1,Stone,pat1@example.org\n2,Pat2,Stone,pat2@example.org\n");
    let report = db.import(&support::file(folder.path(), "1.csv", rows));
    assert_eq!((report.status.as_str(), report.counts.skipped), ("partially_failed", 1));
    let importer = db.importer();
    assert_eq!(admin(&importer).retry(RunId(1), "once more").unwrap().counts.skipped, 1);
    db.execute("DROP TRIGGER no_pat");
    let report = admin(&importer).retry(RunId(1), "the host says yes").unwrap();
    assert_eq!((report.status.as_str(), report.counts.read, report.counts.inserted), ("succeeded", 1, 1));
    assert_eq!(admin(&importer).retry(RunId(1), "again").unwrap().counts.read, 0);
}

#[test]
fn a_failed_step_is_retried_where_it_stopped() {
    let db = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    db.import(&support::file(folder.path(), "1.csv", every_third_is_bad(9)));
    db.execute("UPDATE import_runs SET status = 'failed', phase = 'reconcile', error_summary = 'it was struck by lightning'");
    let importer = db.importer();
    let error = admin(&importer).resume(RunId(1), "go on").unwrap_err();
    assert!(error.to_string().contains("retry it"), "{error}");
    let report = admin(&importer).retry(RunId(1), "the weather is better").unwrap();
    assert_eq!((report.run_id.0, report.status.as_str(), report.error), (1, "succeeded", None));
}
