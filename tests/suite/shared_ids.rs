//! One id in two systems is evidence for one person, wherever people are compared.

use importer::RunRequest;
use importer_core::ports::AutoMerge;
use importer_core::ports::RecordId;

use super::scan;
use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,city\n";

/// Imports one row of a system, merging nobody.
fn import(db: &Database, system: &str, row: &str) -> importer::RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", format!("{HEADER}{row}\n"));
    let request = RunRequest::new("csv").file(&file).external_system(system).auto_merge(AutoMerge::Off);
    let report = db.importer().run(&request).unwrap();
    assert_eq!((report.counts.inserted, &report.error), (1, &None));
    report
}

#[test]
fn scans_and_scores_compare_ids_of_different_systems() {
    for db in support::databases() {
        let importer = scan::imported(&db);
        for (id, other, expected) in [
            ("0035g00001XyZaB", "0035g00001XyZaB", "exact"),
            ("0035g00001QqQqQ", "0035g00001PpPpP", "differ"),
            // Every system has a number 1001.
            ("1001", "1001", "missing"),
        ] {
            import(&db, "crm", &format!("{id},Mildred,Brandt,mildred.{expected}@example.org,Liberty"));
            let left = db.number("SELECT MAX(id) AS t FROM core_volunteers");
            import(&db, "signup", &format!("{other},Millie,Brant,mb.{expected}@example.net,Liberty"));
            let told = importer.score("volunteer", RecordId(left), RecordId(left + 1), None).unwrap();
            let term = told.explanation.terms.iter().find(|term| term.term == "external_id").unwrap();
            assert_eq!(term.level, expected, "{} {id}", db.backend);
            assert_eq!(term.bits > 6.0, expected == "exact", "{term:?}");
            assert!(
                expected != "exact" || told.explanation.probability >= importer::service::REVIEW_FROM,
                "{told:?}"
            );
        }
        let found = scan::scan(&importer, true);
        assert!(found.pairs_scored > 0);
        let first = db.number("SELECT MIN(core_id) AS t FROM external_id_map WHERE external_system = 'crm'");
        let all = importer.suggestions(&Default::default()).unwrap();
        assert!(
            all.iter().any(|s| (s.left, s.right) == (RecordId(first), RecordId(first + 1))),
            "{}: {all:?}",
            db.backend
        );
    }
}

#[test]
fn a_row_is_compared_with_who_has_its_id_in_another_system() {
    for db in support::databases() {
        let importer = db.importer();
        import(&db, "crm", "0035g00001XyZaB,Mildred,Brandt,mildred@example.org,Liberty");
        import(&db, "crm", "1001,Ngozi,Adeyemi,ngozi@example.org,Liberty");
        // Nothing but the id would make them candidates.
        let told = import(&db, "signup", "0035g00001XyZaB,Millie,Brant,mb@example.net,Liberty");
        assert_eq!(told.counts.needs_review, 1, "{}", db.backend);
        let told = import(&db, "signup", "1001,Ngozy,Adeyemy,na@example.net,Liberty");
        assert_eq!(told.counts.needs_review, 0, "a number that every system has");
        let told = import(&db, "signup", "0035g00001QqQqQ,Millie,Brant,other@example.net,Liberty");
        assert_eq!(told.counts.needs_review, 0, "another id says nothing");
        let all = importer.suggestions(&Default::default()).unwrap();
        let [pair] = &all[..] else { panic!("{all:?}") };
        assert!(pair.features_json.contains("external_id"), "{}", pair.features_json);
        assert!(!pair.features_json.contains("0035g"), "terms, no values");
    }
}
