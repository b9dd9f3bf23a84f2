//! Plugins while a call uses them, noted where the host keeps such notes, so that one that takes the process down is known.

use importer_core::Result;
use importer_core::plugins::PluginInfo;
#[cfg(feature = "plugins")]
pub(super) use importer_plugin_host::PluginsInUse;

use crate::Importer;

/// Nothing is noted: what is linked is part of the program.
#[cfg(not(feature = "plugins"))]
pub(super) struct PluginsInUse;

#[cfg(not(feature = "plugins"))]
impl PluginsInUse {
    pub(super) fn succeeded(&self) {}
}

impl Importer {
    /// Notes that the plugin of an adapter, and all plugins with rules or features, are in use for what `doing` says.
    ///
    /// # Errors
    /// When one of them is held back since it was loaded: a run without its rules would let in what they keep out.
    #[cfg(feature = "plugins")]
    pub(super) fn plugins_in_use(&self, adapter: &PluginInfo, doing: &str) -> Result<PluginsInUse> {
        self.lock_plugins().in_use(adapter, doing)
    }

    #[cfg(not(feature = "plugins"))]
    #[allow(clippy::unnecessary_wraps, reason = "plugin files may be held back")]
    pub(super) fn plugins_in_use(&self, _: &PluginInfo, _: &str) -> Result<PluginsInUse> {
        Ok(PluginsInUse)
    }
}
