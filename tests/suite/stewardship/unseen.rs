//! What a role does not see it does not set, so that nobody finds a hidden value out by typing guesses.

use importer::service::{
    Actor, Desk, Edit, FieldChoice, FileFix, FileReport, MergeRequest, NewPerson, Role, RowFix,
};
use importer::{Error, ErrorKind, RecordId, RowId};
use importer_core::ports::{AuditOutcome, QuarantineFilter};

use super::super::access::everything;
use super::super::support;
use super::masked::{exported, filled};

/// Guesses about the hidden birth date of Ada, who is record 1: the right one, a wrong one, what is none, and nothing.
const GUESSES: [&str; 4] = ["1985-04-23", "1986-04-23", "soon", ""];
const REASON: &str = "she called";

fn set(field: &str, value: &str) -> Vec<(String, String)> {
    vec![(field.into(), value.into())]
}

/// Every call that takes a value for a field, for Ada or a row that would be hers.
fn guesses(desk: &Desk<'_>, row: i64, field: &str, guess: &str) -> Vec<Error> {
    let fix = |key: &str| {
        let mut values = set("email", "ada.secret@example.org");
        values.extend(set(key, guess));
        desk.fix("volunteer", RowId(row), &RowFix { values, reason: REASON.into(), ..RowFix::default() })
    };
    let mut person = set("first_name", "Ada");
    person.extend([set("last_name", "Lovelace"), set("email_normalized", "ada.secret@example.org")].concat());
    person.extend(set(field, guess));
    let choices = vec![(field.to_owned(), FieldChoice::Value(guess.into()))];
    let merge = MergeRequest { choices, ..MergeRequest::new("volunteer", [1, 2], REASON) };
    vec![
        fix(field).unwrap_err(),
        desk.create("volunteer", &NewPerson { values: person, reason: REASON.into() }).unwrap_err(),
        desk.edit("volunteer", RecordId(1), &Edit { values: set(field, guess), reason: REASON.into() })
            .unwrap_err(),
        desk.preview_merge(&merge).unwrap_err(),
    ]
}

#[test]
fn a_value_for_a_field_that_the_role_does_not_see_is_refused_whatever_it_is() {
    for db in support::databases() {
        let importer = filled(&db);
        let steward = importer.desk(Actor::new("sam", Role::Steward));
        let row = steward.quarantine("volunteer", &QuarantineFilter::default()).unwrap()[0].row;
        let before = everything(&db);
        for field in ["dob", "gender"] {
            let mut told: Vec<Vec<String>> = Vec::new();
            for guess in GUESSES {
                let errors = guesses(&steward, row.0, field, guess);
                assert!(errors.iter().all(|error| error.kind() == ErrorKind::Forbidden), "{errors:?}");
                told.push(errors.iter().map(ToString::to_string).collect());
            }
            assert!(told.iter().all(|errors| *errors == told[0]), "{told:?}");
            for error in &told[0] {
                for part in [field, "a steward may not set", "a role that sees the field"] {
                    assert!(error.contains(part), "{error}");
                }
            }
        }
        // The header that the source or a template gives a field is the field, and so is any column of it.
        let fix = RowFix { values: set("hobby", "chess"), reason: REASON.into(), ..RowFix::default() };
        assert_eq!(steward.fix("volunteer", row, &fix).unwrap_err().kind(), ErrorKind::Forbidden);
        assert_eq!(everything(&db), before, "{}", db.backend);
        let log = importer.desk(Actor::admin("ann")).audit_log(&Default::default()).unwrap();
        let refused = log.iter().filter(|line| line.entry.outcome == AuditOutcome::Refused).count();
        assert_eq!(refused, 2 * GUESSES.len() * 4 + 1, "each guess is in the log");
        assert!(!serde_json::to_string(&log).unwrap().contains("1985"), "and none of the values");
        // Whoever sees the field sets it, and what the role sees it sets.
        let fix = |values| RowFix { values, reason: REASON.into(), ..RowFix::default() };
        let admin = importer.desk(Actor::admin("ann"));
        admin
            .edit("volunteer", RecordId(1), &Edit { values: set("dob", "1985-04-24"), reason: REASON.into() })
            .unwrap();
        let fixed = steward.fix("volunteer", row, &fix(set("email", "grace.secret@example.org"))).unwrap();
        assert!(fixed.loaded.is_some(), "{fixed:?}");
    }
}

#[test]
fn a_field_that_no_column_holds_is_as_hidden_as_one_that_a_column_holds() {
    let db = support::sqlite();
    let importer = filled(&db);
    let steward = importer.desk(Actor::new("sam", Role::Steward));
    let row = steward.quarantine("volunteer", &QuarantineFilter::default()).unwrap()[0].row;
    let fix = |values| {
        steward.fix("volunteer", row, &RowFix { values, reason: REASON.into(), ..RowFix::default() })
    };
    assert_eq!(fix(set("notes", "x")).unwrap_err().kind(), ErrorKind::Forbidden);
    let mut both = set("email", "grace.secret@example.org");
    both.extend(set("phone_e164", "+1 816 234 5678"));
    assert!(fix(both).unwrap().loaded.is_some(), "a number is no secret for a steward");
}

