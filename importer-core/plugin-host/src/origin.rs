use std::sync::Arc;

use importer_core::plugins::PluginInfo;
use importer_plugin::{Adapter, Description, Feature, Plugin, Rule, SetRule};

use super::loaded::LoadedPlugin;

/// Where a plugin comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// It is linked into the host.
    Static(Plugin),
    /// It was loaded from a file.
    Loaded(Arc<LoadedPlugin>),
}

impl Origin {
    /// What it brings, as data.
    pub fn describe(&self) -> Description {
        match self {
            Self::Static(plugin) => plugin.describe(),
            Self::Loaded(plugin) => plugin.description().clone(),
        }
    }

    /// What a report says of it.
    pub fn info(&self) -> PluginInfo {
        match self {
            Self::Static(plugin) => plugin.into(),
            Self::Loaded(plugin) => (&**plugin).into(),
        }
    }

    /// A fresh adapter by name.
    pub fn adapter(&self, name: &str) -> Option<Box<dyn Adapter>> {
        match self {
            Self::Static(plugin) => plugin.find_adapter(name),
            Self::Loaded(plugin) => plugin.adapter(name),
        }
    }

    /// Fresh rules, not configured yet.
    pub fn rules(&self) -> Vec<Box<dyn Rule>> {
        match self {
            Self::Static(plugin) => plugin.rules(),
            Self::Loaded(plugin) => plugin.rules(),
        }
    }

    /// Fresh set-level rules, not configured yet.
    pub fn set_rules(&self) -> Vec<Box<dyn SetRule>> {
        match self {
            Self::Static(plugin) => plugin.set_rules(),
            Self::Loaded(plugin) => plugin.set_rules(),
        }
    }

    /// Fresh match features, not configured yet.
    pub fn features(&self) -> Vec<Box<dyn Feature>> {
        match self {
            Self::Static(plugin) => plugin.features(),
            Self::Loaded(plugin) => plugin.features(),
        }
    }
}
