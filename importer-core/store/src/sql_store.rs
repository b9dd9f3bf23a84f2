#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::time::Duration;

use importer_core::contracts::Contract;
use importer_core::ports::{Session, StewardSession, Store, SystemLock};
use importer_core::{Error, ErrorKind, Result};

#[cfg(feature = "postgres")]
use super::claim;
use super::connection::Connection;
#[cfg(feature = "sqlite")]
use super::lock;
#[cfg(feature = "postgres")]
use super::postgres;
use super::session::{PATIENCE, SqlSession};
use super::{migrate, scratch, versions};

/// A database given by its URL: `sqlite://path/to/file.db` or `postgres://user@host/name`.
///
/// A host may keep its own tables in the same database; of these the importer touches the rows that refer to records alone, when
/// records are merged, parted or taken out.
///
/// ```
/// use importer_core::ports::Store;
/// use importer_store::SqlStore;
/// # let folder = tempfile::tempdir().unwrap();
/// # let url = format!("sqlite://{}/importer.db", folder.path().display());
/// let store = SqlStore::open(&url)?;
/// store.migrate()?;
/// assert!(store.session()?.runs(&Default::default())?.is_empty());
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Clone)]
pub struct SqlStore {
    place: Database,
    patience: Duration,
}

#[derive(Clone)]
enum Database {
    /// Each session opens the file anew: once it is dropped, all of it is in the file itself.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Place>, postgres::Pool),
}

impl std::fmt::Debug for SqlStore {
    // A URL may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SqlStore({})", self.describe())
    }
}

impl SqlStore {
    /// Understands the URL and checks that the database can be reached.
    ///
    /// # Errors
    /// When the URL names no database this build knows, or the database cannot be reached.
    pub fn open(url: &str) -> Result<Self> {
        let store = Self { place: Database::parse(url)?, patience: PATIENCE };
        // A session, so that the next one finds its connection.
        drop(store.session()?);
        Ok(store)
    }

    /// How long a transaction on SQLite waits for a program that writes and is no importer; 10 seconds, unless set. For other
    /// importers it waits as long as it takes.
    #[must_use]
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// Takes the tables away again, data included.
    ///
    /// # Errors
    /// When the database cannot be changed.
    pub fn migrate_down(&self) -> Result<()> {
        migrate::down(&mut self.connect()?)
    }

    /// A connection that knows whether it may write.
    fn connect(&self) -> Result<Connection> {
        let mut connection = match &self.place {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => Connection::sqlite(path)?,
            #[cfg(feature = "postgres")]
            Database::Postgres(place, pool) => {
                // One that has waited may have been ended by the server or on the way there, and what it has prepared may not
                // fit tables that were changed meanwhile: then the next one is as good.
                while let Some(mut connection) = Connection::waiting(pool) {
                    if versions::check(&mut connection).is_ok() && connection.read_only.is_none() {
                        return Ok(connection);
                    }
                }
                Connection::postgres(place)?
            }
        };
        // Each time: another program may have migrated since.
        versions::check(&mut connection).map_err(|error| error.at("database", self.describe()))?;
        if let Some(why) = &mut connection.read_only {
            why.database = self.describe();
        }
        Ok(connection)
    }
}

impl Database {
    fn parse(url: &str) -> Result<Self> {
        let refuse = |why: String| Err(Error::new(ErrorKind::Config, "open the database", why));
        if let Some(path) = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            if path.is_empty() || path.contains(":memory:") {
                return refuse(
                    "SQLite needs a file, such as sqlite://importer.db; a run uses several connections"
                        .into(),
                );
            }
            #[cfg(feature = "sqlite")]
            return Ok(Self::Sqlite(PathBuf::from(path)));
            #[cfg(not(feature = "sqlite"))]
            return refuse("this build has no SQLite; build it with the feature `sqlite`".into());
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            #[cfg(feature = "postgres")]
            return postgres::Place::parse(url)
                .map(|place| Self::Postgres(Box::new(place), postgres::Pool::default()));
            #[cfg(not(feature = "postgres"))]
            return refuse("this build has no Postgres; build it with the feature `postgres`".into());
        }
        let scheme = url.split("://").next().filter(|s| s.len() < url.len()).unwrap_or("none");
        refuse(format!("its URL must begin with sqlite:// or postgres:// (its scheme: {scheme})"))
    }
}

impl Store for SqlStore {
    fn migrate(&self) -> Result<()> {
        migrate::up(&mut self.connect()?).map_err(|error| error.at("database", self.describe()))
    }

    fn session(&self) -> Result<Box<dyn StewardSession>> {
        let connection = self.connect()?;
        Ok(Box::new(match &self.place {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => SqlSession::in_turn(connection, path, self.patience),
            #[cfg(feature = "postgres")]
            Database::Postgres(_, pool) => SqlSession::new(connection).pooled(pool),
        }))
    }

    fn may_write(&self) -> Result<()> {
        self.connect()?.may_write("change anything")
    }

    fn scratch(&self, contract: &Contract) -> Result<Box<dyn Session>> {
        scratch::scratch(contract)
    }

    fn is_system_locked(&self, entity: &str, system: &str) -> Result<bool> {
        match &self.place {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => lock::is_held(path, entity, system),
            #[cfg(feature = "postgres")]
            Database::Postgres(..) => claim::is_held(self.connect()?, entity, system),
        }
    }

    fn lock_system(&self, entity: &str, system: &str) -> Result<SystemLock> {
        self.may_write()?;
        match &self.place {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => lock::file(path, entity, system),
            #[cfg(feature = "postgres")]
            Database::Postgres(..) => claim::take(self.connect()?, entity, system),
        }
    }

    fn describe(&self) -> String {
        match &self.place {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            #[cfg(feature = "postgres")]
            Database::Postgres(place, _) => place.describe().to_owned(),
        }
    }
}
