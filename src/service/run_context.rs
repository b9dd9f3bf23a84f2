//! The one way to a run context, whatever is to be taken into the core: imports, corrections, stored rows, runs that go on.

use std::sync::Arc;

use importer_core::Result;
use importer_core::contracts::Contract;
use importer_core::mapping::Mapping;
use importer_core::pipeline::{Corrections, RunContext};
use importer_core::ports::{AutoMerge, Policies, Rules, no_unfinished_rollback};
use importer_dedupe::PluginFeatures;

use crate::Importer;

/// What a run has of its own; everything else is the importer's.
pub(super) struct Own<'a> {
    pub(super) contract: &'static Contract,
    /// From columns to fields.
    pub(super) mapping: &'a Mapping,
    /// What a row must be like.
    pub(super) rules: &'a dyn Rules,
    /// How far rows are merged without anybody looking, unless the mapping or the importer says.
    pub(super) auto_merge: Option<AutoMerge>,
    /// Who stands behind a run of corrections; none for any other run.
    pub(super) corrections: Option<&'a dyn Corrections>,
}

impl Importer {
    /// Does something with what a run of a contract and a system works with, under the importer's mapping and rules.
    pub(super) fn with_context<T>(
        &self,
        contract: &'static Contract,
        system: &str,
        auto_merge: Option<AutoMerge>,
        work: impl FnOnce(&RunContext<'_>) -> Result<T>,
    ) -> Result<T> {
        let mapping = self.mapping(contract)?;
        let suite = self.compile_suite(&mapping, contract, system)?;
        let own = Own { contract, mapping: &mapping, rules: &suite, auto_merge, corrections: None };
        self.with_context_of(&own, work)
    }

    /// The same for what a run has of its own, unless a run of the entity is half taken back.
    ///
    /// What is asked of one of its runs is asked of no other run of the importer.
    pub(super) fn with_context_of<T>(
        &self,
        own: &Own<'_>,
        work: impl FnOnce(&RunContext<'_>) -> Result<T>,
    ) -> Result<T> {
        no_unfinished_rollback(self.store()?.session()?.as_mut(), own.contract.entity, "start a run")?;
        self.with_context_to_read(own, work)
    }

    /// The same for whoever only looks.
    pub(super) fn with_context_to_read<T>(
        &self,
        own: &Own<'_>,
        work: impl FnOnce(&RunContext<'_>) -> Result<T>,
    ) -> Result<T> {
        let store = self.store()?;
        let policies = Policies {
            resolver: self.resolver_with(
                own.contract,
                own.mapping,
                own.auto_merge,
                PluginFeatures::of(own.contract, self.lock_plugins().features())?,
            ),
            survivorship: Arc::new(self.survivorship.clone()),
        };
        work(&RunContext {
            store,
            clock: self.clock.as_ref(),
            contract: own.contract,
            mapping: own.mapping,
            rules: own.rules,
            policies: &policies,
            gate: self.gate,
            retry: self.retry,
            observer: self.observer.as_ref(),
            cancel: self.run_cancel.clone().unwrap_or_else(|| self.cancel.for_one_run()),
            secrets: self.secrets.clone(),
            corrections: own.corrections,
        })
    }
}
