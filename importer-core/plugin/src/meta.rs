use serde::{Deserialize, Serialize};

use crate::{AdapterMeta, FeatureMeta, RuleMeta};

/// The section of a plugin file that holds its [`EmbeddedMeta`] as JSON, readable without loading the file.
pub const META_SECTION: &str = if cfg!(target_os = "macos") {
    "__importer"
} else if cfg!(windows) {
    ".imprtr"
} else {
    ".importer.plugin"
};

/// Who a plugin is; a constant, so that it can be read from the file before any of its code runs.
///
/// ```
/// use importer_plugin::PluginMeta;
/// const META: PluginMeta = PluginMeta::new("csv", env!("CARGO_PKG_VERSION"));
/// assert_eq!(META.id, "csv");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PluginMeta {
    /// Its name: lower-case letters, digits and hyphens.
    pub id: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl PluginMeta {
    /// An id and a version.
    pub const fn new(id: &'static str, version: &'static str) -> Self {
        Self { id, version }
    }
}

/// What a plugin file says of itself before it is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedMeta {
    /// The plugin's name.
    pub id: String,
    /// The plugin's version.
    pub version: String,
    /// The version of this crate it was built with.
    pub sdk: String,
    /// `unwind`, or `abort`, which the host refuses: a panic would take the host down.
    pub panic: String,
}

/// What a loaded plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The plugin's name.
    pub id: String,
    /// The plugin's version.
    pub version: String,
    /// The adapters it brings.
    #[serde(default)]
    pub adapters: Vec<AdapterMeta>,
    /// The rules it brings.
    #[serde(default)]
    pub rules: Vec<RuleMeta>,
    /// The set-level rules it brings.
    #[serde(default)]
    pub set_rules: Vec<RuleMeta>,
    /// The match features it brings.
    #[serde(default)]
    pub features: Vec<FeatureMeta>,
}
