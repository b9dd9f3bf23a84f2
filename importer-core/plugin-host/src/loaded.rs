use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use importer_plugin::{
    Adapter, AdapterMeta, Description, EmbeddedMeta, Feature, FeatureMeta, Rule, RuleMeta, SetRule,
};

use super::entry::Code;
use super::remote_adapter::RemoteAdapter;
use super::remote_feature::RemoteFeature;
use super::remote_rule::RemoteRule;
use super::remote_set_rule::RemoteSetRule;
use super::trust::Verification;
use super::way::Way;
use importer_core::plugins::{FileHash, PluginInfo};

/// A plugin in this process, where it is never unloaded, or in processes of its own.
///
/// Made by [`load_file`](super::load_file), [`Discovery::load`](super::Discovery::load) and
/// [`PluginSet`](super::PluginSet).
pub struct LoadedPlugin {
    id: Arc<str>,
    pub(super) way: Way<Box<Code>>,
    embedded: EmbeddedMeta,
    sha256: FileHash,
    file: PathBuf,
    verification: Verification,
}

impl fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedPlugin")
            .field("id", &self.embedded.id)
            .field("version", &self.embedded.version)
            .field("file", &self.file)
            .field("verification", &self.verification)
            .finish_non_exhaustive()
    }
}

impl LoadedPlugin {
    pub(super) fn new(
        way: Way<Box<Code>>,
        embedded: EmbeddedMeta,
        sha256: FileHash,
        file: PathBuf,
        verification: Verification,
    ) -> Self {
        Self { id: embedded.id.as_str().into(), way, embedded, sha256, file, verification }
    }

    /// The same code, as found in another file or let in for another reason.
    pub(super) fn seen_as(&self, file: PathBuf, verification: Verification) -> Self {
        Self::new(self.way.clone(), self.embedded.clone(), self.sha256, file, verification)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.embedded.version
    }

    /// What it says of itself, all adapters and rules included.
    pub fn description(&self) -> &Description {
        match &self.way {
            Way::Here(code) => &code.description,
            Way::Apart(plugin) => plugin.description(),
        }
    }

    /// What its file said of it before it was loaded.
    pub fn embedded(&self) -> &EmbeddedMeta {
        &self.embedded
    }

    /// What the loaded bytes hash to.
    pub fn sha256(&self) -> FileHash {
        self.sha256
    }

    /// The file it was read from; what lies there now may be something else.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What speaks for it.
    pub fn verification(&self) -> Verification {
        self.verification
    }

    /// How it is kept apart from this process: `process`, or `in-process`, which means not at all.
    pub fn isolation(&self) -> &'static str {
        match self.way {
            Way::Here(_) => "in-process",
            Way::Apart(_) => "process",
        }
    }

    /// All its adapters.
    pub fn adapters(&self) -> Vec<Box<dyn Adapter>> {
        self.description().adapters.iter().filter_map(|meta| self.remote_adapter(meta)).collect()
    }

    /// An adapter by name.
    pub fn adapter(&self, name: &str) -> Option<Box<dyn Adapter>> {
        let meta = self.description().adapters.iter().find(|meta| meta.name == name)?;
        self.remote_adapter(meta)
    }

    /// All its rules, not configured yet.
    pub fn rules(&self) -> Vec<Box<dyn Rule>> {
        self.description().rules.iter().filter_map(|meta| self.remote_rule(meta)).collect()
    }

    /// A rule by code, not configured yet.
    pub fn rule(&self, code: &str) -> Option<Box<dyn Rule>> {
        let meta = self.description().rules.iter().find(|meta| meta.code == code)?;
        self.remote_rule(meta)
    }

    /// All its set-level rules, not configured yet.
    pub fn set_rules(&self) -> Vec<Box<dyn SetRule>> {
        self.description().set_rules.iter().filter_map(|meta| self.remote_set_rule(meta)).collect()
    }

    /// All its match features, not configured yet.
    pub fn features(&self) -> Vec<Box<dyn Feature>> {
        self.description().features.iter().filter_map(|meta| self.remote_feature(meta)).collect()
    }

    // Loading has made sure that a module is there for whatever the description lists.
    pub(super) fn remote_adapter(&self, meta: &AdapterMeta) -> Option<Box<dyn Adapter>> {
        let way = self.way.to(|code| code.adapter)?;
        Some(Box::new(RemoteAdapter::new(Arc::clone(&self.id), way, meta.clone())))
    }

    pub(super) fn remote_rule(&self, meta: &RuleMeta) -> Option<Box<dyn Rule>> {
        let way = self.way.to(|code| code.rule)?;
        Some(Box::new(RemoteRule::new(Arc::clone(&self.id), way, meta.clone())))
    }

    pub(super) fn remote_set_rule(&self, meta: &RuleMeta) -> Option<Box<dyn SetRule>> {
        let way = self.way.to(|code| code.set_rule)?;
        Some(Box::new(RemoteSetRule::new(Arc::clone(&self.id), way, meta.clone())))
    }

    pub(super) fn remote_feature(&self, meta: &FeatureMeta) -> Option<Box<dyn Feature>> {
        let way = self.way.to(|code| code.feature)?;
        Some(Box::new(RemoteFeature::new(Arc::clone(&self.id), way, meta.clone())))
    }
}

impl From<&LoadedPlugin> for PluginInfo {
    fn from(plugin: &LoadedPlugin) -> Self {
        Self {
            id: plugin.id().into(),
            version: plugin.version().into(),
            isolation: plugin.isolation(),
            verified: plugin.verification().verified(),
            verified_by: plugin.verification().verified_by(),
            origin: "file",
            file: Some(plugin.file().into()),
            sha256: Some(plugin.sha256()),
        }
    }
}
