//! Samples in processes of their own: what they bring is what they bring in the process.
#![cfg(unix)]

use super::built::sample;
use crate::cli::{Desk, Ended, ended, program};
use crate::interruption::snapshot::{assert_same, take};
use crate::support;

/// Two with one address who sound alike, a child without a guardian, and a row with a bad address.
const PEOPLE: &str = "id,first name,last name,email,date of birth,notes\n\
    1,Ada,Meyer,ada@example.org,1985-04-23,\n\
    2,Bob,Maier,ada@example.org,2024-04-23,Guardian: 816-234-5678\n\
    3,Allegra,Byron,allegra@example.org,2024-04-24,\n\
    4,Medora,Leigh,medora@example.org,2024-04-25,Guardian: 816-234-5679\n\
    5,Clara,Leigh,no address,2024-04-26,\n";

const SUITE: &str = "suite: minors\nrules:\n  DOM-201: { enabled: false }\n  XFLD-901: { options: { age: 16 } }\n  \
    SET-901: { mode: warn, options: { age: 16 } }\n";

/// A run with these samples, kept apart or not.
fn run(desk: &Desk, source: [&str; 2], samples: &[&str], isolate: &str) -> Ended {
    let mut command = program(desk.folder.path());
    command.args([
        "run",
        "--summary-json",
        "--allow-unverified",
        "--suite",
        "suite.yaml",
        "--isolate",
        isolate,
    ]);
    command.args(["--source", source[0], "--file", source[1], "--db", &desk.db.url]);
    for name in samples {
        command.arg("--plugin").arg(sample(name));
    }
    ended(command)
}

#[test]
fn rules_set_level_rules_and_features_leave_the_same_database() {
    for (together, apart) in support::databases().into_iter().zip(support::databases()) {
        let desks = [Desk::on(together), Desk::on(apart)];
        let reports = [(&desks[0], "none"), (&desks[1], "all")].map(|(desk, isolate)| {
            desk.file("people.csv", PEOPLE);
            desk.file("suite.yaml", SUITE);
            let ended = run(desk, ["csv", "people.csv"], &["minors", "soundex"], isolate);
            ended.succeeds().json()
        });
        for told in ["counts", "anomalies", "dq", "status"] {
            assert_eq!(reports[0][told], reports[1][told], "{told}");
        }
        assert_eq!(reports[1]["anomalies"][0]["code"], "SET-901");
        let rules = desks[1].db.texts("SELECT rule_code AS t FROM dq_violations");
        assert!(rules.contains(&"XFLD-901".to_owned()), "{rules:?}");
        let features = desks[1].db.texts("SELECT features_json AS t FROM dedupe_suggestions").concat();
        assert!(features.contains(r#""term":"last_name_soundex","level":"sounds_alike""#), "{features}");
        assert_same(&take(&desks[0].db), &take(&desks[1].db));
    }
}

#[test]
fn an_adapter_reads_and_answers_the_same() {
    let library = sample("vcard");
    let people = support::root().join("examples/plugins/vcard/data/people.vcf");
    let people = people.to_str().unwrap();
    let desks = [Desk::new(), Desk::new()];
    for (desk, isolate) in desks.iter().zip(["none", "vcard"]) {
        desk.file("suite.yaml", "suite: t\n");
        let ended = run(desk, ["vcard", people], &["vcard"], isolate);
        assert_eq!(ended.succeeds().counts()["inserted"], 3);
        let expected = if isolate == "vcard" { "process" } else { "in-process" };
        assert_eq!(ended.json()["plugins"][0]["isolation"], expected);
    }
    assert_same(&take(&desks[0].db), &take(&desks[1].db));

    let ask = |question: &str, options: &[&str], isolate: &str| {
        let mut command = program(desks[0].folder.path());
        command.args(["plugins", question]).arg(&library).args(["--allow-unverified", "--isolate", isolate]);
        command.args(options);
        let ended = ended(command);
        (ended.code, ended.out, ended.err)
    };
    let (there, missing) = (format!("file={people}"), "file=nobody.vcf");
    for (question, code, options) in [
        ("describe", 0, &["--json"][..]),
        ("fields", 0, &["--option", &there]),
        ("fields", 2, &["--option", "charset=klingon"]),
        ("health", 0, &["--option", &there]),
        ("health", 1, &["--option", missing]),
    ] {
        let here = ask(question, options, "none");
        assert_eq!(here.0, code, "{here:?}");
        assert_eq!(ask(question, options, "vcard"), here, "{question} {options:?}");
    }
}
