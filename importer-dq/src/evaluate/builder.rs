use std::fmt;
use std::sync::Arc;

use importer_core::plugin::{
    self as sdk, Host, OptionSpec, Options, Plugin, Rule, RuleMeta, SetRule, check_options,
};
use importer_core::plugins::at_option;
use importer_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::bind::{Binding, CompiledSuite, Ready, ReadySet};
use super::guard::guarded;
use crate::suite::{Mode, SuiteDocument, is_adapter_code};
use crate::{MailDomains, rules};

pub(crate) const COMPILE: &str = "put the suite of rules together";

/// Puts a suite together: a document, the built-in rules, those of plugins, and what the host overrides.
///
/// ```
/// use importer_dq::{Binding, SuiteBuilder, SuiteDocument};
/// use importer_core::contracts::VOLUNTEER;
/// use importer_core::mapping::batch_columns;
/// use importer_core::ports::Rules;
///
/// let columns = batch_columns(&VOLUNTEER);
/// let suite = SuiteBuilder::new(SuiteDocument::volunteers()).compile(&Binding {
///     entity: "volunteer",
///     source: "csv",
///     today: chrono::NaiveDate::from_ymd_opt(2025, 6, 1).unwrap(),
///     columns: &columns,
/// })?;
///
/// let mut rows = importer_core::plugin::Batch::new(columns.len());
/// rows.push_row(columns.iter().map(|_| None))?;
/// let verdict = suite.judge(&rows, &[])?;
/// assert_eq!(verdict.quarantined, [true]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SuiteBuilder {
    document: SuiteDocument,
    extra: Vec<(Option<String>, Box<dyn Rule>)>,
    extra_sets: Vec<(String, Box<dyn SetRule>)>,
    mode: Option<Mode>,
    defaults: Vec<(String, Value)>,
    domains: Option<Arc<dyn MailDomains>>,
    host: Host,
}

impl fmt::Debug for SuiteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuiteBuilder").field("suite", &self.document.suite).finish_non_exhaustive()
    }
}

impl SuiteBuilder {
    /// The built-in rules under a document.
    pub fn new(document: SuiteDocument) -> Self {
        let host = Host::detached();
        Self {
            document,
            extra: Vec::new(),
            extra_sets: Vec::new(),
            mode: None,
            defaults: Vec::new(),
            domains: None,
            host,
        }
    }

    /// Adds the rules of a plugin, those about single rows and those about all rows together.
    #[must_use]
    pub fn with_plugin(self, plugin: &Plugin) -> Self {
        let id = plugin.meta().id;
        let rules = plugin.rules().into_iter().fold(self, |builder, rule| builder.with_rule_of(id, rule));
        plugin.set_rules().into_iter().fold(rules, |builder, rule| builder.with_set_rule_of(id, rule))
    }

    /// Adds a rule that is not configured yet, of the plugin with this id.
    #[must_use]
    pub fn with_rule_of(mut self, plugin: &str, rule: Box<dyn Rule>) -> Self {
        self.extra.push((Some(plugin.to_owned()), rule));
        self
    }

    /// Adds a set-level rule that is not configured yet, of the plugin with this id. It applies unless the document
    /// switches it off, as any other rule of a plugin.
    #[must_use]
    pub fn with_set_rule_of(mut self, plugin: &str, rule: Box<dyn SetRule>) -> Self {
        self.extra_sets.push((plugin.to_owned(), rule));
        self
    }

    /// Adds rules that are not configured yet.
    #[must_use]
    pub fn with_rules(mut self, rules: Vec<Box<dyn Rule>>) -> Self {
        self.extra.extend(rules.into_iter().map(|rule| (None, rule)));
        self
    }

    /// Overrides the mode of every rule, as `IMPORTER_RULES_MODE` does; `None` overrides nothing.
    #[must_use]
    pub fn with_mode(mut self, mode: Option<Mode>) -> Self {
        self.mode = mode;
        self
    }

    /// Gives an option to every rule that knows it and for which the document does not set it, such as
    /// `default_country`. `today` is given in this way without being asked for.
    #[must_use]
    pub fn with_option(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.defaults.push((name.into(), value.into()));
        self
    }

    /// Says who knows which domains take mail, for the option `mx` of `FMT-101`.
    #[must_use]
    pub fn with_mail_domains(mut self, domains: Arc<dyn MailDomains>) -> Self {
        self.domains = Some(domains);
        self
    }

    /// Sets the host that rules of plugins talk to.
    #[must_use]
    pub fn with_host(mut self, host: Host) -> Self {
        self.host = host;
        self
    }

