use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use importer_plugin::{Adapter, Feature, Plugin, Rule, SetRule};

use super::discovery::Discovery;
use super::in_use::PluginsInUse;
use super::load::load_file_with;
use super::loaded::LoadedPlugin;
use super::origin::Origin;
use importer_core::plugins::{LinkedPlugins, PluginInfo};
use importer_core::{Error, ErrorKind, Result};

/// All plugins of a host: those that are linked, those that were loaded, and those that can be found.
///
/// ```
/// use importer_plugin_host::{Discovery, PluginSet};
/// use importer_plugin::{Plugin, PluginMeta};
///
/// let plugins = PluginSet::new(Discovery::default()).with(Plugin::new(PluginMeta::new("greetings", "0.1.0")));
/// assert!(plugins.infos()[0].verified);
/// ```
#[derive(Debug, Default)]
pub struct PluginSet {
    linked: LinkedPlugins,
    discovery: Discovery,
    loaded: Mutex<Vec<Arc<LoadedPlugin>>>,
}

impl PluginSet {
    /// A set that finds its plugins with `discovery`.
    pub fn new(discovery: Discovery) -> Self {
        Self { discovery, ..Self::default() }
    }

    /// Adds a plugin that is linked statically.
    #[must_use]
    pub fn with(mut self, plugin: Plugin) -> Self {
        self.linked = self.linked.with(plugin);
        self
    }

    /// How plugins are found.
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// All plugins in use: the linked ones first, then the loaded ones in the order they were loaded.
    pub fn origins(&self) -> Vec<Origin> {
        let linked = self.linked.iter().cloned().map(Origin::Static);
        linked.chain(self.loaded().iter().cloned().map(Origin::Loaded)).collect()
    }

    /// What a report says of all plugins in use.
    pub fn infos(&self) -> Vec<PluginInfo> {
        self.origins().iter().map(Origin::info).collect()
    }

    /// A fresh adapter by name: of a linked plugin, else of the plugin with that id, which is loaded when it is found,
    /// else of a plugin loaded before.
    ///
    /// # Errors
    /// When no plugin brings it, or the plugin that should cannot be loaded.
    pub fn adapter(&self, name: &str) -> Result<(Box<dyn Adapter>, PluginInfo)> {
        if let Some(found) = self.linked.find_adapter(name) {
            if self.discovery.isolated().names(&found.1.id) {
                let why =
                    format!("plugin `{}` is linked into this program and cannot be isolated", found.1.id);
                return Err(Error::new(ErrorKind::Plugin, "isolate a plugin", why)
                    .hint("build the program without it, and give its file"));
            }
            return Ok(found);
        }
        let missing = match self.load(name) {
            Ok(plugin) => match plugin.adapter(name) {
                Some(adapter) => return Ok((adapter, (&*plugin).into())),
                None => not_in(&plugin, name),
            },
            Err(error) => error,
        };
        let loaded = self.loaded();
        let Some((plugin, adapter)) = loaded.iter().find_map(|p| Some((p, p.adapter(name)?))) else {
            return Err(missing);
        };
        // It was let in once, and may be held back since.
        self.discovery.policy().not_held(&plugin.sha256()).map_err(|why| {
            Error::new(ErrorKind::Plugin, "use a plugin", why).at("file", plugin.file().display())
        })?;
        Ok((adapter, (&**plugin).into()))
    }

    /// Fresh rules of all plugins in use, not configured yet.
    pub fn rules(&self) -> Vec<(Box<dyn Rule>, PluginInfo)> {
        let origins = self.origins();
        origins.iter().flat_map(|o| o.rules().into_iter().map(|rule| (rule, o.info()))).collect()
    }

    /// Fresh set-level rules of all plugins in use, not configured yet.
    pub fn set_rules(&self) -> Vec<(Box<dyn SetRule>, PluginInfo)> {
        let origins = self.origins();
        origins.iter().flat_map(|o| o.set_rules().into_iter().map(|rule| (rule, o.info()))).collect()
    }

    /// Fresh match features of all plugins in use, not configured yet.
    pub fn features(&self) -> Vec<(Box<dyn Feature>, PluginInfo)> {
        let origins = self.origins();
        origins.iter().flat_map(|o| o.features().into_iter().map(|feature| (feature, o.info()))).collect()
    }

    /// Notes that the plugin of an adapter, and all plugins with rules or features, are in use for what `doing` says, until
    /// what this gives is dropped.
    ///
    /// # Errors
    /// When one of them is held back since it was loaded: a run without its rules would let in what they keep out.
    pub fn in_use(&self, adapter: &PluginInfo, doing: &str) -> Result<PluginsInUse> {
        PluginsInUse::note(self.discovery.policy(), &self.origins(), adapter, doing)
    }

    /// Finds a plugin by id and loads it, unless it is loaded.
    ///
    /// # Errors
    /// As [`Discovery::load`].
    pub fn load(&self, id: &str) -> Result<Arc<LoadedPlugin>> {
        self.discovery.load(id).map(|plugin| self.keep(plugin))
    }

    /// Loads a plugin from its file or its sidecar.
    ///
    /// # Errors
    /// As [`load_file`](super::load_file).
    pub fn load_file(&self, path: &Path) -> Result<Arc<LoadedPlugin>> {
        load_file_with(path, self.discovery.policy(), self.discovery.isolated())
            .map(|plugin| self.keep(plugin))
    }

    /// Loads every file that was given by name, whatever its id: whoever names a file wants what it brings.
    ///
    /// # Errors
    /// With the first file that cannot be loaded.
    pub fn load_given_files(&self) -> Result<()> {
        self.discovery.files().iter().try_for_each(|file| self.load_file(file).map(drop))
    }

    fn keep(&self, plugin: Arc<LoadedPlugin>) -> Arc<LoadedPlugin> {
        let mut loaded = self.loaded();
        match loaded.iter_mut().find(|known| known.sha256() == plugin.sha256()) {
            Some(known) => *known = Arc::clone(&plugin),
            None => loaded.push(Arc::clone(&plugin)),
        }
        plugin
    }

    fn loaded(&self) -> MutexGuard<'_, Vec<Arc<LoadedPlugin>>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_in(plugin: &LoadedPlugin, name: &str) -> Error {
    let names: Vec<&str> =
        plugin.description().adapters.iter().map(|adapter| adapter.name.as_str()).collect();
    let message = format!("plugin `{}` has no adapter `{name}`", plugin.id());
    let hint = match names.is_empty() {
        true => "it has no adapters".into(),
        false => format!("its adapters are `{}`", names.join("`, `")),
    };
    Error::new(ErrorKind::Plugin, "get an adapter", message).at("file", plugin.file().display()).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_shared_between_threads() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(&PluginSet::default());
    }

    #[test]
    fn a_missing_adapter_is_an_error_that_says_where_it_was_looked_for() {
        let plugins = PluginSet::new(Discovery::default().directory("/nowhere/plugins"));
        let error = plugins.adapter("csv").err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        assert!(error.to_string().contains("/nowhere/plugins"), "{error}");
    }
}
