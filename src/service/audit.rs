//! Who did what.

use importer_core::Result;
use importer_core::ports::{AuditFilter, AuditRow};

use super::access::{Action, Desk};

impl Desk<'_> {
    /// Lines of the audit log in the order in which things were done; page with [`AuditFilter::after`].
    ///
    /// # Errors
    /// When the actor may not see it, or the database fails.
    pub fn audit_log(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        self.query(Action::ViewAudit, "the audit log", |session| session.audit_log(filter))
    }
}
