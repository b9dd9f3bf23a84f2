//! What every store must do, as one suite that runs on each of them through the port alone.

#[path = "store/landing.rs"]
mod landing;
#[path = "store/locks.rs"]
mod locks;
#[path = "store/records.rs"]
mod records;
#[path = "store/runs.rs"]
mod runs;
#[path = "store/transactions.rs"]
mod transactions;

use importer_core::contracts::VOLUNTEER;
use importer_core::ports::{
    Contact, ContactKind, CoreRecord, Moment, NewRun, Origin, Record, RecordId, RunRecord, Session, Store,
    parse_moment,
};
use importer_store::SqlStore;

use super::support::{self, Database};

/// A store on an empty database, with the database for looking behind it.
struct Subject {
    store: Box<dyn Store>,
    database: Database,
}

/// Every store there is, empty.
fn stores() -> Vec<Subject> {
    let open = |database: Database| {
        let store = SqlStore::open(&database.url).unwrap();
        store.migrate().unwrap();
        Subject { store: Box::new(store), database }
    };
    support::databases().into_iter().map(open).collect()
}

impl Subject {
    fn session(&self) -> Box<dyn Session> {
        self.store.session().unwrap()
    }

    fn name(&self) -> &'static str {
        self.database.backend
    }
}

/// A moment of the day on which these tests take place.
fn at(hour: u32) -> Moment {
    parse_moment(&format!("2025-06-01T{hour:02}:30:15Z")).unwrap()
}

fn new_run(source: &str) -> NewRun {
    NewRun {
        entity: VOLUNTEER.entity.into(),
        source: source.into(),
        external_system: source.into(),
        label: None,
        dry_run: false,
        actor: "tester".into(),
        ingest_version: VOLUNTEER.version.into(),
        mapping_name: "automatic".into(),
        mapping_version: 1,
        mapping_checksum: "m".into(),
        rules_checksum: "r".into(),
        request_json: "{}".into(),
    }
}

fn begun(session: &mut dyn Session, source: &str) -> RunRecord {
    session.create_run(&new_run(source), at(8)).unwrap()
}

fn place(field: &str) -> usize {
    VOLUNTEER.index(field).unwrap()
}

/// A record with some values; an email or phone number is a primary contact too.
fn person(id: i64, values: &[(&str, &str)]) -> CoreRecord {
    let mut record = Record::new(VOLUNTEER.fields.len());
    let mut contacts = Vec::new();
    for (field, value) in values {
        record.set(place(field), Some(value));
        match *field {
            "email_normalized" => contacts.push(contact(ContactKind::Email, value, true)),
            "phone_e164" => contacts.push(contact(ContactKind::Phone, value, true)),
            _ => {}
        }
    }
    CoreRecord {
        id: RecordId(id),
        record,
        contacts,
        origin: Origin::new("csv", None),
        field_origins: Default::default(),
    }
}

fn contact(kind: ContactKind, value: &str, primary: bool) -> Contact {
    Contact { kind, value: value.into(), original: None, extension: None, primary, source: "csv".into() }
}

/// What databases, protocols and half-written escaping trip over.
fn awkward_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "tab\there",
        "line\nbreak",
        "old\r\nline\rbreaks",
        "back\\slash",
        "\\N",
        "\\.",
        "\\",
        "ends with \\",
        "\\t\\n",
        "single ' double \" back ` dollar $1 $$",
        "percent % _ under",
        "? ?time ?flag :name @name",
        "{}[]()<>;--/*",
        "NULL",
        " spaces around ",
        "Zoë Núñez e\u{301}",
        "李小龙",
        "שלום مرحبا",
        "👩‍👩‍👧‍👦 🇺🇸",
        "\u{1}\u{1F}\u{7F}",
        "\u{FEFF}\u{200B}",
        "0",
        "''",
    ]
    .map(String::from)
    .into();
    texts.push("x".repeat(1_000_000));
    texts
}
