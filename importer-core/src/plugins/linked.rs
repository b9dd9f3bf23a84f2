use importer_plugin::{Adapter, Feature, Plugin, Rule, SetRule};

use super::info::PluginInfo;
use crate::{Error, ErrorKind, Result};

/// The plugins that are linked into a host.
///
/// ```
/// use importer_core::plugins::LinkedPlugins;
/// use importer_plugin::{Plugin, PluginMeta};
///
/// let plugins = LinkedPlugins::default().with(Plugin::new(PluginMeta::new("greetings", "0.1.0")));
/// assert!(plugins.infos()[0].verified);
/// let error = plugins.adapter("csv").err().unwrap().to_string();
/// assert!(error.contains("no plugin of this program has an adapter `csv`"), "{error}");
/// ```
#[derive(Debug, Clone, Default)]
pub struct LinkedPlugins(Vec<Plugin>);

impl LinkedPlugins {
    /// Adds a plugin.
    #[must_use]
    pub fn with(mut self, plugin: Plugin) -> Self {
        self.0.push(plugin);
        self
    }

    /// The plugins, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Plugin> {
        self.0.iter()
    }

    /// What a report says of each.
    pub fn infos(&self) -> Vec<PluginInfo> {
        self.iter().map(PluginInfo::from).collect()
    }

    /// A fresh adapter by name, if one of them has it.
    pub fn find_adapter(&self, name: &str) -> Option<(Box<dyn Adapter>, PluginInfo)> {
        self.iter().find_map(|plugin| Some((plugin.find_adapter(name)?, plugin.into())))
    }

    /// A fresh adapter by name.
    ///
    /// # Errors
    /// When none of them has it; it names the adapters there are.
    pub fn adapter(&self, name: &str) -> Result<(Box<dyn Adapter>, PluginInfo)> {
        self.find_adapter(name).ok_or_else(|| {
            let message = format!("no plugin of this program has an adapter `{name}`");
            let known: Vec<String> =
                self.iter().flat_map(|p| p.describe().adapters).map(|a| format!("`{}`", a.name)).collect();
            let hint = match known.is_empty() {
                true => "it was built with no adapter and loads no plugin files".to_owned(),
                false => format!("it has {}, and loads no plugin files", known.join(", ")),
            };
            Error::new(ErrorKind::Plugin, "get an adapter", message).hint(hint)
        })
    }

    /// Fresh rules of all of them, not configured yet.
    pub fn rules(&self) -> Vec<(Box<dyn Rule>, PluginInfo)> {
        self.iter().flat_map(|p| p.rules().into_iter().map(move |rule| (rule, p.into()))).collect()
    }

    /// Fresh set-level rules of all of them, not configured yet.
    pub fn set_rules(&self) -> Vec<(Box<dyn SetRule>, PluginInfo)> {
        self.iter().flat_map(|p| p.set_rules().into_iter().map(move |rule| (rule, p.into()))).collect()
    }

    /// Fresh match features of all of them, not configured yet.
    pub fn features(&self) -> Vec<(Box<dyn Feature>, PluginInfo)> {
        self.iter().flat_map(|p| p.features().into_iter().map(move |feature| (feature, p.into()))).collect()
    }
}
