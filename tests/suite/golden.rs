//! A golden dataset of our own: small files, and by hand what has to come of them. See `tests/golden/README.md`.

#[path = "golden/case.rs"]
mod case;
#[path = "golden/outcome.rs"]
pub(crate) mod outcome;

use serde_json::Value;

use self::case::Case;
use super::support;

/// Runs every file of a case in turn and tells what was there after each.
fn play(case: &Case, database: &support::Database) -> Value {
    let runs = case.inputs.iter().map(|input| {
        let report = case.run(database, input, false);
        super::reasons::assert_known(database);
        outcome::after(database, input, &report)
    });
    Value::Array(runs.collect())
}

/// Compares a case on every backend.
fn compare(case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    for database in support::databases() {
        let actual = play(case, &database);
        if std::env::var_os("UPDATE_GOLDEN").is_some() && database.backend == "sqlite" {
            case.update(&actual);
        }
        if let Some(difference) = outcome::first_difference(&case.expected()["runs"], &actual, "runs") {
            wrong.push(format!("{} on {}: {difference}", case.name, database.backend));
        }
    }
    wrong
}

/// Imports the last file of a case once more, after which nothing may have changed.
fn replay(case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    for database in support::databases() {
        play(case, &database);
        let before = outcome::traces(&database);
        let counts = case.run(&database, case.inputs.last().unwrap(), false).counts;
        assert_eq!((counts.inserted, counts.updated), (0, 0), "{} on {}", case.name, database.backend);
        if let Some(difference) = outcome::first_difference(&before, &outcome::traces(&database), "traces") {
            wrong.push(format!("{} replayed on {}: {difference}", case.name, database.backend));
        }
    }
    wrong
}

#[test]
fn golden_cases_come_out_as_expected() {
    let cases = Case::all();
    assert!(cases.len() >= 15, "the golden cases are not where they should be");
    let wrong: Vec<String> = cases.iter().filter(|case| case.defect.is_none()).flat_map(compare).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first promise of the importer, for every case: the last file again changes nothing at all.
#[test]
fn golden_cases_replayed_change_nothing() {
    let cases = Case::all();
    let wrong: Vec<String> = cases.iter().filter(|case| case.defect.is_none()).flat_map(replay).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A slip of copy and paste in a spreadsheet: nobody may vanish from the core because of it.
#[test]
fn an_id_given_to_two_people_does_not_turn_one_into_the_other() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let people =
            "id,first name,last name,email\n7,Ann,Lee,ann@example.org\n7,Bob,Stone,bob@example.org\n";
        database.import(&support::file(folder.path(), "people.csv", people));
        let names = database.texts("SELECT first_name AS t FROM core_volunteers ORDER BY id");
        assert!(names.contains(&"Ann".to_owned()), "{names:?} on {}", database.backend);
    }
}

/// What a dry run says is what the run then does, and it leaves nothing behind.
#[test]
fn golden_cases_are_foretold_by_a_dry_run() {
    for case in Case::all() {
        for database in support::databases() {
            for input in &case.inputs {
                let before = outcome::traces(&database);
                let foretold = case.run(&database, input, true);
                assert_eq!(outcome::traces(&database), before, "{} on {}", case.name, database.backend);
                let done = case.run(&database, input, false);
                let facts = |report: &importer::RunReport| {
                    (report.status, report.counts, report.dq.clone(), report.unmapped_fields.clone())
                };
                assert_eq!(facts(&foretold), facts(&done), "{} {input} on {}", case.name, database.backend);
            }
        }
    }
}
