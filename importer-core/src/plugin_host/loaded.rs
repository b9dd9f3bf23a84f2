use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use importer_plugin::{Adapter, AdapterMeta, Description, EmbeddedMeta, Feature, Rule, RuleMeta, SetRule};

use super::entry::Code;
use super::file_hash::FileHash;
use super::remote_adapter::RemoteAdapter;
use super::remote_feature::RemoteFeature;
use super::remote_rule::RemoteRule;
use super::remote_set_rule::RemoteSetRule;
use super::trust::Verification;

/// A plugin in this process. It is never unloaded.
///
/// Made by [`load_file`](super::load_file), [`Discovery::load`](super::Discovery::load) and
/// [`PluginSet`](super::PluginSet).
pub struct LoadedPlugin {
    pub(super) id: Arc<str>,
    pub(super) code: Code,
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
        code: Code,
        embedded: EmbeddedMeta,
        sha256: FileHash,
        file: PathBuf,
        verification: Verification,
    ) -> Self {
        Self { id: embedded.id.as_str().into(), code, embedded, sha256, file, verification }
    }

    /// The same code, as found in another file or let in for another reason.
    pub(super) fn seen_as(&self, file: PathBuf, verification: Verification) -> Self {
        Self::new(self.code.clone(), self.embedded.clone(), self.sha256, file, verification)
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
        &self.code.description
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

    /// All its adapters.
    pub fn adapters(&self) -> Vec<Box<dyn Adapter>> {
        self.code.description.adapters.iter().filter_map(|meta| self.remote_adapter(meta)).collect()
    }

    /// An adapter by name.
    pub fn adapter(&self, name: &str) -> Option<Box<dyn Adapter>> {
        let meta = self.code.description.adapters.iter().find(|meta| meta.name == name)?;
        self.remote_adapter(meta)
    }

    /// All its rules, not configured yet.
    pub fn rules(&self) -> Vec<Box<dyn Rule>> {
        self.code.description.rules.iter().filter_map(|meta| self.remote_rule(meta)).collect()
    }

    /// A rule by code, not configured yet.
    pub fn rule(&self, code: &str) -> Option<Box<dyn Rule>> {
        let meta = self.code.description.rules.iter().find(|meta| meta.code == code)?;
        self.remote_rule(meta)
    }

    /// All its set-level rules, not configured yet.
    pub fn set_rules(&self) -> Vec<Box<dyn SetRule>> {
        let Some(module) = self.code.set_rule else { return Vec::new() };
        let make =
            |meta| Box::new(RemoteSetRule::new(Arc::clone(&self.id), module, meta)) as Box<dyn SetRule>;
        self.code.description.set_rules.iter().cloned().map(make).collect()
    }

    /// All its match features, not configured yet.
    pub fn features(&self) -> Vec<Box<dyn Feature>> {
        let Some(module) = self.code.feature else { return Vec::new() };
        let make =
            |meta| Box::new(RemoteFeature::new(Arc::clone(&self.id), module, meta)) as Box<dyn Feature>;
        self.code.description.features.iter().cloned().map(make).collect()
    }

    // Loading has made sure that a module is there for whatever the description lists.
    pub(super) fn remote_adapter(&self, meta: &AdapterMeta) -> Option<Box<dyn Adapter>> {
        Some(Box::new(RemoteAdapter::new(Arc::clone(&self.id), self.code.adapter?, meta.clone())))
    }

    pub(super) fn remote_rule(&self, meta: &RuleMeta) -> Option<Box<dyn Rule>> {
        Some(Box::new(RemoteRule::new(Arc::clone(&self.id), self.code.rule?, meta.clone())))
    }
}
