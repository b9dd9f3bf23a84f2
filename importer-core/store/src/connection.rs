#[cfg(feature = "sqlite")]
use diesel::connection::SimpleConnection as _;
#[cfg(feature = "sqlite")]
use diesel::result::Error as DieselError;
#[cfg(feature = "sqlite")]
use diesel::sqlite::SqliteConnection;

#[cfg(feature = "postgres")]
use super::postgres::{self, Fault, Server};
use super::read_only::ReadOnly;
use super::row::Misread;
use importer_core::{Error, Result};

/// A connection to either backend.
pub(super) struct Connection {
    pub(super) backend: Backend,
    /// Why nothing may be written, if that is so.
    pub(super) read_only: Option<ReadOnly>,
    /// A value that was read as what it is not.
    pub(super) misread: Misread,
}

/// What is at the other end.
pub(super) enum Backend {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(Box<Server>),
}

#[cfg(feature = "sqlite")]
#[diesel::declare_sql_function]
extern "SQL" {
    /// What [`Connection::digest_of`] uses on SQLite.
    fn importer_digest(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

impl Connection {
    /// From here on nothing is written, for this reason.
    pub(super) fn only_read(&mut self, why: ReadOnly) -> Result<()> {
        let sql = match self.is_postgres() {
            true => "SET default_transaction_read_only = on",
            false => "PRAGMA query_only = ON",
        };
        self.execute("open the database", sql)?;
        self.read_only = Some(why);
        Ok(())
    }

    /// An error, where nothing may be written.
    pub(super) fn may_write(&self, operation: &'static str) -> Result<()> {
        self.read_only.as_ref().map_or(Ok(()), |why| Err(why.error(operation)))
    }

    /// An error, where a row was read as what it is not.
    pub(super) fn well_read(&self) -> Result<()> {
        self.misread.take().map_or(Ok(()), Err)
    }

    /// What a statement failed of on SQLite.
    #[cfg(feature = "sqlite")]
    pub(super) fn failed_sqlite(&self, operation: &'static str, error: DieselError) -> Error {
        match &self.read_only {
            Some(why) if super::failure::is_write_refused(&error) => why.error(operation),
            _ => super::failure::failed(operation, error),
        }
    }

    /// What a statement failed of on Postgres.
    #[cfg(feature = "postgres")]
    pub(super) fn failed_postgres(&self, operation: &'static str, fault: &Fault) -> Error {
        match &self.read_only {
            Some(why) if postgres::is_write_refused(fault) => why.error(operation),
            _ => postgres::failed(operation, fault),
        }
    }

    /// Runs statements without binds.
    pub(super) fn execute(&mut self, operation: &'static str, sql: &str) -> Result<()> {
        match &mut self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(c) => c.batch_execute(sql).map_err(|error| self.failed_sqlite(operation, error)),
            #[cfg(feature = "postgres")]
            Backend::Postgres(c) => c.execute(sql).map_err(|fault| self.failed_postgres(operation, &fault)),
        }
    }

    /// An expression for a short text that stands for a long one, the same one each time.
    pub(super) fn digest_of(&mut self, text: &str) -> Result<String> {
        match &mut self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(c) => {
                let digest = |text: String| format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()));
                importer_digest_utils::register_impl(c, digest)
                    .map_err(|e| super::failure::failed("add a function", e))?;
                Ok(format!("importer_digest({text})"))
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => Ok(format!("encode(sha256(convert_to({text}, 'UTF8')), 'hex')")),
        }
    }

    /// True on Postgres.
    pub(super) fn is_postgres(&self) -> bool {
        match &self.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => true,
        }
    }
}
