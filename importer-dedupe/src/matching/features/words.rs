//! Texts of several words, prepared once.

use importer_core::normalise::fold;
use xxhash_rust::xxh3::xxh3_64;

use crate::matching::similarity::{jaro_winkler_from, letters, one_edit};

/// A text in matching form: its letters and digits in one, and its words.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    /// Everything but the gaps.
    pub(crate) joined: Box<[u8]>,
    /// Hashes of the words, sorted.
    pub(crate) words: Box<[u32]>,
    /// A bit for each word, and for each letter: without a common bit there is no common word or letter.
    word_bits: u64,
    letters: u64,
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
        let word_bits = hashes.iter().fold(0, |bits, hash| bits | 1 << (hash & 63));
        let letters = letters(joined.as_bytes());
        Some((normal, Self { joined: joined.into_bytes().into(), words: hashes.into(), word_bits, letters }))
    }

    /// The share of words in common, of the one with fewer words.
    pub(crate) fn overlap(&self, other: &Self) -> f64 {
        self.common(other) as f64 / self.words.len().min(other.words.len()).max(1) as f64
    }

    /// Words in common.
    pub(crate) fn common(&self, other: &Self) -> usize {
        if self.word_bits & other.word_bits == 0 {
            return 0;
        }
        self.words.iter().filter(|w| other.words.contains(w)).count()
    }

    pub(crate) fn one_edit(&self, other: &Self) -> bool {
        // An edit takes one letter away and brings one.
        (self.letters ^ other.letters).count_ones() <= 2 && one_edit(&self.joined, &other.joined)
    }

    pub(crate) fn near(&self, other: &Self) -> bool {
        (self.joined.len().min(other.joined.len()) >= 4 && self.one_edit(other))
            || self.similarity(other, 0.90) > 0.0
    }

    /// The similarity, or 0 when it is below `least`.
    pub(crate) fn similarity(&self, other: &Self, least: f64) -> f64 {
        jaro_winkler_from(least, (&self.joined, self.letters), (&other.joined, other.letters))
    }
}

/// The words of a text: what stands between gaps and punctuation.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’').filter(|w| !w.is_empty())
}
