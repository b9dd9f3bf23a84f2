//! Plugins: which there are, and whether they may be loaded.

#[cfg(feature = "plugins")]
use std::path::Path;
#[cfg(feature = "plugins")]
use std::sync::Arc;
use std::sync::{MutexGuard, PoisonError};

use importer_core::plugins::PluginInfo;
use importer_core::{Error, ErrorKind, Result};
use importer_plugin::{Adapter, AdapterCapability, Health, Host, OpenRequest, Options, SourceField};
#[cfg(feature = "plugins")]
use importer_plugin_host::LoadedPlugin;

use crate::Importer;
use crate::builder::Plugins;

impl Importer {
    /// Plugins that are linked in or loaded.
    pub fn plugins(&self) -> Vec<PluginInfo> {
        self.lock_plugins().infos()
    }

    /// Loads a plugin file under the trust policy, so that its rules take part in runs.
    ///
    /// # Errors
    /// When the file is refused; the message says why.
    #[cfg(feature = "plugins")]
    pub fn load_plugin(&self, file: &Path) -> Result<Arc<LoadedPlugin>> {
        self.lock_plugins().load_file(file)
    }

    /// Loads every plugin file that was given by name.
    ///
    /// # Errors
    /// When one of them is refused.
    #[cfg(feature = "plugins")]
    pub fn load_given_plugins(&self) -> Result<()> {
        self.lock_plugins().load_given_files()
    }

    /// The fields a source has, as its adapter tells them.
    ///
    /// # Errors
    /// When the adapter cannot tell, the options do not fit, a secret is missing, or the source cannot be asked.
    pub fn source_fields(&self, source: &str, options: &Options) -> Result<Vec<SourceField>> {
        self.ask(source, options, AdapterCapability::Fields, "tell the fields of a source", |a, r, h| {
            a.fields(r, h)
        })
    }

    /// How a source is, as its adapter tells it: whether it can be reached, for how long, and how much may be asked of it.
    ///
    /// # Errors
    /// When the adapter cannot tell, the options do not fit, or a secret is missing.
    pub fn source_health(&self, source: &str, options: &Options) -> Result<Health> {
        self.ask(source, options, AdapterCapability::Health, "tell how a source is", |a, r, h| a.health(r, h))
    }

    fn ask<T>(
        &self,
        source: &str,
        options: &Options,
        capability: AdapterCapability,
        what: &'static str,
        question: impl Fn(&dyn Adapter, &OpenRequest, &Host) -> Result<T, importer_plugin::Error>,
    ) -> Result<T> {
        let adapter = self.lock_plugins().adapter(source)?;
        // What an adapter cannot do needs no right options to be told.
        if !adapter.0.meta().capabilities.contains(&capability) {
            let message = format!("the adapter `{source}` cannot do that");
            return Err(Error::new(ErrorKind::Config, what, message).at("plugin", &adapter.1.id));
        }
        let (adapter, plugin) = self.adapter(source, options)?;
        let _in_use = self.plugins_in_use(&plugin, &format!("question to `{source}`"))?;
        let request = OpenRequest { options: options.clone(), ..OpenRequest::default() };
        question(adapter.as_ref(), &request, &self.host())
            .map_err(|error| Error::from_plugin(&plugin.id, what, error))
    }

    pub(crate) fn lock_plugins(&self) -> MutexGuard<'_, Plugins> {
        // The set is changed in one step, so a panic of another thread leaves it whole.
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
