//! Asking a loaded plugin for what it has not got, as a conformance check must: a host itself never does.

use importer_plugin::abi::RStr;
use importer_plugin::{Adapter, AdapterMeta, Feature, FeatureMeta, Rule, RuleMeta, SetRule};

use super::loaded::LoadedPlugin;
use super::way::Way;

impl LoadedPlugin {
    /// True when the plugin hands out something under the name of a capability; what it is is not looked at. A plugin in a
    /// process of its own is not asked: the answer is false.
    pub fn speaks(&self, capability: &str) -> bool {
        match &self.way {
            Way::Here(code) => code.entry.query()(RStr::from(capability)).is_some(),
            Way::Apart(_) => false,
        }
    }

    /// An adapter under a description that need not be one of the plugin's; `None` when it brings no adapters.
    pub fn adapter_as(&self, meta: &AdapterMeta) -> Option<Box<dyn Adapter>> {
        self.remote_adapter(meta)
    }

    /// A rule under a description that need not be one of the plugin's; `None` when it brings no rules.
    pub fn rule_as(&self, meta: &RuleMeta) -> Option<Box<dyn Rule>> {
        self.remote_rule(meta)
    }

    /// A set-level rule under a description that need not be one of the plugin's; `None` when it brings none.
    pub fn set_rule_as(&self, meta: &RuleMeta) -> Option<Box<dyn SetRule>> {
        self.remote_set_rule(meta)
    }

    /// A match feature under a description that need not be one of the plugin's; `None` when it brings none.
    pub fn feature_as(&self, meta: &FeatureMeta) -> Option<Box<dyn Feature>> {
        self.remote_feature(meta)
    }
}
