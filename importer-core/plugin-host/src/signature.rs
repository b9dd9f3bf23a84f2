use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use minisign_verify::Signature;

use super::signing_key::{KeyId, PinnedKey};

/// How the name of every signature ends: that of `libx.so` is `libx.so.minisig`, as minisign itself names it.
pub const SIGNATURE_SUFFIX: &str = ".minisig";

/// A signature is four lines; what is longer is something else.
const LONGEST: u64 = 8 << 10;

/// What the signature beside a plugin is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureCheck {
    /// There is none.
    Absent,
    /// A pinned key signed exactly these bytes, and may sign a plugin of this id.
    By(KeyId),
    /// There is one, and it speaks for nothing.
    Worthless {
        /// Completes the sentence "its signature does not count: …".
        why: String,
    },
}

impl SignatureCheck {
    fn worthless(why: impl Into<String>) -> Self {
        Self::Worthless { why: why.into() }
    }

    /// Why it speaks for nothing, when there is one that does.
    pub fn objection(&self) -> Option<&str> {
        match self {
            Self::Worthless { why } => Some(why),
            Self::Absent | Self::By(_) => None,
        }
    }
}

/// Compares a signature, the text of its file, with these bytes of the plugin `id`.
pub(super) fn check(keys: &[PinnedKey], id: &str, bytes: &[u8], text: &str) -> SignatureCheck {
    let not_one = || SignatureCheck::worthless("its file is not a signature of minisign");
    let Ok(signature) = Signature::decode(text) else { return not_one() };
    let Some(signer) = text.lines().nth(1).and_then(KeyId::in_base64) else { return not_one() };
    let known: Vec<&PinnedKey> = keys.iter().filter(|key| key.public.id() == signer).collect();
    if known.is_empty() {
        let why = match keys.is_empty() {
            true => format!("it is by the key {signer}, and this program has pinned no key"),
            false => format!("it is by the key {signer}, which is not pinned"),
        };
        return SignatureCheck::worthless(why);
    }
    // Whoever makes a key chooses its id, so there can be several of one id. Both forms of a signature are taken: the
    // older one, over the bytes themselves, is as good, and only needs the whole file at once.
    let valid: Vec<&PinnedKey> =
        known.into_iter().filter(|key| key.public.key().verify(bytes, &signature, true).is_ok()).collect();
    if valid.is_empty() {
        let why = format!(
            "it is not by the pinned key {signer}, or not of this file: one of the two was changed or is of another build"
        );
        return SignatureCheck::worthless(why);
    }
    if valid.iter().any(|key| key.may_sign(id)) {
        return SignatureCheck::By(signer);
    }
    let ids: Vec<&str> = valid.iter().flat_map(|key| key.ids.iter().flatten()).map(String::as_str).collect();
    let ids = if ids.is_empty() { "none".into() } else { format!("`{}`", ids.join("`, `")) };
    SignatureCheck::worthless(format!(
        "the key {signer} is pinned for other plugins ({ids}), and this is `{id}`"
    ))
}

/// Where the signature of a library is looked for first.
pub(super) fn signature_path(library: &Path) -> PathBuf {
    let mut name = OsString::from(library);
    name.push(SIGNATURE_SUFFIX);
    name.into()
}

/// The text of the signature beside a library; beside the link that was found, or else beside the file it leads to.
pub(super) fn read_beside(library: &Path) -> Result<Option<String>, String> {
    let places = [Some(library.to_owned()), library.canonicalize().ok()];
    for place in places.iter().flatten() {
        let path = signature_path(place);
        match read(&path) {
            Ok(text) => return Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        }
    }
    Ok(None)
}

