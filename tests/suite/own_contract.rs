//! An entity of the host's own goes through everything that the volunteer goes through: nothing is made for one entity alone.

#[path = "own_contract/event.rs"]
mod event;

use importer::service::{Actor, MergeRequest, Role, RollbackRequest, RowFix};
use importer::{ErrorKind, Importer, RecordId, RunReport, RunRequest};
use importer_core::mapping::Mapping;
use importer_core::ports::{QuarantineFilter, QuarantineStatus, RecordFilter};

use super::support::{self, Database};
use event::{EVENT, snapshot, value};

/// Four rows: two events, one without a title, and the first one again under another number.
const LIST: &str = "number,title,date,place,capacity,organiser\n\
                    1,Spring Fair,2025-05-01,Town Hall,120,Fair@Example.org\n\
                    2,Choir,2025-05-02,School,40,\n\
                    3,,2025-05-03,Park,10,park@example.org\n\
                    4,spring fair,2025-05-01,,150,desk@example.org\n";

/// A database with the tables of both entities, and the list.
struct World {
    database: Database,
    folder: tempfile::TempDir,
}

impl World {
    fn new(database: Database) -> Self {
        let world = Self { database, folder: tempfile::tempdir().unwrap() };
        // The importer makes its own tables first, the host's come after them.
        world.importer();
        event::make_tables(&world.database);
        world
    }

    fn importer(&self) -> Importer {
        event::builder().database(&self.database.url).build().unwrap()
    }

    fn import(&self, rows: &str) -> RunReport {
        let file = support::file(self.folder.path(), "events.csv", rows);
        let report = self.importer().run(&event::request(&file)).unwrap();
        assert_eq!(
            (report.status.as_str(), &report.error),
            ("succeeded", &None),
            "{}",
            self.database.backend
        );
        report
    }
}

fn worlds() -> impl Iterator<Item = World> {
    support::databases().into_iter().map(World::new)
}

#[test]
fn rows_of_an_own_entity_are_normalised_judged_matched_and_kept() {
    for world in worlds() {
        let counts = world.import(LIST).counts;
        assert_eq!((counts.read, counts.inserted, counts.quarantined, counts.auto_merged), (4, 2, 1, 1));
        let importer = world.importer();
        assert_eq!((importer.count("event").unwrap(), importer.count("volunteer").unwrap()), (2, 0));
        let fair = |field: &str| value(&importer, 1, field);
        assert_eq!(fair("title").as_deref(), Some("Spring Fair"), "another id corrects nothing");
        assert_eq!(fair("starts_on").as_deref(), Some("2025-05-01"));
        assert_eq!(fair("place").as_deref(), Some("Town Hall"), "a blank empties nothing");
        assert_eq!(fair("capacity").as_deref(), Some("120"));
        let event = importer.record("event", RecordId(1)).unwrap().unwrap();
        let mut contacts: Vec<&str> = event.contacts.iter().map(|contact| &*contact.value).collect();
        contacts.sort_unstable();
        assert_eq!(contacts, ["desk@example.org", "fair@example.org"], "{}", world.database.backend);
    }
}

#[test]
fn the_same_rows_of_an_own_entity_change_nothing_the_second_time() {
    for world in worlds() {
        world.import(LIST);
        let before = snapshot(&world.database);
        let counts = world.import(LIST).counts;
        assert_eq!((counts.unchanged, counts.quarantined, counts.inserted), (3, 1, 0));
        assert_eq!(snapshot(&world.database), before, "{}", world.database.backend);
    }
}

#[test]
fn a_row_of_an_own_entity_is_corrected_in_quarantine_and_goes_in() {
    for world in worlds() {
        world.import(LIST);
        let importer = world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let open = QuarantineFilter { status: Some(QuarantineStatus::Open), ..QuarantineFilter::default() };
        let held = desk.quarantine("event", &open).unwrap();
        assert_eq!(held.len(), 1);
        let fix = RowFix {
            values: vec![("title".into(), "Picnic".into())],
            exempt: Vec::new(),
            reason: "asked the organiser".into(),
            current_mapping: false,
        };
        let fixed = desk.fix("event", held[0].row, &fix).unwrap();
        let picnic = fixed.loaded.and_then(|loaded| loaded.record).expect("it went in");
        assert_eq!(value(&importer, picnic.0, "title").as_deref(), Some("Picnic"));
        assert_eq!(desk.quarantine("event", &open).unwrap().len(), 0);
        let again = world.import(LIST).counts;
        assert_eq!((again.quarantined, again.inserted), (0, 0), "{}", world.database.backend);
    }
}

