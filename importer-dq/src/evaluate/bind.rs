use std::collections::BTreeMap;
use std::fmt;

use importer_core::plugin::{Rule, RuleMeta, Severity};
use importer_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::Value;

use crate::suite::{Binding, Mode, RuleSettings, SuiteDocument, checksum};

const BIND: &str = "put the suite of rules together";

/// A configured rule with what the suite says about it.
pub(crate) struct Ready {
    pub(crate) rule: Box<dyn Rule>,
    pub(crate) meta: RuleMeta,
    pub(crate) settings: RuleSettings,
}

/// A rule that knows where its columns are.
pub(crate) struct Bound {
    pub(crate) rule: Box<dyn Rule>,
    pub(crate) meta: RuleMeta,
    pub(crate) columns: Vec<usize>,
    pub(crate) severity: Severity,
    pub(crate) mode: Mode,
    pub(crate) enabled: bool,
}

/// A suite that is ready to judge batches; see [`SuiteBuilder::compile`](crate::SuiteBuilder::compile).
pub struct CompiledSuite {
    pub(crate) document: SuiteDocument,
    pub(crate) source: String,
    pub(crate) mode: Option<Mode>,
    pub(crate) columns: Vec<String>,
    pub(crate) rules: Vec<Bound>,
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
}

impl CompiledSuite {
    pub(crate) fn bind(
        document: SuiteDocument,
        mode: Option<Mode>,
        defaults: &[(String, Value)],
        ready: Vec<Ready>,
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
        };
        let checksum = checksum(&content);
        let rules = ready.into_iter().map(|rule| bound(rule, binding)).collect::<Result<_>>()?;
        Ok(Self {
            document,
            source: binding.source.to_owned(),
            mode,
            columns: binding.columns.to_vec(),
            rules,
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
    let Ready { rule, meta, settings } = ready;
    let enabled = settings.enabled != Some(false);
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
    // A plugin that is newer than the contract may know a field more. A rule that knows none of the fields there are is
    // misspelt, or one for other rows.
    if enabled && !absent.is_empty() && absent.len() == columns.len() {
        let message =
            format!("the rule {} looks at {}, which the rows do not have", meta.code, absent.join(", "));
        return Err(Error::new(ErrorKind::Config, BIND, message)
            .at("entity", binding.entity)
            .hint("switch the rule off in the suite, or correct the columns it names"));
    }
    if enabled && !absent.is_empty() {
        let columns = absent.join(", ");
        tracing::warn!(
            rule = &*meta.code,
            columns,
            "a rule looks at columns that the rows do not have; to it they are missing"
        );
    }
    Ok(Bound {
        rule,
        columns,
        severity: settings.severity.unwrap_or(meta.severity),
        mode: settings.mode.unwrap_or(Mode::Enforce),
        enabled,
        meta,
    })
}
