use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use importer_core::plugin::{Batch, Rule, RuleMeta, SetRule, Severity};
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::Value;

use super::CatalogueEntry;
use crate::suite::{Mode, RuleSettings, SuiteDocument, checksum};

const BIND: &str = "put the suite of rules together";

/// What a suite is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The entity, such as `volunteer`; rules for others are left out.
    pub entity: &'a str,
    /// The name of the source, for the suite's settings of sources.
    pub source: &'a str,
    /// The day of the run: rules read no clock.
    pub today: chrono::NaiveDate,
    /// The columns of the normalised batches to come, in order.
    pub columns: &'a [String],
}

/// A configured rule with what the suite says about it.
pub(crate) struct Ready {
    pub(crate) rule: Box<dyn Rule>,
    pub(crate) meta: RuleMeta,
    /// The plugin that brings it; `None` for a built-in one.
    pub(crate) plugin: Option<String>,
    pub(crate) settings: RuleSettings,
}

/// A configured set-level rule with what the suite says about it.
pub(crate) struct ReadySet {
    pub(crate) rule: Box<dyn SetRule>,
    pub(crate) meta: RuleMeta,
    pub(crate) plugin: Option<String>,
    pub(crate) settings: RuleSettings,
}

/// A rule that knows where its columns are.
pub(crate) struct Bound {
    pub(crate) rule: Box<dyn Rule>,
    pub(crate) meta: RuleMeta,
    pub(crate) plugin: Option<String>,
    pub(crate) columns: Vec<usize>,
    pub(crate) severity: Severity,
    pub(crate) mode: Mode,
    pub(crate) enabled: bool,
}

/// An enabled set-level rule that knows where its columns are.
pub(crate) struct BoundSet {
    pub(crate) rule: Box<dyn SetRule>,
    pub(crate) meta: RuleMeta,
    pub(crate) plugin: Option<String>,
    pub(crate) columns: Vec<usize>,
    pub(crate) severity: Severity,
    pub(crate) mode: Mode,
    /// Rows of its columns alone; kept to be filled again.
    pub(crate) shown: Batch,
}

/// A suite that is ready to judge batches; see [`SuiteBuilder::compile`](crate::SuiteBuilder::compile).
pub struct CompiledSuite {
    pub(crate) document: SuiteDocument,
    pub(crate) source: String,
    pub(crate) mode: Option<Mode>,
    pub(crate) columns: Vec<String>,
    pub(crate) rules: Vec<Bound>,
    /// Taken by the run they judge.
    pub(crate) sets: Mutex<Option<Vec<BoundSet>>>,
    /// All set-level rules, those switched off included.
    pub(crate) set_entries: Vec<CatalogueEntry>,
    checksum: String,
}

impl fmt::Debug for CompiledSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledSuite")
            .field("suite", &self.document.suite)
            .field("source", &self.source)
            .field("checksum", &self.checksum)
            .finish_non_exhaustive()
    }
}

/// All that decides about a verdict, except the rows and the day.
#[derive(Serialize)]
struct Content<'a> {
    version: &'static str,
    entity: &'a str,
    suite: &'a str,
    mode: Option<Mode>,
    defaults: &'a [(String, Value)],
    rules: Vec<(&'a RuleMeta, &'a RuleSettings)>,
    adapter: BTreeMap<&'a str, RuleSettings>,
    /// Those that apply: another one may find something else about rows that came before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sets: Vec<(&'a RuleMeta, &'a RuleSettings)>,
}

