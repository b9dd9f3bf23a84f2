//! Looking at runs and at what the rules found.

use super::{Desk, PEOPLE};

/// A desk after a dry run, a run and a run of another file.
fn worked_at() -> Desk {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let mut bad = String::from("id,first name,last name,email\n");
    for n in 0..7 {
        bad += &format!("b{n},Bad{n},Address,nowhere{n}\nc{n},,,c{n}@example.org\n");
    }
    desk.file("bad.csv", bad);
    desk.run("people.csv", &["--dry-run"]).succeeds();
    desk.run("people.csv", &[]).succeeds();
    desk.run("bad.csv", &[]).succeeds();
    desk
}

fn json(desk: &Desk, args: &[&str]) -> Vec<serde_json::Value> {
    match desk.call(args.iter().chain(&["--json"])).succeeds().json() {
        serde_json::Value::Array(all) => all,
        one => vec![one],
    }
}

fn ids(rows: &[serde_json::Value], key: &str) -> Vec<i64> {
    rows.iter().map(|row| row[key].as_i64().unwrap()).collect()
}

#[test]
fn runs_are_listed_the_newest_first() {
    let desk = worked_at();
    let all = json(&desk, &["runs"]);
    assert_eq!(ids(&all, "run_id"), [3, 2, 1]);
    assert_eq!(
        all.iter().map(|run| run["dry_run"].as_bool().unwrap()).collect::<Vec<_>>(),
        [false, false, true]
    );
    assert_eq!(ids(&json(&desk, &["runs", "--limit", "1"]), "run_id"), [3]);
    assert_eq!(ids(&json(&desk, &["runs", "--source", "csv"]), "run_id"), [3, 2, 1]);
    assert_eq!(json(&desk, &["runs", "--source", "elsewhere"]), Vec::<serde_json::Value>::new());
    let one = json(&desk, &["runs", "2"]);
    assert_eq!((one.len(), &one[0]), (1, &all[1]), "one run is shown as the list shows it");

    let text = desk.call(["runs"]);
    for part in ["succeeded (dry)", "quarantined", "\n    3  csv"] {
        assert!(text.succeeds().out.contains(part), "{part}: {}", text.out);
    }
    assert!(desk.call(["runs", "2"]).succeeds().out.starts_with("Run 2 of csv (volunteer): succeeded\n"));
    desk.call(["runs", "99"]).fails(2, &["there is no run 99"]);
    desk.call(["runs", "first"]).fails(2, &["invalid value 'first'"]);
}

#[test]
fn an_empty_database_has_no_runs_and_says_so() {
    let desk = Desk::new();
    drop(desk.db.importer());
    assert!(desk.call(["runs"]).succeeds().out.contains("There are no runs in sqlite://"));
    assert_eq!(json(&desk, &["runs"]), Vec::<serde_json::Value>::new());
    assert!(desk.call(["violations"]).succeeds().out.contains("There are no such violations in sqlite://"));
}

#[test]
fn violations_are_filtered() {
    let desk = worked_at();
    for (filter, expected) in [
        // What a dry run found belongs to that run alone.
        (&["violations"][..], 15),
        (&["violations", "--run", "1"], 1),
        (&["violations", "--run", "2"], 1),
        (&["violations", "--run", "3"], 14),
        (&["violations", "--run", "9"], 0),
        (&["violations", "--rule", "FMT-101"], 8),
        (&["violations", "--rule", "REQ-002"], 7),
        (&["violations", "--rule", "REQ-002", "--run", "2"], 0),
        (&["violations", "--severity", "error"], 15),
        (&["violations", "--severity", "warning"], 0),
        (&["violations", "--status", "open"], 15),
        (&["violations", "--status", "preview"], 1),
        (&["violations", "--status", "fixed"], 0),
        (&["violations", "--limit", "4"], 4),
    ] {
        assert_eq!(json(&desk, filter).len(), expected, "{filter:?}");
    }
    let one = json(&desk, &["violations", "--run", "2"]).pop().unwrap();
    assert_eq!((one["record"].as_str(), one["details"]["position"].as_i64()), (Some("csv:3"), Some(4)));
    assert_eq!(one["details"]["raw"]["e-mail"], "zzyzxmarker.example.org");
    // The list tells what is wrong, not what the cell says: it may be read aloud or sent around.
    let text = desk.call(["violations", "--run", "2"]);
    assert!(text.succeeds().out.contains("email_normalized: An email address needs an @."), "{}", text.out);
    assert!(!text.out.contains("zzyzxmarker"), "{}", text.out);
}

#[test]
fn every_finding_leads_to_its_row() {
    let desk = worked_at();
    let table = desk.call(["violations"]);
    let found = json(&desk, &["violations"]);
    assert_eq!(found.len(), 15);
    for finding in found {
        let row = finding["row"].to_string();
        let shown = json(&desk, &["quarantine", &row]).pop().unwrap();
        assert_eq!(shown["position"], finding["details"]["position"]);
        let rules = shown["findings"].as_array().unwrap().iter().map(|found| &found["rule"]);
        assert!(rules.clone().any(|rule| *rule == finding["rule"]), "{finding}: {shown}");
        let line =
            table.out.lines().find(|line| line.split_whitespace().next() == Some(&finding["id"].to_string()));
        assert_eq!(line.unwrap().split_whitespace().nth(1), Some(row.as_str()));
    }
}

#[test]
fn pages_follow_each_other_without_gap_or_overlap() {
    let desk = worked_at();
    let all = ids(&json(&desk, &["violations"]), "id");
    let (mut paged, mut after) = (Vec::new(), 0);
    loop {
        let page = ids(&json(&desk, &["violations", "--limit", "4", "--after", &after.to_string()]), "id");
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 4);
        after = *last;
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let text = desk.call(["violations", "--limit", "4"]);
    assert!(text.succeeds().out.contains(&format!("There may be more: --after {}", all[3])), "{}", text.out);
    let text = desk.call(["violations"]);
    assert!(!text.succeeds().out.contains("--after"), "{}", text.out);
}

#[test]
fn filters_that_can_find_nothing_are_refused() {
    let desk = worked_at();
    desk.call(["violations", "--severity", "eror"]).fails(2, &["eror", "warning"]);
    desk.call(["violations", "--status", "done"]).fails(2, &["done", "superseded"]);
}

#[test]
fn looking_at_a_database_that_is_not_there_makes_none() {
    let desk = Desk::new();
    for subcommand in ["runs", "violations"] {
        let mut command = super::program(desk.folder.path());
        command.args([subcommand, "--db", "sqlite://slip.db"]);
        super::ended(command).fails(2, &["slip.db"]);
        assert!(!desk.folder.path().join("slip.db").exists());
    }
}

#[test]
fn whoever_listens_may_leave() {
    use std::process::Stdio;
    let desk = worked_at();
    for args in [&["violations"][..], &["runs"], &["runs", "3"], &["violations", "--json"]] {
        let mut command = super::program(desk.folder.path());
        command.args(args).args(["--db", &desk.db.url]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked") && output.status.code() != Some(101), "{args:?}: {said}");
    }
}