#[test]
fn a_merge_of_an_own_entity_is_taken_back_whole() {
    for world in worlds() {
        world.import(LIST);
        let importer = world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let before = snapshot(&world.database);
        let merged = desk.merge(&MergeRequest::new("event", [1, 2], "one evening")).unwrap();
        assert_eq!((merged.survivor.0, desk.who_is("event", RecordId(2)).unwrap().0), (1, 1));
        assert_eq!(importer.count("event").unwrap(), 1);
        assert_ne!(snapshot(&world.database), before);
        let undone = desk.undo_merge(merged.merge, "two evenings").unwrap();
        assert_eq!((undone.restored, undone.conflicts), (vec![RecordId(2)], vec![]));
        assert_eq!(snapshot(&world.database), before, "{}", world.database.backend);
    }
}

#[test]
fn runs_of_an_own_entity_are_rolled_back_one_after_the_other() {
    for world in worlds() {
        let empty = snapshot(&world.database);
        let first = world.import(LIST).run_id;
        let before = snapshot(&world.database);
        let second = world.import(
            "number,title,date,place,capacity,organiser\n2,Choir,2025-05-02,Church,60,c@example.org\n",
        );
        assert_eq!(second.counts.updated, 1);
        let importer = world.importer();
        let desk = importer.desk(Actor::admin("ann"));
        let roll_back = |run| {
            let request = RollbackRequest { run, reason: "the wrong list".into(), dry_run: false };
            desk.roll_back(&request).unwrap()
        };
        roll_back(second.run_id);
        assert_eq!(snapshot(&world.database), before, "{}", world.database.backend);
        roll_back(first);
        assert_eq!(snapshot(&world.database), empty, "{}", world.database.backend);
    }
}

#[test]
fn a_dry_run_of_an_own_entity_says_what_would_be_and_keeps_nothing() {
    for world in worlds() {
        let empty = snapshot(&world.database);
        let file = support::file(world.folder.path(), "events.csv", LIST);
        let would = world.importer().run(&event::request(&file).dry_run(true)).unwrap().counts;
        assert_eq!(snapshot(&world.database), empty, "{}", world.database.backend);
        let did = world.import(LIST).counts;
        let of = |counts: &importer::Counts| (counts.inserted, counts.quarantined, counts.auto_merged);
        assert_eq!(of(&would), of(&did), "{}", world.database.backend);
    }
}

#[test]
fn a_role_sees_of_an_own_entity_what_its_classes_allow() {
    for world in worlds() {
        world.import(LIST);
        let importer = world.importer();
        let viewer = importer.desk(Actor::new("vera", Role::Viewer));
        let event = viewer.record("event", RecordId(1)).unwrap().unwrap();
        assert_eq!(event.values["title"], "Spring Fair");
        assert_eq!(event.values["organiser_email"], importer::service::MASKED);
        let row = &viewer.quarantine("event", &QuarantineFilter::default()).unwrap()[0];
        let detail = viewer.quarantined_row("event", row.row).unwrap();
        let shown = serde_json::to_string(&detail).unwrap();
        assert!(shown.contains("Park") && !shown.contains("park@example.org"), "{shown}");
        let by_contact = RecordFilter { contact: Some("desk@".into()), ..RecordFilter::default() };
        let found = importer.desk(Actor::admin("ann")).find("event", &by_contact).unwrap();
        assert_eq!(found.records.len(), 1, "{}", world.database.backend);
    }
}

#[test]
fn a_mapping_may_be_about_an_own_entity() {
    let contracts = event::contracts();
    let text = "{ mapping: m, version: 1, entity: event, fields: [{ source: Venue, field: place }] }";
    let mapping = Mapping::parse_among(text, "events.yaml", &contracts).unwrap();
    for world in worlds() {
        let file = support::file(world.folder.path(), "events.csv", "number,title,Venue\n7,Ball,Castle\n");
        let importer =
            event::builder().database(&world.database.url).mapping(mapping.clone()).build().unwrap();
        importer.run(&event::request(&file)).unwrap();
        assert_eq!(value(&importer, 1, "place").as_deref(), Some("Castle"), "{}", world.database.backend);
    }
}

#[test]
fn without_its_contract_an_entity_is_not_known() {
    let database = support::sqlite();
    let importer = Importer::builder().database(&database.url).plugin(importer_adapter_csv::plugin());
    let importer = importer.build().unwrap();
    let mut request = RunRequest::new("csv").file("events.csv");
    request.entity = "event".into();
    let error = importer.run(&request).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("there is no entity `event`"), "{error}");
    let twice = event::builder().database(&database.url).contract(&EVENT).build().unwrap_err();
    assert!(twice.to_string().contains("there is a contract `event` already"), "{twice}");
}
