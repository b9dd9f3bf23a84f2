//! Which value survives, by a policy from a file: shown before it is applied, the same for every command that merges.

use super::Desk;

/// One person, known to two systems, who moved; nothing in the rows says that both are one.
fn filled(desk: &Desk) {
    let rows = "id,first name,last name,email,phone,city,consent signed at\n";
    desk.file(
        "forms.csv",
        format!("{rows}1,Ann,Lee,ann@example.org,+18162345678,Liberty,2025-01-10T08:00:00Z\n"),
    );
    desk.file("crm.csv", format!("{rows}7,Anna,Stone,anna@example.net,,Parkville,\n"));
    for system in ["forms", "crm"] {
        desk.summary(&format!("{system}.csv"), &["--system", system]).succeeds();
    }
}

const PREFERS_CRM: &str = "\
survivorship: crm-first
version: 1
order: [non_null, manual, source_priority, same_source]
source_priority: [crm, forms]
";

fn planned(desk: &Desk, more: &[&str], field: &str) -> (String, String) {
    let told = desk.call(["merge", "1", "2", "--preview", "--json"].iter().chain(more)).succeeds().json();
    let field = told["fields"].as_array().unwrap().iter().find(|planned| planned["field"] == field).unwrap();
    (field["value"].as_str().unwrap_or("-").into(), field["why"].as_str().unwrap().into())
}

#[test]
fn a_policy_that_prefers_a_source_changes_the_preview_and_the_merge() {
    let desk = Desk::new();
    filled(&desk);
    desk.file("policy.yaml", PREFERS_CRM);
    let with = ["--policy", "policy.yaml"];
    assert_eq!(planned(&desk, &[], "city").0, "Liberty");
    let (city, why) = planned(&desk, &with, "city");
    assert_eq!((city.as_str(), why.as_str()), ("Parkville", "source_priority"));
    let (consent, _) = planned(&desk, &with, "consent_signed_at");
    assert!(consent.starts_with("2025-01-10"), "nothing replaces consent by nothing: {consent}");
    // Who decides outranks the policy.
    let chosen = planned(&desk, &["--policy", "policy.yaml", "--keep", "city=1"], "city");
    assert_eq!(chosen, ("Liberty".into(), "chosen_by_hand".into()));
    let before = desk.db.texts("SELECT city AS t FROM core_volunteers ORDER BY id");
    assert_eq!(before, ["Liberty", "Parkville"], "a preview changes nothing");

    let keep = ["--keep", "last_name=1", "--reason", "she married"];
    desk.call(["merge", "1", "2"].iter().chain(&with).chain(&keep)).succeeds();
    let person = "SELECT first_name || ' ' || last_name || ' ' || city || ' ' || email_normalized || ' ' || \
                  phone_e164 || ' ' || consent_signed_at AS t FROM core_volunteers";
    let merged = desk.db.texts(person);
    assert!(
        merged[0].starts_with("Anna Lee Parkville anna@example.net +18162345678 2025-01-10"),
        "{merged:?}"
    );
    let contacts = "SELECT kind || ' ' || is_primary AS t FROM core_volunteer_contacts ORDER BY 1";
    assert_eq!(desk.db.texts(contacts), ["email 0", "email 1", "phone 1"]);
    // What somebody chose outlasts the policy's source, which comes again.
    let again = "id,first name,last name,email,city\n7,Anna,Stone,anna@example.net,Weston\n";
    desk.file("crm.csv", again);
    desk.summary("crm.csv", &["--system", "crm", "--policy", "policy.yaml"]).succeeds();
    let merged = desk.db.texts("SELECT last_name || ' ' || city AS t FROM core_volunteers");
    assert_eq!(merged, ["Lee Weston"]);
    // Another policy takes the merge back to the same people.
    desk.call(["undo", "1", "--reason", "two people", "--policy", "policy.yaml"]).succeeds();
    let parted = desk.db.texts("SELECT last_name || ' ' || city AS t FROM core_volunteers ORDER BY id");
    assert_eq!(parted, ["Lee Liberty", "Stone Weston"]);
}

#[test]
fn the_printed_policy_is_the_shipped_one() {
    let desk = Desk::new();
    filled(&desk);
    let mut command = super::program(desk.folder.path());
    command.args(["template", "policy"]);
    let printed = super::ended(command);
    desk.file("policy.yaml", &printed.succeeds().out);
    for field in ["city", "first_name", "email_normalized"] {
        assert_eq!(
            planned(&desk, &["--policy", "policy.yaml"], field),
            planned(&desk, &[], field),
            "{field}"
        );
    }
}

#[test]
fn a_broken_policy_is_refused_with_its_place_before_anything_is_done() {
    let desk = Desk::new();
    filled(&desk);
    desk.file("policy.yaml", PREFERS_CRM.replace("manual,", "newest,"));
    let before = desk.db.texts("SELECT city AS t FROM core_volunteers ORDER BY id");
    let commands: [&[&str]; 9] = [
        &["run", "--source", "csv", "--file", "forms.csv"],
        &["merge", "1", "2", "--preview"],
        &["merge", "1", "2", "--reason", "one person"],
        &["review", "show", "1"],
        &["review", "accept", "1", "--reason", "one person"],
        &["undo", "1", "--reason", "two people"],
        &["rollback", "1", "--reason", "a test"],
        &["runs", "resume", "1", "--reason", "go on"],
        &["create", "--set", "first_name=Ida", "--reason", "a test"],
    ];
    for command in commands {
        let ended = desk.call(command.iter().chain(&["--policy", "policy.yaml"]));
        ended.fails(2, &["read the survivorship policy", "newest", "policy.yaml", "line: 3, column: 19"]);
    }
    let missing = desk.call(["merge", "1", "2", "--preview", "--policy", "nowhere.yaml"]);
    missing.fails(2, &["nowhere.yaml", "check the path"]);
    assert_eq!(desk.db.texts("SELECT city AS t FROM core_volunteers ORDER BY id"), before);
}
