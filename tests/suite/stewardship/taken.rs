//! What somebody types is taken, or somebody is told: no value vanishes without a word.

use std::path::Path;

use importer::ErrorKind;
use importer::service::{FileFix, FileReport, Fixed, NewPerson, RowFix};

use super::super::cli;
use super::super::support::{self, Database};
use super::masked::exported;
use super::quarantine::{desk, open};

const PEOPLE: &str = "id,first name,last name,email,dob\n\
                      1,Ann,Lee,ann@@example.org,1983-10-30\n2,Bob,Ray,bob@@example.org,\n";

fn held(db: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let report = db.import(&support::file(folder.path(), "people.csv", PEOPLE));
    assert_eq!(report.counts.quarantined, 2, "{report:?}");
}

fn set(email: &str, dob: &str) -> RowFix {
    let values = vec![("email".into(), email.into()), ("dob".into(), dob.into())];
    RowFix { values, reason: "she called".into(), ..RowFix::default() }
}

fn warned(fixed: &Fixed) -> Vec<(&str, &str)> {
    fixed.findings.iter().map(|finding| (finding.rule.as_str(), finding.field.as_str())).collect()
}

#[test]
fn a_correction_that_makes_a_value_unreadable_is_refused_and_clearing_it_is_not() {
    for db in support::databases() {
        held(&db);
        let importer = db.importer();
        let rows = open(&importer);
        for value in ["banana", "10/30/83", "1983-02-31"] {
            let error =
                desk(&importer).fix("volunteer", rows[0].row, &set("ann@example.org", value)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            for told in ["`dob`", "FMT-103", "write it like 1985-04-23", &rows[0].row.to_string()] {
                assert!(error.to_string().contains(told), "{told}: {error}");
            }
            assert!(!error.to_string().contains(value), "{error}");
        }
        assert_eq!(open(&importer), rows, "{}", db.backend);
        assert_eq!(importer.count("volunteer").unwrap(), 0);
        // Where there was nothing to lose the row goes in, and the answer says what was not taken.
        let fixed = desk(&importer).fix("volunteer", rows[1].row, &set("bob@example.org", "banana")).unwrap();
        assert!(fixed.loaded.is_some() && warned(&fixed) == [("FMT-103", "dob")], "{fixed:?}");
        let fixed = desk(&importer).fix("volunteer", rows[0].row, &set("ann@example.org", " ")).unwrap();
        assert!(fixed.loaded.is_some() && warned(&fixed).is_empty(), "{fixed:?}");
        let values = [("first_name", "Cy"), ("last_name", "Poe"), ("dob", "31/31/2000")];
        let values = values.map(|(field, value)| (field.to_owned(), value.to_owned())).to_vec();
        let made =
            desk(&importer).create("volunteer", &NewPerson { values, reason: "came by".into() }).unwrap();
        assert!(made.loaded.is_some() && warned(&made).contains(&("FMT-103", "dob")), "{made:?}");
    }
}

fn read_back(db: &Database, folder: &Path, text: String) -> FileReport {
    let fix = FileFix { reason: "from the office".into(), current_mapping: false };
    desk(&db.importer()).fix_file("volunteer", &support::file(folder, "rows.csv", text), &fix).unwrap()
}

#[test]
fn a_date_that_a_spreadsheet_rewrote_is_a_problem_of_its_row_and_the_others_go_in() {
    for db in support::databases() {
        held(&db);
        let folder = tempfile::tempdir().unwrap();
        let text = exported(&desk(&db.importer()), &Default::default());
        let rewritten = text.replace("@@", "@").replace("1983-10-30", "10/30/83");
        let told = read_back(&db, folder.path(), rewritten);
        assert_eq!((told.read, told.loaded, told.not_taken, told.still_held), (2, 1, 1, 0), "{told:?}");
        let problem = &told.problems[0];
        assert_eq!((problem.number, problem.line, problem.row), (2, 2, open(&db.importer())[0].row));
        assert!(problem.why.contains("`dob`") && problem.why.contains("like 1985-04-23"), "{problem:?}");
        assert!(!problem.why.contains("10/30/83"), "{problem:?}");
        assert_eq!(db.texts("SELECT first_name AS t FROM core_volunteers"), ["Bob"], "{}", db.backend);
    }
}

#[test]
fn a_file_tells_what_the_rules_say_about_its_rows_whether_they_go_in_or_not() {
    for db in support::databases() {
        held(&db);
        let folder = tempfile::tempdir().unwrap();
        let text = exported(&desk(&db.importer()), &Default::default());
        let typed = text.replace("bob@@example.org,", "bob@example.org,banana").replace("ann@@", "ann");
        let told = read_back(&db, folder.path(), typed);
        assert_eq!((told.loaded, told.still_held, told.not_taken), (1, 1, 0), "{told:?}");
        let (problem, warning) = (&told.problems[0], &told.warnings[0]);
        assert_eq!((problem.number, warning.number, warning.line), (2, 3, 3), "{told:?}");
        let held = &problem.findings[0];
        assert_eq!((held.rule.as_str(), held.field.as_str()), ("FMT-101", "email_normalized"));
        assert!(!held.hint.is_empty() && !held.message.is_empty(), "{held:?}");
        assert_eq!(
            (warning.findings[0].rule.as_str(), warning.findings[0].field.as_str()),
            ("FMT-103", "dob")
        );
        assert!(!warning.findings[0].hint.is_empty());
    }
}

#[test]
fn a_bulk_correction_leaves_rows_alone_whose_values_it_would_make_unreadable() {
    use importer::service::BulkChange;
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let people = "id,first name,last name,email,dob\n1,Ann,Lee,,1983-10-30\n";
        db.import(&support::file(folder.path(), "people.csv", people));
        let importer = db.importer();
        let change = |find: &str, replace: &str| {
            super::masked::bulk(
                BulkChange::Replace { field: "dob".into(), find: find.into(), replace: replace.into() },
                Default::default(),
            )
        };
        let preview = desk(&importer).preview_bulk("volunteer", &change("-", "/"), 9).unwrap();
        assert_eq!(preview.counts.still_held, 1);
        assert!(preview.rows[0].still.contains(&"FMT-103".to_owned()), "{preview:?}");
        let fine = desk(&importer).preview_bulk("volunteer", &change("1983", "1984"), 9).unwrap();
        assert!(!fine.rows[0].still.contains(&"FMT-103".to_owned()), "{fine:?}");
    }
}

