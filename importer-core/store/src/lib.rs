//! The store that ships: SQLite (bundled, the default) through Diesel, and Postgres through `postgres`.
//!
//! Both backends go through one small layer: SQL with bound cells, bulk inserts, rows read as canonical texts. The tables are
//! described by the files in `migrations`; those of an entity are addressed through its contract.

mod advisory;
mod audit;
mod bulk;
mod bulk_insert;
#[cfg(feature = "sqlite")]
mod bulk_sqlite;
mod cell;
mod changes;
#[cfg(feature = "postgres")]
mod claim;
mod connect;
mod connection;
mod core;
mod core_lock;
mod failure;
mod history;
mod host_counts;
mod host_keys;
mod host_others;
mod host_rows;
mod host_sql;
mod host_tables;
mod households;
mod images;
mod landing;
mod loaded_rows;
mod lock;
mod matches;
mod migrate;
mod migrations;
mod missing_people;
mod names;
mod outdated;
mod pairs;
#[cfg(feature = "postgres")]
mod postgres;
mod preview_ids;
mod quarantine;
mod read_only;
mod record_search;
mod rejections;
mod repeated_rows;
mod replay;
#[cfg(feature = "postgres")]
mod requirements;
mod retention;
mod rollback;
mod row;
mod run_control;
mod runs;
mod scratch;
mod session;
mod sql;
mod sql_store;
#[cfg(feature = "sqlite")]
mod sqlite_file;
#[cfg(feature = "sqlite")]
mod sqlite_sql;
mod suggestions;
#[cfg(feature = "sqlite")]
mod turn;
mod versions;

pub use sql_store::SqlStore;
