use std::path::Path;

use importer_plugin::EmbeddedMeta;

use super::candidate::{PluginCandidate, Status};
use super::metadata::{self, MetadataError};
use super::sidecar::Sidecar;
use super::signature::{SignatureCheck, check_beside};
use super::trust::{Evidence, TrustPolicy, Verification};
use importer_core::plugins::FileHash;

/// What a look at a file showed.
pub(super) enum Inspected {
    /// A library without plugin metadata: of no interest where nobody named it.
    OtherLibrary,
    /// Anything else.
    PluginCandidate(Box<PluginCandidate>),
}

/// Looks at a file without loading it. With `wanted`, a plugin of another id is refused before it is hashed.
pub(super) fn inspect(
    file: &Path,
    sidecars: &[Sidecar],
    policy: &TrustPolicy,
    wanted: Option<&str>,
) -> Inspected {
    let meta = match metadata::peek(file) {
        Ok(meta) => meta,
        Err(MetadataError::Missing) if sidecars.is_empty() => return Inspected::OtherLibrary,
        Err(error) => {
            return Inspected::PluginCandidate(Box::new(PluginCandidate::refused(file, error.to_string())));
        }
    };
    let mut candidate = PluginCandidate::refused(file, "");
    candidate.id = Some(meta.id.clone());
    candidate.version = Some(meta.version.clone());
    for kind in sidecars.iter().flat_map(|sidecar| &sidecar.kinds) {
        if !candidate.kinds.contains(kind) {
            candidate.kinds.push(kind.clone());
        }
    }
    let judged = match wanted {
        Some(wanted) if wanted != meta.id => Err(format!("it is the plugin `{}`", meta.id)),
        // Read once, so that hash and signature are of the same bytes.
        _ => std::fs::read(file).map_err(|error| format!("it cannot be read: {error}")).and_then(|bytes| {
            let sha256 = FileHash::of(&bytes);
            candidate.sha256 = Some(sha256);
            let signature = check_beside(&policy.keys, file, &meta.id, &bytes);
            candidate.signature_problem = signature.objection().map(Into::into);
            judge(file, &meta, &sha256, sidecars, signature, policy)
        }),
    };
    match judged {
        Ok(verification) => {
            candidate.verified = verification.verified();
            candidate.verified_by = verification.verified_by();
            candidate.verification = Some(verification);
            candidate.status = Status::Usable;
        }
        Err(why) => candidate.status = Status::Refused { why },
    }
    Inspected::PluginCandidate(Box::new(candidate))
}

/// All that is decided from metadata, hash, sidecars, signature and policy; the same before loading as in a list.
pub(super) fn judge(
    file: &Path,
    meta: &EmbeddedMeta,
    sha256: &FileHash,
    sidecars: &[Sidecar],
    signature: SignatureCheck,
    policy: &TrustPolicy,
) -> Result<Verification, String> {
    for sidecar in sidecars {
        if let Some(expected) =
            sidecar.file_here().map(|file| file.sha256).filter(|expected| expected != sha256)
        {
            return Err(format!(
                "its sha256 is {sha256}, and its sidecar says {expected}: it is damaged, or sidecar and file are of \
                 different builds"
            ));
        }
        if (&sidecar.id, &sidecar.version) != (&meta.id, &meta.version) {
            return Err(format!(
                "it is `{}` {}, and its sidecar says `{}` {}",
                meta.id, meta.version, sidecar.id, sidecar.version
            ));
        }
    }
    policy.decide(&Evidence { file, id: &meta.id, sha256: *sha256, sidecar: !sidecars.is_empty(), signature })
}
