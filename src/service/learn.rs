//! Scans and training, as somebody asks for them.

use importer_core::ports::AuditOutcome;
use importer_core::{ErrorKind, Result};

use super::access::{Action, Desk, Note};
use super::scan::{ScanReport, ScanRequest};
use super::train::Training;

impl Desk<'_> {
    /// Looks through the core for people who are there twice, as the actor; see [`Importer::scan`](crate::Importer::scan).
    /// Samples are masked. A preview stores nothing, and needs no reason.
    ///
    /// # Errors
    /// When the actor may not, no reason is given, and as there.
    pub fn scan(&self, request: &ScanRequest, reason: &str) -> Result<ScanReport> {
        let mut note = Note::new(format!("{} in a scan", request.entity), reason).entity(&request.entity);
        note.detail("what", "scan");
        note.detail("all", request.all);
        if request.preview {
            self.authorize(Action::ControlRuns, &note)?;
        } else {
            self.allowed(Action::ControlRuns, &note)?;
            self.patiently(Action::ControlRuns, &note, |_| Ok(()))?;
        }
        let request = ScanRequest { actor: self.actor.name.clone(), ..request.clone() };
        let mut report = self.importer.scan(&request)?;
        self.mask().scan(&mut report);
        Ok(report)
    }

    /// Learns a model from the core and from decisions; see [`Importer::train`](crate::Importer::train).
    ///
    /// # Errors
    /// When the actor may not, no reason is given, and as there.
    pub fn train(&self, entity: &str, weight: f64, reason: &str) -> Result<Training> {
        let mut note = Note::new(format!("a model of {entity}"), reason).entity(entity);
        note.detail("what", "train");
        self.allowed(Action::ControlRuns, &note)?;
        match self.patiently(Action::ControlRuns, &note, |_| Ok(())) {
            // It changes nothing there.
            Err(error) if error.kind() == ErrorKind::ReadOnly => {
                self.tell_audit(Action::ControlRuns, &note, AuditOutcome::Done)?;
            }
            told => told?,
        }
        self.importer.train(entity, weight)
    }
}
