//! Opening connections.

#[cfg(feature = "sqlite")]
use std::path::Path;

use super::connection::{Backend, Connection};
#[cfg(feature = "postgres")]
use super::postgres::{self, Place, Server};
use super::row::Misread;
use importer_core::Result;

impl Connection {
    /// A SQLite file, which is made when it is missing; one that may not be written is opened to be looked at.
    #[cfg(feature = "sqlite")]
    pub(super) fn sqlite(path: &Path) -> Result<Self> {
        let (mut connection, read_only) = super::sqlite_file::open(path)?;
        super::names::teach(&mut connection)?;
        Ok(Self { backend: Backend::Sqlite(connection), read_only, misread: Misread::default() })
    }

    #[cfg(feature = "postgres")]
    pub(super) fn postgres(place: &Place) -> Result<Self> {
        let server = Server::connect(place).map_err(|fault| postgres::cannot_connect(&fault, place))?;
        let mut connection = Self {
            backend: Backend::Postgres(Box::new(server)),
            read_only: None,
            misread: Misread::default(),
        };
        super::requirements::check(&mut connection)
            .map_err(|error| error.at("database", place.describe()))?;
        connection.read_only = super::requirements::read_only(&mut connection)?;
        Ok(connection)
    }

    /// A connection to Postgres that has waited for its next use.
    #[cfg(feature = "postgres")]
    pub(super) fn waiting(pool: &postgres::Pool) -> Option<Self> {
        let server = Server::waiting(pool)?;
        Some(Self {
            backend: Backend::Postgres(Box::new(server)),
            read_only: None,
            misread: Misread::default(),
        })
    }
}
