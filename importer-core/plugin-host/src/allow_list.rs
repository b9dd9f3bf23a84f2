use std::path::Path;

use serde::{Deserialize, Serialize};

use super::replace::replace;
use super::sidecar::one_line;
use super::signing_key::PinnedKey;
use super::trust::AllowedPlugin;
use importer_core::{Error, ErrorKind, Result};

/// Whom and what a host trusts, as it stands in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowList {
    /// Files that were approved, by their hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<AllowedPlugin>,
    /// Keys whose signatures count.
    #[serde(default, rename = "key", skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<PinnedKey>,
}

/// Reads an allow-list: a TOML file with one `[[allow]]` table for each approved plugin, and one `[[key]]` table for each
/// public key whose signatures count. [`TrustPolicy::list`](super::TrustPolicy::list) takes it over.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("allowed.toml");
/// std::fs::write(&path, r#"
///     [[allow]]
///     sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
///     id = "csv"
///     note = "approved for the spring import"
///
///     [[key]]
///     public = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
///     ids = ["salesforce"]
///     note = "the team that builds our adapters"
/// "#).unwrap();
/// let list = importer_plugin_host::load_allow_list(&path)?;
/// assert_eq!(list.allow[0].id.as_deref(), Some("csv"));
/// assert!(list.keys[0].may_sign("salesforce"));
/// # Ok::<(), importer_core::Error>(())
/// ```
///
/// # Errors
/// When the file is missing or is no allow-list. A list that cannot be read must not pass for an empty one.
pub fn load_allow_list(path: &Path) -> Result<AllowList> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| fault("read the allow-list of plugins", error.to_string(), path).caused_by(error))?;
    parse(&text).map_err(|why| fault("read the allow-list of plugins", why, path))
}

/// Adds a plugin to an allow-list, which is created when there is none. What is in it stays as it is, comments
/// included; a plugin that is on it already is not added again.
///
/// # Errors
/// When the file is no allow-list, or cannot be written.
pub fn append_allowed(path: &Path, plugin: &AllowedPlugin) -> Result<()> {
    const OPERATION: &str = "extend the allow-list of plugins";
    let mut text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(fault(OPERATION, error.to_string(), path).caused_by(error)),
    };
    let listed = parse(&text).map_err(|why| fault(OPERATION, why, path))?;
    if listed.allow.iter().any(|known| known.sha256 == plugin.sha256 && known.id == plugin.id) {
        return Ok(());
    }
    let addition = toml::to_string(&AllowList { allow: vec![plugin.clone()], keys: Vec::new() })
        .map_err(|error| fault(OPERATION, error.to_string(), path))?;
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    text.push_str(&addition);
    parse(&text)
        .map_err(|why| fault(OPERATION, format!("with the new entry it would be broken: {why}"), path))?;
    replace(path, &text).map_err(|error| fault(OPERATION, error.to_string(), path).caused_by(error))
}

fn parse(text: &str) -> Result<AllowList, String> {
    toml::from_str(text).map_err(|error| one_line(&error))
}

fn fault(operation: &'static str, why: String, path: &Path) -> Error {
    Error::new(ErrorKind::Config, operation, why).at("file", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileHash;

    fn plugin(bytes: &[u8], note: &str) -> AllowedPlugin {
        AllowedPlugin { sha256: FileHash::of(bytes), id: Some("csv".into()), note: Some(note.into()) }
    }

    #[test]
    fn entries_are_appended_and_comments_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("allowed.toml");
        let (first, second) = (plugin(b"a", "said \"yes\"\nand signed"), plugin(b"b", "later"));
        append_allowed(&path, &first).unwrap();
        let text = format!("# reviewed every spring\n{}", std::fs::read_to_string(&path).unwrap().trim_end());
        std::fs::write(&path, &text).unwrap();
        append_allowed(&path, &second).unwrap();
        append_allowed(&path, &first).unwrap();
        assert_eq!(load_allow_list(&path).unwrap().allow, [first, second]);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(&text));
    }

    #[test]
    fn keys_stay_when_an_entry_is_added_and_a_broken_one_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("allowed.toml");
        let key = "[[key]]\npublic = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3'\n";
        std::fs::write(&path, key).unwrap();
        append_allowed(&path, &plugin(b"a", "")).unwrap();
        let list = load_allow_list(&path).unwrap();
        assert_eq!((list.keys.len(), list.allow.len()), (1, 1));
        std::fs::write(&path, key.replace("RWQ", "QQQ")).unwrap();
        let error = load_allow_list(&path).unwrap_err().to_string();
        assert!(
            error.contains("is not a public key of minisign") && error.contains("allowed.toml"),
            "{error}"
        );
    }

    #[test]
    fn a_broken_list_is_neither_read_nor_touched() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("allowed.toml");
        for text in ["allow = 1", "[[allow]]\nsha256 = 'short'", "[[alow]]\nsha256 = ''", "allow = []"] {
            std::fs::write(&path, text).unwrap();
            assert!(append_allowed(&path, &plugin(b"a", "")).is_err(), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_missing_list_is_not_an_empty_one() {
        let error = load_allow_list(Path::new("/nowhere/allowed.toml")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("/nowhere/allowed.toml"), "{error}");
    }
}
