//! Scans and training, as somebody asks for them.

use importer_core::ports::{AuditFilter, AuditOutcome, AuditRow, RunFilter, RunRecord};
use importer_core::{ErrorKind, Result};
use importer_dedupe::matching::model::ModelDocument;

use super::access::{Action, Desk, Note};
use super::scan::{self, SCAN_SOURCE, ScanReport, ScanRequest};
use super::train::Training;
use crate::Importer;

/// Under this name the audit log has the checksum of a model that was learned.
const MODEL: &str = "model";
/// How many lines of the audit log are read at a time.
const PAGE: i64 = 500;

impl Desk<'_> {
    /// Scans the whole core for records that are one person, as the actor; see
    /// [`Importer::scan`](crate::Importer::scan).
    ///
    /// Returns a report. Its samples are for roles that see every field. A preview stores nothing and needs no reason.
    /// Needs a steward. A role that does not see every field can give only a model that a scan or a training has
    /// learned in the same database, because a made-up model could let one masked field decide.
    ///
    /// ```
    /// use importer::service::ScanRequest;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let found = desk.scan(&ScanRequest::new("volunteer"), "the weekly scan")?;
    /// assert_eq!((found.records, found.preview), (2, false));
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, the model was not learned here and the actor does not see every
    /// field, and as for [`Importer::scan`](crate::Importer::scan).
    pub fn scan(&self, request: &ScanRequest, reason: &str) -> Result<ScanReport> {
        let mut note = Note::new(format!("{} in a scan", request.entity), reason).entity(&request.entity);
        note.detail("what", "scan");
        note.detail("all", request.all);
        match request.preview {
            true => self.authorize(Action::ControlRuns, &note)?,
            false => self.allowed(Action::ControlRuns, &note)?,
        }
        if let Some(model) = &request.model {
            self.may_scan_by(&request.entity, model, &note)?;
        }
        if !request.preview {
            self.importer.no_unfinished_rollback(&request.entity, scan::OPERATION)?;
            self.patiently(Action::ControlRuns, &note, |_| Ok(()))?;
        }
        let request = ScanRequest { actor: self.actor.name.clone(), ..request.clone() };
        let mut report = self.importer.scan(&request)?;
        self.mask().scan(&mut report);
        Ok(report)
    }

    /// Learns a match model from the core and from decisions about suggestions; see
    /// [`Importer::train`](crate::Importer::train).
    ///
    /// Each decision counts as `weight` pairs. Returns the model with what to expect of it, and stores nothing but a
    /// line in the audit log. Needs a steward.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let url = format!("sqlite://{}/app.db", folder.path().display());
    /// # let file = folder.path().join("people.csv");
    /// # let rows = "id,first_name,last_name,email,dob\n1,Brinda,Kelley,b@example.org,1971-03-04\n".to_owned()
    /// #     + "2,Brimda,Kelley,b@example.org,1971-03-04\n";
    /// # std::fs::write(&file, rows).unwrap();
    /// # let csv = importer_adapter_csv::plugin();
    /// # let importer = importer::Importer::builder().database(&url).plugin(csv).build()?;
    /// # let report = importer.run(&importer::RunRequest::new("csv").file(&file))?;
    /// # let desk = importer.desk(importer::service::Actor::admin("ann"));
    /// let training = desk.train("volunteer", 1.0, "the monthly training")?;
    /// assert_eq!(training.checksum, training.document.checksum());
    /// # Ok::<(), importer::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the actor may not, no reason is given, and as for [`Importer::train`](crate::Importer::train).
    pub fn train(&self, entity: &str, weight: f64, reason: &str) -> Result<Training> {
        let mut note = Note::new(subject(entity), reason).entity(entity);
        note.detail("what", "train");
        self.allowed(Action::ControlRuns, &note)?;
        let training = self.importer.train(entity, weight)?;
        note.detail(MODEL, training.checksum.as_str());
        match self.patiently(Action::ControlRuns, &note, |_| Ok(())) {
            // It changes nothing there.
            Err(error) if error.kind() == ErrorKind::ReadOnly => {
                self.tell_audit(Action::ControlRuns, &note, AuditOutcome::Done)?;
            }
            result => result?,
        }
        Ok(training)
    }

    /// Whether the actor may let a scan judge by a model. Whoever makes up the weights decides what a score tells of a pair:
    /// that of one field alone, also of one that the role does not see. So that is for those who see every field; others take
    /// what was learned here.
    fn may_scan_by(&self, entity: &str, model: &ModelDocument, note: &Note) -> Result<()> {
        if self.mask().shows_all() || self.was_learned(entity, &model.checksum())? {
            return Ok(());
        }
        let error = self.refuse(Action::ControlRuns, note, "scan with a model that was not trained here")?;
        Err(error
            .coded("model_not_trained_here")
            .hint("train a model here first; only a role that sees every field may use any other model"))
    }

    /// Whether a scan has learned or used a model of this checksum, or somebody has trained it.
    fn was_learned(&self, entity: &str, checksum: &str) -> Result<bool> {
        let mut session = self.importer.store()?.session()?;
        let mut filter = AuditFilter {
            action: Some(Action::ControlRuns.as_str().into()),
            subject: Some(subject(entity)),
            limit: PAGE,
            ..AuditFilter::default()
        };
        loop {
            let lines = session.audit_log(&filter)?;
            let Some(last) = lines.last() else { break };
            filter.after = last.id;
            let known = |line: &AuditRow| {
                line.entry.outcome == AuditOutcome::Done
                    && line.entry.details.get(MODEL).is_some_and(|m| m == checksum)
            };
            if lines.iter().any(known) {
                return Ok(true);
            }
        }
        let scans = RunFilter { source: Some(SCAN_SOURCE.into()), ..RunFilter::default() };
        let of_scan = |run: &RunRecord| {
            let report = Importer::scan_report(run);
            report.is_some_and(|report| report.entity == entity && report.model_checksum == checksum)
        };
        Ok(session.runs(&scans)?.iter().any(of_scan))
    }
}

fn subject(entity: &str) -> String {
    format!("a model of {entity}")
}
