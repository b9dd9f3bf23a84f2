use importer_core::plugin::{RuleMeta, Severity};
use serde::Serialize;

use super::bind::CompiledSuite;
use crate::suite::Mode;

/// A rule with what a suite makes of it: a row of a settings page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CatalogueEntry {
    /// What the rule says of itself.
    pub rule: RuleMeta,
    /// Whether it is looked at.
    pub enabled: bool,
    /// What an error of it does.
    pub mode: Mode,
    /// How bad a finding is.
    pub severity: Severity,
}

impl CompiledSuite {
    /// The rules of the suite, those of plugins, set-level ones and those switched off included, by code.
    pub fn catalogue(&self) -> Vec<CatalogueEntry> {
        let mut entries: Vec<_> = self
            .rules
            .iter()
            .map(|bound| CatalogueEntry {
                rule: bound.meta.clone(),
                enabled: bound.enabled,
                mode: bound.mode,
                severity: bound.severity,
            })
            .chain(self.set_entries.iter().cloned())
            .collect();
        entries.sort_by(|a, b| a.rule.code.cmp(&b.rule.code));
        entries
    }
}
