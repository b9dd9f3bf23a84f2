use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use importer_plugin::Options;

/// What a check needs to know of a plugin: options, and how long to wait.
///
/// ```
/// use importer_conformance::Settings;
/// let settings = Settings::default()
///     .option("file", "people.csv")
///     .option("FMT-900:pattern", "[0-9]+")
///     .empty_option("file", "empty.csv")
///     .case("resume");
/// assert_eq!(settings.cases, ["resume"]);
/// ```
#[derive(Clone)]
pub struct Settings {
    /// Options by their owner: the name of an adapter or a match feature or the code of a rule; the empty name stands for
    /// all adapters.
    pub options: BTreeMap<String, Options>,
    /// The options that differ for a source without rows; without them the case `empty-source` is skipped.
    pub empty: Options,
    /// Secrets the plugin may ask for.
    pub secrets: BTreeMap<String, String>,
    /// The only cases to run; all when empty.
    pub cases: Vec<String>,
    /// How long a case may take.
    pub time_limit: Duration,
    /// The program that calls [`check_file`](crate::check_file) again as the process of a case, and its arguments.
    pub worker: Option<(PathBuf, Vec<OsString>)>,
}

impl std::fmt::Debug for Settings {
    // Options and secrets are nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("cases", &self.cases)
            .field("time_limit", &self.time_limit)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            options: BTreeMap::new(),
            empty: Options::default(),
            secrets: BTreeMap::new(),
            cases: Vec::new(),
            time_limit: Duration::from_secs(60),
            worker: None,
        }
    }
}

impl Settings {
    /// Sets an option of all adapters, or, as `OWNER:NAME`, of one adapter, rule or match feature.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        let (owner, name) = name.split_once(':').unwrap_or(("", name));
        self.options.entry(owner.into()).or_default().set(name, value);
        self
    }

    /// Sets an option that is different for a source without rows.
    #[must_use]
    pub fn empty_option(mut self, name: &str, value: &str) -> Self {
        self.empty.set(name, value);
        self
    }

    /// Sets a secret the plugin may ask for.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Runs this case, and no others but those asked for in the same way.
    #[must_use]
    pub fn case(mut self, name: &str) -> Self {
        self.cases.push(name.into());
        self
    }

    /// Sets how long a case may take.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Names the program that is the process of a case: it must call [`check_file`](crate::check_file), with whatever
    /// arguments. By default it is this program again, or, in a test, this program with this one test.
    #[must_use]
    pub fn worker(
        mut self,
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Self {
        self.worker = Some((program.into(), arguments.into_iter().collect()));
        self
    }

    /// The options of an adapter.
    pub(crate) fn adapter_options(&self, name: &str) -> Options {
        merged(&self.options_of(""), &self.options_of(name))
    }

    /// The options of a rule or a match feature.
    pub(crate) fn options_of(&self, owner: &str) -> Options {
        self.options.get(owner).cloned().unwrap_or_default()
    }
}

pub(crate) fn merged(base: &Options, over: &Options) -> Options {
    let mut all = base.clone();
    for name in over.names() {
        if let Some(value) = over.get(name) {
            all.set(name, value.clone());
        }
    }
    all
}
