use std::borrow::Cow;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// How many bytes a value may have that is compared letter by letter. Names, streets and organisations are far shorter; what is
/// longer is a note in the wrong column, or harm.
pub const LONGEST: usize = 128;

/// What of a value is compared with others: the value, unless it is longer than [`LONGEST`]. Then it is a short text that stands
/// for it: equal for equal values, and like no other. So a long value is the same as another or not, and comparing it takes no
/// longer than comparing a name. What is stored, shown and exported is the value itself.
///
/// This is the one place that bounds comparing. Whatever looks for likeness asks it first: keys, agreement of names, match
/// features, also those of plugins, the survivorship of names, and what is suggested for countries and states.
///
/// ```
/// use importer_core::normalise::{LONGEST, comparable};
/// assert_eq!(comparable("Ann"), "Ann");
/// let (long, longer) = ("x".repeat(10_000), "x".repeat(10_001));
/// assert!(comparable(&long).len() <= LONGEST);
/// assert_eq!(comparable(&long), comparable(&long.clone()));
/// assert_ne!(comparable(&long), comparable(&longer));
/// ```
pub fn comparable(value: &str) -> Cow<'_, str> {
    if value.len() <= LONGEST { Cow::Borrowed(value) } else { Cow::Owned(stand_in(value)) }
}

/// Letters and digits without a meaning, in one word, which begins with a letter.
fn stand_in(value: &str) -> String {
    const SIGNS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    const WORDS: u64 = 4;
    let whole = xxh3_64(value.as_bytes());
    let mut out = String::with_capacity(48);
    for seed in 0..WORDS {
        let mut rest = xxh3_64_with_seed(&whole.to_ne_bytes(), seed);
        let signs = if seed == 0 { &SIGNS[..26] } else { &SIGNS[..] };
        for _ in 0..12 {
            let place = usize::try_from(rest % signs.len() as u64).unwrap_or(0);
            out.push(char::from(signs[place]));
            rest /= signs.len() as u64;
        }
    }
    out
}

/// The beginning of a value, at most [`LONGEST`] bytes of it, for what looks at beginnings alone.
///
/// ```
/// use importer_core::normalise::beginning;
/// assert_eq!(beginning("Ann"), "Ann");
/// assert_eq!(beginning(&"x".repeat(10_000)).len(), 128);
/// ```
pub fn beginning(value: &str) -> &str {
    let mut end = value.len().min(LONGEST);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fold;
    use super::*;

    proptest! {
        #[test]
        fn no_text_is_compared_at_length(text in "\\PC{0,300}") {
            let found = comparable(&text);
            prop_assert!(found.len() <= LONGEST);
            prop_assert_eq!(found == text, text.len() <= LONGEST);
            prop_assert!(beginning(&text).len() <= LONGEST && text.starts_with(beginning(&text)));
        }

        #[test]
        fn a_long_text_is_like_itself_alone(a in "[a-z ]{129,400}", b in "[a-z ]{129,400}") {
            prop_assert_eq!(comparable(&a) == comparable(&b), a == b);
            let mut folded = String::new();
            fold(&comparable(&a), &mut folded);
            prop_assert_eq!(&folded, &comparable(&a), "it is its own matching form");
        }
    }
}
