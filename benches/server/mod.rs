//! A database of its own on the server that `IMPORTER_TEST_POSTGRES` names.

use postgres::{Client, NoTls};

/// Does something with a new database of this name, and drops it; nothing without a server.
pub(crate) fn with_database<T>(name: &str, work: impl FnOnce(&str) -> T) -> Option<T> {
    let server = std::env::var("IMPORTER_TEST_POSTGRES").ok()?;
    let mut admin = Client::connect(&server, NoTls).unwrap();
    admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).unwrap();
    let done = work(&in_database(&server, name));
    admin.batch_execute(&format!("DROP DATABASE {name}")).unwrap();
    Some(done)
}

/// The address of another database on the same server.
fn in_database(server: &str, name: &str) -> String {
    let (address, options) = server.split_once('?').map_or((server, None), |(a, o)| (a, Some(o)));
    let (base, _) = address.rsplit_once('/').unwrap();
    options.map_or_else(|| format!("{base}/{name}"), |options| format!("{base}/{name}?{options}"))
}
