//! What is stored as a reason is a code that is documented, wherever the importer itself decided.

use importer_core::reasons::{Part, Place, Reason, parts};
use serde_json::Value;

use super::support::{self, Database};

/// Where reasons of the importer are stored: the column, whose place it is, and which rows hold free text instead.
const STORED: [(&str, Place); 4] = [
    // What the database said of a row, and the rules that hold one back, are no reasons of the importer.
    (
        "SELECT reason AS t FROM row_outcomes WHERE outcome <> 'skipped' AND reason IS NOT NULL \
         AND NOT (outcome = 'quarantined' AND reason LIKE '%-%')",
        Place::Row,
    ),
    ("SELECT reason AS t FROM change_log WHERE staging_id IS NOT NULL", Place::Change),
    // A person says why a record is edited; the importer never says it about a record as a whole.
    ("SELECT reason AS t FROM change_log WHERE staging_id IS NULL AND field IS NULL", Place::Change),
    ("SELECT why AS t FROM rollback_items", Place::Rollback),
];

/// Reasons in a database that are no codes, or codes that are not documented for their place.
fn unknown(database: &Database) -> Vec<String> {
    let mut wrong = Vec::new();
    for (sql, place) in STORED {
        wrong.extend(database.texts(sql).into_iter().filter(|reason| !is_known(reason, place)));
    }
    for features in database.texts("SELECT features_json AS t FROM dedupe_suggestions") {
        let features: Value = serde_json::from_str(&features).unwrap();
        let held_back = features["held_back"].as_array().into_iter().flatten();
        let reasons = held_back.chain(features.get("why")).map(|reason| reason.as_str().unwrap().to_owned());
        wrong.extend(reasons.filter(|reason| !is_known(reason, Place::Suggestion)));
    }
    wrong
}

fn is_known(stored: &str, place: Place) -> bool {
    let known = |part: &Part<'_>| matches!(part, Part::Coded(reason, _) if reason.places().contains(&place));
    let found = parts(stored);
    !found.is_empty() && found.iter().all(known)
}

/// Checks every reason that the importer stored in a database.
#[track_caller]
pub(crate) fn assert_known(database: &Database) {
    let unknown = unknown(database);
    assert!(unknown.is_empty(), "reasons on {} that are no documented codes: {unknown:#?}", database.backend);
}

#[test]
fn a_reason_that_is_no_code_is_noticed() {
    for database in support::databases() {
        let folder = tempfile::tempdir().unwrap();
        let csv = "id,first name,last name,email\n1,Ann,Lee,ann@example.org\n2,Bo,Stone,bo@\n";
        database.import(&support::file(folder.path(), "people.csv", csv));
        assert_known(&database);
        let made = database.texts("SELECT reason AS t FROM change_log");
        assert_eq!(made, [Reason::NoMatch.code()], "{}", database.backend);
        for (made_up, noticed) in
            [("nobody is like it", true), ("equal_values", true), ("record_deleted", false)]
        {
            database.execute(&format!("UPDATE change_log SET reason = '{made_up}'"));
            assert_eq!(unknown(&database), if noticed { vec![made_up] } else { vec![] });
        }
    }
}
