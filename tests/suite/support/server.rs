//! Databases on the Postgres server that `cargo xtask test` starts.

use std::io::Write;
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

/// The variable that names a server on which tests make databases.
const SERVER: &str = "IMPORTER_TEST_POSTGRES";

/// The variable that names it with a role that may do so, where the other one may not.
const ADMIN: &str = "IMPORTER_TEST_POSTGRES_ADMIN";

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
    tell_of_use();
    Some(held(new()?, false))
}

/// A database with our tables and nothing in them, if there is a server. It goes to somebody else afterwards.
pub(super) fn used_again() -> Option<Database> {
    tell_of_use();
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
    let Ok(server) = std::env::var(SERVER) else {
        eprintln!("NOT TESTED on Postgres: {SERVER} is not set; use `cargo xtask test`");
        return None;
    };
    let admin = std::env::var(ADMIN).unwrap_or_else(|_| server.clone());
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    connect(&admin).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    Some(Place { url: on_the_same_server(&server, &name), client: Mutex::default() })
}

/// Tells `cargo xtask test`, if that is who asks, which test this is: it goes again on a server as hosts have them.
fn tell_of_use() {
    let Some(file) = std::env::var_os("IMPORTER_TEST_POSTGRES_USED") else { return };
    let thread = std::thread::current();
    let test = thread.name().expect("a test makes its databases on its own thread, which has its name");
    let line = format!("{}\t{test}\n", std::env::current_exe().unwrap().display());
    let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
    // In one piece: other tests write at the same time.
    file.write_all(line.as_bytes()).unwrap();
}

/// Runs statements in a database as the role that makes databases.
pub(super) fn administer(database: &str, sql: &str) {
    let name = database.rsplit_once('/').unwrap().1.split('?').next().unwrap();
    let url = std::env::var(ADMIN).map_or_else(|_| database.into(), |admin| on_the_same_server(&admin, name));
    connect(&url).batch_execute(sql).unwrap();
}

/// What a test reads and writes itself is the same on every server, whatever that is set to for others; and whatever waits for
/// somebody who keeps it for themselves fails instead of waiting for ever.
const SETTINGS: [(&str, &str); 8] = [
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("statement_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("lock_timeout", "30s"),
];

/// A way into a database.
pub(super) fn connect(url: &str) -> Client {
    let mut client = Client::connect(url, NoTls).unwrap();
    // Older servers do not know all of them.
    let settings = SETTINGS.map(|(name, value)| format!("('{name}', '{value}')")).join(", ");
    let set = format!(
        "SELECT set_config(s.name, w.value, false) FROM (VALUES {settings}) w (name, value) JOIN pg_settings s USING (name)"
    );
    client.simple_query(&set).unwrap();
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
