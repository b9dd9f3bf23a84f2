use std::cmp::Ordering;
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
    /// The device and the number of the file on it, where there are such. No part of a cursor: a file system that is
    /// mounted anew may number its files anew.
    #[serde(skip)]
    place: Option<(u64, u64)>,
}

impl Identity {
    pub(crate) fn of(meta: &Metadata, head: &[u8]) -> Self {
        Self { size: meta.len(), head: hash(head), modified: modified(meta), place: place(meta) }
    }

    /// False when the file certainly is another one or was written to.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        let known_times = self.modified.zip(other.modified);
        (self.size, &self.head) == (other.size, &other.head) && known_times.is_none_or(|(a, b)| a == b)
    }

    /// What happened to the file since, as far as its metadata tell; completes the sentence "the file …".
    pub(crate) fn change(&self, now: &Metadata) -> Option<&'static str> {
        if self.place.zip(place(now)).is_some_and(|(then, now)| then != now) {
            return Some(REPLACED);
        }
        match now.len().cmp(&self.size) {
            Ordering::Less => Some(CUT_OFF),
            Ordering::Greater => Some(GREW),
            Ordering::Equal if self.modified != modified(now) => Some(WRITTEN),
            Ordering::Equal => None,
        }
    }

    /// Whether the file still begins as it did.
    pub(crate) fn begins_with(&self, head: &[u8]) -> bool {
        self.head == hash(head)
    }
}

pub(crate) const CUT_OFF: &str = "was cut off";
pub(crate) const WRITTEN: &str = "was written to";
const GREW: &str = "grew";
const REPLACED: &str = "was replaced by another file";

fn hash(head: &[u8]) -> String {
    format!("{:016x}", xxh3_64(head))
}

fn modified(meta: &Metadata) -> Option<u64> {
    let since_1970 = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since_1970.as_nanos()).ok()
}

#[cfg(unix)]
fn place(meta: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

#[cfg(not(unix))]
fn place(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(test)]
impl Identity {
    pub(crate) fn made_up(size: u64, head: &str, modified: Option<u64>) -> Self {
        Self { size, head: head.into(), modified, place: None }
    }
}
