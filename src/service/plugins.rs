//! Plugins: which there are, and whether they may be loaded.

use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};

use importer_core::Result;
use importer_core::plugin_host::{Candidate, LoadedPlugin, PluginInfo, PluginSet};

use crate::Importer;

impl Importer {
    /// Plugin files in the places that are searched, usable or not and why; none of them is loaded.
    pub fn plugin_candidates(&self) -> Vec<Candidate> {
        self.lock_plugins().discovery().list()
    }

    /// Plugins that are linked in or loaded.
    pub fn plugins(&self) -> Vec<PluginInfo> {
        self.lock_plugins().infos()
    }

    /// Loads a plugin file under the trust policy, so that its rules take part in runs.
    ///
    /// # Errors
    /// When the file is refused; the message says why.
    pub fn load_plugin(&self, file: &Path) -> Result<Arc<LoadedPlugin>> {
        self.lock_plugins().load_file(file)
    }

    /// Loads every plugin file that was given by name.
    ///
    /// # Errors
    /// When one of them is refused.
    pub fn load_given_plugins(&self) -> Result<()> {
        self.lock_plugins().load_given_files()
    }

    pub(crate) fn lock_plugins(&self) -> MutexGuard<'_, PluginSet> {
        // The set is changed in one step, so a panic of another thread leaves it whole.
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