#[test]
fn the_command_line_says_what_of_a_row_that_went_in_was_not_taken() {
    let db = support::sqlite();
    held(&db);
    let rows = open(&db.importer());
    let text = exported(&desk(&db.importer()), &Default::default());
    let cli = cli::Desk::on(db);
    let row = rows[1].row.to_string();
    let fix = ["fix", &row, "--set", "email=bob@example.org", "--set", "dob=banana", "--reason", "he called"];
    let told = cli.call(fix);
    for part in ["went in: record ", "It went in, but:", "FMT-103  warning  dob: "] {
        assert!(told.succeeds().out.contains(part), "{part}: {told:?}");
    }
    let person = ["create", "--set", "first_name=Cy", "--set", "last_name=Poe", "--reason", "came by"];
    assert!(!cli.call(person).succeeds().out.contains("but:"), "nobody needs a contact");
    let folder = tempfile::tempdir().unwrap();
    let file =
        support::file(folder.path(), "rows.csv", text.replace("@@example.org,1983", "@example.org,banana"));
    let told = cli.call(["fix", "--file", file.to_str().unwrap(), "--reason", "back"]);
    for part in ["row 2      of the file, line 2, id ", "`dob`", "1 with a value that is not taken"] {
        assert!(told.out.contains(part), "{part}: {told:?}");
    }
    assert_eq!(told.code, 1, "{told:?}");
}

#[test]
fn columns_of_a_source_whose_rows_were_all_left_out_are_no_error_while_they_are_empty() {
    for db in support::databases() {
        held(&db);
        let folder = tempfile::tempdir().unwrap();
        let others = "id,first name,last name,e-mail,shoe size\n7,Una,Moss,una@@example.org,8\n";
        db.import(&support::file(folder.path(), "others.csv", others));
        let text = exported(&desk(&db.importer()), &Default::default());
        let left: Vec<&str> = text.lines().filter(|line| !line.contains("una@@")).collect();
        assert_eq!(left.len(), 3, "{text}");
        let place = left[0].split(',').position(|name| name == "shoe size").unwrap();
        // What stands in such a column would be lost.
        let mut typed: Vec<String> = left[2].split(',').map(Into::into).collect();
        typed[place] = "9".into();
        let typed = [left[0], left[1], &typed.join(",")].join("\n");
        let fix = FileFix { reason: "from the office".into(), current_mapping: false };
        let file = support::file(folder.path(), "typed.csv", &typed);
        let error = desk(&db.importer()).fix_file("volunteer", &file, &fix).unwrap_err();
        for told in ["neither a column", "column: shoe size", "row of the file: 3, line: 3"] {
            assert!(error.to_string().contains(told), "{told}: {error}");
        }
        let told = read_back(&db, folder.path(), left.join("\n").replace("@@", "@"));
        assert_eq!((told.read, told.loaded, told.problems.len()), (2, 2, 0), "{told:?}");
        // With a row of the other source beside it, the value of a column that is not its own is that row's problem.
        held_again(&db);
        let text = exported(&desk(&db.importer()), &Default::default());
        let typed = text.lines().map(|line| match line.contains("ann2") {
            true => {
                let mut cells: Vec<String> = line.split(',').map(Into::into).collect();
                cells[place] = "9".into();
                cells.join(",")
            }
            false => line.to_owned(),
        });
        let told = read_back(&db, folder.path(), typed.collect::<Vec<_>>().join("\n").replace("@@", "@"));
        assert_eq!((told.loaded, told.not_taken), (1, 1), "{told:?}");
        assert!(
            told.problems.iter().any(|problem| problem.why.contains("no column `shoe size`")),
            "{told:?}"
        );
    }
}

fn held_again(db: &Database) {
    let folder = tempfile::tempdir().unwrap();
    let people = "id,first name,last name,email,dob\n11,Ann,Lee,ann2@@example.org,1983-10-30\n";
    assert_eq!(db.import(&support::file(folder.path(), "again.csv", people)).counts.quarantined, 1);
}
