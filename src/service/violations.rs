//! What the rules found.

use importer_core::Result;
use importer_core::ports::{ViolationFilter, ViolationRow};

use crate::Importer;

impl Importer {
    /// Returns findings in the order of their ids. To page, set [`ViolationFilter::after`] to the id of the last
    /// finding.
    ///
    /// Nothing is masked: this is for a host's own code. What people are shown comes from
    /// [`Desk::violations`](super::Desk::violations).
    ///
    /// ```
    /// use importer::ViolationFilter;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// let filter = ViolationFilter { run: Some(report.run_id), ..ViolationFilter::default() };
    /// let found = importer.violations(&filter)?;
    /// assert_eq!(found[0].violation.field, "email_normalized");
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the database fails.
    pub fn violations(&self, filter: &ViolationFilter) -> Result<Vec<ViolationRow>> {
        self.store()?.session()?.violations(filter)
    }

    /// Returns the rules with the modes and severities that hold for a source, those of plugins and those switched off
    /// included.
    ///
    /// It needs no database.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email\n1,Ann,Lee,ann@example.org\n2,Bob,Ray,bob@@example.org\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// let rules = importer.rules("volunteer", "csv")?;
    /// let rule = rules.iter().find(|entry| entry.rule.code == "REQ-001").unwrap();
    /// assert!(rule.enabled && rule.mode == importer::rules::Mode::Enforce);
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no such entity, or the suite does not fit the rules.
    pub fn rules(&self, entity: &str, source: &str) -> Result<Vec<importer_dq::CatalogueEntry>> {
        let contract = self.contract(entity)?;
        Ok(self.compile_suite(&self.mapping(contract)?, contract, source)?.catalogue())
    }
}
