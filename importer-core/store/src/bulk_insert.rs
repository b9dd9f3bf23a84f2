//! Writing many rows on either backend.

use super::bulk::Bulk;
#[cfg(feature = "sqlite")]
use super::bulk_sqlite;
use super::connection::{Backend, Connection};
use importer_core::Result;

impl Bulk<'_> {
    /// Writes all rows.
    pub(super) fn insert(&self, connection: &mut Connection, operation: &'static str) -> Result<()> {
        if self.cells.is_empty() {
            return Ok(());
        }
        connection.well_read()?;
        match &mut connection.backend {
            #[cfg(feature = "sqlite")]
            Backend::Sqlite(c) => {
                bulk_sqlite::insert(c, self).map_err(|e| connection.failed_sqlite(operation, e))
            }
            #[cfg(feature = "postgres")]
            Backend::Postgres(c) => c.insert(self).map_err(|e| connection.failed_postgres(operation, &e)),
        }
    }
}
