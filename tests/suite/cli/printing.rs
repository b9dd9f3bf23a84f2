//! What is printed arrives or fails, and no value can pass for a line of its own.

use std::fs::File;

use super::{Desk, ended, program};

/// A line break, a colour and a change of the direction of writing.
const FORGED: &str = "\r\n    7 forged \u{1b}[31m\u{202e}\u{2066}\u{2028}\u{9b}end";

fn worked_at() -> Desk {
    let desk = Desk::new();
    let cell = FORGED.trim_start();
    desk.file(
        "people.csv",
        format!(
            "id,first name,last name,email,hob\u{1b}by\n1,Ann,Lee,ann@example.org,\"x{FORGED}\"\n2,Bob,Ray,bob@@example.org,\
             \"x{FORGED}\"\n\"3{FORGED}\",Di,\"Fox {cell}\",d@@example.org,\n4,Ann,Lee,other@example.org,\n"
        ),
    );
    desk.run("people.csv", &[]).succeeds();
    desk.call(["runs", "label", "1", "--label", &format!("x{FORGED}"), "--reason", &format!("x{FORGED}")])
        .succeeds();
    desk
}

#[test]
fn an_output_that_cannot_be_written_is_no_success() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let desk = worked_at();
    let db = desk.db.url.as_str();
    let of_database = [
        &["people"][..],
        &["people", "--json", "--limit", "0"],
        &["quarantine"],
        &["quarantine", "--json"],
        &["violations", "--json"],
        &["suggestions", "--json"],
        &["runs"],
        &["runs", "1"],
        &["runs", "--json"],
        &["audit"],
        &["audit", "--csv"],
        &["merge", "--list"],
        &["scan", "--preview"],
    ];
    let of_none = [&["template", "suite"][..], &["roles"], &["--help"], &["--version"], &["run", "--help"]];
    let on = ["--db", db];
    let all = of_database.iter().map(|args| (args, &on[..]));
    for (args, more) in all.chain(of_none.iter().map(|args| (args, &[][..]))) {
        let mut command = program(desk.folder.path());
        command.args(*args).args(more);
        let output = command.stdout(full.try_clone().unwrap()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert_eq!(said.matches("error: ").count(), 1, "{args:?}: {said}");
        assert!(said.contains("cannot write the output: No space left"), "{args:?}: {said}");
    }
    // Nobody is left to be told.
    let mut command = program(desk.folder.path());
    command.args(["people", "--db", db]).stdout(full.try_clone().unwrap()).stderr(full.try_clone().unwrap());
    assert_eq!(command.status().unwrap().code(), Some(1));
    // What failed for a reason of its own ends with that.
    let mut command = program(desk.folder.path());
    command.args(["runs", "first"]).stdout(full);
    assert_eq!(command.output().unwrap().status.code(), Some(2));
}

#[test]
fn values_are_printed_on_their_line_with_everything_to_be_seen() {
    let desk = worked_at();
    let row = desk.db.number("SELECT MIN(staging_id) AS t FROM quarantine").to_string();
    let held = desk.db.number("SELECT MAX(staging_id) AS t FROM quarantine").to_string();
    for (args, shows) in [
        (&["audit"][..], true),
        (&["runs"], true),
        (&["runs", "1"], true),
        (&["quarantine"], true),
        (&["quarantine", &row], true),
        (&["quarantine", &held], true),
        (&["violations"], true),
        (&["people"], false),
        (&["people", "1"], false),
        (&["merge", "1", "2", "--preview"], false),
        (&["fix", "--bulk", "--autofix", "FMT-101", "--reason", "why"], true),
        (&["suppress", &row, "--exempt", "\u{1b}", "--reason", "why"], false),
    ] {
        let told = desk.call(args);
        println!("{args:?}: {told:?}");
        let said = format!("{}{}", told.out, told.err);
        let hidden = |c: char| {
            c != '\n' && (c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        };
        assert!(!said.contains(hidden), "{args:?}: {said:?}");
        assert!(!said.lines().any(|line| line.trim_start().starts_with("7 forged")), "{args:?}: {said}");
        assert!(!shows || said.contains("\\u{1b}"), "{args:?}: {said}");
    }
    let table = desk.call(["audit"]).succeeds().out.clone();
    assert_eq!(table.lines().count(), 3, "the names of the columns, and two entries: {table}");
    assert!(
        table.contains("x\\r\\n    7 forged \\u{1b}[31m\\u{202e}\\u{2066}\\u{2028}\\u{9b}end\n"),
        "{table}"
    );
    // Programs get what there is.
    let json = desk.call(["audit", "--json"]).succeeds().json();
    assert_eq!(json[1]["reason"], format!("x{FORGED}"));
    let csv = desk.call(["audit", "--csv"]).succeeds().out.clone();
    assert!(csv.contains(FORGED), "{csv:?}");
    let template = ended({
        let mut command = program(desk.folder.path());
        command.args(["template", "suite"]);
        command
    });
    assert!(template.succeeds().out.lines().count() > 10, "a text of ours keeps its lines");
}
