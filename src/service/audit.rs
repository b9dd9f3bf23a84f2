//! Who did what.

use importer_core::Result;
use importer_core::ports::{AuditFilter, AuditRow};

use super::access::{Action, Desk};

impl Desk<'_> {
    /// Returns lines of the audit log, in the order in which things were done.
    ///
    /// Each line says who did what to what, when and why, or that it was refused. Lines hold no values of records. To
    /// page, set [`AuditFilter::after`] to the id of the last line. Needs a steward.
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
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// desk.label(report.run_id, Some("spring fair"), "to find it again")?;
    /// let log = desk.audit_log(&Default::default())?;
    /// let line = &log[0].entry;
    /// assert_eq!((line.action.as_str(), line.reason.as_str()), ("control_runs", "to find it again"));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not see it, or the database fails.
    pub fn audit_log(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        self.query(Action::ViewAudit, "the audit log", |session| session.audit_log(filter))
    }
}