#[test]
fn the_preview_of_a_merge_does_not_say_whether_hidden_values_agree() {
    for db in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let people = "id,first name,last name,email,dob\n1,Ada,Lovelace,ada@example.org,1985-04-23\n\
                      2,Grace,Hopper,grace@example.org,1985-04-23\n";
        assert_eq!(db.import(&support::file(folder.path(), "people.csv", people)).counts.inserted, 2);
        let importer = db.importer();
        let (steward, admin) =
            (importer.desk(Actor::new("sam", Role::Steward)), importer.desk(Actor::admin("ann")));
        let request = MergeRequest::new("volunteer", [1, 2], REASON);
        let told = |desk: &Desk<'_>, request: &MergeRequest| {
            let preview = desk.preview_merge(request).unwrap();
            let field = preview.fields.iter().find(|field| field.field == "dob").unwrap();
            serde_json::to_string(field).unwrap()
        };
        let same = told(&steward, &request);
        assert!(told(&admin, &request).contains("1985-04-23"));
        admin
            .edit("volunteer", RecordId(2), &Edit { values: set("dob", "1986-04-23"), reason: REASON.into() })
            .unwrap();
        assert_eq!(told(&steward, &request), same, "{}", db.backend);
        // Keeping the value of a record needs no eyes, and tells nothing either.
        let kept = MergeRequest { choices: vec![("dob".into(), FieldChoice::Of(RecordId(2)))], ..request };
        assert_eq!(told(&steward, &kept), same, "{}", db.backend);
        assert!(told(&admin, &kept).contains("\"value\":\"1986-04-23\""));
    }
}

/// The file with a value typed in place of one of its masked ones.
fn typed(text: &str, place: usize, value: &str) -> String {
    let mut typed = String::new();
    for (n, part) in text.split("***").enumerate() {
        if n > 0 {
            typed += if n == place + 1 { value } else { "***" };
        }
        typed += part;
    }
    typed
}

#[test]
fn a_value_typed_over_a_masked_one_is_a_problem_whatever_is_hidden_there() {
    // What the masked cells of both rows hold, and another value that the rules take as well.
    let hidden = [
        ("dob", "1984-01-02", "1983-01-02"),
        ("gender", "womanly", "manly"),
        ("hobby", "ski-jumping", "long-runs"),
        ("dob", "1972-06-23", "1973-06-23"),
        ("gender", "manly", "womanly"),
        ("hobby", "long-runs", "ski-jumping"),
    ];
    for db in support::databases() {
        let importer = filled(&db);
        let folder = tempfile::tempdir().unwrap();
        let (steward, admin) =
            (importer.desk(Actor::new("sam", Role::Steward)), importer.desk(Actor::admin("ann")));
        let text = exported(&steward, &QuarantineFilter::default());
        let fix = FileFix { reason: "back from the office".into(), current_mapping: false };
        let read = |desk: &Desk<'_>, text: String| {
            let file = support::file(folder.path(), "rows.csv", text);
            desk.fix_file("volunteer", &file, &fix).unwrap()
        };
        let before = everything(&db);
        for (place, (field, value, other)) in hidden.into_iter().enumerate() {
            let told = [value, other, "soon", ""].map(|value| read(&steward, typed(&text, place, value)));
            let counts = |told: &FileReport| (told.unchanged, told.not_taken, told.loaded, told.still_held);
            assert_eq!(counts(&told[0]), (1, 1, 0, 0), "{value}: {told:?}");
            assert!(told.iter().all(|report| *report == told[0]), "{value}: {told:?}");
            let problem = &told[0].problems[0];
            assert_eq!((problem.number, problem.line), (place as u64 / 3 + 2, place as u64 / 3 + 2));
            assert!(problem.why.contains(field) && problem.why.contains("steward"), "{problem:?}");
            // Who sees the value may be told that it is the one there is.
            assert_eq!(read(&admin, typed(&text, place, value)).unchanged, 2, "{value}");
            assert_eq!(read(&admin, typed(&text, place, other)).unchanged, 1, "{other}");
        }
        assert_eq!(everything(&db), before, "nothing went in");
        let log = importer.desk(Actor::admin("ann")).audit_log(&Default::default()).unwrap();
        let refused = log.iter().filter(|line| line.entry.outcome == AuditOutcome::Refused).count();
        assert_eq!(refused, 4 * hidden.len(), "each guess is in the log");
        // Other rows go on.
        let corrected = typed(&text.replace("@@", "@"), 2, "ski-jumping");
        let told = read(&steward, corrected);
        assert_eq!((told.loaded, told.not_taken), (1, 1), "{told:?}");
    }
}

#[test]
fn a_column_that_another_mapping_reads_into_a_hidden_field_is_hidden() {
    let db = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let people = "id,first name,last name,email,city\n1,Ann,Lee,ann@@example.org,Liberty\n";
    db.import(&support::file(folder.path(), "people.csv", people));
    let mapping =
        "mapping: theirs\nentity: volunteer\nversion: 1\nfields:\n  - { source: city, field: dob }\n";
    let mapping = importer_core::mapping::Mapping::parse(mapping, "theirs.yaml").unwrap();
    let importer = importer::Importer::builder().database(&db.url).mapping(mapping).build().unwrap();
    let steward = importer.desk(Actor::new("sam", Role::Steward));
    let row = steward.quarantine("volunteer", &QuarantineFilter::default()).unwrap()[0].row;
    let fix = RowFix {
        values: set("city", "1985-04-23"),
        reason: REASON.into(),
        current_mapping: true,
        ..RowFix::default()
    };
    let error = steward.fix("volunteer", row, &fix).unwrap_err();
    assert!(error.kind() == ErrorKind::Forbidden && error.to_string().contains("`city`"), "{error}");
}
