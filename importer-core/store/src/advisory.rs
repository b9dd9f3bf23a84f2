//! Advisory locks of Postgres, by the names of what they stand for. Each schema may have its own tables, so the schema is part of
//! each.

use super::lock::SCHEMA;

/// An expression for the number of a lock, of a bound name.
pub(super) fn key() -> String {
    format!("hashtextextended({SCHEMA} || ':' || ?, 0)")
}

/// A condition: a line `l` of `pg_locks` is about the lock of a bound name, in this database. The catalogue shows both halves of
/// the number of a lock.
pub(super) fn is_about() -> String {
    format!(
        "l.locktype = 'advisory' AND l.objsubid = 1 \
         AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) \
         AND (CAST(l.classid AS BIGINT) << 32) | CAST(l.objid AS BIGINT) = {}",
        key()
    )
}
