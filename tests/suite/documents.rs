//! A run goes by the documents of its request, whatever the importer was built with.

use std::sync::{Arc, Mutex};

use importer::mapping::Mapping;
use importer::rules::Mode;
use importer::service::{Actor, RowFix};
use importer::{
    Documents, ErrorKind, GateMode, GatePolicy, Importer, Observer, Progress, ReportStatus, RunRequest,
};

use super::interruption::snapshot::{assert_same, take};
use super::support;

const MEMBERS: &str = "id,Rufname,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,nowhere\n";

fn german() -> Mapping {
    let fields = "fields: [{ source: Rufname, field: first_name }]";
    let text = format!("{{ mapping: german, version: 1, entity: volunteer, {fields} }}");
    Mapping::parse(&text, "german.yaml").unwrap()
}

fn plain(url: &str) -> Importer {
    Importer::builder().database(url).plugin(importer_adapter_csv::plugin()).build().unwrap()
}

#[test]
fn a_run_with_documents_is_the_run_of_an_importer_that_was_built_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "members.csv", MEMBERS);
    for (built, asked) in support::databases().into_iter().zip(support::databases()) {
        let importer = Importer::builder()
            .database(&built.url)
            .plugin(importer_adapter_csv::plugin())
            .mapping(german())
            .rules_mode(Some(Mode::Warn))
            .build()
            .unwrap();
        let expected = importer.run(&RunRequest::new("csv").file(&file)).unwrap();
        assert_eq!((expected.status, expected.counts.inserted), (ReportStatus::Succeeded, 2));

        let documents = Documents::new().mapping(german()).rules_mode(Mode::Warn);
        let request = RunRequest::new("csv").file(&file).documents(documents.clone());
        let importer = plain(&asked.url);
        assert_eq!(importer.preview(&request).unwrap().unmapped, Vec::<String>::new());
        importer.start(&request).unwrap().join().unwrap();
        assert_same(&take(&built), &take(&asked));
        // The next request says nothing, and has what the importer was built with.
        let preview = importer.preview(&RunRequest::new("csv").file(&file)).unwrap();
        assert_eq!(preview.unmapped, ["Rufname"], "{}", asked.backend);
    }
}

#[test]
fn what_people_do_with_a_run_goes_by_its_documents() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(folder.path(), "members.csv", MEMBERS);
    for db in support::databases() {
        let gate = GatePolicy { mode: GateMode::Enforce, min_rows: 2, ..GatePolicy::default() };
        let documents = Documents::new().mapping(german()).gate(gate);
        let importer = plain(&db.url);
        let held = importer.run(&RunRequest::new("csv").file(&file).documents(documents.clone())).unwrap();
        assert_eq!(held.status, ReportStatus::Held, "{}: half of two rows is bad", db.backend);

        let ann = Actor::admin("ann");
        let error = importer.desk(ann.clone()).approve(held.run_id, "looked at it").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let with = importer.with_documents(&documents);
        let report = with.desk(ann.clone()).approve(held.run_id, "looked at it").unwrap();
        assert_eq!((report.status, report.counts.inserted), (ReportStatus::Succeeded, 1));

        let row = with.desk(ann.clone()).quarantine("volunteer", &Default::default()).unwrap()[0].row;
        let fix = RowFix::new("he called").set("email", "bob@example.org");
        assert!(importer.desk(ann.clone()).fix("volunteer", row, &fix).is_err(), "{}", db.backend);
        assert!(with.desk(ann).fix("volunteer", row, &fix).unwrap().loaded.is_some());
        let names = "SELECT first_name AS t FROM core_volunteers ORDER BY first_name";
        assert_eq!(db.texts(names), ["Ann", "Bob"], "{}", db.backend);
    }
}

/// Notes of which runs it heard.
#[derive(Default)]
struct Heard(Mutex<Vec<i64>>);

impl Observer for Heard {
    fn progress(&self, progress: Progress) {
        let mut heard = self.0.lock().unwrap();
        if heard.last() != Some(&progress.run.0) {
            heard.push(progress.run.0);
        }
    }
}

#[test]
fn an_observer_of_a_request_hears_of_its_run_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = support::file(
        folder.path(),
        "people.csv",
        "id,first name,last name,email\n1,Ann,Lee,ann@example.org\n",
    );
    let db = support::sqlite();
    let (everyone, one) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
    let importer = Importer::builder()
        .database(&db.url)
        .plugin(importer_adapter_csv::plugin())
        .observer(everyone.clone())
        .build()
        .unwrap();
    let request = |system: &str| RunRequest::new("csv").external_system(system).file(&file);
    importer.run(&request("a")).unwrap();
    importer.run(&request("b").observer(one.clone())).unwrap();
    importer.start(&request("c").observer(one.clone())).unwrap().join().unwrap();
    importer.run(&request("d")).unwrap();
    assert_eq!(*everyone.0.lock().unwrap(), [1, 4]);
    assert_eq!(*one.0.lock().unwrap(), [2, 3]);
}
