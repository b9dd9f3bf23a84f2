//! What a run works with.

use std::sync::Arc;

use super::RunRequest;
use super::corrections::Corrections;
use super::gate::GatePolicy;
use super::hash::text_hash;
use super::host::{Cancel, Observer, Secrets};
use super::request;
use super::retry::RetryPolicy;
use crate::contracts::Contract;
use crate::mapping::Mapping;
use crate::ports::{Clock, NewRun, Policies, Rules, RunId, Session, StopRequest, Store};
use crate::{Error, ErrorKind, Result};

/// Everything a run works with; the facade puts it together.
#[expect(missing_debug_implementations, reason = "made of trait objects without a useful text")]
pub struct RunContext<'a> {
    /// The database.
    pub store: &'a dyn Store,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The entity.
    pub contract: &'static Contract,
    /// From columns to fields.
    pub mapping: &'a Mapping,
    /// What a row must be like.
    pub rules: &'a dyn Rules,
    /// Who is who, and which value survives.
    pub policies: &'a Policies,
    /// What a run must be like.
    pub gate: GatePolicy,
    /// How patient it is with a source that fails in passing.
    pub retry: RetryPolicy,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Who may stop it.
    pub cancel: Cancel,
    /// Where plugins' secrets come from.
    pub secrets: Arc<dyn Secrets>,
    /// Who stands behind a run of corrections; none for any other run.
    pub corrections: Option<&'a dyn Corrections>,
}

impl RunContext<'_> {
    pub(super) fn new_run(&self, request: &RunRequest) -> NewRun {
        NewRun {
            entity: request.entity.clone(),
            source: request.source.clone(),
            external_system: request.external_system.clone(),
            label: request.label.clone(),
            dry_run: request.dry_run,
            actor: request.actor.clone(),
            ingest_version: self.contract.version.into(),
            mapping_name: self.mapping.name().into(),
            mapping_version: self.mapping.version().into(),
            mapping_checksum: self.mapping.checksum(),
            rules_checksum: self.rules_checksum(),
            request_json: request::stored(request, self.corrections.is_some()),
        }
    }

    pub(super) fn rules_checksum(&self) -> String {
        let parts =
            [self.rules.checksum(), self.policies.resolver.checksum(), self.policies.survivorship.checksum()]
                .join("+");
        format!("{:016x}", text_hash(&parts))
    }

    /// Takes over what was asked of the run since the last batch.
    pub(super) fn poll_control(&self, session: &mut dyn Session, run: RunId) -> Result<()> {
        if let Some(asked) = session.asked(run)? {
            self.cancel.ask(asked);
        }
        Ok(())
    }

    /// The error of a run that was asked to stop.
    pub(super) fn stopped(&self) -> Error {
        let message = match self.cancel.asked() {
            Some(StopRequest::Pause) => "it was paused",
            Some(StopRequest::Cancel) => "it was cancelled",
            None => "it was cancelled",
        };
        Error::new(ErrorKind::Cancelled, "finish the run", message)
    }
}
