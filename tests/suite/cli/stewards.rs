//! The commands of stewards: tables for people, JSON for programs, exit codes for scripts.

use std::path::Path;

use super::super::support;
use super::{Ended, ended, program};

/// The program as sam the steward.
fn steward(folder: &Path, arguments: &[&str]) -> Ended {
    let mut command = program(folder);
    command.args(arguments).args(["--actor", "sam", "--role", "steward", "--db", "sqlite://x.db"]);
    ended(command)
}

fn json(ended: &Ended) -> serde_json::Value {
    assert_eq!(ended.code, 0, "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

fn imported(folder: &Path) {
    let rows = "id,first name,last name,email\n1,Ann,Lee,ann@@example.org\n2,Bob,Ray,bob@@example.org\n3,Cy,Poe,\n4,Di,Fox,di\n";
    support::file(folder, "people.csv", rows);
    let mut command = program(folder);
    command.args(["run", "--source", "csv", "--file", "people.csv", "--db", "sqlite://x.db"]);
    assert_eq!(ended(command).code, 0);
}

#[test]
fn rows_are_listed_shown_corrected_and_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| steward(folder.path(), arguments);
    imported(folder.path());
    let list = run(&["quarantine"]);
    assert!(list.out.contains("csv:1") && list.out.contains("\n4 of 4\n"), "{list:?}");
    assert!(run(&["quarantine", "--limit", "1"]).out.contains("1 of 4; the next ones: --after "));
    let rows = json(&run(&["quarantine", "--json"]));
    let id = |n: usize| rows[n]["row"].to_string();
    let shown = run(&["quarantine", &id(0)]);
    for told in ["ann@@example.org", "FMT-101", "suggestion: ann@example.org", "hint: "] {
        assert!(shown.out.contains(told), "{told}: {shown:?}");
    }
    let stays = run(&["fix", &id(0), "--set", "email=nobody", "--reason", "she wrote"]);
    assert!(stays.code == 1 && stays.out.contains("stays out, and nothing has changed"), "{stays:?}");
    let fixed = run(&["fix", &id(0), "--set", "email=ann@example.org", "--reason", "she wrote"]);
    assert!(fixed.code == 0 && fixed.out.contains("went in: record 1 inserted"), "{fixed:?}");
    let again = run(&["fix", &id(0), "--set", "email=ann@example.org", "--reason", "she wrote"]);
    assert!(again.code == 2 && again.err.contains("it is fixed already"), "{again:?}");

    let preview = run(&["fix", "--bulk", "--autofix", "FMT-101", "--reason", "a form wrote two signs"]);
    assert!(preview.out.contains("email: bob@@example.org -> bob@example.org"), "{preview:?}");
    assert!(preview.out.ends_with("Nothing has changed; --apply does it.\n"), "{preview:?}");
    let change = [
        "fix",
        "--bulk",
        "--field",
        "email",
        "--find",
        "@@",
        "--replace",
        "@",
        "--reason",
        "a form",
        "--apply",
        "--json",
    ];
    assert_eq!(json(&run(&change))["loaded"], 1);

    let exempt = run(&["suppress", &id(2), "--exempt", "REQ-001", "--reason", "comes in person"]);
    assert!(exempt.code == 0 && exempt.out.contains("went in"), "{exempt:?}");
    assert_eq!(
        json(&run(&["suppress", &id(3), "--wont-fix", "--reason", "nobody", "--json"]))["status"],
        "wont_fix"
    );
    assert_eq!(run(&["suppress", &id(3), "--reopen", "--reason", "somebody"]).code, 0);
    let requeued = run(&["requeue", &id(3), "--reason", "new rules"]);
    assert!(requeued.code == 1 && requeued.out.contains("FMT-101"), "{requeued:?}");
    assert_eq!(json(&run(&["requeue", "--bulk", "--reason", "new rules", "--json"]))["counts"]["matched"], 1);
    let made =
        run(&["create", "--set", "first_name=Eve", "--set", "last_name=Orr", "--reason", "at the desk"]);
    assert!(made.code == 0 && made.out.starts_with("The person went in: "), "{made:?}");
    assert!(run(&["quarantine", "--status", "all"]).out.contains("\n4 of 4\n"));
    let log = json(&run(&["audit", "--json"]));
    let actions: Vec<&str> =
        log.as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    let expected = [
        "control_runs",
        "fix_rows",
        "fix_rows",
        "suppress_rows",
        "suppress_rows",
        "suppress_rows",
        "create_records",
    ];
    assert_eq!(actions, expected);
}

#[test]
fn rows_that_lack_a_column_are_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| steward(folder.path(), arguments);
    for (name, rows) in [
        ("one.csv", "id,first name,e-mail\n1,Gus,gus@@example.org\n"),
        ("two.csv", "id,first name,mail\n2,Ivy,ivy@@example.org\n3,Jo,jo@@example.org\n"),
    ] {
        support::file(folder.path(), name, rows);
        let mut command = program(folder.path());
        command.args(["run", "--source", "csv", "--file", name, "--db", "sqlite://x.db"]);
        assert_eq!(ended(command).code, 0);
    }
    let change = |column: &str, more: &[&str]| {
        let change =
            ["fix", "--bulk", "--field", column, "--find", "@@", "--replace", "@", "--reason", "a form"];
        run(&[&change[..], more].concat())
    };
    let preview = change("e-mail", &[]);
    assert!(
        preview.out.contains("\n2 rows have no column e-mail and are left as they are.\n"),
        "{preview:?}"
    );
    let none = change("mail", &["--run", "1"]);
    none.fails(2, &["no row that the filter finds has this column", "(field: mail)", "the columns are: id"]);
    let told = json(&change("mail", &["--json"]));
    assert_eq!((&told["counts"]["matched"], &told["counts"]["without_column"]), (&3.into(), &1.into()));
    let applied = change("mail", &["--apply"]);
    assert!(applied.out.ends_with("\n1 row has no column mail and is left as it is.\n"), "{applied:?}");
    let applied = change("e-mail", &["--apply"]);
    assert!(!applied.out.contains("no column"), "{applied:?}");
}

