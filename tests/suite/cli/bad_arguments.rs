//! Slips on the command line and in documents: exit code 2, the place, and no run.

use super::{Desk, PEOPLE, RUN, ended, program};

#[test]
fn a_slip_is_named_and_no_run_begins() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let head = "mapping: m\nversion: 1\nentity: volunteer\nfields:\n";
    desk.file("key.yaml", format!("{head}  - {{ source: id, feild: external_id }}\n"));
    desk.file("field.yaml", format!("{head}  - {{ source: id, field: frist_name }}\n"));
    desk.file(
        "column.yaml",
        format!("{head}  - {{ source: nowhere, field: first_name }}\nmatch_headers: true\n"),
    );
    desk.file("open.yaml", "mapping: [\n  : x\n");
    desk.file("list.yaml", "- a\n- b\n");
    desk.file("empty.yaml", "");
    desk.file("binary.yaml", b"\xff\xfe\0\x01");
    desk.file("entity.yaml", "mapping: m\nversion: 1\nentity: event\nfields: []\n");
    desk.file("suite.yaml", "suite: s\nversion: 1\nrules:\n  FMT-101: { moode: warn }\n");
    desk.file("rule.yaml", "suite: s\nversion: 1\nrules:\n  FMT-1O1: {}\n");
    for (args, says) in [
        (&["--mapping", "key.yaml"][..], &["key.yaml", "line: 5", "column: 1", "feild"][..]),
        (&["--mapping", "field.yaml"], &["field.yaml", "line: 5", "column: ", "did you mean `first_name`?"]),
        (
            &["--mapping", "column.yaml"],
            &["column.yaml", "line: 5", "`nowhere`", "correct the line's `source`"],
        ),
        (&["--mapping", "open.yaml"], &["open.yaml", "line: "]),
        (&["--mapping", "list.yaml"], &["list.yaml", "line: "]),
        (&["--mapping", "empty.yaml"], &["empty.yaml"]),
        (&["--mapping", "binary.yaml"], &["binary.yaml", "UTF-8"]),
        (&["--mapping", "entity.yaml"], &["event"]),
        (&["--mapping", "none.yaml"], &["none.yaml", "check the path"]),
        (&["--suite", "suite.yaml"], &["suite.yaml", "line: 4", "moode"]),
        (&["--suite", "rule.yaml"], &["FMT-1O1"]),
        (&["--suite", "none.yaml"], &["none.yaml", "check the path"]),
        (&["--set", "sheet=1"], &["option `sheet` is not known", "the options are `file`, `delimiter`"]),
        (&["--set", "delimiter"], &["`--set` takes KEY=VALUE", "delimiter"]),
        (&["--set", "delimiter=xx"], &["option `delimiter` takes comma"]),
        (&["--set", "encoding=klingon"], &["`klingon` is not known", "windows-1252"]),
        (&["--set", "header_row=0"], &["option `header_row` must be at least 1"]),
        (&["--set", "header_row=99"], &["has only", "line 99"]),
        (&["--since", "yesterday"], &["yesterday", "2025-01-31T08:00:00Z"]),
        (&["--since", "2025-13-45"], &["2025-13-45", "2025-01-31"]),
        (&["--limit", "many"], &["--limit", "many"]),
        (&["--rules-mode", "loud"], &["possible values: warn, enforce"]),
        (&["--auto-merge", "always"], &["possible values: off, deterministic, full"]),
        (&["--model", "none.json"], &["none.json", "there is no such file", "`shipped`, `weighted`"]),
        (&["--model", "list.yaml"], &["list.yaml", "it is no model document"]),
        (&["--model", "binary.yaml"], &["binary.yaml", "UTF-8"]),
        (&["--entity", "event"], &["there is no entity `event`", "volunteer"]),
        (&["--source", "csw"], &["--source", "multiple times"]),
        (&["--preview", "--dry-run"], &["--preview", "--dry-run"]),
    ] {
        // Shown when it fails.
        println!("{args:?}");
        let ended = desk.summary("people.csv", args);
        ended.fails(2, says);
        // Whoever asks for JSON gets it, also of what never began.
        let json = ended.json();
        assert_eq!(json["status"], "failed", "{args:?}");
        let first = json["error"].as_str().unwrap().lines().next().unwrap().to_owned();
        assert!(!first.is_empty() && ended.err.contains(&first), "{ended:?}");
    }
    desk.run("people.csv", &[]).succeeds();
    assert_eq!(desk.rows("import_runs"), 1);
}

#[test]
fn an_empty_moment_is_no_moment() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    desk.run("people.csv", &["--since", ""]).fails(2, &["since", "2025-01-31"]);
    desk.run("people.csv", &["--since", "  "]).fails(2, &["since", "2025-01-31"]);
}

#[test]
fn an_unknown_adapter_is_refused_with_the_places_searched() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let ended = desk.call(["run", "--source", "salesfarce", "--file", "people.csv"]);
    ended.fails(2, &["there is no plugin `salesfarce`", "tried:", "deps", "it is the plugin `csv`"]);
    desk.empty(&RUN);
}

#[test]
fn what_the_environment_switches_off_stays_off() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    for (name, value, says) in [
        ("IMPORTER_ENABLED", "false", "IMPORTER_ENABLED"),
        ("IMPORTER_ENABLED", "FALSE", "IMPORTER_ENABLED"),
        ("IMPORTER_ADAPTERS", "salesforce,sheets", "IMPORTER_ADAPTERS"),
        ("IMPORTER_RULES_MODE", "loud", "possible values: warn, enforce"),
    ] {
        let mut command = program(desk.folder.path());
        command.args(["run", "--source", "csv", "--file", "people.csv", "--db", "sqlite://off.db"]);
        command.env(name, value);
        ended(command).fails(2, &[says]);
        assert!(!desk.folder.path().join("off.db").exists(), "{name}={value}");
    }
}

#[test]
fn a_variable_set_to_nothing_is_not_set() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let mut command = program(desk.folder.path());
    command.args(["run", "--source", "csv", "--file", "people.csv"]);
    for name in [
        "DATABASE_URL",
        "IMPORTER_ADAPTERS",
        "IMPORTER_ENABLED",
        "IMPORTER_LOG",
        "IMPORTER_PLUGIN_ALLOW_LIST",
        "IMPORTER_PLUGIN_PATH",
        "IMPORTER_RULES_MODE",
        "USER",
    ] {
        command.env(name, "");
    }
    ended(command).succeeds();
    assert!(desk.folder.path().join("importer.db").exists(), "the database that is used when none is named");
}

#[test]
fn every_word_for_no_switches_off() {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    for value in ["0", "no", "off", "False ", "flase"] {
        let mut command = program(desk.folder.path());
        command.args(["run", "--source", "csv", "--file", "people.csv", "--db", &desk.db.url]);
        command.env("IMPORTER_ENABLED", value);
        ended(command).fails(2, &["IMPORTER_ENABLED"]);
    }
}

#[test]
fn help_is_no_failure_and_nonsense_is() {
    let folder = tempfile::tempdir().unwrap();
    for (args, code) in [
        (&["--help"][..], 0),
        (&["run", "--help"], 0),
        (&["--version"], 0),
        (&[], 2),
        (&["runn"], 2),
        (&["run"], 2),
        (&["runs", "--frobnicate"], 2),
    ] {
        let mut command = program(folder.path());
        command.args(args);
        assert_eq!(ended(command).code, code, "{args:?}");
    }
}
