//! Which tables of the host refer to records: by the database's foreign keys, and by what the host named.

use std::sync::Arc;

use super::cell::{Cell, quoted, spelt};
use super::host_keys::{HostKey, HostTable};
use super::row::Row;
use super::session::SqlSession;
use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::ports::{HostReference, Reference, RowKey};

const FIND: &str = "find the tables that refer to records";

/// A column of the host with ids of records, which merges move.
#[derive(Debug, Clone)]
pub(super) struct HostColumn {
    id: String,
    /// As people are told.
    pub(super) table: String,
    pub(super) column: String,
    /// As statements name them.
    pub(super) table_sql: String,
    pub(super) column_sql: String,
    /// What tells its rows apart.
    pub(super) key: RowKey,
    /// Other columns that tell its rows apart and refer to records, which merges change.
    pub(super) others: Vec<String>,
    pub(super) handle: Option<String>,
    /// Whether it is a column that the host added to the core itself.
    pub(super) of_core: bool,
    /// The table as the database describes it; none where the host only named it.
    pub(super) found: Option<HostTable>,
}

impl HostColumn {
    fn of_key(key: &HostKey, column: &str) -> Self {
        let table = &key.table;
        let without = |columns: &[String]| columns.iter().filter(|c| *c != column).cloned().collect();
        Self {
            id: table.id.clone(),
            table: table.name.clone(),
            column: column.into(),
            table_sql: table.sql.clone(),
            column_sql: quoted(column),
            key: match table.primary.is_empty() {
                true => RowKey::Whole(without(&table.columns)),
                false => RowKey::Primary(without(&table.primary)),
            },
            others: Vec::new(),
            handle: table.handle.clone(),
            of_core: false,
            found: Some(table.clone()),
        }
    }

    fn named(id: String, reference: &Reference) -> Self {
        Self {
            id,
            table: reference.table.clone(),
            column: reference.column.clone(),
            table_sql: reference.table.clone(),
            column_sql: reference.column.clone(),
            key: RowKey::Named(reference.key.clone()),
            others: Vec::new(),
            handle: None,
            of_core: false,
            found: None,
        }
    }

    /// The only column of the primary key.
    pub(super) fn single_key(&self) -> Option<&str> {
        match &self.found.as_ref()?.primary[..] {
            [key] => Some(key),
            _ => None,
        }
    }

    /// Whether its rows can still be told apart by a key that was kept earlier.
    pub(super) fn is_told_apart_by(&self, key: &RowKey) -> bool {
        match (key, &self.found) {
            (RowKey::Primary(columns) | RowKey::Whole(columns), Some(table)) => {
                columns.iter().all(|column| table.columns.contains(column))
            }
            _ => true,
        }
    }
}

impl SqlSession {
    /// The host's foreign keys to records of an entity.
    pub(super) fn host_keys(&mut self, contract: &Contract) -> Result<Arc<[HostKey]>> {
        if let Some((entity, keys)) = &self.host_keys
            && *entity == contract.entity
        {
            return Ok(Arc::clone(keys));
        }
        let core = contract.core_table();
        // The only table of ours that refers to records by a foreign key.
        let own = format!("core_{}_contacts", contract.entity);
        let binds = [Cell::Text(&core), Cell::Text(&own)];
        let sql = if self.connection.is_postgres() { POSTGRES_KEYS } else { SQLITE_KEYS };
        let keys: Vec<HostKey> = self.connection.rows(FIND, sql, &binds)?.into_iter().map(host_key).collect();
        let keys: Arc<[HostKey]> = keys.into();
        if self.in_transaction {
            self.host_keys = Some((contract.entity, Arc::clone(&keys)));
        }
        Ok(keys)
    }

    /// The columns whose rows merges move, each once.
    pub(super) fn host_columns(
        &mut self,
        contract: &Contract,
        references: &[Reference],
    ) -> Result<Vec<HostColumn>> {
        let mut columns: Vec<HostColumn> = Vec::new();
        for key in self.host_keys(contract)?.iter() {
            let Some(column) = key.to_id() else { continue };
            if !columns.iter().any(|c| c.id == key.table.id && c.column == column) {
                columns.push(HostColumn::of_key(key, column));
            }
        }
        for reference in references.iter().filter(|r| r.entity == contract.entity) {
            let named = HostColumn::named(self.table_id(&reference.table)?, reference);
            match self.same(&columns, &named.id, &named.column) {
                // What the host says of its rows counts.
                Some(place) => columns[place].key = named.key,
                None => columns.push(named),
            }
        }
        set_others_apart(&mut columns);
        if !columns.is_empty() {
            let core = self.table_id(&contract.core_table())?;
            columns.iter_mut().for_each(|column| column.of_core = column.id == core);
        }
        Ok(columns)
    }

    /// The place of a column among others.
    pub(super) fn same(&self, columns: &[HostColumn], table: &str, column: &str) -> Option<usize> {
        columns.iter().position(|c| c.id == table && c.column.eq_ignore_ascii_case(column))
    }

    /// What tells a table from all others, by a name as the host gave it or as [`HostTable::name`] has it.
    pub(super) fn table_id(&mut self, name: &str) -> Result<String> {
        if !self.connection.is_postgres() {
            let name = name.to_lowercase();
            return Ok(name.strip_prefix("main.").map_or(name.clone(), Into::into));
        }
        let sql = "SELECT CAST(CAST(to_regclass(?) AS oid) AS TEXT) AS t";
        let found = self.connection.rows(FIND, sql, &[Cell::Text(name)])?.pop();
        // A table that is not there is told when it is used.
        Ok(found.and_then(|mut row| row.optional(0)).unwrap_or_else(|| name.into()))
    }

