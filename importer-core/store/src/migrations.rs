//! The migrations that this program brings, as data.

use include_dir::{Dir, include_dir};

use super::connection::{Backend, Connection};

#[cfg(feature = "sqlite")]
static SQLITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/sqlite");
#[cfg(feature = "postgres")]
static POSTGRES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations/postgres");

/// The table in which a database says which of them it has.
pub(super) const TRACKED_IN: &str = "importer_schema_migrations";

fn folder(connection: &Connection) -> &'static Dir<'static> {
    match &connection.backend {
        #[cfg(feature = "sqlite")]
        Backend::Sqlite(_) => &SQLITE,
        #[cfg(feature = "postgres")]
        Backend::Postgres(_) => &POSTGRES,
    }
}

/// Every migration that this program knows, in their order.
pub(super) fn names(connection: &Connection) -> Vec<String> {
    let folders = folder(connection).dirs().filter_map(|dir| dir.path().file_name()?.to_str());
    let mut names: Vec<String> = folders.map(str::to_owned).collect();
    names.sort();
    names
}

/// The tables that migrations make.
#[cfg(feature = "postgres")]
pub(super) fn tables(connection: &Connection) -> Vec<&'static str> {
    let folder = folder(connection);
    let files = folder.dirs().filter_map(|dir| folder.get_file(dir.path().join("up.sql"))?.contents_utf8());
    let made = |line: &'static str| line.strip_prefix("CREATE TABLE ")?.split(' ').next();
    let mut tables: Vec<&str> = files.flat_map(str::lines).filter_map(made).collect();
    tables.push(TRACKED_IN);
    tables.sort_unstable();
    tables
}

/// The statements of a migration, or those that take it back.
pub(super) fn text(connection: &Connection, name: &str, up: bool) -> Option<&'static str> {
    let path = format!("{name}/{}.sql", if up { "up" } else { "down" });
    folder(connection).get_file(path)?.contents_utf8()
}
