//! Rules about people under age.
//!
//! - [`XFLD-901`](guardian): a minor has a guardian, who can be reached.
//! - [`SET-901`](share): not most people with a date of birth are minors; if so, the dates are something else.

mod age;
pub mod guardian;
pub mod share;

use importer_plugin::{Plugin, PluginMeta};

const META: PluginMeta = PluginMeta::new("minors", env!("CARGO_PKG_VERSION"));

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    Plugin::new(META)
        .rule(|| Box::new(guardian::Guardian::default()))
        .set_rule(|| Box::new(share::Share::default()))
}

#[cfg(feature = "loadable")]
importer_plugin::export!(plugin: crate::plugin, id: "minors", version: env!("CARGO_PKG_VERSION"));
