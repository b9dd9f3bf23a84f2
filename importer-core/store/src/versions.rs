//! Which migrations a database has, who ran them, and which programs still read what they left
//! ([0028](../../../docs/adr/0028-older-programs-read-a-newer-database-only-if-it-allows-it.md)).

use super::cell::Cell;
use super::connection::Connection;
use super::read_only::ReadOnly;
use super::row::Row;
use importer_core::{Error, ErrorKind, Result};

const OPERATION: &str = "open the database";
const NOTE: &str = "migrate the database";
/// This program.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

use super::migrations::TRACKED_IN as TABLE;
const TRACKING: &str = "CREATE TABLE IF NOT EXISTS importer_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
     applied_by VARCHAR(50), readable_from VARCHAR(50))";

/// Migrations that leave everything as it was for programs that know an earlier one alone, and which one that is. A migration
/// that only adds what earlier programs do not miss, and that shows nothing which they would have to mask, belongs here.
/// All others are read by programs that know them.
const STILL_READ: [(&str, &str); 0] = [];

/// A migration that a database has.
#[derive(Debug)]
pub(super) struct Version {
    pub(super) name: String,
    /// The version of the program that ran it, since these are kept.
    by: Option<String>,
    /// The oldest migration whose programs read everything right.
    readable_from: Option<String>,
}

/// What a database has; nothing, if it has none of our tables.
pub(super) fn applied(connection: &mut Connection) -> Result<Vec<Version>> {
    // Tables of earlier versions lack the further columns.
    let read = |connection: &mut Connection| {
        let rows =
            connection.rows(OPERATION, "SELECT * FROM importer_schema_migrations ORDER BY version", &[]);
        rows.map(|rows| rows.into_iter().map(version).collect())
    };
    match read(connection) {
        Ok(versions) => Ok(versions),
        Err(_) if !is_there(connection)? => Ok(Vec::new()),
        // Another program may have made the table between the two questions; what is wrong otherwise still is.
        Err(_) => read(connection),
    }
}

fn version(mut row: Row) -> Version {
    Version { name: row.text(0), by: row.optional(1), readable_from: row.optional(2) }
}

fn is_there(connection: &mut Connection) -> Result<bool> {
    let sql = match connection.is_postgres() {
        true => "SELECT CAST(to_regclass(?) AS TEXT) AS t WHERE to_regclass(?) IS NOT NULL",
        false => "SELECT name FROM sqlite_master WHERE name = ? AND type = ?",
    };
    let second = if connection.is_postgres() { TABLE } else { "table" };
    Ok(!connection.rows(OPERATION, sql, &[Cell::Text(TABLE), Cell::Text(second)])?.is_empty())
}

/// Makes the table of migrations, or gives an earlier one its further columns; returns what is in it.
pub(super) fn prepare(connection: &mut Connection) -> Result<Vec<Version>> {
    connection.execute(NOTE, TRACKING)?;
    let columns = match connection.is_postgres() {
        true => {
            "SELECT CAST(attname AS TEXT) AS t FROM pg_attribute WHERE attrelid = to_regclass(?) AND attnum > 0 \
             AND NOT attisdropped"
        }
        false => "SELECT name AS t FROM pragma_table_info(?)",
    };
    let there: Vec<String> = connection
        .rows(NOTE, columns, &[Cell::Text(TABLE)])?
        .into_iter()
        .map(|mut row| row.text(0))
        .collect();
    for column in ["applied_by", "readable_from"] {
        if !there.iter().any(|name| name == column) {
            connection.execute(NOTE, &format!("ALTER TABLE {TABLE} ADD COLUMN {column} VARCHAR(50)"))?;
        }
    }
    // In other words than before: Postgres has planned those for the columns there were.
    let sql = "SELECT version, applied_by, readable_from FROM importer_schema_migrations ORDER BY version";
    Ok(connection.rows(NOTE, sql, &[])?.into_iter().map(version).collect())
}

/// Keeps that a migration was run.
pub(super) fn note(connection: &mut Connection, name: &str) -> Result<()> {
    let still = STILL_READ.iter().find(|(migration, _)| *migration == name);
    let from = still.map_or(name, |(_, from)| from);
    let sql = "INSERT INTO importer_schema_migrations (version, applied_by, readable_from) VALUES (?, ?, ?)";
    connection.run(NOTE, sql, &[Cell::Text(name), Cell::Text(PROGRAM), Cell::Text(from)])?;
    Ok(())
}

/// Lets a database that a newer program has migrated be looked at, if that program says that this one reads it right.
pub(super) fn check(connection: &mut Connection) -> Result<()> {
    let known = super::migrations::names(connection);
    let applied = applied(connection)?;
    let unknown: Vec<&Version> = applied.iter().filter(|version| !known.contains(&version.name)).collect();
    let (Some(last), Some(newest)) = (unknown.last(), known.last()) else { return Ok(()) };
    let program = last.by.as_ref().map_or_else(|| "a newer importer".into(), |by| format!("importer {by}"));
    let why = format!(
        "{program} has brought its tables to {}, and this program, importer {PROGRAM}, knows them up to {newest}",
        last.name
    );
    if unknown.iter().all(|version| version.readable_from.as_ref().is_some_and(|from| from <= newest)) {
        return connection.only_read(ReadOnly::new(why, format!("use {program} to change anything")));
    }
    Err(Error::new(ErrorKind::Config, OPERATION, why)
        .hint(format!("use {program} for this database; what this program would show of it could be wrong")))
}

/// A database that had to be migrated first and may not be written.
pub(super) fn too_old(applied: &[Version], known: &[String], why: &ReadOnly) -> Error {
    let newest = known.last().map_or("", String::as_str);
    let what = match applied.last() {
        None => "it has none of the importer's tables".to_owned(),
        Some(last) => {
            let by = last.by.as_ref().map_or_else(String::new, |by| format!(" of importer {by}"));
            format!(
                "its tables are those of {}{by}, and this program, importer {PROGRAM}, needs {newest}",
                last.name
            )
        }
    };
    Error::new(ErrorKind::ReadOnly, NOTE, format!("{what}, and it cannot be changed: {}", why.why))
        .hint(format!("let a user who may write it open it once with importer {PROGRAM}"))
}

#[cfg(test)]
mod tests {
    use super::STILL_READ;

    #[test]
    fn what_earlier_programs_still_read_is_named_by_migrations_that_follow_each_other() {
        let there = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
            std::path::Path::new(folder).join(name).is_dir()
        };
        for (migration, from) in STILL_READ {
            assert!(there(migration) && there(from) && from < migration, "{migration}: {from}");
        }
    }
}
