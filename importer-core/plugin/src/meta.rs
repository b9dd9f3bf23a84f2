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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AdapterCapability, Category, HealthStatus, OptionKind, Options, Severity, check_options};

    /// What a newer SDK says more, this one does not understand and need not.
    #[test]
    fn a_description_of_a_newer_sdk_can_be_read() {
        let json = r#"{
            "id": "newer", "version": "3.0.0", "sinks": [{"name": "mail"}],
            "adapters": [{
                "name": "people", "summary": "People", "icon": "people.svg",
                "options": [{"name": "day", "help": "The day", "required": true, "kind": "date", "format": "iso"}],
                "capabilities": ["fields", "streaming", "resume"]
            }],
            "rules": [{
                "code": "CON-101", "entity": "volunteer", "title": "Consent", "doc": "", "hint": "",
                "category": "consent", "severity": "fatal", "owner": "", "auto_fix": false, "columns": ["consent"],
                "yields_to": [], "withholds": false, "examples": [], "since": "3.0.0"
            }],
            "features": [{
                "name": "f", "entity": "volunteer", "summary": "", "columns": ["a"], "levels": ["equal"], "weight": 0.5
            }]
        }"#;
        let description: Description = serde_json::from_str(json).unwrap();
        let adapter = &description.adapters[0];
        let capabilities = [AdapterCapability::Fields, AdapterCapability::Unknown, AdapterCapability::Resume];
        assert_eq!(adapter.capabilities, capabilities);
        assert_eq!(adapter.options[0].kind, OptionKind::Unknown);
        let rule = &description.rules[0];
        assert_eq!((rule.category, rule.severity), (Category::Unknown, Severity::Error));
        assert_eq!(description.features[0].levels, ["equal"]);
        let health: crate::Health =
            serde_json::from_str(r#"{"status": "degraded", "message": "slow"}"#).unwrap();
        assert_eq!((health.status, health.message.as_str()), (HealthStatus::Unknown, "slow"));

        // The plugin itself knows what such an option may hold; that it is needed is known here too.
        let given = Options::default().with("day", 7);
        assert_eq!(check_options(&adapter.options, &given), Ok(()));
        let error = check_options(&adapter.options, &Options::default()).unwrap_err();
        assert_eq!(error.message, "option `day` is missing");
    }
}
