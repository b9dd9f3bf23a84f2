use std::path::PathBuf;

use importer_plugin::Plugin;
use serde::Serialize;

use super::file_hash::FileHash;

/// What a run's report says of a plugin it used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginInfo {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// How it is kept apart from the host; `in-process` means not at all.
    pub isolation: &'static str,
    /// True when somebody approved exactly this code; what is linked statically was approved by building the host.
    pub verified: bool,
    /// What approved it: `sha256` for the allow-list, or `minisign:` and the id of the key that signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<String>,
    /// `static` or `file`.
    pub origin: &'static str,
    /// The file it came from.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_text")]
    pub file: Option<PathBuf>,
    /// What the loaded bytes hash to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<FileHash>,
}

fn optional_text<S: serde::Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        // A path need not be text; what a report shows of it must be.
        Some(path) => serializer.collect_str(&path.display()),
        None => serializer.serialize_none(),
    }
}

impl From<&Plugin> for PluginInfo {
    fn from(plugin: &Plugin) -> Self {
        Self {
            id: plugin.meta().id.into(),
            version: plugin.meta().version.into(),
            isolation: "in-process",
            verified: true,
            verified_by: None,
            origin: "static",
            file: None,
            sha256: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linked_plugin_needs_no_approval_and_has_no_file() {
        let plugin = Plugin::new(importer_plugin::PluginMeta::new("csv", "1.0.0"));
        let json = serde_json::to_string(&PluginInfo::from(&plugin)).unwrap();
        let expected =
            r#"{"id":"csv","version":"1.0.0","isolation":"in-process","verified":true,"origin":"static"}"#;
        assert_eq!(json, expected);
    }
}
