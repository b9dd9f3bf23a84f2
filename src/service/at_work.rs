use importer_core::Result;
use importer_core::plugin_host::{FileHash, InUse, PluginInfo, PluginQuarantine};

use crate::Importer;

/// Loaded plugins while a call works with them, noted where the host keeps such notes.
///
/// Dropping it says that the process came through: the notes are taken back, and earlier failures do not count any more.
#[derive(Default)]
pub(super) struct AtWork {
    quarantine: Option<PluginQuarantine>,
    plugins: Vec<(FileHash, InUse)>,
}

impl Importer {
    /// Notes that the plugin of an adapter, and all plugins with rules, are at work for what `doing` says.
    pub(super) fn plugins_at_work(&self, adapter: &PluginInfo, doing: &str) -> Result<AtWork> {
        let plugins = self.lock_plugins();
        let Some(quarantine) = plugins.discovery().policy().quarantine.clone() else {
            return Ok(AtWork::default());
        };
        let mut at_work = AtWork::default();
        let rules = plugins.rules();
        for info in std::iter::once(adapter).chain(rules.iter().map(|(_, info)| info)) {
            // What is linked cannot be held back, and what has a process of its own cannot take this one along.
            let (Some(sha256), "in-process") = (info.sha256, info.isolation) else { continue };
            if at_work.plugins.iter().any(|(known, _)| *known == sha256) {
                continue;
            }
            if let Some(note) = quarantine.mark(&sha256, &info.id, &info.version, doing)? {
                at_work.plugins.push((sha256, note));
            }
        }
        at_work.quarantine = Some(quarantine);
        Ok(at_work)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        for (sha256, note) in self.plugins.drain(..) {
            drop(note);
            if let Some(Err(error)) = self.quarantine.as_ref().map(|quarantine| quarantine.passed(&sha256)) {
                tracing::warn!(%error, "failures of a plugin that came through cannot be forgotten");
            }
        }
    }
}
