//! Whether a Postgres database is one that the importer can work in, and what lacks: said before anything is begun, with the
//! statement that mends it.

use super::cell::Cell;
use super::connection::Connection;
use super::read_only::ReadOnly;
use super::row::Row;
use importer_core::{Error, ErrorKind, Result};

const OPEN: &str = "open the database";
const PREPARE: &str = "migrate the database";
const BEGIN: &str = "start a run";

/// The oldest server with everything that statements here use.
const OLDEST: i64 = 12;

/// Looks at the server's version, the database's encoding and the search path. In passing, the session may be idle for as long as it
/// likes, where the server has a limit: it says nothing while it holds a claim, or while a source is slow.
pub(super) fn check(connection: &mut Connection) -> Result<()> {
    let sql = "SELECT CAST(current_setting('server_version_num') AS INTEGER) / 10000 AS v, \
               current_setting('server_encoding') AS e, CAST(current_schema() AS TEXT) AS s, \
               CAST(to_regclass('import_runs') AS TEXT) AS t, quote_ident(current_user) AS u, \
               quote_ident(current_database()) AS d, \
               CASE WHEN CAST(current_setting('server_version_num') AS INTEGER) >= 140000 \
               THEN set_config('idle_session_timeout', '0', false) END AS i";
    let Some(mut row) = connection.rows(OPEN, sql, &[])?.pop() else { return Ok(()) };
    let (version, encoding, user, database) = (row.int(0), row.text(1), row.text(4), row.text(5));
    if version < OLDEST {
        let why = format!("the server is Postgres {version}, and the importer needs {OLDEST} or newer");
        return Err(Error::new(ErrorKind::Config, OPEN, why).hint("use a newer server"));
    }
    if encoding != "UTF8" {
        let why = format!("its encoding is {encoding}, which cannot hold every name");
        return Err(Error::new(ErrorKind::Config, OPEN, why).hint(format!(
            "create a database for the importer and use it: CREATE DATABASE {database}_utf8 ENCODING 'UTF8' TEMPLATE template0"
        )));
    }
    if row.get(2).is_none() && row.get(3).is_none() {
        let why = format!(
            "the role {user} has no usable schema: its search path names none that exists and that it may use"
        );
        return Err(Error::new(ErrorKind::Config, OPEN, why).hint(format!(
            "let an administrator run CREATE SCHEMA importer AUTHORIZATION {user}; \
             ALTER ROLE {user} IN DATABASE {database} SET search_path = importer"
        )));
    }
    Ok(())
}

/// Whether the role may make tables where they are to be.
pub(super) fn may_migrate(connection: &mut Connection) -> Result<()> {
    let sql = "SELECT quote_ident(current_schema()) AS s, quote_ident(current_user) AS u \
               WHERE NOT has_schema_privilege(current_schema(), 'CREATE')";
    let Some(mut row) = connection.rows(PREPARE, sql, &[])?.pop() else { return Ok(()) };
    let (schema, user) = (row.text(0), row.text(1));
    let why = format!(
        "its tables have to be created or changed, and the role {user} may not create tables in the schema {schema}"
    );
    Err(Error::new(ErrorKind::Store, PREPARE, why).hint(format!(
        "let the role that owns the schema open the database once; or let an administrator run \
         GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}"
    )))
}

/// What may not be changed by those who only add.
const ONLY_ADDED_TO: [&str; 1] = ["audit_log"];
/// What only whoever migrates writes.
const ONLY_READ: [&str; 1] = ["importer_schema_migrations"];

