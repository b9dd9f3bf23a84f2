use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::trust::Verification;
use importer_core::plugins::FileHash;

/// A file that is, or was taken for, a plugin, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginCandidate {
    /// Its id; absent when it could not be read.
    pub id: Option<String>,
    /// Its version; absent when it could not be read.
    pub version: Option<String>,
    /// What it brings, when a sidecar says so.
    pub kinds: Vec<String>,
    /// The library, or the sidecar that leads nowhere.
    #[serde(serialize_with = "as_text")]
    pub file: PathBuf,
    /// What its bytes hash to; absent when it was refused before they were looked at.
    pub sha256: Option<FileHash>,
    /// True when it is on the allow-list or signed by a pinned key.
    pub verified: bool,
    /// What verified it: `sha256`, or `minisign:` and the id of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_by: Option<String>,
    /// Why the signature beside it does not count, when there is one that does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_problem: Option<String>,
    /// What speaks for it; absent when it was refused.
    pub verification: Option<Verification>,
    /// Whether it would be loaded, and why not.
    #[serde(flatten)]
    pub status: Status,
}

/// Whether a candidate would be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// It is the one that is loaded when its id is asked for.
    Usable,
    /// It could be loaded; another file with the same id comes first.
    Shadowed {
        /// The file that comes first.
        #[serde(serialize_with = "as_text")]
        by: PathBuf,
    },
    /// It is not loaded.
    Refused {
        /// Completes the sentence "the file was refused: …".
        why: String,
    },
}

impl PluginCandidate {
    pub(super) fn refused(file: &Path, why: impl Into<String>) -> Self {
        Self {
            id: None,
            version: None,
            kinds: Vec::new(),
            file: file.into(),
            sha256: None,
            verified: false,
            verified_by: None,
            signature_problem: None,
            verification: None,
            status: Status::Refused { why: why.into() },
        }
    }

    /// True when it is the one that is loaded.
    pub fn usable(&self) -> bool {
        self.status == Status::Usable
    }

    /// Why it was refused.
    pub fn refusal(&self) -> Option<&str> {
        match &self.status {
            Status::Refused { why } => Some(why),
            Status::Usable | Status::Shadowed { .. } => None,
        }
    }
}

/// A path need not be valid text, and a list must not fail because of it.
pub(super) fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candidate_is_flat_in_json() {
        let json = serde_json::to_value(PluginCandidate::refused(Path::new("/a.so"), "it is empty")).unwrap();
        assert_eq!(
            (&json["status"], &json["why"], &json["file"]),
            (&"refused".into(), &"it is empty".into(), &"/a.so".into())
        );
    }
}