#[test]
fn what_is_exported_and_corrected_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| steward(folder.path(), arguments);
    imported(folder.path());
    let out = run(&["export", "quarantine", "--out", "rows.csv", "--reason", "for the office"]);
    assert!(out.code == 0 && out.out.starts_with("4 rows in rows.csv\n"), "{out:?}");
    let one =
        run(&["export", "quarantine", "--rule", "REQ-001", "--out", "one.csv", "--reason", "for the office"]);
    assert!(one.out.starts_with("1 row in one.csv\n"), "{one:?}");
    let one = run(&["fix", "--file", "one.csv", "--reason", "nothing new"]);
    assert!(one.out.starts_with("1 row: 0 went in, 1 as it was, "), "{one:?}");
    let twice = run(&["export", "quarantine", "--out", "rows.csv", "--reason", "for the office"]);
    assert_ne!(twice.code, 0, "a file that is there stays as it is");
    let text = std::fs::read_to_string(folder.path().join("rows.csv")).unwrap();
    support::file(folder.path(), "rows.csv", text.replacen("ann@@", "ann@", 1));
    let read = run(&["fix", "--file", "rows.csv", "--reason", "from the office"]);
    assert!(read.code == 0 && read.out.starts_with("4 rows: 1 went in, 3 as they were"), "{read:?}");
    assert_eq!(
        json(&run(&["export", "records", "--out", "people.csv.out", "--reason", "backup", "--json"]))["rows"],
        1
    );
    let found =
        run(&["export", "violations", "--out", "v.csv", "--rule", "FMT-101", "--reason", "report", "--json"]);
    assert_eq!(json(&found)["rows"], 3);
    let mut viewer = program(folder.path());
    viewer.args([
        "export",
        "records",
        "--out",
        "no.csv",
        "--reason",
        "why",
        "--role",
        "viewer",
        "--db",
        "sqlite://x.db",
    ]);
    let refused = ended(viewer);
    assert!(refused.code == 2 && refused.err.contains("it needs the role steward"), "{refused:?}");
    assert!(!folder.path().join("no.csv").exists());
    assert!(run(&["violations", "--text", "csv:2", "--status", "open"]).out.contains("csv:2"));
}

#[test]
fn people_are_found_by_what_the_actor_sees_of_them() {
    let folder = tempfile::tempdir().unwrap();
    support::file(
        folder.path(),
        "people.csv",
        "id,first name,last name,email,dob\n1,Ann,Lee,ann@example.org,1990-01-02\n2,Bob,Ray,bob@example.org,1990-01-02\n",
    );
    let run = |arguments: &[&str]| {
        let mut command = program(folder.path());
        command.args(arguments).args(["--db", "sqlite://x.db"]);
        ended(command)
    };
    assert_eq!(run(&["run", "--source", "csv", "--file", "people.csv"]).code, 0);
    let found = run(&["people", "--text", "ann lee"]);
    assert!(found.out.contains("ann@example.org") && !found.out.contains("Bob"), "{found:?}");
    assert!(run(&["people", "--limit", "1"]).out.ends_with("There may be more: --after 1\n"));
    assert_eq!(json(&run(&["people", "--text", "1990-01-02", "--json"])).as_array().unwrap().len(), 2);
    // What is masked is neither shown nor searched.
    for (role, text) in [("steward", "1990-01-02"), ("viewer", "ann@example.org")] {
        let none = run(&["people", "--text", text, "--role", role]);
        assert!(none.out.contains("There are no such people"), "{none:?}");
    }
    let seen = run(&["people", "1", "--role", "viewer"]);
    assert!(seen.out.contains("Lee") && !seen.out.contains("1990") && !seen.out.contains("ann@"), "{seen:?}");
    run(&["people", "77"]).fails(2, &["there is no volunteer 77", "people --text NAME"]);
    assert_eq!(run(&["merge", "1", "2", "--reason", "the same"]).code, 0);
    assert!(run(&["people", "2"]).out.starts_with("Record 2 was merged into 1.\n"));
}

#[test]
fn what_is_forgotten_is_asked_for_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    imported(folder.path());
    let run = |arguments: &[&str]| steward(folder.path(), arguments);
    for command in
        [&["merge", "1", "2"][..], &["undo", "1"], &["rollback", "1"], &["fix", "1", "--set", "a=b"]]
    {
        run(command).fails(2, &["--reason"]);
    }
    run(&["merge"]).fails(2, &["PEOPLE"]);
    run(&["merge", "1", "--reason", "x"]).fails(2, &["PEOPLE"]);
    support::file(folder.path(), "there.csv", "mine");
    let kept = run(&["export", "quarantine", "--out", "there.csv", "--reason", "x"]);
    kept.fails(2, &["the file exists already", "there.csv", "--out"]);
    let log = run(&["audit", "--action", "export"]);
    assert!(log.code == 2 || !log.out.contains("done"), "what was not written was not exported: {log:?}");
}