/// Whether the role has every right that a run needs.
pub(super) fn may_run(connection: &mut Connection) -> Result<()> {
    // Where the tables are, every table of theirs is; a table of the host beside them is not asked about.
    let tables = serde_json::Value::from(super::migrations::tables(connection)).to_string();
    let sql = "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS t, c.relname AS n, \
               quote_ident(current_user) AS u, \
               has_table_privilege(c.oid, 'SELECT') AS r, has_table_privilege(c.oid, 'INSERT') AS i, \
               has_table_privilege(c.oid, 'UPDATE') AS w, has_table_privilege(c.oid, 'DELETE') AS d, \
               quote_ident(sn.nspname) || '.' || quote_ident(s.relname) AS q, \
               has_sequence_privilege(s.oid, 'USAGE') AS o \
               FROM json_array_elements_text(?::json) j JOIN pg_class c ON c.oid = to_regclass(j.value) \
               JOIN pg_namespace n ON n.oid = c.relnamespace \
               LEFT JOIN pg_depend p ON p.refobjid = c.oid AND p.deptype IN ('a', 'i') AND p.classid = 'pg_class'::regclass \
               AND p.refclassid = 'pg_class'::regclass AND p.refobjsubid > 0 \
               LEFT JOIN pg_class s ON s.oid = p.objid AND s.relkind = 'S' \
               LEFT JOIN pg_namespace sn ON sn.oid = s.relnamespace ORDER BY c.relname";
    let rows = connection.rows(BEGIN, sql, &[Cell::Text(&tables)])?;
    let grants: Vec<String> = rows.iter().filter_map(grant).collect();
    let Some(user) = rows.first().and_then(|row| row.get(2)).filter(|_| !grants.is_empty()) else {
        return Ok(());
    };
    let why = format!("the role {user} lacks rights on {} of the importer's tables", grants.len());
    Err(Error::new(ErrorKind::Store, BEGIN, why)
        .hint(format!("let the owner of the tables run {}", grants.join("; "))))
}

/// The statement that gives what lacks on a table; none when nothing does.
fn grant(row: &Row) -> Option<String> {
    let (table, name, user) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let needed = if ONLY_READ.contains(&name) {
        1
    } else if ONLY_ADDED_TO.contains(&name) {
        2
    } else {
        4
    };
    let rights = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    let lacking: Vec<&str> = rights
        .into_iter()
        .enumerate()
        .take(needed)
        .filter(|(i, _)| !row.flag(3 + i))
        .map(|(_, r)| r)
        .collect();
    let mut grants = Vec::new();
    if !lacking.is_empty() {
        grants.push(format!("GRANT {} ON {table} TO {user}", lacking.join(", ")));
    }
    if let Some(sequence) = row.get(7).filter(|_| needed > 1 && !row.flag(8)) {
        grants.push(format!("GRANT USAGE ON SEQUENCE {sequence} TO {user}"));
    }
    (!grants.is_empty()).then(|| grants.join("; "))
}

/// Whether the server, its settings or the rights of the role let nothing be written. Who may keep a run or a line of the audit
/// log may do something, and is told by the database what not.
pub(super) fn read_only(connection: &mut Connection) -> Result<Option<ReadOnly>> {
    let sql = "SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' \
               WHEN current_setting('transaction_read_only') = 'on' THEN 'setting' \
               WHEN to_regclass('import_runs') IS NULL OR has_table_privilege(to_regclass('import_runs'), 'INSERT') \
               OR has_table_privilege(to_regclass('audit_log'), 'INSERT') THEN '' ELSE 'rights' END AS why, \
               CAST(current_user AS TEXT) AS who";
    let Some(mut row) = connection.rows("open the database", sql, &[])?.pop() else { return Ok(None) };
    Ok(match row.get(0) {
        Some("standby") => Some(ReadOnly::new(
            "the server is a standby",
            "do it on the primary server, which the standby follows",
        )),
        Some("setting") => Some(ReadOnly::new(
            "`default_transaction_read_only` is on for this role, database or connection",
            "use a role for which it is off",
        )),
        Some("rights") => {
            let who = row.text(1);
            let hint =
                "use a role that may write, or grant it INSERT, UPDATE and DELETE on the importer's tables";
            Some(ReadOnly::new(format!("the role `{who}` has no right to write its tables"), hint))
        }
        _ => None,
    })
}
