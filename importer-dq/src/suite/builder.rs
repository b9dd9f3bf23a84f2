use std::fmt;
use std::sync::Arc;

use importer_core::plugin::{self as sdk, Host, Options, Plugin, Rule};
use importer_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::{Mode, SuiteDocument};
use crate::MailDomains;
use crate::evaluate::{CompiledSuite, Ready};
use crate::rules;

pub(crate) const COMPILE: &str = "put the suite of rules together";

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
    extra: Vec<Box<dyn Rule>>,
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
        Self { document, extra: Vec::new(), mode: None, defaults: Vec::new(), domains: None, host }
    }

    /// Adds the rules of a plugin.
    #[must_use]
    pub fn with_plugin(self, plugin: &Plugin) -> Self {
        self.with_rules(plugin.rules())
    }

    /// Adds rules that are not configured yet.
    #[must_use]
    pub fn with_rules(mut self, rules: Vec<Box<dyn Rule>>) -> Self {
        self.extra.extend(rules);
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
        let mut rules = rules::built_in(self.domains.clone());
        rules.append(&mut self.extra);
        self.check_codes(&rules)?;
        let mut ready = Vec::new();
        for mut rule in rules {
            let meta = rule.meta();
            if meta.entity != binding.entity {
                continue;
            }
            let mut settings = self.document.settings(&meta.code, binding.source);
            settings.mode = self.mode.or(settings.mode);
            // A rule that is switched off is not configured: its options may be what is wrong.
            if settings.enabled != Some(false) {
                self.configure(rule.as_mut(), &meta.code, &settings.options)?;
            }
            ready.push(Ready { rule, meta, settings });
        }
        self.defaults.retain(|(name, _)| name != "today");
        CompiledSuite::bind(self.document, self.mode, &self.defaults, ready, binding)
    }

    fn check_codes(&self, rules: &[Box<dyn Rule>]) -> Result<()> {
        let mut known: Vec<String> = Vec::new();
        for rule in rules {
            let code = rule.meta().code.into_owned();
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

    /// Configures a rule. Which options it knows is not written anywhere, so it is offered the defaults, too, and those it
    /// complains about are taken back.
    fn configure(
        &self,
        rule: &mut dyn Rule,
        code: &str,
        given: &serde_json::Map<String, Value>,
    ) -> Result<()> {
        let mut offered: Vec<&(String, Value)> =
            self.defaults.iter().filter(|(name, _)| !given.contains_key(name)).collect();
        loop {
            let mut options = Options::default();
            for (name, value) in given.iter().chain(offered.iter().map(|(name, value)| (name, value))) {
                options.set(name.clone(), value.clone());
            }
            let Err(error) = rule.configure(&options, &self.host) else { return Ok(()) };
            let before = offered.len();
            offered.retain(|(name, _)| error.field.as_ref() != Some(name));
            if offered.len() == before {
                return Err(refused(&self.document, code, error));
            }
        }
    }
}

fn refused(document: &SuiteDocument, code: &str, error: sdk::Error) -> Error {
    let out = document.error_at(code, format!("the rule {code} refuses its options: {}", error.message));
    match error.field {
        Some(field) => out.at("option", field),
        None => out,
    }
}

/// The codes adapters use for what they find; they come with no description, so their form has to do.
pub(crate) fn is_adapter_code(code: &str) -> bool {
    code.strip_prefix("SRC-")
        .is_some_and(|number| number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The known code that was probably meant: the one with the fewest changes, if those are few.
fn nearest<'a>(code: &str, known: &'a [String]) -> Option<&'a str> {
    let code = code.to_ascii_uppercase();
    let (changes, near) = known.iter().map(|k| (strsim::damerau_levenshtein(&code, k), k)).min()?;
    (changes <= 2).then_some(near)
}
