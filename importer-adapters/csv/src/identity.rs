use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// What tells a file from another, or from its own later state, without reading all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The size of the file as stored, in bytes.
    pub(crate) size: u64,
    /// The hash of its first bytes, in hexadecimal.
    head: String,
    /// When it was last written, in nanoseconds since 1970; absent where the file system does not tell, and in cursors of
    /// versions that did not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<u64>,
}

impl Identity {
    pub(crate) fn of(meta: &Metadata, head: &[u8]) -> Self {
        let since_1970 = meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            size: meta.len(),
            head: format!("{:016x}", xxh3_64(head)),
            modified: since_1970.and_then(|time| u64::try_from(time.as_nanos()).ok()),
        }
    }

    /// False when the file certainly is another one or was written to.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        let known_times = self.modified.zip(other.modified);
        (self.size, &self.head) == (other.size, &other.head) && known_times.is_none_or(|(a, b)| a == b)
    }
}

#[cfg(test)]
impl Identity {
    pub(crate) fn made_up(size: u64, head: &str, modified: Option<u64>) -> Self {
        Self { size, head: head.into(), modified }
    }
}
