//! Databases on the Postgres server that `cargo xtask test` starts.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls, SimpleQueryMessage};

use super::Database;

/// A test's own way into one of its databases: made when it is first needed, and kept, since connecting takes longer than most of
/// what tests ask.
#[derive(Default)]
pub(super) struct Session(Mutex<Option<Client>>);

impl Session {
    pub(super) fn with<T>(&self, url: &str, work: impl FnOnce(&mut Client) -> T) -> T {
        let mut client = self.0.lock().unwrap();
        work(client.get_or_insert_with(|| connect(url)))
    }
}

/// An empty database of its own, if there is a server.
pub(super) fn database() -> Option<Database> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("IMPORTER_TEST_POSTGRES") else {
        eprintln!("NOT TESTED on Postgres: IMPORTER_TEST_POSTGRES is not set; use `cargo xtask test`");
        return None;
    };
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    connect(&server).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
    Some(Database {
        url: on_the_same_server(&server, &name),
        backend: "postgres",
        session: Session::default(),
        _folder: tempfile::tempdir().unwrap(),
    })
}

/// Runs a statement in a test's database as a role that may do anything.
pub(crate) fn as_administrator(database: &Database, sql: &str) {
    let name = database.url.rsplit_once('/').unwrap().1.split('?').next().unwrap();
    let url = std::env::var("IMPORTER_TEST_POSTGRES_ADMIN")
        .map_or_else(|_| database.url.clone(), |server| on_the_same_server(&server, name));
    connect(&url).batch_execute(sql).unwrap();
}

pub(super) fn connect(url: &str) -> Client {
    Client::connect(url, NoTls).unwrap()
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
