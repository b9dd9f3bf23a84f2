use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file_hash::FileHash;

/// A plugin file that somebody looked at and approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedPlugin {
    /// What its bytes hash to.
    pub sha256: FileHash,
    /// The id it must have; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who approved it, why, until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Whether plugins that nobody approved are loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Unverified {
    /// Never.
    #[default]
    No,
    /// Always: for development.
    Yes,
    /// Those that lie somewhere under these directories, links followed: for a build directory.
    UnderDirectories(Vec<PathBuf>),
}

/// Decides which plugin files may be loaded. The default allows none.
///
/// A loaded plugin has all the rights of the host, so this is the last moment to say no.
///
/// ```
/// use importer_core::plugin_host::{AllowedPlugin, FileHash, TrustPolicy, Verification};
/// # use std::path::Path;
/// let file = Path::new("/opt/plugins/libcsv.so");
/// let hash = FileHash::of(b"the bytes of the plugin");
///
/// assert!(TrustPolicy::default().decide(file, "csv", &hash, false).unwrap_err().contains(&hash.to_string()));
///
/// let policy = TrustPolicy::default().allow(AllowedPlugin { sha256: hash, id: None, note: None });
/// assert_eq!(policy.decide(file, "csv", &hash, false), Ok(Verification::AllowListed));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustPolicy {
    /// The files that were approved.
    pub allow: Vec<AllowedPlugin>,
    /// What happens to all others.
    pub allow_unverified: Unverified,
}

/// What speaks for a file that may be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Its sha256 is on the allow-list.
    AllowListed,
    /// It is what its sidecar says, so it is undamaged; nobody approved it.
    SidecarOnly,
    /// Nothing.
    Unverified,
}

impl Verification {
    /// True when somebody approved exactly these bytes.
    pub fn verified(self) -> bool {
        self == Self::AllowListed
    }
}

impl TrustPolicy {
    /// Allows every plugin: for development.
    pub fn allow_everything() -> Self {
        Self { allow: Vec::new(), allow_unverified: Unverified::Yes }
    }

    /// Approves a file.
    #[must_use]
    pub fn allow(mut self, plugin: AllowedPlugin) -> Self {
        self.allow.push(plugin);
        self
    }

    /// Sets what happens to files that nobody approved.
    #[must_use]
    pub fn unverified(mut self, unverified: Unverified) -> Self {
        self.allow_unverified = unverified;
        self
    }

    /// Decides about a file with this id and hash; `sidecar` says that a sidecar has confirmed the hash.
    ///
    /// # Errors
    /// Why it may not be loaded.
    pub fn decide(
        &self,
        file: &Path,
        id: &str,
        sha256: &FileHash,
        sidecar: bool,
    ) -> Result<Verification, String> {
        let approved: Vec<_> = self.allow.iter().filter(|plugin| plugin.sha256 == *sha256).collect();
        if approved.iter().any(|plugin| plugin.id.as_deref().is_none_or(|approved| approved == id)) {
            return Ok(Verification::AllowListed);
        }
        // The list knows these bytes under another name: a mistake somebody has to look at, whatever else is allowed.
        if let Some(other) = approved.iter().find_map(|plugin| plugin.id.as_deref()) {
            return Err(format!("the allow-list has it as `{other}`, and it calls itself `{id}`"));
        }
        let allowed = match &self.allow_unverified {
            Unverified::No => Err("unverified plugins are not allowed".to_owned()),
            Unverified::Yes => Ok(()),
            Unverified::UnderDirectories(directories) if lies_under(file, directories) => Ok(()),
            Unverified::UnderDirectories(_) => {
                Err("it lies outside of the directories for unverified plugins".to_owned())
            }
        };
        match allowed {
            Ok(()) if sidecar => Ok(Verification::SidecarOnly),
            Ok(()) => Ok(Verification::Unverified),
            Err(why) => Err(format!("its sha256 {sha256} is not on the allow-list, and {why}")),
        }
    }
}

/// Links are followed on both sides: a link in an allowed directory to a file elsewhere is elsewhere.
fn lies_under(file: &Path, directories: &[PathBuf]) -> bool {
    let Ok(file) = file.canonicalize() else { return false };
    directories
        .iter()
        .filter_map(|directory| directory.canonicalize().ok())
        .any(|directory| file.starts_with(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: &[u8], id: Option<&str>) -> AllowedPlugin {
        AllowedPlugin { sha256: FileHash::of(bytes), id: id.map(Into::into), note: None }
    }

    fn decide(policy: &TrustPolicy, bytes: &[u8]) -> Result<Verification, String> {
        policy.decide(Path::new("/nowhere/libcsv.so"), "csv", &FileHash::of(bytes), true)
    }

    #[test]
    fn nothing_is_allowed_by_default_whatever_a_sidecar_says() {
        let why = decide(&TrustPolicy::default(), b"a").unwrap_err();
        assert!(why.contains("not on the allow-list"), "{why}");
    }

    #[test]
    fn the_list_allows_exact_bytes_under_the_approved_name() {
        let policy = TrustPolicy::default().allow(entry(b"a", Some("csv"))).allow(entry(b"b", Some("xml")));
        assert_eq!(decide(&policy, b"a"), Ok(Verification::AllowListed));
        assert!(decide(&policy, b"b").unwrap_err().contains("`xml`"));
        assert!(decide(&policy, b"c").unwrap_err().contains("not on the allow-list"));
    }

    #[test]
    fn another_name_is_refused_even_where_unverified_plugins_are_allowed() {
        let policy = TrustPolicy::allow_everything().allow(entry(b"a", Some("xml")));
        assert!(decide(&policy, b"a").is_err());
    }

    #[test]
    fn a_sidecar_does_not_verify() {
        let verification = decide(&TrustPolicy::allow_everything(), b"a").unwrap();
        assert_eq!((verification, verification.verified()), (Verification::SidecarOnly, false));
    }

    #[test]
    fn a_link_or_dots_do_not_put_a_file_under_a_directory() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let policy =
            TrustPolicy::default().unverified(Unverified::UnderDirectories(vec![inside.path().into()]));
        let decide = |file: &Path| policy.decide(file, "csv", &FileHash::of(b"a"), false);
        let (good, bad) = (inside.path().join("a.so"), outside.path().join("a.so"));
        std::fs::write(&good, "a").unwrap();
        std::fs::write(&bad, "a").unwrap();
        assert_eq!(decide(&good), Ok(Verification::Unverified));
        assert!(decide(&bad).is_err());
        let dots = inside.path().join("..").join(outside.path().file_name().unwrap()).join("a.so");
        assert!(decide(&dots).is_err());
        #[cfg(unix)]
        {
            let link = inside.path().join("link.so");
            std::os::unix::fs::symlink(&bad, &link).unwrap();
            assert!(decide(&link).is_err());
        }
    }
}
