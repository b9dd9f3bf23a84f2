use std::fmt;
use std::path::Path;
use std::str::FromStr;

use minisign_verify::PublicKey;
use serde::{Deserialize, Serialize};

use importer_core::{Error, ErrorKind, Result};

/// The name minisign has for a pair of keys: 16 hexadecimal digits, the same in the key and in what it signed.
///
/// It tells keys apart and proves nothing: whoever makes a key chooses its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As minisign prints it: a number whose lowest byte comes first in the file.
        write!(f, "{:016X}", u64::from_le_bytes(self.0))
    }
}

impl KeyId {
    /// The id in the base64 of a key or of a signature: two bytes of algorithm, then eight of id.
    pub(super) fn in_base64(text: &str) -> Option<Self> {
        let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::with_capacity(12));
        for digit in text.bytes().take(16) {
            bits = bits << 6 | sextet(digit)?;
            held += 6;
            if held >= 8 {
                held -= 8;
                bytes.push((bits >> held & 0xff) as u8);
            }
        }
        Some(Self(bytes.get(2..10)?.try_into().ok()?))
    }
}

fn sextet(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

/// A public key of minisign, in text the line that begins with `RW`.
///
/// ```
/// use importer_plugin_host::MinisignKey;
/// let key: MinisignKey = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".parse().unwrap();
/// assert_eq!(key.id().to_string(), "E7620F1842B4E81F");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MinisignKey {
    text: String,
    id: KeyId,
    key: PublicKey,
}

impl MinisignKey {
    /// Its id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl fmt::Display for MinisignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for MinisignKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let refuse =
            || format!("`{text}` is not a public key of minisign, which is 56 characters that begin with RW");
        let key = PublicKey::from_base64(text).map_err(|_| refuse())?;
        let id = KeyId::in_base64(text).ok_or_else(refuse)?;
        Ok(Self { text: text.into(), id, key })
    }
}

impl TryFrom<String> for MinisignKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<MinisignKey> for String {
    fn from(key: MinisignKey) -> Self {
        key.text
    }
}

/// A key whose signatures count: what is signed with it may be loaded, whatever its hash.
///
/// ```
/// use importer_plugin_host::PinnedKey;
/// let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".parse().unwrap();
/// let pinned = PinnedKey::new(key).only_for(["salesforce"]);
/// assert!(pinned.may_sign("salesforce") && !pinned.may_sign("csv"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedKey {
    /// The key.
    pub public: MinisignKey,
    /// The ids of the plugins it may sign; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// Whose it is, and who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl PinnedKey {
    /// A key that may sign every plugin.
    pub fn new(public: MinisignKey) -> Self {
        Self { public, ids: None, note: None }
    }

    /// The same key, for plugins with these ids alone.
    #[must_use]
    pub fn only_for<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.ids = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// True when its signature counts for a plugin with this id.
    pub fn may_sign(&self, id: &str) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.iter().any(|allowed| allowed == id))
    }
}

/// Reads public keys from a file: one on each line. Blank lines, lines that begin with `#` and the comments of minisign
/// are passed over, so a `minisign.pub` is such a file, and so are several of them put together.
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("minisign.pub");
/// std::fs::write(&path, "untrusted comment: minisign public key E7620F1842B4E81F\n\
///                        RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n").unwrap();
/// let keys = importer_plugin_host::load_minisign_keys(&path)?;
/// assert_eq!(keys[0].public.id().to_string(), "E7620F1842B4E81F");
/// # Ok::<(), importer_core::Error>(())
/// ```
///
/// # Errors
/// When the file cannot be read, a line is no key, or there is no key in it.
pub fn load_minisign_keys(path: &Path) -> Result<Vec<PinnedKey>> {
    let fault = |why: String| {
        Error::new(ErrorKind::Config, "read public keys of plugins", why)
            .at("file", path.display())
            .hint("give the file that `minisign -G` calls the public key, or one with a key on each line")
    };
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()).caused_by(error))?;
    let mut keys = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("untrusted comment:") {
            continue;
        }
        // A secret key put here by mistake must not be printed.
        let key = line.parse().map_err(|_| fault(format!("line {} is not a public key", number + 1)))?;
        keys.push(PinnedKey::new(key));
    }
    if keys.is_empty() { Err(fault("there is no key in it".into())) } else { Ok(keys) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn the_id_is_the_one_that_minisign_prints() {
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        let key: MinisignKey = pair.pk.to_base64().parse().unwrap();
        let comment = pair.pk.to_box().unwrap().into_string();
        assert!(comment.contains(&key.id().to_string()), "{comment}");
        assert_eq!(key.to_string(), pair.pk.to_base64());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "RW", &KEY[1..], &KEY[..55], &KEY.replace("RW", "XX"), &KEY.replace('Q', "é")] {
            let why = text.parse::<MinisignKey>().unwrap_err();
            assert!(why.contains("is not a public key of minisign"), "{why}");
        }
    }

    #[test]
    fn a_file_of_keys_is_read_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys");
        std::fs::write(&path, format!("# team\nuntrusted comment: a\n{KEY}\n\n  {KEY}\n")).unwrap();
        assert_eq!(load_minisign_keys(&path).unwrap().len(), 2);
        for (text, why) in
            [(format!("{KEY}\nSECRET"), "line 2 is not a public key"), ("#\n".into(), "there is no key")]
        {
            std::fs::write(&path, text).unwrap();
            let error = load_minisign_keys(&path).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("keys") && !error.contains("SECRET"), "{error}");
        }
        let error = load_minisign_keys(Path::new("/nowhere/minisign.pub")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("/nowhere/minisign.pub"), "{error}");
    }
}
