use crate::{Adapter, Description, Feature, PluginMeta, Rule, SetRule};

type Make<T> = fn() -> Box<T>;

/// Everything a plugin brings: constructors of its adapters, rules and match features.
///
/// Built-in adapters and rules are handed over in the same form, so a host need not care where they come from.
#[derive(Clone)]
pub struct Plugin {
    meta: PluginMeta,
    adapters: Vec<Make<dyn Adapter>>,
    rules: Vec<Make<dyn Rule>>,
    set_rules: Vec<Make<dyn SetRule>>,
    features: Vec<Make<dyn Feature>>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.meta.id)
            .field("version", &self.meta.version)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// A plugin that brings nothing yet.
    pub fn new(meta: PluginMeta) -> Self {
        Self { meta, adapters: Vec::new(), rules: Vec::new(), set_rules: Vec::new(), features: Vec::new() }
    }

    /// Adds an adapter.
    #[must_use]
    pub fn adapter(mut self, make: Make<dyn Adapter>) -> Self {
        self.adapters.push(make);
        self
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, make: Make<dyn Rule>) -> Self {
        self.rules.push(make);
        self
    }

    /// Adds a set-level rule.
    #[must_use]
    pub fn set_rule(mut self, make: Make<dyn SetRule>) -> Self {
        self.set_rules.push(make);
        self
    }

    /// Adds a match feature.
    #[must_use]
    pub fn feature(mut self, make: Make<dyn Feature>) -> Self {
        self.features.push(make);
        self
    }

    /// Who it is.
    pub fn meta(&self) -> PluginMeta {
        self.meta
    }

    /// Fresh adapters.
    pub fn adapters(&self) -> Vec<Box<dyn Adapter>> {
        self.adapters.iter().map(|make| make()).collect()
    }

    /// Fresh rules, not configured yet.
    pub fn rules(&self) -> Vec<Box<dyn Rule>> {
        self.rules.iter().map(|make| make()).collect()
    }

    /// Fresh set-level rules, not configured yet.
    pub fn set_rules(&self) -> Vec<Box<dyn SetRule>> {
        self.set_rules.iter().map(|make| make()).collect()
    }

    /// Fresh match features, not configured yet.
    pub fn features(&self) -> Vec<Box<dyn Feature>> {
        self.features.iter().map(|make| make()).collect()
    }

    /// A fresh adapter by name.
    pub fn find_adapter(&self, name: &str) -> Option<Box<dyn Adapter>> {
        self.adapters().into_iter().find(|a| a.meta().name == name)
    }

    /// A fresh rule by code.
    pub fn find_rule(&self, code: &str) -> Option<Box<dyn Rule>> {
        self.rules().into_iter().find(|r| r.meta().code == code)
    }

    /// A fresh set-level rule by code.
    pub fn find_set_rule(&self, code: &str) -> Option<Box<dyn SetRule>> {
        self.set_rules().into_iter().find(|r| r.meta().code == code)
    }

    /// A fresh match feature by name.
    pub fn find_feature(&self, name: &str) -> Option<Box<dyn Feature>> {
        self.features().into_iter().find(|f| f.meta().name == name)
    }

    /// What it brings, as data.
    pub fn describe(&self) -> Description {
        Description {
            id: self.meta.id.into(),
            version: self.meta.version.into(),
            adapters: self.adapters().iter().map(|a| a.meta()).collect(),
            rules: self.rules().iter().map(|r| r.meta()).collect(),
            set_rules: self.set_rules().iter().map(|r| r.meta()).collect(),
            features: self.features().iter().map(|f| f.meta()).collect(),
        }
    }
}
