use std::path::Path;

use importer_core::plugins::{FileHash, PluginInfo};
use importer_core::{Error, ErrorKind, Result};

use super::crash_mark::InUse;
use super::origin::Origin;
use super::plugin_quarantine::PluginQuarantine;
use super::trust::TrustPolicy;

/// Loaded plugins while a call works with them, noted where the host keeps such notes.
///
/// Dropping it says that the process came through: the notes are taken back, and earlier failures do not count any more.
#[derive(Default)]
pub struct PluginsInUse {
    quarantine: Option<PluginQuarantine>,
    plugins: Vec<(FileHash, InUse)>,
    /// Those in processes of their own, and how often they had failed before.
    apart: Vec<(FileHash, u32)>,
}

impl PluginsInUse {
    pub(super) fn note(
        policy: &TrustPolicy,
        plugins: &[Origin],
        adapter: &PluginInfo,
        doing: &str,
    ) -> Result<Self> {
        let Some(quarantine) = policy.quarantine.clone() else {
            return Ok(Self::default());
        };
        let mut in_use = Self::default();
        let judges = plugins.iter().filter(|origin| {
            let brings = origin.describe();
            !(brings.rules.is_empty() && brings.set_rules.is_empty() && brings.features.is_empty())
        });
        for info in std::iter::once(adapter.clone()).chain(judges.map(Origin::info)) {
            // What is linked is part of the program and cannot be held back.
            let Some(sha256) = info.sha256 else { continue };
            policy.not_held(&sha256).map_err(|why| {
                let file = info.file.as_deref().unwrap_or(Path::new("unknown"));
                Error::new(ErrorKind::Plugin, "use a plugin", why).at("file", file.display())
            })?;
            // What has a process of its own does not take this one along.
            if info.isolation != "in-process" {
                in_use.apart.push((sha256, strikes(&quarantine, &sha256)?));
                continue;
            }
            if in_use.plugins.iter().any(|(known, _)| *known == sha256) {
                continue;
            }
            if let Some(note) = quarantine.mark(&sha256, &info.id, &info.version, doing)? {
                in_use.plugins.push((sha256, note));
            }
        }
        in_use.quarantine = Some(quarantine);
        Ok(in_use)
    }
}

/// How often a plugin has failed.
fn strikes(quarantine: &PluginQuarantine, sha256: &FileHash) -> Result<u32> {
    Ok(quarantine.list()?.iter().find(|known| known.sha256 == *sha256).map_or(0, |known| known.strikes))
}

impl PluginsInUse {
    /// Says that the call came to a good end. A plugin with a process of its own may have failed without this one, as a match
    /// feature does that crashes: then it did not come through.
    pub fn succeeded(&self) {
        let Some(quarantine) = &self.quarantine else { return };
        for (sha256, before) in &self.apart {
            let passed = match strikes(quarantine, sha256) {
                Ok(now) if now > *before => continue,
                Ok(_) => quarantine.passed(sha256),
                Err(error) => Err(error),
            };
            if let Err(error) = passed {
                tracing::warn!(%error, "failures of a plugin that came through cannot be forgotten");
            }
        }
    }
}

impl Drop for PluginsInUse {
    fn drop(&mut self) {
        for (sha256, note) in self.plugins.drain(..) {
            drop(note);
            if let Some(Err(error)) = self.quarantine.as_ref().map(|quarantine| quarantine.passed(&sha256)) {
                tracing::warn!(%error, "failures of a plugin that came through cannot be forgotten");
            }
        }
    }
}
