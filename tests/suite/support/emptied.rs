//! Databases that are used again: laws try so many histories that making a database for each would take longer than the histories.

use std::io::{Read, Write};
use std::sync::OnceLock;

use postgres::Client;

use super::Database;
use super::server::texts;
use crate::migrations::TABLES;

/// Makes a migrated database as it was before anything was in it, and takes away what a host has made beside.
///
/// What was never written to is left alone, since taking a table's files away and making them again is what costs time here. The
/// planner's statistics stay: only superusers may take them away, and no result follows from them.
pub(super) fn empty(client: &mut Client) {
    let ours = TABLES.map(|table| format!("'{table}'")).join(", ");
    let hosts = format!(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition \
         AND relnamespace = current_schema()::regnamespace AND relname NOT IN ({ours})"
    );
    let drop = texts(client, &hosts).into_iter().map(|table| format!("DROP TABLE {table} CASCADE; "));
    let mut statements: String = drop.collect();
    let written = format!(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' \
         AND c.relnamespace = current_schema()::regnamespace AND c.relname IN ({ours}) \
         AND c.relname <> 'importer_schema_migrations' AND (pg_relation_size(c.oid) > 0 OR EXISTS \
         (SELECT 1 FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid \
         WHERE d.refobjid = c.oid AND pg_sequence_last_value(s.seqrelid) IS NOT NULL))"
    );
    let written = texts(client, &written);
    if !written.is_empty() {
        statements += &format!("TRUNCATE {} RESTART IDENTITY CASCADE", written.join(", "));
    }
    client.batch_execute(&statements).unwrap();
    // A law whose host makes other things than tables has to take them away itself.
    assert_eq!(
        Some(&catalog(client)),
        NEW.get(),
        "something was left in the database that is not in a new one"
    );
}

/// How much there is in the catalog of a new database.
static NEW: OnceLock<String> = OnceLock::new();

/// Tells what new databases are like.
pub(super) fn is_new(client: &mut Client) {
    NEW.get_or_init(|| catalog(client));
}

fn catalog(client: &mut Client) -> String {
    let kinds =
        ["class", "attribute", "attrdef", "constraint", "index", "trigger", "proc", "type", "rewrite"];
    let counts = kinds.map(|kind| format!("'{kind}', (SELECT COUNT(*) FROM pg_{kind})")).join(", ");
    texts(client, &format!("SELECT concat_ws(' ', {counts})")).concat()
}

/// All that is in a database.
pub(crate) struct Contents {
    /// Rows as `COPY` writes them; tables that others refer to come first.
    tables: Vec<(String, Vec<u8>)>,
    /// Statements that set the sequences.
    sequences: Vec<String>,
}

impl Contents {
    /// Of a database in which nobody is at work.
    pub(super) fn of(client: &mut Client) -> Self {
        let all = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' \
                   AND relnamespace = current_schema()::regnamespace AND pg_relation_size(oid) > 0 \
                   AND relname <> 'importer_schema_migrations'";
        let mut tables = Vec::new();
        for table in in_order(texts(client, all), &references(client)) {
            let mut rows = Vec::new();
            let copy = format!("COPY {table} TO STDOUT (FORMAT binary)");
            client.copy_out(&copy).unwrap().read_to_end(&mut rows).unwrap();
            tables.push((table, rows));
        }
        let used = "SELECT format('SELECT setval(%L, %s)', seqrelid::regclass, pg_sequence_last_value(seqrelid)) \
                    FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL";
        Self { tables, sequences: texts(client, used) }
    }

    /// Fills an empty database that has the same tables.
    pub(super) fn fill(&self, client: &mut Client) {
        let mut transaction = client.transaction().unwrap();
        for (table, rows) in &self.tables {
            let mut copy = transaction.copy_in(&format!("COPY {table} FROM STDIN (FORMAT binary)")).unwrap();
            copy.write_all(rows).unwrap();
            copy.finish().unwrap();
        }
        transaction.batch_execute(&self.sequences.join("; ")).unwrap();
        transaction.commit().unwrap();
    }
}

/// Which table refers to which other.
fn references(client: &mut Client) -> Vec<(String, String)> {
    let sql = "SELECT conrelid::regclass || ' ' || confrelid::regclass FROM pg_constraint \
               WHERE contype = 'f' AND conrelid <> confrelid";
    let pair = |pair: &String| pair.split_once(' ').map(|(from, to)| (from.to_owned(), to.to_owned()));
    texts(client, sql).iter().filter_map(pair).collect()
}

/// Each table behind those that it refers to.
fn in_order(mut tables: Vec<String>, references: &[(String, String)]) -> Vec<String> {
    let mut ordered: Vec<String> = Vec::new();
    while !tables.is_empty() {
        let waits = |table: &String| references.iter().any(|(from, to)| from == table && tables.contains(to));
        let (later, now): (Vec<_>, Vec<_>) = tables.iter().cloned().partition(waits);
        assert!(!now.is_empty(), "these refer to each other in a circle: {later:?}");
        ordered.extend(now);
        tables = later;
    }
    ordered
}

impl Database {
    /// Whether it goes to somebody else afterwards, and has our tables from the beginning.
    pub(crate) fn is_used_again(&self) -> bool {
        self.held.as_ref().is_some_and(super::server::Held::is_used_again)
    }

    /// Makes it as it was before anything was in it.
    pub(crate) fn empty(&self) {
        self.held().with(empty);
    }

    /// What is in it now, to fill others with.
    pub(crate) fn contents(&self) -> Contents {
        self.held().with(Contents::of)
    }

    /// Fills it, as it has its tables and nothing in them.
    pub(crate) fn fill(&self, contents: &Contents) {
        self.held().with(|client| contents.fill(client));
    }
}
