//! Spellings of one mailbox are one mailbox, and slips of a provider's domain are a reason to look.

use importer::{AutoMerge, Documents, Importer, RunReport, RunRequest};
use importer_core::mapping::Mapping;
use importer_core::ports::SuggestionKind;

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,phone\n";

fn importer(database: &Database) -> Importer {
    let csv = importer_adapter_csv::plugin();
    Importer::builder().database(&database.url).plugin(csv).build().unwrap()
}

fn run(importer: &Importer, row: &str, system: &str, way: AutoMerge) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", format!("{HEADER}{row}\n"));
    let request = RunRequest::new("csv").file(&file).external_system(system).auto_merge(way);
    let report = importer.run(&request).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
    report
}

/// The keys that are made of email addresses.
fn keys(database: &Database) -> Vec<String> {
    database.texts("SELECT CAST(key_hash AS TEXT) AS t FROM match_keys WHERE key_kind = 1")
}

/// The only key of an address.
fn only_key_of(address: &str) -> String {
    let database = support::sqlite();
    run(&importer(&database), &format!("1,Rita,Kohl,{address},"), "one", AutoMerge::Off);
    keys(&database).pop().unwrap()
}

#[test]
fn addresses_of_one_mailbox_at_google_are_one_contact() {
    for (one, other, same) in [
        ("rita.kohl@gmail.com", "ritakohl@googlemail.com", true),
        ("ritakohl@gmail.com", "r.i.t.a.kohl+kc@gmail.com", true),
        ("rita.kohl@example.org", "ritakohl@example.org", false),
    ] {
        for database in support::databases() {
            let importer = importer(&database);
            let mode = AutoMerge::Deterministic;
            run(&importer, &format!("1,Rita,Kohl,{one},"), "one", mode);
            let report = run(&importer, &format!("2,Rita,Kohl,{other},"), "other", mode);
            assert_eq!(report.counts.auto_merged == 1, same, "{one} {other} on {}", database.backend);
        }
    }
}

#[test]
fn keys_of_earlier_versions_are_still_found() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, "1,Rita,Kohl,rita.kohl@gmail.com,", "one", AutoMerge::Deterministic);
        // An address without dots has one key, that of its mailbox; before, an address with dots had one of its own.
        let plain = only_key_of("ritakohl@gmail.com");
        assert_eq!(keys(&database).len(), 2);
        database.execute(&format!("DELETE FROM match_keys WHERE key_kind <> 1 OR key_hash = {plain}"));
        assert_eq!(keys(&database).len(), 1);
        let report = run(&importer, "2,Rita,Kohl,rita.kohl@gmail.com,", "other", AutoMerge::Deterministic);
        assert_eq!(report.counts.auto_merged, 1, "{}", database.backend);
    }
}

#[test]
fn a_slip_of_a_providers_domain_is_looked_at_and_never_equal() {
    for slip in ["rita.kohl@gmial.com", "ritakohl@gmai.com"] {
        for database in support::databases() {
            let importer = importer(&database);
            run(&importer, "1,Rita,Kohl,rita.kohl@gmail.com,", "one", AutoMerge::Deterministic);
            let row = format!("2,Rita,Kohl,{slip},");
            let report = run(&importer, &row, "other", AutoMerge::Deterministic);
            assert_eq!((report.counts.auto_merged, report.counts.needs_review), (0, 1), "{slip}: {report:?}");
            let all = importer.suggestions(&Default::default()).unwrap();
            assert_eq!(all[0].kind, SuggestionKind::PossibleDuplicate, "{}", database.backend);
            let near = all[0].features_json.contains("\"near\"");
            assert!(near, "{}", all[0].features_json);
        }
    }
}

#[test]
fn a_mailbox_of_a_function_identifies_nobody_unless_the_mapping_says_so() {
    let text = "{ mapping: m, version: 1, entity: volunteer, defaults: { role_addresses_identify: true } }";
    let club = Mapping::parse(text, "m.yaml").unwrap();
    for (documents, merged) in [(Documents::new(), 0), (Documents::new().mapping(club), 1)] {
        for database in support::databases() {
            let importer = importer(&database);
            let import = |rows: &str, system: &str| {
                let folder = tempfile::tempdir().unwrap();
                let file = support::file(folder.path(), "people.csv", format!("{HEADER}{rows}"));
                let request = RunRequest::new("csv").file(&file).external_system(system);
                importer.run(&request.documents(documents.clone())).unwrap()
            };
            let first = import("1,Rita,Kohl,info@club.example.org,\n", "one");
            assert_eq!(first.dq["DOM-204"], 1, "whoever uses it is told");
            // Another name is another person, and a placeholder is nobody in any case.
            let rows = "2,Rita,Kohl,info@club.example.org,\n3,Ben,Roe,info@club.example.org,\n\
                        4,Ida,Ott,none@club.example.org,\n5,Ida,Ott,none@club.example.org,\n";
            let report = import(rows, "other");
            assert_eq!(report.counts.auto_merged, merged, "{}: {report:?}", database.backend);
        }
    }
}
