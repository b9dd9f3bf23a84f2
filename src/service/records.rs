//! Core records.

use importer_core::Result;
use importer_core::ports::{CoreRecord, HostReference, RecordId};

use crate::Importer;

impl Importer {
    /// Returns the number of core records of an entity.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// assert_eq!(importer.count("volunteer")?, 1);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such entity, or the database fails.
    pub fn count(&self, entity: &str) -> Result<i64> {
        self.store()?.session()?.count(self.contract(entity)?)
    }

    /// Returns a core record by its id, or `None` when there is none, as for a record that went in a merge.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from
    /// [`Desk::record`](super::Desk::record).
    ///
    /// ```
    /// use importer::contracts::VOLUNTEER;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let ann = importer.record("volunteer", 1.into())?.unwrap();
    /// assert_eq!(ann.record.get(VOLUNTEER.index("last_name").unwrap()), Some("Lee"));
    /// assert_eq!(&*ann.contacts[0].value, "ann@example.org");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such entity, or the database fails.
    pub fn record(&self, entity: &str, id: RecordId) -> Result<Option<CoreRecord>> {
        Ok(self.store()?.session()?.load(self.contract(entity)?, &[id])?.pop())
    }

    /// Returns the columns of the host's tables that refer to records, as merges, undos and rollbacks see them.
    ///
    /// They are found by foreign keys of the database, and by [`Builder::reference`](crate::Builder::reference).
    ///
    /// ```
    /// use diesel::connection::{Connection, SimpleConnection};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let path = folder.path().join("app.db");
    /// let mut own = diesel::sqlite::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    /// own.batch_execute("CREATE TABLE shifts (volunteer_id INTEGER REFERENCES core_volunteers (id))").unwrap();
    /// let found = importer.host_references("volunteer")?;
    /// assert_eq!((found[0].table.as_str(), found[0].columns[0].as_str()), ("shifts", "volunteer_id"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such entity, or the database fails.
    pub fn host_references(&self, entity: &str) -> Result<Vec<HostReference>> {
        let contract = self.contract(entity)?;
        self.store()?.session()?.host_references(contract, &self.references)
    }
}
