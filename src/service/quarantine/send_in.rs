//! A run of corrections, and what is kept about it in its own transactions.

use std::sync::{Arc, PoisonError};

use importer_core::pipeline::{Correction, Corrections, Engine, PluginReport, RunReport, RunRequest};
use importer_core::plugin_host::PluginInfo;
use importer_core::ports::{AuditOutcome, Policies, QuarantineVerdict, RowId, RunRecord, Session};
use importer_core::{Error, ErrorKind, Result};
use importer_dedupe::PluginFeatures;

use super::OPERATION;
use super::bench::SharedBench;
use super::feed::{Exempting, Feed, Notes, Pull};
use crate::service::access::{Action, Desk, Note};

/// What is done, for the journals.
pub(super) struct Sending {
    /// The name of the source of the run: what was corrected, or typed by hand.
    pub(super) source: &'static str,
    pub(super) action: Action,
    /// How the entries stand afterwards; none when the rows correct nothing.
    pub(super) verdict: Option<QuarantineVerdict>,
    pub(super) note: Note,
}

struct Behind<'a> {
    desk: &'a Desk<'a>,
    bench: SharedBench,
    notes: Notes,
    sending: Sending,
}

impl Corrections for Behind<'_> {
    fn about(&self, row: usize) -> Option<Correction> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).get(row).cloned()
    }

    fn loaded(&self, session: &mut dyn Session, run: &RunRecord, rows: &[RowId], last: bool) -> Result<()> {
        let now = self.desk.importer.clock.now();
        if let Some(verdict) = &self.sending.verdict {
            let ended = session.put_in_place(self.bench.contract, run, rows, verdict, now)?;
            if ended != rows.len() {
                return Err(Error::new(
                    ErrorKind::Refused,
                    OPERATION,
                    "its place in quarantine is taken: it was decided about, or the source brought another row",
                ));
            }
        }
        if last {
            let mut note = self.sending.note.clone();
            if note.subject.is_empty() {
                note.subject = format!("run {}", run.id);
            }
            note.detail("run", run.id);
            let counts: serde_json::Value = serde_json::from_str(&run.counts_json).unwrap_or_default();
            note.detail("rows", counts["clean"].clone());
            session.audit(&self.desk.line(self.sending.action, &note, AuditOutcome::Done), now)?;
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
    pub(super) fn send_in(&self, bench: &SharedBench, pull: Pull, sending: Sending) -> Result<RunReport> {
        let importer = self.importer;
        let notes = Notes::default();
        let info = PluginInfo {
            id: sending.source.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            isolation: "in-process",
            verified: true,
            verified_by: None,
            origin: "static",
            file: None,
            sha256: None,
        };
        let at_work = importer.plugins_at_work(&info, "corrections of rows in quarantine")?;
        let policies = Policies {
            resolver: importer.resolver_with(
                bench.contract,
                &bench.mapping,
                None,
                PluginFeatures::of(bench.contract, importer.lock_plugins().features())?,
            ),
            survivorship: Arc::new(importer.survivorship.clone()),
        };
        let request = RunRequest {
            entity: bench.contract.entity.into(),
            ..RunRequest::new(sending.source).external_system(&bench.system).actor(&self.actor.name)
        };
        let feed = Feed::new(sending.source, Arc::clone(bench), Arc::clone(&notes), pull);
        let rules = Exempting { bench: Arc::clone(bench), notes: Arc::clone(&notes) };
        let behind = Behind { desk: self, bench: Arc::clone(bench), notes, sending };
        let engine = Engine {
            store: importer.store()?,
            clock: importer.clock.as_ref(),
            contract: bench.contract,
            mapping: &bench.mapping,
            rules: &rules,
            policies: &policies,
            gate: importer.gate,
            retry: importer.retry,
            observer: importer.observer.as_ref(),
            cancel: importer.cancel.clone(),
            secrets: importer.secrets.clone(),
            corrections: Some(&behind),
        };
        let plugin = PluginReport {
            id: info.id.clone(),
            version: info.version.clone(),
            isolation: info.isolation.to_string(),
            verified: true,
            verified_by: None,
        };
        let report = engine.run(&feed, plugin, &request)?;
        if report.status == "failed" {
            let why = report.error.unwrap_or_else(|| "the run of corrections failed".into());
            let cancelled = importer.cancel.is_requested();
            let kind = if cancelled { ErrorKind::Cancelled } else { ErrorKind::Store };
            return Err(Error::new(kind, OPERATION, why)
                .at("run", report.run_id)
                .hint("rows that were not loaded are still in quarantine; do the same again"));
        }
        at_work.succeeded();
        Ok(report)
    }
}
