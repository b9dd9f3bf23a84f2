//! Foreign keys of the host to records, as data.

/// A table of the host with a foreign key to records.
#[derive(Debug, Clone)]
pub(super) struct HostTable {
    /// Tells it from all others: on Postgres its object id, on SQLite its name in lower case.
    pub(super) id: String,
    /// As people are told.
    pub(super) name: String,
    /// As statements name it.
    pub(super) sql: String,
    /// The columns of its primary key.
    pub(super) primary: Vec<String>,
    /// All columns that can be compared.
    pub(super) columns: Vec<String>,
    /// What tells a row from all others until the transaction ends; none where only the primary key does.
    pub(super) handle: Option<String>,
}

/// A foreign key of the host to records.
#[derive(Debug)]
pub(super) struct HostKey {
    pub(super) table: HostTable,
    /// Its columns, and the columns of the core that they refer to.
    pub(super) pairs: Vec<(String, String)>,
    /// Whether the database lets the rows follow when what they refer to changes.
    pub(super) follows: bool,
}

impl HostKey {
    /// The column that refers to the id of a record, and to nothing else.
    pub(super) fn to_id(&self) -> Option<&str> {
        match &self.pairs[..] {
            [(column, to)] if to.eq_ignore_ascii_case("id") => Some(column),
            _ => None,
        }
    }
}
