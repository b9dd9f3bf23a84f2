use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use super::allow_list::AllowList;
use super::plugin_quarantine::PluginQuarantine;
use super::signature::{SIGNATURE_SUFFIX, SignatureCheck};
use super::signing_key::{KeyId, PinnedKey};
use importer_core::plugins::FileHash;
use importer_core::{Error, ErrorKind, Result};

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
/// A loaded plugin has all the rights of the host, so this is the last moment to say no. Two things verify a file: its
/// sha256 on the allow-list, or a signature beside it by a pinned key.
///
/// ```
/// use importer_plugin_host::{AllowedPlugin, Evidence, FileHash, SignatureCheck, TrustPolicy, Verification};
/// # use std::path::Path;
/// let sha256 = FileHash::of(b"the bytes of the plugin");
/// let evidence = Evidence {
///     file: Path::new("/opt/plugins/libcsv.so"),
///     id: "csv",
///     sha256,
///     sidecar: false,
///     signature: SignatureCheck::Absent,
/// };
/// assert!(TrustPolicy::default().decide(&evidence).unwrap_err().contains(&sha256.to_string()));
///
/// let policy = TrustPolicy::default().allow(AllowedPlugin { sha256, id: None, note: None });
/// assert_eq!(policy.decide(&evidence), Ok(Verification::AllowListed));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustPolicy {
    /// The files that were approved.
    pub allow: Vec<AllowedPlugin>,
    /// The keys whose signatures count.
    pub keys: Vec<PinnedKey>,
    /// True when nothing but such a signature lets a file in.
    pub require_signature: bool,
    /// What happens to files that nothing speaks for.
    pub allow_unverified: Unverified,
    /// The plugins that are held back, whatever speaks for them.
    pub quarantine: Option<PluginQuarantine>,
}

/// What is known of a file when a policy decides about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence<'a> {
    /// The file.
    pub file: &'a Path,
    /// The id it gives itself.
    pub id: &'a str,
    /// What its bytes hash to.
    pub sha256: FileHash,
    /// True when a sidecar has confirmed the hash.
    pub sidecar: bool,
    /// What the signature beside it is worth for these bytes; see [`TrustPolicy::check_signature`].
    pub signature: SignatureCheck,
}

/// What speaks for a file that may be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Its sha256 is on the allow-list.
    AllowListed,
    /// A pinned key signed it.
    Signed(KeyId),
    /// It is what its sidecar says, so it is undamaged; nobody approved it.
    SidecarOnly,
    /// Nothing.
    Unverified,
}

impl Verification {
    /// True when somebody approved exactly these bytes.
    pub fn verified(self) -> bool {
        matches!(self, Self::AllowListed | Self::Signed(_))
    }

    /// What verified it, as reports have it: `sha256`, or `minisign:` and the id of the key; nothing when it is unverified.
    ///
    /// ```
    /// use importer_plugin_host::Verification;
    /// assert_eq!(Verification::AllowListed.verified_by().as_deref(), Some("sha256"));
    /// assert_eq!(Verification::SidecarOnly.verified_by(), None);
    /// ```
    pub fn verified_by(self) -> Option<String> {
        match self {
            Self::AllowListed => Some("sha256".into()),
            Self::Signed(key) => Some(format!("minisign:{key}")),
            Self::SidecarOnly | Self::Unverified => None,
        }
    }
}

impl Serialize for Verification {
    /// One word; which key it was stands in `verified_by`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::AllowListed => "allow_listed",
            Self::Signed(_) => "signed",
            Self::SidecarOnly => "sidecar_only",
            Self::Unverified => "unverified",
        })
    }
}

impl TrustPolicy {
    /// Allows every plugin: for development.
    pub fn allow_everything() -> Self {
        Self { allow_unverified: Unverified::Yes, ..Self::default() }
    }

    /// Approves a file.
    #[must_use]
    pub fn allow(mut self, plugin: AllowedPlugin) -> Self {
        self.allow.push(plugin);
        self
    }

