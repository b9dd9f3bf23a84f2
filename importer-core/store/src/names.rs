//! External ids are indexed by their hash: they may be longer than an entry of an index, and most are longer than a number.
//! The text itself is compared wherever one is looked up, so that two with one hash stay two.

#[cfg(feature = "sqlite")]
use diesel::sqlite::SqliteConnection;
use xxhash_rust::xxh3::xxh3_64;

use super::cell::Cell;
use super::connection::Connection;
#[cfg(feature = "sqlite")]
use importer_core::Result;

#[cfg(feature = "sqlite")]
#[diesel::declare_sql_function]
extern "SQL" {
    /// The hash that stands in `id_hash` on SQLite; nothing has none.
    fn importer_hash(
        text: diesel::sql_types::Nullable<diesel::sql_types::Text>,
    ) -> diesel::sql_types::Nullable<diesel::sql_types::BigInt>;
}

fn hash(text: &str) -> i64 {
    xxh3_64(text.as_bytes()).cast_signed()
}

/// Lets statements of a connection ask for the hash of a text, which SQLite cannot compute.
#[cfg(feature = "sqlite")]
pub(super) fn teach(connection: &mut SqliteConnection) -> Result<()> {
    importer_hash_utils::register_impl(connection, |text: Option<String>| text.as_deref().map(hash))
        .map_err(|error| super::failure::failed("add a function", error))
}

/// External ids as a JSON list, in the order of SQLite's index, so that looking them up walks it once.
pub(super) fn list_of_ids<T: AsRef<str>>(ids: &[T]) -> String {
    let mut ids: Vec<(i64, &str)> = ids.iter().map(AsRef::as_ref).map(|id| (hash(id), id)).collect();
    ids.sort_unstable();
    ids.dedup();
    serde_json::Value::from_iter(ids.into_iter().map(|(_, id)| id)).to_string()
}

impl Connection {
    /// An expression for the hash of an expression.
    pub(super) fn hash_of(&self, text: &str) -> String {
        if self.is_postgres() {
            format!("hashtextextended({text} COLLATE \"C\", 0)")
        } else {
            format!("importer_hash({text})")
        }
    }

    /// A condition: an `external_id` is the text of an expression.
    pub(super) fn is_id(&self, table: &str, text: &str) -> String {
        format!("{table}.id_hash = {} AND {table}.external_id = {text}", self.hash_of(text))
    }

    /// What is written to `id_hash`: on Postgres nothing, which computes the column itself.
    pub(super) fn hash_cell(&self, id: &str) -> Cell<'static> {
        if self.is_postgres() { Cell::Null } else { Cell::Int(hash(id)) }
    }

    /// The further column of a statement that writes rows with an `id_hash`, where Postgres does not compute it.
    pub(super) fn hash_column(&self) -> &'static str {
        if self.is_postgres() { "" } else { ", id_hash" }
    }

    /// The beginning of a query for the rows of a table whose `external_id` is in a bound JSON list; behind it, further tables
    /// may be joined. Nobody but the list begins: Postgres would take a table that has grown for an empty one, and walk it.
    pub(super) fn named_in(&self, table: &str, name: &str, joins: &str) -> String {
        let list = self.list(false);
        if self.is_postgres() {
            let is_it = self.is_id("x", "j.value");
            format!(
                "FROM {list} j CROSS JOIN LATERAL (SELECT * FROM {table} x WHERE {is_it} OFFSET 0) {name} {joins} WHERE TRUE"
            )
        } else {
            let is_it = self.is_id(name, "j.value");
            format!("FROM {list} j CROSS JOIN {table} {name} {joins} WHERE {is_it}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::list_of_ids;

    #[test]
    fn a_list_holds_every_id_once() {
        assert_eq!(list_of_ids(&["a", "a"]), r#"["a"]"#);
        let three: Vec<String> = serde_json::from_str(&list_of_ids(&["b", "a\"", "c", "b"])).unwrap();
        assert_eq!(three.len(), 3);
    }
}
