//! A plugin that keeps all promises but the one named in the environment variable `BAD_PLUGIN`: the proof that each
//! conformance case can fail. Without the variable it is a good plugin.
#![allow(unsafe_code, reason = "some promises are kept by `export!` and can only be broken without it")]

mod adapter;
mod entry;
mod feature;
mod rule;
mod set_rule;

use importer_plugin::{Plugin, PluginMeta};

const VERSION: &str = "0.1.0";

/// True when this is the promise to break.
pub(crate) fn bad(promise: &str) -> bool {
    std::env::var("BAD_PLUGIN").is_ok_and(|chosen| chosen == promise)
}

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    let version = if bad("another-version") { "0.2.0" } else { VERSION };
    Plugin::new(PluginMeta::new("bad", version))
        .adapter(|| Box::new(adapter::Numbers))
        .rule(|| Box::<rule::Even>::default())
        .set_rule(|| Box::<set_rule::MostFilled>::default())
        .feature(|| Box::<feature::SameText>::default())
}
