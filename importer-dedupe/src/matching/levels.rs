//! How far a pair agrees, term by term.

use super::features::MISSING;

/// How many terms a pair is compared by; a pattern of levels is one `u64`.
pub const MAX_TERMS: usize = 16;

/// The levels of a pair, term by term.
pub type Levels = [u8; MAX_TERMS];

/// A pattern of levels as one number.
pub(crate) fn pack(levels: &Levels) -> u64 {
    levels.iter().fold(0, |packed, level| (packed << 4) | u64::from(*level))
}

/// The pattern again.
pub(crate) fn unpack(mut packed: u64) -> Levels {
    let mut levels = [0; MAX_TERMS];
    for level in levels.iter_mut().rev() {
        *level = u8::try_from(packed & 15).unwrap_or(MISSING);
        packed >>= 4;
    }
    levels
}