impl CompiledSuite {
    pub(crate) fn bind(
        document: SuiteDocument,
        mode: Option<Mode>,
        defaults: &[(String, Value)],
        ready: Vec<Ready>,
        ready_sets: Vec<ReadySet>,
        binding: &Binding<'_>,
    ) -> Result<Self> {
        let content = Content {
            version: env!("CARGO_PKG_VERSION"),
            entity: binding.entity,
            suite: &document.suite,
            mode,
            defaults,
            rules: ready.iter().map(|r| (&r.meta, &r.settings)).collect(),
            adapter: (document.codes().filter(|code| crate::suite::is_adapter_code(code)))
                .map(|code| (code, document.settings(code, binding.source)))
                .collect(),
            sets: (ready_sets.iter().filter(|r| r.settings.enabled == Some(true)))
                .map(|r| (&r.meta, &r.settings))
                .collect(),
        };
        let checksum = checksum(&content);
        let rules = ready.into_iter().map(|rule| bound(rule, binding)).collect::<Result<_>>()?;
        let set_entries = ready_sets.iter().map(set_entry).collect();
        let applies = ready_sets.into_iter().filter(|ready| ready.settings.enabled == Some(true));
        let sets = applies.map(|ready| bound_set(ready, binding)).collect::<Result<_>>()?;
        Ok(Self {
            document,
            source: binding.source.to_owned(),
            mode,
            columns: binding.columns.to_vec(),
            rules,
            sets: Mutex::new(Some(sets)),
            set_entries,
            checksum,
        })
    }

    /// Changes whenever a verdict about the same row may change on the same day: another document, another rule, another
    /// version of the rules.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }
}

fn bound(ready: Ready, binding: &Binding<'_>) -> Result<Bound> {
    let Ready { rule, meta, plugin, settings } = ready;
    let enabled = settings.enabled != Some(false);
    let columns = match places(&meta, binding) {
        Ok(columns) => columns,
        Err(error) if enabled => return Err(error),
        Err(_) => Vec::new(),
    };
    Ok(Bound {
        rule,
        columns,
        severity: settings.severity.unwrap_or(meta.severity),
        mode: settings.mode.unwrap_or(Mode::Enforce),
        enabled,
        meta,
        plugin,
    })
}

fn bound_set(ready: ReadySet, binding: &Binding<'_>) -> Result<BoundSet> {
    let ReadySet { rule, meta, plugin, settings } = ready;
    let columns = places(&meta, binding)?;
    Ok(BoundSet {
        rule,
        shown: Batch::new(columns.len()),
        columns,
        severity: settings.severity.unwrap_or(meta.severity),
        mode: settings.mode.unwrap_or(Mode::Enforce),
        meta,
        plugin,
    })
}

fn set_entry(ready: &ReadySet) -> CatalogueEntry {
    CatalogueEntry {
        rule: ready.meta.clone(),
        enabled: ready.settings.enabled == Some(true),
        mode: ready.settings.mode.unwrap_or(Mode::Enforce),
        severity: ready.settings.severity.unwrap_or(ready.meta.severity),
    }
}

/// Where the columns of a rule are.
fn places(meta: &RuleMeta, binding: &Binding<'_>) -> Result<Vec<usize>> {
    let mut columns = Vec::with_capacity(meta.columns.len());
    let mut absent = Vec::new();
    for name in &meta.columns {
        match binding.columns.iter().position(|column| column == name) {
            Some(at) => columns.push(at),
            None => {
                // Outside of every row, so every cell of it is missing.
                columns.push(usize::MAX);
                absent.push(format!("`{name}`"));
            }
        }
    }
    if absent.is_empty() || absent.len() < columns.len() {
        if !absent.is_empty() {
            let columns = absent.join(", ");
            tracing::warn!(
                rule = &*meta.code,
                columns,
                "a rule looks at columns that the rows do not have; to it they are missing"
            );
        }
        return Ok(columns);
    }
    // A plugin that is newer than the contract may know a field more. A rule that knows none of the fields there are is
    // misspelt, or one for other rows.
    let message =
        format!("the rule {} looks at {}, which the rows do not have", meta.code, absent.join(", "));
    Err(Error::new(ErrorKind::Config, BIND, message)
        .at("entity", binding.entity)
        .hint("switch the rule off in the suite, or correct the columns it names"))
}