/// Reads the signature beside a library and compares it with the bytes of that library.
pub(super) fn check_beside(keys: &[PinnedKey], library: &Path, id: &str, bytes: &[u8]) -> SignatureCheck {
    match read_beside(library) {
        Ok(None) => SignatureCheck::Absent,
        Ok(Some(text)) => check(keys, id, bytes, &text),
        Err(why) => SignatureCheck::worthless(why),
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    // Opening a pipe would wait for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_signer::Signer;

    /// The examples of minisign-verify, made by minisign itself: "test" with one key, in both forms.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const PREHASHED: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
        wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==";
    const LEGACY: &str = "untrusted comment: signature from minisign secret key\n\
        RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
        trusted comment: timestamp:1555779966\tfile:test\n\
        QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==";

    fn why(check: &SignatureCheck) -> &str {
        check.objection().unwrap()
    }

    #[test]
    fn both_forms_of_minisign_count_and_are_bound_to_the_bytes() {
        let keys = [PinnedKey::new(KEY.parse().unwrap())];
        for text in [PREHASHED, LEGACY] {
            assert_eq!(check(&keys, "csv", b"test", text), SignatureCheck::By(keys[0].public.id()));
            let other = check(&keys, "csv", b"tesT", text);
            assert!(why(&other).contains("or not of this file"), "{other:?}");
            let comment = text.replace("timestamp:1", "timestamp:2");
            assert!(
                check(&keys, "csv", b"test", &comment).objection().is_some(),
                "comments are signed as well"
            );
        }
    }

    #[test]
    fn a_foreign_key_and_no_key_are_told_by_their_ids() {
        let (ours, theirs) = (Signer::new(), Signer::new());
        let text = theirs.sign(b"bytes");
        let foreign = check(&[ours.pinned()], "csv", b"bytes", &text);
        assert_eq!(why(&foreign), format!("it is by the key {}, which is not pinned", theirs.key().id()));
        let none = check(&[], "csv", b"bytes", &text);
        assert!(why(&none).contains("pinned no key"), "{none:?}");
        assert_eq!(
            check(&[ours.pinned(), theirs.pinned()], "csv", b"bytes", &text),
            SignatureCheck::By(theirs.key().id())
        );
    }

    #[test]
    fn a_key_signs_for_its_own_plugins_alone() {
        let signer = Signer::new();
        let text = signer.sign(b"bytes");
        let bound = [signer.pinned().only_for(["salesforce", "sheets"])];
        assert_eq!(check(&bound, "sheets", b"bytes", &text), SignatureCheck::By(signer.key().id()));
        let other = check(&bound, "csv", b"bytes", &text);
        assert!(why(&other).contains("(`salesforce`, `sheets`), and this is `csv`"), "{other:?}");
        let nothing = [signer.pinned().only_for([] as [&str; 0])];
        assert!(why(&check(&nothing, "csv", b"bytes", &text)).contains("(none)"));
    }

    #[test]
    fn a_key_of_the_same_id_proves_nothing() {
        let (ours, theirs) = (Signer::new(), Signer::new());
        // An id can be written into any signature; the key behind it cannot.
        let forged = theirs.sign_as(&ours, b"bytes");
        let check = check(&[ours.pinned()], "csv", b"bytes", &forged);
        assert!(why(&check).contains("it is not by the pinned key"), "{check:?}");
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        for text in ["", "\n\n\n", "untrusted comment: x\nRW\ntrusted comment: y\nzz", &PREHASHED[..120]] {
            let check = check(&[PinnedKey::new(KEY.parse().unwrap())], "csv", b"test", text);
            assert_eq!(why(&check), "its file is not a signature of minisign", "{text}");
        }
    }

    #[test]
    fn a_signature_is_found_beside_the_library_or_where_the_link_leads() {
        let directory = tempfile::tempdir().unwrap();
        let library = directory.path().join("libx.so");
        std::fs::write(&library, "test").unwrap();
        let keys = [PinnedKey::new(KEY.parse().unwrap())];
        assert_eq!(check_beside(&keys, &library, "csv", b"test"), SignatureCheck::Absent);
        std::fs::write(signature_path(&library), LEGACY).unwrap();
        assert!(matches!(check_beside(&keys, &library, "csv", b"test"), SignatureCheck::By(_)));
        #[cfg(unix)]
        {
            let link = directory.path().join("liblink.so");
            std::os::unix::fs::symlink(&library, &link).unwrap();
            assert!(matches!(check_beside(&keys, &link, "csv", b"test"), SignatureCheck::By(_)));
        }
        std::fs::remove_file(signature_path(&library)).unwrap();
        std::fs::create_dir(signature_path(&library)).unwrap();
        let check = check_beside(&keys, &library, "csv", b"test");
        assert!(
            why(&check).contains("libx.so.minisig cannot be read: it is not a regular file"),
            "{check:?}"
        );
    }
}
