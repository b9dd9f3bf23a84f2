//! The store that ships: SQLite (bundled, the default) through Diesel, and Postgres through `postgres`.
//!
//! The tables are described by the migrations in `importer-core/migrations`; entities' tables are addressed through
//! their contract, so a new entity needs tables but no code here.

mod diesel;

pub use diesel::DieselStore;
