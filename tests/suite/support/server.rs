//! Databases on the Postgres server that `cargo xtask test` starts.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls, SimpleQueryMessage};

use super::{Database, emptied};

/// A database with a way into it for the test: made when it is first needed, and kept, since connecting takes longer than most of
/// what tests ask.
pub(super) struct Held {
    place: Option<Place>,
    /// Whether it is emptied and used again.
    again: bool,
}

struct Place {
    url: String,
    client: Mutex<Option<Client>>,
}

/// Databases that nobody uses at the moment and somebody has used.
static IDLE: Mutex<Vec<Place>> = Mutex::new(Vec::new());

impl Held {
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Client) -> T) -> T {
        let place = self.place.as_ref().expect("it goes when it is dropped");
        let mut client = place.client.lock().unwrap();
        work(client.get_or_insert_with(|| connect(&place.url)))
    }

    pub(super) fn is_used_again(&self) -> bool {
        self.again
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // What a test failed on stays as it is, to be looked at.
        if self.again && !std::thread::panicking() {
            IDLE.lock().unwrap().extend(self.place.take());
        }
    }
}

/// An empty database of its own, if there is a server.
pub(super) fn database() -> Option<Database> {
    Some(held(new()?, false))
}

/// A database with our tables and nothing in them, if there is a server. It goes to somebody else afterwards.
pub(super) fn used_again() -> Option<Database> {
    let idle = IDLE.lock().unwrap().pop();
    let Some(place) = idle else {
        let database = held(new()?, true);
        database.importer();
        database.held().with(emptied::is_new);
        return Some(database);
    };
    let database = held(place, true);
    database.held().with(emptied::empty);
    Some(database)
}

fn held(place: Place, again: bool) -> Database {
    Database {
        url: place.url.clone(),
        backend: "postgres",
        held: Some(Held { place: Some(place), again }),
        _folder: tempfile::tempdir().unwrap(),
    }
}

fn new() -> Option<Place> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("IMPORTER_TEST_POSTGRES") else {
        eprintln!("NOT TESTED on Postgres: IMPORTER_TEST_POSTGRES is not set; use `cargo xtask test`");
        return None;
    };
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    connect(&server).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    Some(Place { url: on_the_same_server(&server, &name), client: Mutex::default() })
}

/// A way into a database. Whatever waits for somebody who keeps it for themselves fails instead of waiting for ever.
pub(super) fn connect(url: &str) -> Client {
    let mut client = Client::connect(url, NoTls).unwrap();
    client.batch_execute("SET lock_timeout = '30s'").unwrap();
    client
}

/// Reads the first column of a query that makes it text.
pub(super) fn texts(client: &mut Client, sql: &str) -> Vec<String> {
    let read = |message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).expect("a text and not NULL").to_owned()),
        _ => None,
    };
    client.simple_query(sql).unwrap().into_iter().filter_map(read).collect()
}

/// The address of another database on the same server.
fn on_the_same_server(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').map_or((server, None), |(a, o)| (a, Some(o)));
    let (base, _) = address.rsplit_once('/').unwrap();
    options.map_or_else(|| format!("{base}/{name}"), |options| format!("{base}/{name}?{options}"))
}