    /// Configures every rule and finds its columns.
    ///
    /// # Errors
    /// When two rules have the same code, the document mentions an unknown rule, a rule refuses its options, or a column
    /// that a rule looks at is not there.
    pub fn compile(mut self, binding: &Binding<'_>) -> Result<CompiledSuite> {
        self.defaults.push(("today".into(), binding.today.format("%Y-%m-%d").to_string().into()));
        let mut rules: Vec<(Option<String>, Box<dyn Rule>)> =
            rules::built_in(self.domains.clone()).into_iter().map(|rule| (None, rule)).collect();
        rules.append(&mut self.extra);
        let mut sets: Vec<(Option<String>, Box<dyn SetRule>)> =
            rules::plugin().set_rules().into_iter().map(|rule| (None, rule)).collect();
        sets.extend(std::mem::take(&mut self.extra_sets).into_iter().map(|(id, rule)| (Some(id), rule)));
        let metas: Vec<RuleMeta> =
            rules.iter().map(|(_, r)| r.meta()).chain(sets.iter().map(|(_, r)| r.meta())).collect();
        self.check_codes(&metas)?;
        let mut ready = Vec::new();
        for (plugin, mut rule) in rules {
            let meta = rule.meta();
            if meta.entity != binding.entity {
                continue;
            }
            let mut settings = self.document.settings(&meta.code, binding.source);
            settings.mode = self.mode.or(settings.mode);
            // A rule that is switched off is not configured: its options may be what is wrong.
            if settings.enabled != Some(false) {
                self.configure(&meta, plugin.as_deref(), &settings.options, |options, host| {
                    rule.configure(options, host)
                })?;
            }
            ready.push(Ready { rule, meta, plugin, settings });
        }
        let mut ready_sets = Vec::new();
        for (plugin, mut rule) in sets {
            let meta = rule.meta();
            if meta.entity != binding.entity {
                continue;
            }
            let mut settings = self.document.settings(&meta.code, binding.source);
            settings.mode = self.mode.or(settings.mode);
            // What a run as a whole should be like differs from source to source, so the built-in ones wait to be asked for.
            let enabled = settings.enabled.unwrap_or(plugin.is_some());
            settings.enabled = Some(enabled);
            if enabled {
                self.configure(&meta, plugin.as_deref(), &settings.options, |options, host| {
                    rule.configure(options, host)
                })?;
            }
            ready_sets.push(ReadySet { rule, meta, plugin, settings });
        }
        self.defaults.retain(|(name, _)| name != "today");
        CompiledSuite::bind(self.document, self.mode, &self.defaults, ready, ready_sets, binding)
    }

    fn check_codes(&self, metas: &[RuleMeta]) -> Result<()> {
        let mut known: Vec<String> = Vec::new();
        for meta in metas {
            let code = meta.code.clone().into_owned();
            if known.contains(&code) {
                let message = format!("two rules have the code `{code}`");
                return Err(Error::new(ErrorKind::Config, COMPILE, message)
                    .hint("leave out one of the plugins, or have its rule renamed"));
            }
            known.push(code);
        }
        match self.document.codes().find(|code| !is_adapter_code(code) && !known.iter().any(|k| k == code)) {
            None => Ok(()),
            Some(code) => {
                let error = self.document.error_at(code, format!("there is no rule `{code}`"));
                Err(match nearest(code, &known) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!(
                        "the rules are {}; others come from plugins, which must be loaded first",
                        known.join(", ")
                    )),
                })
            }
        }
    }

    /// Checks the options of a rule against what it declares and hands them over, together with the defaults it knows.
    fn configure(
        &self,
        meta: &RuleMeta,
        plugin: Option<&str>,
        given: &serde_json::Map<String, Value>,
        configure: impl FnOnce(&Options, &Host) -> Result<(), sdk::Error>,
    ) -> Result<()> {
        let mut options = Options::default();
        for (name, value) in given {
            options.set(name.clone(), value.clone());
        }
        for (name, value) in &self.defaults {
            if !given.contains_key(name) && meta.options.iter().any(|spec| spec.name == *name) {
                options.set(name.clone(), value.clone());
            }
        }
        check_options(&meta.options, &options)
            .and_then(|()| guarded(|| configure(&options, &self.host)))
            .map_err(|error| refused(&self.document, &meta.code, plugin, &meta.options, error))
    }
}

fn refused(
    document: &SuiteDocument,
    code: &str,
    plugin: Option<&str>,
    specs: &[OptionSpec],
    error: sdk::Error,
) -> Error {
    let mut out = document.error_at(code, format!("the rule {code} refuses its options: {}", error.message));
    if let Some(plugin) = plugin {
        out = out.at("plugin", plugin);
    }
    at_option(out, error.field, specs)
}

/// The known code that was probably meant: the one with the fewest changes, if those are few.
fn nearest<'a>(code: &str, known: &'a [String]) -> Option<&'a str> {
    let code = code.to_ascii_uppercase();
    let (changes, near) = known.iter().map(|k| (strsim::damerau_levenshtein(&code, k), k)).min()?;
    (changes <= 2).then_some(near)
}
