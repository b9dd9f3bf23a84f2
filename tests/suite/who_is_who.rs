//! Who is who in whole runs: what is merged, what is suggested, what is left alone, by every way of merging.

use importer::{Importer, RunReport, RunRequest};
use importer_core::ports::AutoMerge;
use importer_dedupe::MatchModel;

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,phone,dob,street,city,state,postal code\n";

/// People the core knows.
const KNOWN: &str = "\
1,Margit,Kowalski,margit@example.org,,1971-03-04,12 Oak Street,Kansas City,MO,64111
2,William,Okafor,,816-234-5678,1965-07-08,9 Hill Drive,Kansas City,MO,64112
3,Ngozi,Adeyemi,ngozi@example.org,,1988-01-02,77 Elm Road,Liberty,MO,64068
4,Hannah,Stone,stones@example.org,816-234-5999,2009-05-06,5 Lake View,Liberty,MO,64068
5,James,Reed Jr,reeds@example.org,816-234-5998,,8 Park Lane,Liberty,MO,64068
6,John,Smith,john.smith@example.org,,,,Springfield,MO,
7,Ann,Field,ann.field@example.org,,1990-09-09,3 Mill Way,Liberty,MO,64068
";

/// The same people under other ids, and others who are like them.
const LATER: &str = "\
101,Margit,Kowalsky,mk@example.net,,1971-03-04,12 Oak St,Kansas City,MO,64111
102,Bill,Okafor,,816-234-5678,,,,,
103,Adeyemi,Ngozi,n.a@example.net,,1988-01-02,,,,
104,Ruth,Stone,stones@example.org,816-234-5999,2009-05-06,5 Lake View,Liberty,MO,64068
105,James,Reed Sr,reeds@example.org,816-234-5998,,8 Park Lane,Liberty,MO,64068
106,John,Smith,johnny@example.net,,,,Springfield,MO,
107,Ann,Field,ann.field@example.org,,1990-09-09,44 Far Road,Joplin,MO,64801
";

fn import(database: &Database, rows: &str, way: AutoMerge, model: MatchModel, dry_run: bool) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", format!("{HEADER}{rows}"));
    let importer = Importer::builder()
        .database(&database.url)
        .plugin(importer_adapter_csv::plugin())
        .auto_merge(way)
        .match_model(model)
        .build()
        .unwrap();
    let report = importer.run(&RunRequest::new("csv").file(&file).dry_run(dry_run)).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
    report
}

/// `101 is 1` for every id of a person who goes by another already, in the order of the ids.
fn merged(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT b.external_id || ' is ' || a.external_id AS t FROM external_id_map a JOIN external_id_map b \
         ON a.core_id = b.core_id AND CAST(a.external_id AS INTEGER) < CAST(b.external_id AS INTEGER) \
         ORDER BY CAST(b.external_id AS INTEGER)",
    )
}

/// `household 4 104` for every pair to look at.
fn suggested(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT s.kind || ' ' || a.external_id || ' ' || b.external_id AS t FROM dedupe_suggestions s \
         JOIN external_id_map a ON a.core_id = s.left_id JOIN external_id_map b ON b.core_id = s.right_id \
         ORDER BY CAST(b.external_id AS INTEGER), CAST(a.external_id AS INTEGER)",
    )
}

#[test]
fn each_way_of_merging_does_what_it_says_and_a_dry_run_foretells_it() {
    let fuzzy = ["possible_duplicate 1 101", "possible_duplicate 2 102", "possible_duplicate 3 103"];
    let households = ["household 4 104", "household 5 105"];
    let certain = ["possible_duplicate 7 107"];
    for (way, expected, looks) in [
        (AutoMerge::Off, &[][..], [&fuzzy[..], &households, &certain].concat()),
        (AutoMerge::Deterministic, &["107 is 7"], [&fuzzy[..], &households].concat()),
        // Swapped names and another address: likely, and not certain enough.
        (AutoMerge::Full, &["101 is 1", "102 is 2", "107 is 7"], [&fuzzy[2..], &households].concat()),
    ] {
        for database in support::databases() {
            import(&database, KNOWN, way, MatchModel::Shipped, false);
            let dry = import(&database, LATER, way, MatchModel::Shipped, true);
            assert_eq!((merged(&database).len(), suggested(&database).len()), (0, 0));
            let report = import(&database, LATER, way, MatchModel::Shipped, false);
            assert_eq!(dry.counts, report.counts, "{way} on {}", database.backend);
            assert_eq!(merged(&database), expected, "{way} on {}", database.backend);
            assert_eq!(suggested(&database), looks, "{way} on {}", database.backend);
            assert_eq!(report.counts.auto_merged, expected.len() as u64);
            assert_eq!(report.counts.needs_review, looks.len() as u64);
            assert_eq!(report.counts.households, 2);
            let again = import(&database, LATER, way, MatchModel::Shipped, false);
            assert_eq!((again.counts.inserted, again.counts.updated), (0, 0));
        }
    }
}

/// The rows of one batch are not in the database yet when the next of them is resolved.
#[test]
fn people_who_come_twice_in_one_file_are_found_by_what_they_are() {
    for database in support::databases() {
        let rows = format!("{KNOWN}{LATER}");
        import(&database, &rows, AutoMerge::Full, MatchModel::Shipped, false);
        assert_eq!(merged(&database), ["101 is 1", "102 is 2", "107 is 7"], "{}", database.backend);
        let looks = ["possible_duplicate 3 103", "household 4 104", "household 5 105"];
        assert_eq!(suggested(&database), looks, "{}", database.backend);
    }
}

#[test]
fn a_request_may_say_otherwise_than_the_importer() {
    let database = support::sqlite();
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", format!("{HEADER}{KNOWN}{LATER}"));
    let importer = database.importer();
    let report = importer.run(&RunRequest::new("csv").file(&file).auto_merge(AutoMerge::Off)).unwrap();
    assert_eq!((report.counts.auto_merged, merged(&database).len()), (0, 0));
}

#[test]
fn suggestions_keep_their_score_and_every_term_of_it() {
    for (model, name) in [(MatchModel::Shipped, "fellegi_sunter"), (MatchModel::Weighted, "weighted")] {
        let database = support::sqlite();
        import(&database, &format!("{KNOWN}{LATER}"), AutoMerge::Off, model, false);
        let rows = database.texts(
            "SELECT CAST(score AS TEXT) || '|' || features_json AS t FROM dedupe_suggestions ORDER BY id",
        );
        assert!(!rows.is_empty());
        for row in rows {
            let (score, terms) = row.split_once('|').unwrap();
            assert!((0.0..=1.0).contains(&score.parse::<f64>().unwrap()), "{score}");
            let terms: serde_json::Value = serde_json::from_str(terms).unwrap();
            assert_eq!(terms["model"], name);
            assert!(terms["terms"].as_array().is_some_and(|terms| !terms.is_empty()), "{terms}");
        }
    }
}
