//! The store that ships: Diesel on SQLite (bundled, the default) and Postgres.
//!
//! The tables are described by the migrations in `importer-core/migrations`; entities' tables are addressed through
//! their contract, so a new entity needs tables but no code here.

mod diesel;

pub use diesel::DieselStore;