    pub(super) fn references_of_host(
        &mut self,
        contract: &Contract,
        references: &[Reference],
    ) -> Result<Vec<HostReference>> {
        let columns = self.host_columns(contract, references)?;
        let moved = columns.into_iter().map(|column| HostReference {
            table: column.table,
            columns: vec![column.column],
            refers_to: vec!["id".into()],
            moves: true,
        });
        let mut found: Vec<HostReference> = moved.collect();
        for key in self.host_keys(contract)?.iter().filter(|key| key.to_id().is_none()) {
            let (columns, refers_to) = key.pairs.iter().cloned().unzip();
            found.push(HostReference { table: key.table.name.clone(), columns, refers_to, moves: false });
        }
        Ok(found)
    }
}

/// What refers to records is changed by merges, so it does not tell rows apart as it stands.
fn set_others_apart(columns: &mut [HostColumn]) {
    let all: Vec<(String, String)> = columns.iter().map(|c| (c.id.clone(), c.column.clone())).collect();
    for column in columns {
        let (RowKey::Primary(key) | RowKey::Whole(key)) = &mut column.key else { continue };
        let refers = |name: &String| {
            all.iter().any(|(table, other)| *table == column.id && other.eq_ignore_ascii_case(name))
        };
        (column.others, *key) = std::mem::take(key).into_iter().partition(refers);
    }
}

/// A foreign key as both queries below tell it: id, name, columns and what they refer to, whether rows follow, primary key,
/// columns, and whether there are row ids.
fn host_key(mut row: Row) -> HostKey {
    fn list<T: serde::de::DeserializeOwned>(row: &Row, column: usize) -> Vec<T> {
        row.get(column).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
    let columns: Vec<String> = list(&row, 5);
    let (sql, handle) = match row.get(6) {
        // A name that is quoted already, and rows that have an address.
        Some("address") => {
            let address = "CAST(tableoid AS TEXT) || ' ' || CAST(ctid AS TEXT)";
            (spelt(row.get(1).unwrap_or_default()), Some(address.to_owned()))
        }
        Some("rowid") => {
            let taken = |name: &&str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
            let free = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !taken(name));
            (quoted(row.get(1).unwrap_or_default()), free.map(Into::into))
        }
        _ => (quoted(row.get(1).unwrap_or_default()), None),
    };
    let pairs: Vec<(String, Option<String>)> = list(&row, 2);
    let table =
        HostTable { id: row.text(0), name: row.text(1), sql, primary: list(&row, 4), columns, handle };
    // SQLite leaves out what a key refers to when that is the primary key.
    let pairs = pairs.into_iter().map(|(column, to)| (column, to.unwrap_or_else(|| "id".into()))).collect();
    HostKey { table, pairs, follows: row.flag(3) }
}

const SQLITE_KEYS: &str = "SELECT LOWER(m.name) AS i, m.name, \
     (SELECT json_group_array(json_array(k.\"from\", k.\"to\")) FROM \
        (SELECT * FROM pragma_foreign_key_list(m.name) k WHERE k.id = f.id ORDER BY k.seq) k) AS pairs, \
     0 AS follows, \
     (SELECT json_group_array(c.name) FROM (SELECT * FROM pragma_table_info(m.name) WHERE pk > 0 ORDER BY pk) c) AS pk, \
     (SELECT json_group_array(c.name) FROM (SELECT * FROM pragma_table_info(m.name) ORDER BY cid) c) AS cols, \
     CASE WHEN (SELECT l.wr FROM pragma_table_list(m.name) l WHERE l.schema = 'main') = 1 THEN '' ELSE 'rowid' END AS rows \
     FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
     WHERE m.type = 'table' AND f.seq = 0 AND LOWER(f.\"table\") = ? AND LOWER(m.name) <> ? ORDER BY LOWER(m.name), f.id";

/// A key of a partitioned table is there once for each of its parts as well, which name their parent's.
const POSTGRES_KEYS: &str = "SELECT CAST(r.oid AS TEXT) AS i, quote_ident(n.nspname) || '.' || quote_ident(r.relname) AS name, \
     (SELECT CAST(json_agg(json_build_array(a.attname, p.attname) ORDER BY k.place) AS TEXT) \
        FROM unnest(f.conkey, f.confkey) WITH ORDINALITY k(own, other, place) \
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.own \
        JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = k.other) AS pairs, \
     CASE WHEN f.confupdtype = 'c' THEN 1 ELSE 0 END AS follows, \
     (SELECT CAST(json_agg(a.attname ORDER BY k.place) AS TEXT) FROM pg_index x \
        CROSS JOIN unnest(CAST(x.indkey AS smallint[])) WITH ORDINALITY k(own, place) \
        JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.own \
        WHERE x.indrelid = r.oid AND x.indisprimary AND k.place <= x.indnkeyatts) AS pk, \
     (SELECT CAST(json_agg(a.attname ORDER BY a.attnum) AS TEXT) FROM pg_attribute a \
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS cols, \
     'address' AS rows \
     FROM pg_constraint f JOIN pg_class r ON r.oid = f.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace \
     JOIN pg_class c ON c.oid = f.confrelid \
     WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confrelid = to_regclass(?) \
     AND NOT (r.relname = ? AND r.relnamespace = c.relnamespace) ORDER BY n.nspname, r.relname, f.conname";