    /// Pins a key: files it signed count as verified.
    #[must_use]
    pub fn pin(mut self, key: PinnedKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Pins a public key of minisign, given as its text, for plugins of every id.
    ///
    /// ```
    /// use importer_plugin_host::TrustPolicy;
    /// let policy = TrustPolicy::default()
    ///     .minisign_key("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")?;
    /// assert_eq!(policy.keys.len(), 1);
    /// # Ok::<(), importer_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the text is no public key.
    pub fn minisign_key(self, text: &str) -> Result<Self> {
        let key = text.parse().map_err(|why: String| {
            Error::new(ErrorKind::Config, "pin a public key of plugins", why)
                .hint("give the second line of the file that `minisign -G` calls the public key")
        })?;
        Ok(self.pin(PinnedKey::new(key)))
    }

    /// Adds everything from an allow-list: approved files and keys.
    #[must_use]
    pub fn list(mut self, list: AllowList) -> Self {
        self.allow.extend(list.allow);
        self.keys.extend(list.keys);
        self
    }

    /// Sets whether nothing but a signature by a pinned key lets a file in, neither the allow-list nor
    /// [`TrustPolicy::unverified`].
    #[must_use]
    pub fn require_signature(mut self, required: bool) -> Self {
        self.require_signature = required;
        self
    }

    /// Sets what happens to files that nothing speaks for.
    #[must_use]
    pub fn unverified(mut self, unverified: Unverified) -> Self {
        self.allow_unverified = unverified;
        self
    }

    /// Holds back what is in this quarantine.
    #[must_use]
    pub fn quarantine(mut self, quarantine: PluginQuarantine) -> Self {
        self.quarantine = Some(quarantine);
        self
    }

    /// Says what a signature, the text of its file, is worth for a plugin with this id and these bytes.
    ///
    /// ```
    /// use importer_plugin_host::{SignatureCheck, TrustPolicy};
    /// let check = TrustPolicy::default().check_signature("csv", b"the bytes of the plugin", "signed: me");
    /// assert_eq!(check.objection(), Some("its file is not a signature of minisign"));
    /// ```
    pub fn check_signature(&self, id: &str, bytes: &[u8], signature: &str) -> SignatureCheck {
        super::signature::check(&self.keys, id, bytes, signature)
    }

    /// Decides about a file.
    ///
    /// # Errors
    /// Why it may not be loaded.
    pub fn decide(&self, evidence: &Evidence<'_>) -> Result<Verification, String> {
        let Evidence { file, id, sha256, sidecar, signature } = evidence;
        self.not_held(sha256)?;
        let approved: Vec<_> = self.allow.iter().filter(|plugin| plugin.sha256 == *sha256).collect();
        let listed =
            approved.iter().any(|plugin| plugin.id.as_deref().is_none_or(|approved| approved == *id));
        // The list knows these bytes under another name: a mistake somebody has to look at, whatever else is allowed.
        if let Some(other) = approved.iter().find_map(|plugin| plugin.id.as_deref()).filter(|_| !listed) {
            return Err(format!("the allow-list has it as `{other}`, and it calls itself `{id}`"));
        }
        if self.require_signature {
            return match signature {
                SignatureCheck::By(key) => Ok(Verification::Signed(*key)),
                SignatureCheck::Absent => Err(format!(
                    "a signature is required, and there is no {} beside it; its author makes one with `minisign -Sm`",
                    with_suffix(file)
                )),
                SignatureCheck::Worthless { why } => {
                    Err(format!("a signature is required, and its signature is not accepted: {why}"))
                }
            };
        }
        if listed {
            return Ok(Verification::AllowListed);
        }
        if let SignatureCheck::By(key) = signature {
            return Ok(Verification::Signed(*key));
        }
        let allowed = match &self.allow_unverified {
            Unverified::No => Err("unverified plugins are not allowed"),
            Unverified::Yes => Ok(()),
            Unverified::UnderDirectories(directories) if lies_under(file, directories) => Ok(()),
            Unverified::UnderDirectories(_) => {
                Err("it lies outside of the directories for unverified plugins")
            }
        };
        match allowed {
            Ok(()) if *sidecar => Ok(Verification::SidecarOnly),
            Ok(()) => Ok(Verification::Unverified),
            Err(why) => Err(format!(
                "its sha256 {sha256} is not on the allow-list, {}and {why}",
                self.of(signature, file)
            )),
        }
    }

    /// What there is to say of a signature that let nothing in; nothing where nobody signs.
    fn of(&self, signature: &SignatureCheck, file: &Path) -> String {
        match signature {
            SignatureCheck::Worthless { why } => format!("its signature is not accepted ({why}), "),
            SignatureCheck::Absent if !self.keys.is_empty() => {
                format!("there is no signature {} beside it, ", with_suffix(file))
            }
            SignatureCheck::Absent | SignatureCheck::By(_) => String::new(),
        }
    }

    /// Refuses what is in the quarantine, and everything when that cannot be told. [`TrustPolicy::decide`] asks this first;
    /// it is for plugins that were let in before.
    ///
    /// ```
    /// use importer_plugin_host::{FileHash, PluginQuarantine, TrustPolicy};
    /// # let directory = tempfile::tempdir().unwrap();
    /// let quarantine = PluginQuarantine::new(directory.path().join("held.toml"));
    /// let policy = TrustPolicy::default().quarantine(quarantine.clone());
    /// let hash = FileHash::of(b"the bytes of the plugin");
    /// assert!(policy.not_held(&hash).is_ok());
    /// quarantine.hold(&hash, "csv", "1.0.0", "it loses rows")?;
    /// assert!(policy.not_held(&hash).unwrap_err().contains("it loses rows"));
    /// # Ok::<(), importer_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Why it may not be used.
    pub fn not_held(&self, sha256: &FileHash) -> Result<(), String> {
        let Some(quarantine) = &self.quarantine else { return Ok(()) };
        match quarantine.is_held(sha256) {
            Ok(None) => Ok(()),
            Ok(Some(held)) => Err(held.refusal(quarantine.path())),
            Err(error) => Err(format!("whether it is held back cannot be told: {error}")),
        }
    }
}

fn with_suffix(file: &Path) -> String {
    format!("{}{SIGNATURE_SUFFIX}", file.file_name().unwrap_or_default().to_string_lossy())
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
    use crate::test_signer::Signer;

    fn entry(bytes: &[u8], id: Option<&str>) -> AllowedPlugin {
        AllowedPlugin { sha256: FileHash::of(bytes), id: id.map(Into::into), note: None }
    }

    fn evidence(bytes: &[u8], signature: SignatureCheck) -> Evidence<'static> {
        let file = Path::new("/nowhere/libcsv.so");
        Evidence { file, id: "csv", sha256: FileHash::of(bytes), sidecar: true, signature }
    }

