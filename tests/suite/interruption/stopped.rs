//! Ctrl-C, and two runs at once.

use std::process::{Child, Command};

use super::people::csv;
use super::snapshot::{assert_same, take};
use super::{cli, command, newest, start, wait_until};
use crate::support;

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn ctrl_c_stops_cleanly_and_a_second_run_of_the_system_is_refused_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", csv(45_000, 7));
    let small = support::file(folder.path(), "small.csv", csv(10, 7));
    for reference in support::databases() {
        cli::ended(command(folder.path(), &reference, &file)).succeeds();
        let expected = take(&reference);

        let db = support::databases().into_iter().find(|db| db.backend == reference.backend).unwrap();
        let importer = db.importer();
        let mut child = start(folder.path(), &db, &file);
        assert!(wait_until(&mut child, &importer, |_| true));
        let second = cli::ended(command(folder.path(), &db, &small));
        second
            .fails(1, &["another run of this system is at work", "system: csv", "wait for it, or cancel it"]);
        assert_eq!(second.out, "");

        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in [
            "Run 1 of csv (volunteer): cancelled",
            "it was cancelled",
            "the same request continues where it stopped",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(db.texts("SELECT status AS t FROM import_runs"), ["cancelled"], "{}", db.backend);

        let ended = cli::ended(command(folder.path(), &db, &file));
        assert!(ended.succeeds().out.contains("continued run 1, which had stopped after"), "{}", ended.out);
        assert_eq!(newest(&importer).unwrap().id, 1);
        assert_same(&expected, &take(&db));
    }
}

#[test]
fn a_program_learns_that_the_run_went_on() {
    let desk = cli::Desk::new();
    desk.file("people.csv", cli::PEOPLE);
    desk.run("people.csv", &[]).succeeds();
    desk.db.execute("UPDATE import_runs SET status = 'running', phase = 'extract'");
    let ended = desk.summary("people.csv", &[]);
    assert!(ended.succeeds().err.contains("continued run 1"), "{ended:?}");
}

#[test]
fn what_an_interrupted_run_stored_may_be_damaged() {
    for damage in ["adapter_cursor = '{garbage'", "adapter_cursor = '{}'", "adapter_cursor = ''"] {
        let desk = cli::Desk::new();
        desk.file("people.csv", cli::PEOPLE);
        desk.run("people.csv", &[]).succeeds();
        desk.db.execute(&format!("UPDATE import_runs SET status = 'running', phase = 'extract', {damage}"));
        let ended = desk.run("people.csv", &[]);
        let out = &ended.succeeds().out;
        assert!(
            out.contains("run 1 was interrupted and cannot be continued") && out.contains("Run 2 of csv"),
            "{out}"
        );
        assert_eq!(desk.rows("core_volunteers"), 2);
        assert_eq!(desk.db.texts("SELECT status AS t FROM import_runs ORDER BY id"), ["failed", "succeeded"]);
    }
}

#[test]
fn damaged_counts_do_not_go_unnoticed() {
    let desk = cli::Desk::new();
    desk.file("people.csv", cli::PEOPLE);
    desk.run("people.csv", &[]).succeeds();
    desk.db.execute("UPDATE import_runs SET status = 'running', phase = 'load', counts_json = 'garbage'");
    desk.run("people.csv", &[]).fails(1, &["counts do not add up"]);
    assert_eq!(desk.rows("core_volunteers"), 2);
    // The next one is a new run, which is not held up by the damaged one.
    assert!(desk.run("people.csv", &[]).succeeds().out.contains("Run 2 of csv (volunteer): succeeded"));
}
