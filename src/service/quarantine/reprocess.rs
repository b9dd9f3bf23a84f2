//! A run of corrections, and what is kept about it in its own transactions.

use std::sync::{Arc, PoisonError};

use importer_core::pipeline::{Correction, Corrections, ReportStatus, RunReport, RunRequest};
use importer_core::plugins::PluginInfo;
use importer_core::ports::{AuditOutcome, QuarantineVerdict, RowId, RunRecord, RunStatus, Session};
use importer_core::{Error, ErrorKind, Result};

use super::OPERATION;
use super::correction_source::{CorrectionSource, Exempting, Notes, Pull};
use super::revalidator::SharedRevalidator;
use crate::service::access::{Action, Desk, Note};
use crate::service::run_context::Own;
use crate::service::runs::plugin_report;

/// What is done, for the journals.
pub(super) struct ReprocessRequest {
    /// The name of the source of the run: what was corrected, or typed by hand.
    pub(super) source: &'static str,
    pub(super) action: Action,
    /// How the entries stand afterwards; none when the rows correct nothing.
    pub(super) verdict: Option<QuarantineVerdict>,
    pub(super) note: Note,
}

struct CorrectionHooks<'a> {
    desk: &'a Desk<'a>,
    revalidator: SharedRevalidator,
    notes: Notes,
    request: ReprocessRequest,
}

impl Corrections for CorrectionHooks<'_> {
    fn about(&self, row: usize) -> Option<Correction> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).get(row).cloned()
    }

    fn loaded(&self, session: &mut dyn Session, run: &RunRecord, rows: &[RowId], last: bool) -> Result<()> {
        let now = self.desk.importer.clock.now();
        if let Some(verdict) = &self.request.verdict {
            let ended = session.put_in_place(self.revalidator.contract, run, rows, verdict, now)?;
            if ended != rows.len() {
                return Err(Error::new(
                    ErrorKind::Refused,
                    OPERATION,
                    "its place in quarantine is taken: it was decided about, or the source brought another row",
                ));
            }
        }
        if last {
            let mut note = self.request.note.clone();
            if note.subject.is_empty() {
                note.subject = format!("run {}", run.id);
            }
            note.detail("run", run.id);
            let counts: serde_json::Value = serde_json::from_str(&run.counts_json).unwrap_or_default();
            note.detail("rows", counts["clean"].clone());
            session.audit(&self.desk.line(self.request.action, &note, AuditOutcome::Done), now)?;
        }
        Ok(())
    }
}

impl Desk<'_> {
    /// Takes corrected rows the way of an import: lands and loads them, ends what they correct, and tells the audit log, each
    /// with the rows in one transaction.
    ///
    /// # Errors
    /// When the run cannot begin or ends in an error.
    pub(super) fn reprocess(
        &self,
        revalidator: &SharedRevalidator,
        pull: Pull,
        request: ReprocessRequest,
    ) -> Result<RunReport> {
        let importer = self.importer;
        let notes = Notes::default();
        let info = PluginInfo {
            id: request.source.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            isolation: "in-process",
            verified: true,
            verified_by: None,
            origin: "static",
            file: None,
            sha256: None,
        };
        let in_use = importer.plugins_in_use(&info, "corrections of rows in quarantine")?;
        let run_request = RunRequest {
            entity: revalidator.contract.entity.into(),
            ..RunRequest::new(request.source).external_system(&revalidator.system).actor(&self.actor.name)
        };
        let correction_source =
            CorrectionSource::new(request.source, Arc::clone(revalidator), Arc::clone(&notes), pull);
        let rules = Exempting { revalidator: Arc::clone(revalidator), notes: Arc::clone(&notes) };
        let hooks = CorrectionHooks { desk: self, revalidator: Arc::clone(revalidator), notes, request };
        let own = Own {
            contract: revalidator.contract,
            mapping: &revalidator.mapping,
            rules: &rules,
            auto_merge: None,
            corrections: Some(&hooks),
        };
        let report = importer.with_context_of(&own, |context| {
            context.run(&correction_source, plugin_report(&info), &run_request)
        })?;
        if report.status == ReportStatus::Failed {
            return Err(self.failed(report)?);
        }
        in_use.succeeded();
        Ok(report)
    }

    /// Why a run of corrections failed.
    fn failed(&self, report: RunReport) -> Result<Error> {
        let mut session = self.importer.store()?.session()?;
        let status = session.run(report.run_id)?.map(|run| run.status);
        let kind = match status {
            Some(RunStatus::Cancelled | RunStatus::Paused) => ErrorKind::Cancelled,
            _ => report.error_kind.unwrap_or(ErrorKind::Store),
        };
        let why = report.error.unwrap_or_else(|| "the run of corrections failed".into());
        Ok(Error::new(kind, OPERATION, why)
            .at("run", report.run_id)
            .hint("rows that were not loaded are still in quarantine; do the same again"))
    }
}
