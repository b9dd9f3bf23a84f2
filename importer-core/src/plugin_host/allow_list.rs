use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sidecar::one_line;
use super::trust::AllowedPlugin;
use crate::{Error, ErrorKind, Result};

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowList {
    #[serde(default)]
    allow: Vec<AllowedPlugin>,
}

/// Reads an allow-list: a TOML file with one `[[allow]]` table for each approved plugin.
///
/// ```
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("allowed.toml");
/// std::fs::write(&path, r#"
///     [[allow]]
///     sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
///     id = "csv"
///     note = "approved for the spring import"
/// "#).unwrap();
/// let allowed = importer_core::plugin_host::load_allow_list(&path)?;
/// assert_eq!(allowed[0].id.as_deref(), Some("csv"));
/// # Ok::<(), importer_core::Error>(())
/// ```
///
/// # Errors
/// When the file is missing or is no allow-list. A list that cannot be read must not pass for an empty one.
pub fn load_allow_list(path: &Path) -> Result<Vec<AllowedPlugin>> {
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
    if listed.iter().any(|known| known.sha256 == plugin.sha256 && known.id == plugin.id) {
        return Ok(());
    }
    let addition = toml::to_string(&AllowList { allow: vec![plugin.clone()] })
        .map_err(|error| fault(OPERATION, error.to_string(), path))?;
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    text.push_str(&addition);
    parse(&text)
        .map_err(|why| fault(OPERATION, format!("with the new entry it would be broken: {why}"), path))?;
    replace(path, &text).map_err(|error| fault(OPERATION, error.to_string(), path).caused_by(error))
}

fn parse(text: &str) -> Result<Vec<AllowedPlugin>, String> {
    toml::from_str::<AllowList>(text).map(|list| list.allow).map_err(|error| one_line(&error))
}

/// Writes beside and renames: half a list would lock out plugins that were approved.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A link to the list stays a link.
    let path = &path.canonicalize().unwrap_or_else(|_| path.into());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = std::fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn fault(operation: &'static str, why: String, path: &Path) -> Error {
    Error::new(ErrorKind::Config, operation, why).at("file", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::FileHash;

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
        assert_eq!(load_allow_list(&path).unwrap(), [first, second]);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(&text));
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
