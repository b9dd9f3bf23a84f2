//! Hashes that tell whether a row was seen before.

use importer_plugin::Row;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Hashes rows together with what processes them: a changed mapping or rule makes every row new.
pub(super) struct RowHasher {
    seed: u64,
    bytes: Vec<u8>,
}

impl RowHasher {
    /// `fingerprint` names everything that decides what becomes of a row.
    pub(super) fn new(fingerprint: &str) -> Self {
        Self { seed: xxh3_64(fingerprint.as_bytes()), bytes: Vec::with_capacity(1024) }
    }

    /// Takes the cells of a row. A missing cell and an empty one differ, and no text runs into its neighbour.
    pub(super) fn take(&mut self, row: Row<'_>) {
        self.bytes.clear();
        for cell in row.cells() {
            match cell {
                None => self.bytes.push(0),
                Some(text) => {
                    self.bytes.push(1);
                    self.bytes.extend_from_slice(&(text.len() as u64).to_le_bytes()[..4]);
                    self.bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
    }

    /// The hash under which the taken row counts as seen.
    pub(super) fn row_hash(&self) -> i64 {
        xxh3_64_with_seed(&self.bytes, self.seed).cast_signed()
    }

    /// The hash of the taken row's bytes alone.
    pub(super) fn content_hash(&self) -> u64 {
        xxh3_64(&self.bytes)
    }
}

/// The name of a row that has none: its content.
pub(super) fn content_name(source: &str, content_hash: u64) -> String {
    format!("{source}:{content_hash:016x}")
}

/// Whether a name is [`content_name`]'s and not the source's own.
pub(super) fn is_content_name(source: &str, name: &str) -> bool {
    let hash = name.strip_prefix(source).and_then(|rest| rest.strip_prefix(':'));
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a name looks like [`content_name`]'s, whatever the source is called.
pub(super) fn is_made_of_content(name: &str) -> bool {
    name.rsplit_once(':').is_some_and(|(source, _)| is_content_name(source, name))
}

/// The hash of a text.
pub(super) fn text_hash(text: &str) -> i64 {
    xxh3_64(text.as_bytes()).cast_signed()
}
