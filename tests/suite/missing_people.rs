//! People who are gone from a source are counted and listed, and stay.

use importer::service::{Actor, Role};
use importer::{Documents, ErrorKind, Importer, RecordFilter, RunReport, RunRequest};
use importer_core::mapping::Mapping;

use super::support::{self, Database};

const HEADER: &str = "id,first name,last name,email\n";

fn importer(database: &Database) -> Importer {
    let csv = importer_adapter_csv::plugin();
    Importer::builder().database(&database.url).plugin(csv).build().unwrap()
}

fn people(ids: impl IntoIterator<Item = usize>) -> String {
    let first = ["Ann", "Bob", "Cid", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jo"];
    let row =
        |n: usize| format!("{n},{},Q{}x,p{n}@example.org\n", first[n % 10], "abcdefghij".repeat(n / 10 + 1));
    HEADER.to_owned() + &ids.into_iter().map(row).collect::<String>()
}

fn run(importer: &Importer, rows: &str, change: impl FnOnce(RunRequest) -> RunRequest) -> RunReport {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "people.csv", rows);
    let report = importer.run(&change(RunRequest::new("csv").file(&file))).unwrap();
    assert_eq!(report.status, importer::ReportStatus::Succeeded, "{:?}", report.error);
    report
}

fn full_export(says: bool) -> impl Fn(RunRequest) -> RunRequest {
    let text = format!("mapping: m\nversion: 1\nentity: volunteer\ndefaults: {{ full_export: {says} }}\n");
    let mapping = Mapping::parse(&text, "m.yaml").unwrap();
    move |request| request.documents(Documents::new().mapping(mapping.clone()))
}

type Change = Box<dyn FnOnce(RunRequest) -> RunRequest>;

fn only_thirty(mut request: RunRequest) -> RunRequest {
    request.limit = Some(30);
    request
}

fn listed(importer: &Importer, report: &RunReport) -> Vec<String> {
    let filter = RecordFilter { missing_since: Some(report.run_id), ..RecordFilter::default() };
    let desk = importer.desk(Actor::admin("ann"));
    let page = desk.find("volunteer", &filter).unwrap();
    assert_eq!(desk.find_count("volunteer", &filter).unwrap().count, page.records.len() as u64);
    page.records.iter().map(|record| record.values["email_normalized"].clone()).collect()
}

#[test]
fn who_is_gone_from_a_source_is_counted_and_listed_and_stays() {
    for database in support::databases() {
        let importer = importer(&database);
        assert_eq!(run(&importer, &people(0..3), |r| r).missing_people, 0);
        let report = run(&importer, &people([0, 2]), |r| r);
        assert_eq!((report.missing_people, report.anomalies.len()), (1, 0), "{}", database.backend);
        let note = report.notes.iter().find(|note| note.contains("is not in this source"));
        assert!(note.unwrap().starts_with("1 person whom csv brought before"), "{:?}", report.notes);
        assert_eq!(listed(&importer, &report), ["p1@example.org"], "{}", database.backend);
        assert_eq!(importer.count("volunteer").unwrap(), 3, "nobody is deleted");
        assert_eq!(importer.report(report.run_id).unwrap().missing_people, 1, "the report is stored");
        // A changed row and one that is held back were met; who comes back is not missing any more.
        let held = people([0, 2]).replace("p2@", "p2@@").replace("p0@", "p00@");
        let report = run(&importer, &held, full_export(true));
        assert_eq!((report.counts.quarantined, report.missing_people), (1, 1), "{report:?}");
        let back = run(&importer, &people(0..3), |r| r);
        assert_eq!((back.missing_people, listed(&importer, &back).len()), (0, 0), "{}", database.backend);
    }
}

#[test]
fn many_who_go_at_once_are_an_anomaly_and_once_only() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &people(0..40), |r| r);
        let report = run(&importer, &people(0..30), |r| r);
        let codes: Vec<_> = report.anomalies.iter().map(|anomaly| anomaly.code.as_str()).collect();
        assert_eq!((codes, report.missing_people), (vec!["people_missing"], 10), "{}", database.backend);
        let again = run(&importer, &people(0..29), |r| r);
        assert_eq!((again.anomalies.len(), again.missing_people), (0, 11), "{:?}", again.anomalies);
        let note = again.notes.iter().find(|note| note.contains("not in this source")).unwrap();
        assert!(note.contains("10 of them already before the last run"), "{note}");
    }
}

#[test]
fn a_part_of_a_source_says_nothing_by_what_it_leaves_out() {
    for database in support::databases() {
        let importer = importer(&database);
        run(&importer, &people(0..40), |r| r);
        let parts: [(String, Change); 5] = [
            // Few of those who are known, others altogether, and what was asked for or declared as a part.
            (people(0..10), Box::new(|r| r)),
            (people(50..60), Box::new(|r| r)),
            (people(0..40), Box::new(only_thirty)),
            (people(0..35), Box::new(full_export(false))),
            (people(0..35), Box::new(|r| r.dry_run(true))),
        ];
        for (rows, change) in parts {
            let report = run(&importer, &rows, change);
            assert_eq!(report.missing_people, 0, "{report:?}");
        }
        // Whoever says that the source is whole is told all the same.
        let report = run(&importer, &people(0..10), full_export(true));
        assert_eq!(report.missing_people, 40, "those of the other list are of this system as well");
        // Another system is another source.
        let other = run(&importer, &people(0..1), |r| full_export(true)(r.external_system("other")));
        assert_eq!(other.missing_people, 0, "{}", database.backend);
    }
}

#[test]
fn the_list_is_for_whoever_may_see_people_and_needs_a_run() {
    let database = support::sqlite();
    let importer = importer(&database);
    run(&importer, &people(0..3), |r| r);
    let report = run(&importer, &people(0..2), |r| r);
    let filter = RecordFilter { missing_since: Some(report.run_id), ..RecordFilter::default() };
    let viewer = importer.desk(Actor::new("vic", Role::Viewer));
    let page = viewer.find("volunteer", &filter).unwrap();
    assert_eq!(page.records.len(), 1);
    assert!(!format!("{:?}", page.records[0].values).contains("p2@"), "masked as everywhere");
    let nowhere = RecordFilter { missing_since: Some(77.into()), ..RecordFilter::default() };
    let error = viewer.find("volunteer", &nowhere).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, "run_not_found"), "{error}");
    let mut shown = support::command_line();
    shown.args(["people", "--db", &database.url, "--missing-since", &report.run_id.to_string()]);
    let shown = String::from_utf8(shown.output().unwrap().stdout).unwrap();
    assert!(shown.contains("p2@example.org") && !shown.contains("p1@example.org"), "{shown}");
}
