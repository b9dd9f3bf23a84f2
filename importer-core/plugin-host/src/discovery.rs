use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use super::candidate::{PluginCandidate, Status};
use super::isolation::Isolation;
use super::load::load_candidate;
use super::loaded::LoadedPlugin;
use super::place::{SearchPlace, Visit};
use super::plugin_quarantine::PluginQuarantine;
use super::trust::TrustPolicy;
use importer_core::{Error, ErrorKind, Result};

/// The environment variable with directories of plugins, separated as in `PATH`.
pub const PLUGIN_PATH_VARIABLE: &str = "IMPORTER_PLUGIN_PATH";

/// Where plugins are looked for, in which order, and which may be loaded.
///
/// Files given by name come first, then directories of the host, then the search path. The current directory is never
/// looked at by itself: whoever can write there could choose what runs. In a cargo tree give `target/<profile>/deps`
/// before `target/<profile>`: cargo does not renew the copy in the latter when a library is built as a dependency.
///
/// ```no_run
/// use importer_plugin_host::{Discovery, TrustPolicy, load_allow_list, search_path_from_env};
///
/// let list = load_allow_list("/etc/importer/allowed-plugins.toml".as_ref())?;
/// let discovery = Discovery::new(TrustPolicy::default().list(list))
///     .directory("/usr/lib/importer/plugins")
///     .search_path(search_path_from_env());
/// for candidate in discovery.list() {
///     println!("{:?} {}", candidate.id, candidate.file.display());
/// }
/// let plugin = discovery.load("salesforce")?;
/// # Ok::<(), importer_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    files: Vec<PathBuf>,
    directories: Vec<PathBuf>,
    search_path: Vec<PathBuf>,
    policy: TrustPolicy,
    isolation: Isolation,
}

/// The directories of [`PLUGIN_PATH_VARIABLE`]; a host decides itself whether it listens to its environment.
pub fn search_path_from_env() -> Vec<PathBuf> {
    std::env::var_os(PLUGIN_PATH_VARIABLE).map(|value| split(&value)).unwrap_or_default()
}

/// An empty entry means the current directory in `PATH`, and nothing here.
fn split(value: &OsStr) -> Vec<PathBuf> {
    std::env::split_paths(value).filter(|path| !path.as_os_str().is_empty()).collect()
}

impl Discovery {
    /// Looks nowhere yet.
    pub fn new(policy: TrustPolicy) -> Self {
        Self { policy, ..Self::default() }
    }

    /// Adds a library, or the sidecar of one.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Adds a directory.
    #[must_use]
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directories.push(path.into());
        self
    }

    /// Sets the directories that come last; entries that are not absolute are passed over.
    #[must_use]
    pub fn search_path(mut self, paths: Vec<PathBuf>) -> Self {
        self.search_path = paths;
        self
    }

    /// Holds back plugins that are in this quarantine; the same as [`TrustPolicy::quarantine`].
    #[must_use]
    pub fn quarantine(mut self, quarantine: PluginQuarantine) -> Self {
        self.policy = self.policy.quarantine(quarantine);
        self
    }

    /// Sets which plugins run in processes of their own; none unless set.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Isolates the plugin with this id; a worker must be named with [`Discovery::isolation`].
    #[must_use]
    pub fn isolate(mut self, id: impl Into<String>) -> Self {
        self.isolation = self.isolation.isolate(id);
        self
    }

    /// Isolates every plugin file; a worker must be named with [`Discovery::isolation`].
    #[must_use]
    pub fn isolate_all(mut self) -> Self {
        self.isolation = self.isolation.isolate_all();
        self
    }

    /// Which plugins run in processes of their own.
    pub fn isolated(&self) -> &Isolation {
        &self.isolation
    }

    /// What may be loaded.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// The files given by name.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Everything that is found, in the order in which it counts, refused and shadowed files included. Loads nothing.
    pub fn list(&self) -> Vec<PluginCandidate> {
        let mut all: Vec<PluginCandidate> =
            self.places().flat_map(|place| place.visit(&self.policy, None).candidates).collect();
        for at in 1..all.len() {
            let (before, rest) = all.split_at_mut(at);
            let first = before.iter().find(|first| first.usable() && first.id == rest[0].id);
            if let Some(first) = first.filter(|_| rest[0].usable()) {
                rest[0].status = Status::Shadowed { by: first.file.clone() };
            }
        }
        all
    }

    /// The first plugin with this id that may be loaded. Loads nothing.
    ///
    /// # Errors
    /// When there is none; the message lists every place tried and why each file there was refused.
    pub fn find(&self, id: &str) -> Result<PluginCandidate> {
        let mut tried = Vec::new();
        for place in self.places() {
            let visit = place.visit(&self.policy, Some(id));
            if let Some(found) = visit.candidates.iter().find(|candidate| candidate.usable()) {
                return Ok(found.clone());
            }
            report(&place, &visit, &mut tried);
        }
        if tried.is_empty() {
            tried.push("\n- nothing: no file, no directory and no search path is given".into());
        }
        let message = format!("there is no plugin `{id}` that may be loaded; tried:{}", tried.concat());
        Err(Error::new(ErrorKind::Plugin, "find a plugin", message).hint(format!(
            "\ngive its file, its directory, or put the directory into {PLUGIN_PATH_VARIABLE}"
        )))
    }

    /// Finds a plugin by id and loads it.
    ///
    /// # Errors
    /// As [`Discovery::find`] and [`load_file`](super::load_file).
    pub fn load(&self, id: &str) -> Result<Arc<LoadedPlugin>> {
        load_candidate(&self.find(id)?, &self.policy, &self.isolation)
    }

    fn places(&self) -> impl Iterator<Item = SearchPlace> {
        let files = self.files.iter().cloned().map(SearchPlace::File);
        let directories = self.directories.iter().cloned().map(SearchPlace::Directory);
        files.chain(directories).chain(self.search_path.iter().cloned().map(SearchPlace::SearchPath))
    }
}

/// One line for a place, and one for each file that was looked at there.
fn report(place: &SearchPlace, visit: &Visit, tried: &mut Vec<String>) {
    let refusals =
        visit.candidates.iter().map(|candidate| (&candidate.file, candidate.refusal().unwrap_or_default()));
    if let SearchPlace::File(path) = place {
        for (file, why) in refusals {
            let library = if file == path { String::new() } else { format!(" ({})", file.display()) };
            tried.push(format!("\n- {place}{library}: {why}"));
        }
        return;
    }
    let summary = match (&visit.problem, visit.candidates.len(), visit.other_libraries) {
        (Some(problem), ..) => problem.clone(),
        (None, 0, 0) => "no library there".into(),
        (None, 0, others) => format!("no plugin there, {others} other libraries"),
        (None, _, 0) => "nothing usable there".into(),
        (None, _, others) => format!("nothing usable there, and {others} other libraries"),
    };
    tried.push(format!("\n- {place}: {summary}"));
    tried.extend(refusals.map(|(file, why)| format!("\n  - {}: {why}", file.display())));
}

#[cfg(test)]
#[path = "discovery_tests.rs"]
mod tests;
