//! A plugin with one of everything: an adapter, a rule, a set-level rule and a match feature.

mod adapter;
mod feature;
mod rule;
mod set_rule;

use importer_plugin::{Plugin, PluginMeta};

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    Plugin::new(PluginMeta::new("first-plugin", "1.0.0"))
        .adapter(|| Box::new(adapter::People))
        .rule(|| Box::new(rule::EmailHasAt))
        .set_rule(|| Box::new(set_rule::MostHaveSize::default()))
        .feature(|| Box::new(feature::ShirtSize))
}

#[cfg(feature = "export")]
importer_plugin::export!(plugin: crate::plugin, id: "first-plugin", version: "1.0.0");