    fn decide(policy: &TrustPolicy, bytes: &[u8]) -> Result<Verification, String> {
        policy.decide(&evidence(bytes, SignatureCheck::Absent))
    }

    #[test]
    fn a_signature_lets_in_what_is_on_no_list() {
        let signer = Signer::new();
        let policy = TrustPolicy::default().pin(signer.pinned());
        let signature = policy.check_signature("csv", b"a", &signer.sign(b"a"));
        let verification = policy.decide(&evidence(b"a", signature)).unwrap();
        assert_eq!(verification, Verification::Signed(signer.key().id()));
        assert!(verification.verified());
        assert_eq!(verification.verified_by(), Some(format!("minisign:{}", signer.key().id())));
        let why = decide(&policy, b"a").unwrap_err();
        assert!(why.contains("there is no signature libcsv.so.minisig beside it, and unverified"), "{why}");
        let foreign = policy.check_signature("csv", b"a", &Signer::new().sign(b"a"));
        let why = policy.decide(&evidence(b"a", foreign.clone())).unwrap_err();
        assert!(why.contains("its signature is not accepted (it is by the key "), "{why}");
        // What is allowed anyhow is not shut out by it.
        let everything = TrustPolicy { allow_unverified: Unverified::Yes, ..policy };
        assert_eq!(everything.decide(&evidence(b"a", foreign)), Ok(Verification::SidecarOnly));
    }

    #[test]
    fn where_signatures_are_required_nothing_else_counts() {
        let signer = Signer::new();
        let policy = TrustPolicy::allow_everything()
            .allow(entry(b"a", None))
            .pin(signer.pinned())
            .require_signature(true);
        let why = decide(&policy, b"a").unwrap_err();
        assert!(
            why.contains("a signature is required, and there is no libcsv.so.minisig beside it"),
            "{why}"
        );
        let of_other_bytes = policy.check_signature("csv", b"a", &signer.sign(b"b"));
        let why = policy.decide(&evidence(b"a", of_other_bytes)).unwrap_err();
        assert!(why.contains("its signature is not accepted: it is not by the pinned key"), "{why}");
        let good = policy.check_signature("csv", b"a", &signer.sign(b"a"));
        assert_eq!(policy.decide(&evidence(b"a", good)), Ok(Verification::Signed(signer.key().id())));
    }

    #[test]
    fn the_wrong_name_on_the_list_outweighs_a_signature() {
        let signer = Signer::new();
        let policy = TrustPolicy::default().allow(entry(b"a", Some("xml"))).pin(signer.pinned());
        let signature = policy.check_signature("csv", b"a", &signer.sign(b"a"));
        assert!(policy.decide(&evidence(b"a", signature)).unwrap_err().contains("has it as `xml`"));
    }

    #[test]
    fn what_is_held_is_refused_whatever_speaks_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let quarantine = PluginQuarantine::new(directory.path().join("held.toml"));
        let policy = TrustPolicy::allow_everything().allow(entry(b"a", None)).quarantine(quarantine.clone());
        assert!(decide(&policy, b"a").is_ok());
        quarantine.hold(&FileHash::of(b"a"), "csv", "1.0.0", "it cuts off names").unwrap();
        let why = decide(&policy, b"a").unwrap_err();
        assert!(
            why.contains("it cuts off names")
                && why.contains("held.toml")
                && why.contains("release `csv` from the quarantine of plugins"),
            "{why}"
        );
        assert!(decide(&policy, b"b").is_ok(), "another build is another file");
        std::fs::write(directory.path().join("held.toml"), "plugin = 1").unwrap();
        let why = decide(&policy, b"b").unwrap_err();
        assert!(why.contains("whether it is held back cannot be told") && why.contains("held.toml"), "{why}");
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
        let decide = |file: &Path| {
            policy.decide(&Evidence { file, sidecar: false, ..evidence(b"a", SignatureCheck::Absent) })
        };
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
