//! A person whose address changes hands is a finding: Ada gets Ben's.

use importer::{CONTACT_OF_ANOTHER, Importer, RunReport, RunRequest};
use importer_core::ports::{SuggestionKind, ViolationFilter};

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email,phone\n";
const ADA: &str = "1,Ada,Quinn,ada@example.org,(816) 234-0001\n";
const BEN: &str = "2,Ben,Roe,ben@example.org,(816) 234-0002\n";

fn importer(database: &Database) -> Importer {
    let csv = importer_adapter_csv::plugin();
    Importer::builder().database(&database.url).plugin(csv).build().unwrap()
}

fn run(importer: &Importer, rows: &[&str], dry: bool) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", format!("{HEADER}{}", rows.concat()));
    let report = importer.run(&RunRequest::new("csv").file(&file).dry_run(dry)).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
    report
}

/// The row, the field and the message of each finding.
fn findings(importer: &Importer, report: &RunReport) -> Vec<(String, String, String)> {
    let filter = ViolationFilter {
        rule: Some(CONTACT_OF_ANOTHER.into()),
        run: Some(report.run_id),
        ..ViolationFilter::default()
    };
    let found = importer.violations(&filter).unwrap();
    found.into_iter().map(|f| (f.violation.record_key, f.violation.field, f.violation.message)).collect()
}

fn ids(database: &Database) -> (i64, i64) {
    let of =
        |id| database.number(&format!("SELECT core_id AS t FROM external_id_map WHERE external_id = '{id}'"));
    (of(1), of(2))
}

#[test]
fn a_known_person_who_brings_the_address_of_another_is_told() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &[ADA, BEN], false);
        let (ada, ben) = ids(&database);
        let changed = ADA.replace("ada@", "ben@");
        let dry = run(&importer, &[&changed], true);
        let report = run(&importer, &[&changed], false);
        assert_eq!(dry.anomalies, report.anomalies, "a dry run says the same");
        let [anomaly] = &report.anomalies[..] else { panic!("{:?}", report.anomalies) };
        assert_eq!(anomaly.code, "contact_changes_hands");
        let told = format!("csv:1 (row 2, email_normalized) has one of record {ben}");
        assert!(
            anomaly.message.starts_with("1 known person") && anomaly.message.contains(&told),
            "{}",
            anomaly.message
        );
        let found = findings(&importer, &report);
        let [(row, field, message)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((row.as_str(), field.as_str()), ("csv:1", "email_normalized"), "{}", database.backend);
        assert!(message.contains(&format!("record {ben}")) && !message.contains("example.org"), "{message}");
        assert_eq!(report.dq[CONTACT_OF_ANOTHER], 1);
        let all = importer.suggestions(&Default::default()).unwrap();
        let [pair] = &all[..] else { panic!("{all:?}") };
        assert_eq!((pair.left.0, pair.right.0, pair.kind), (ada, ben, SuggestionKind::Household));
        assert_eq!((report.counts.needs_review, report.counts.households), (1, 1), "{}", database.backend);
        // The same row again says nothing new.
        let again = run(&importer, &[&changed], false);
        assert_eq!((again.anomalies.len(), again.counts.unchanged), (0, 1), "{:?}", again.anomalies);
    }
}

#[test]
fn two_who_swap_their_contacts_in_one_file_are_both_told() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &[ADA, BEN], false);
        let swapped = [
            ADA.replace("ada@", "ben@").replace("0001", "0002"),
            BEN.replace("ben@", "ada@").replace("0002", "0001"),
        ];
        let report = run(&importer, &[&swapped[0], &swapped[1]], false);
        let told: Vec<String> = findings(&importer, &report)
            .into_iter()
            .map(|(row, field, _)| format!("{row} {field}"))
            .collect();
        let expected =
            ["csv:1 email_normalized", "csv:1 phone_e164", "csv:2 email_normalized", "csv:2 phone_e164"];
        assert_eq!(told, expected, "{}", database.backend);
        assert_eq!(report.dq[CONTACT_OF_ANOTHER], 2, "rows are counted, not contacts");
        assert_eq!(importer.suggestions(&Default::default()).unwrap().len(), 1, "one pair");
    }
}

#[test]
fn what_is_ones_own_is_not_told() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &[ADA, BEN, "3,Bea,Roe,roe@example.org,(816) 234-0002\n"], false);
        for rows in [
            // A new address that nobody has, another spelling of one's own, and what a home shares from the beginning.
            vec![ADA.replace("ada@", "ada.quinn@")],
            vec![ADA.replace("ada@", "ADA+kc@")],
            vec!["3,Bea,Roe,bea@example.org,(816) 234-0002\n".into()],
        ] {
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            let report = run(&importer, &rows, false);
            assert_eq!(findings(&importer, &report), [], "{rows:?} on {}", database.backend);
            assert!(report.anomalies.is_empty(), "{:?}", report.anomalies);
        }
    }
}
