//! Texts of several words, prepared once.

use importer_core::normalise::fold;
use xxhash_rust::xxh3::xxh3_64;

use crate::matching::similarity::{jaro_winkler, one_edit};

/// A text in matching form: its letters and digits in one, and its words.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    /// Everything but the gaps.
    pub(crate) joined: Box<[u8]>,
    /// Hashes of the words, sorted.
    pub(crate) words: Box<[u32]>,
}

impl Words {
    pub(crate) fn new<'a>(words: impl Iterator<Item = &'a str>) -> Option<(u64, Self)> {
        let (mut joined, mut hashes) = (String::new(), Vec::new());
        for word in words {
            let start = joined.len();
            fold(word, &mut joined);
            if joined.len() > start {
                hashes.push(super::hash(&joined.as_bytes()[start..]));
            }
        }
        if joined.is_empty() {
            return None;
        }
        hashes.sort_unstable();
        hashes.dedup();
        let normal = xxh3_64(joined.as_bytes());
        Some((normal, Self { joined: joined.into_bytes().into(), words: hashes.into() }))
    }

    /// The share of words in common, of the one with fewer words.
    pub(crate) fn overlap(&self, other: &Self) -> f64 {
        let common = self.words.iter().filter(|w| other.words.contains(w)).count();
        common as f64 / self.words.len().min(other.words.len()).max(1) as f64
    }

    /// Words in common.
    pub(crate) fn common(&self, other: &Self) -> usize {
        self.words.iter().filter(|w| other.words.contains(w)).count()
    }

    pub(crate) fn near(&self, other: &Self) -> bool {
        (self.joined.len().min(other.joined.len()) >= 4 && one_edit(&self.joined, &other.joined))
            || self.similarity(other) >= 0.90
    }

    pub(crate) fn similarity(&self, other: &Self) -> f64 {
        jaro_winkler(&self.joined, &other.joined)
    }
}

/// The words of a text: what stands between gaps and punctuation.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’').filter(|w| !w.is_empty())
}
