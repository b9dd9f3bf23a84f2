//! What is said fits what was done, and slips that would be taken for something else are refused.

use super::Desk;

const PEOPLE: &str = "id,first name,last name,email,city\n1,Ann,Lee,ann@example.org,Leeds\n2,Bob,Ray,bob@@example.org,\n\
                      4,Di,Fox,di@example.org,\n5,Ann,Lee,ann@example.org,\n";

fn worked_at() -> Desk {
    let desk = Desk::new();
    desk.file("people.csv", PEOPLE);
    let run = desk.run("people.csv", &[]);
    assert!(
        run.succeeds().out.contains("\n  1 external id is a person whom csv has under another id as well: ")
    );
    desk
}

#[test]
fn whoever_is_known_already_is_told_of_with_what_changed() {
    let desk = worked_at();
    let create = |more: &[&str]| {
        let person = ["first_name=Di", "last_name=Fox", "email_normalized=di@example.org"];
        let set = person.iter().chain(more).flat_map(|value| ["--set", value]);
        let ended = desk.call(["create", "--reason", "at the desk"].into_iter().chain(set));
        ended.succeeds().out.clone()
    };
    let known = "The person is known already, as record 2: ";
    assert!(create(&[]).starts_with(&format!("{known}no field was changed by run 2, row ")));
    assert!(create(&["city=York"]).starts_with(&format!("{known}city changed by run 3, row ")));
    let row = desk.db.number("SELECT staging_id AS t FROM quarantine").to_string();
    let person = ["first name=Ann", "last name=Lee", "email=ann@example.org", "city=Hull"];
    let set = person.iter().flat_map(|value| ["--set", value]);
    let fixed = desk.call(["fix", &row, "--reason", "she called"].into_iter().chain(set));
    let known = format!("Row {row} is known already, as record 1: city changed by run 4, row ");
    assert!(fixed.succeeds().out.starts_with(&known), "{fixed:?}");
}

#[test]
fn a_field_is_given_once() {
    let desk = worked_at();
    let twice = ["a field is given twice", "(field: city)"];
    let create = ["create", "--set", "city=a", "--set", "city=b", "--reason", "why"];
    desk.call(create).fails(2, &[twice[0], twice[1], "give it once with --set"]);
    desk.call(["fix", "1", "--set", "city=a", "--set", "city=b", "--reason", "why"]).fails(2, &twice);
    for chosen in [["--set", "city=a", "--keep", "city=1"], ["--keep", "city=2", "--keep", "city=1"]] {
        let merge = ["merge", "1", "2", "--reason", "why"];
        desk.call(merge.iter().chain(&chosen)).fails(2, &twice);
    }
    assert_eq!(desk.rows("merge_log") + desk.rows("import_runs"), 1);
}

#[test]
fn a_label_that_is_nothing_is_none() {
    let desk = worked_at();
    let label = |label: &[&str]| desk.call(["runs", "label", "1", "--reason", "why"].iter().chain(label));
    assert_eq!(label(&["--label", "fair"]).succeeds().out, "Run 1 has the label fair.\n");
    for nothing in [&["--label", ""][..], &["--label", " "], &[]] {
        assert_eq!(label(nothing).succeeds().out, "Run 1 has no label any more.\n");
        assert_eq!(desk.db.number("SELECT COUNT(*) AS t FROM import_runs WHERE label IS NOT NULL"), 0);
    }
}

#[test]
fn what_can_only_be_a_slip_is_refused() {
    let desk = worked_at();
    desk.call(["review", "defer", "1", "--days", "0", "--reason", "why"])
        .fails(2, &["--days", "0 is not in 1..="]);
    for what in ["records", "violations", "quarantine"] {
        let export = ["export", what, "--out", "-", "--reason", "why"];
        desk.call(export).fails(2, &["`-` is no name of a file", "--out", "name a file"]);
    }
    desk.call(["train", "--out", "-"]).fails(2, &["`-` is no name of a file"]);
    desk.call(["score", "1", "2", "--svg", "-"]).fails(2, &["`-` is no name of a file", "--svg"]);
    assert!(!desk.folder.path().join("-").exists());
    desk.call(["fix", "--file", ".", "--reason", "why"])
        .fails(2, &["`.` is a directory", "give one file inside it"]);
    desk.call(["fix", "--file", "none.csv", "--reason", "why"]).fails(2, &["`none.csv` does not exist"]);
    for kind in ["csv", "sample", "mapping", "suite", "policy", "retention"] {
        let mut command = super::program(desk.folder.path());
        command.args(["template", kind, "--entity", "nope"]);
        super::ended(command).fails(2, &["there is no entity `nope`", "the entities are: volunteer"]);
    }
}

#[test]
fn a_preview_says_who_can_do_it() {
    let desk = worked_at();
    for (preview, option) in [
        (["rollback", "1", "--dry-run"].as_slice(), "--dry-run"),
        (&["merge", "1", "2", "--preview"], "--preview"),
    ] {
        let told = |role: &str| desk.call(preview.iter().chain(&["--role", role])).succeeds().out.clone();
        assert!(
            told("admin").contains(&format!("Nothing has changed; without {option}, and with a --reason, "))
        );
        let steward = told("steward");
        assert!(
            steward.contains(&format!("by somebody with the role admin, without {option} ")),
            "{steward}"
        );
    }
}

#[test]
fn a_run_is_told_by_its_status_with_what_can_be_done_now() {
    let desk = worked_at();
    let is = |status: &str| {
        desk.db.execute(&format!("UPDATE import_runs SET status = '{status}' WHERE id = 1"));
        desk.call(["runs", "1"]).succeeds().out.clone()
    };
    let paused = is("paused");
    assert!(
        paused.starts_with("Run 1 of csv (volunteer): paused\n") && paused.contains("runs resume 1 "),
        "{paused}"
    );
    assert!(is("cancelled").starts_with("Run 1 of csv (volunteer): cancelled\n"));
    assert_eq!(desk.call(["runs", "1", "--json"]).succeeds().json()["status"], "failed");
    assert!(is("succeeded").contains("\nNext:\n"));
    desk.call(["rollback", "1", "--reason", "the wrong file"]).succeeds();
    let gone = desk.call(["runs", "1"]).succeeds().out.clone();
    assert!(gone.starts_with("Run 1 of csv (volunteer): rolled_back\n") && !gone.contains("Next:"), "{gone}");
}
