//! A match feature: family names that sound alike.
//!
//! Two records agree as `equal` when their family names are the same but for case, accents and punctuation, as
//! `sounds_alike` when the names have the same American Soundex code, and `differ` otherwise. A missing name, or one
//! without Latin letters, is neutral.
//!
//! ```
//! use importer_sample_soundex::soundex;
//! assert_eq!(soundex("Robert"), soundex("Rupert"));
//! assert_eq!(soundex("Нет"), None);
//! ```

use importer_plugin::{Feature, FeatureMeta, Plugin, PluginMeta, RuleRow};

const META: PluginMeta = PluginMeta::new("soundex", env!("CARGO_PKG_VERSION"));

/// What a host calls to link this plugin statically.
pub fn plugin() -> Plugin {
    Plugin::new(META).feature(|| Box::new(LastName))
}

#[cfg(feature = "loadable")]
importer_plugin::export!(plugin: crate::plugin, id: "soundex", version: env!("CARGO_PKG_VERSION"));

const EQUAL: usize = 0;
const SOUNDS_ALIKE: usize = 1;
const DIFFER: usize = 2;

/// The feature `last_name_soundex`.
#[derive(Debug)]
pub struct LastName;

impl Feature for LastName {
    fn meta(&self) -> FeatureMeta {
        FeatureMeta::new(
            "last_name_soundex",
            "Family names that are the same or sound alike",
            &["last_name"],
            // In the order of the constants above.
            &["equal", "sounds_alike", "differ"],
        )
    }

    fn compare(&self, left: &RuleRow<'_>, right: &RuleRow<'_>) -> Option<usize> {
        let (left, right) = (letters(left.get(0)?), letters(right.get(0)?));
        let (left_code, right_code) = (code(&left)?, code(&right)?);
        Some(match () {
            () if left == right => EQUAL,
            () if left_code == right_code => SOUNDS_ALIKE,
            () => DIFFER,
        })
    }
}

/// The American Soundex code of a name, such as `L142`; nothing for a name without Latin letters.
pub fn soundex(name: &str) -> Option<String> {
    code(&letters(name))
}

/// The Latin letters of a name, in upper case and without accents.
fn letters(name: &str) -> Vec<u8> {
    let plain = |c: char| match c {
        'ß' => "SS",
        'À'..='Å' | 'à'..='å' => "A",
        'Æ' | 'æ' => "AE",
        'Ç' | 'ç' => "C",
        'È'..='Ë' | 'è'..='ë' => "E",
        'Ì'..='Ï' | 'ì'..='ï' => "I",
        'Ñ' | 'ñ' => "N",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' => "O",
        'Ù'..='Ü' | 'ù'..='ü' => "U",
        'Ý' | 'ý' | 'ÿ' => "Y",
        _ => "",
    };
    let mut found = Vec::with_capacity(name.len());
    for character in name.chars() {
        match u8::try_from(character) {
            Ok(letter) if letter.is_ascii_alphabetic() => found.push(letter.to_ascii_uppercase()),
            _ => found.extend(plain(character).bytes()),
        }
    }
    found
}

fn code(letters: &[u8]) -> Option<String> {
    let (&first, rest) = letters.split_first()?;
    let mut code = String::from(char::from(first));
    let mut before = digit(first);
    for &letter in rest {
        let digit = digit(letter);
        if let Some(digit) = digit.filter(|digit| before != Some(*digit)) {
            code.push(digit);
        }
        // Between two letters of a sound, H and W separate nothing, and vowels do.
        if !matches!(letter, b'H' | b'W') {
            before = digit;
        }
    }
    Some(code.chars().chain("000".chars()).take(4).collect())
}

fn digit(letter: u8) -> Option<char> {
    match letter {
        b'B' | b'F' | b'P' | b'V' => Some('1'),
        b'C' | b'G' | b'J' | b'K' | b'Q' | b'S' | b'X' | b'Z' => Some('2'),
        b'D' | b'T' => Some('3'),
        b'L' => Some('4'),
        b'M' | b'N' => Some('5'),
        b'R' => Some('6'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use importer_plugin::Batch;

    use super::*;

    #[test]
    fn codes_are_those_of_the_national_archives() {
        for (name, expected) in [
            ("Washington", "W252"),
            ("Lee", "L000"),
            ("Gutierrez", "G362"),
            ("Pfister", "P236"),
            ("Jackson", "J250"),
            ("Tymczak", "T522"),
            ("Ashcraft", "A261"),
            ("Núñez", "N520"),
            ("O'Brien", "O165"),
        ] {
            assert_eq!(soundex(name).as_deref(), Some(expected), "{name}");
        }
    }

    fn level(left: Option<&str>, right: Option<&str>) -> Option<usize> {
        let batch = |name| {
            let mut batch = Batch::new(1);
            batch.push_row([name]).unwrap();
            batch
        };
        let mut levels = Vec::new();
        LastName.compare_batch(&batch(left), &batch(right), &mut levels).unwrap();
        levels[0]
    }

    #[test]
    fn levels_are_symmetric_and_missing_is_neutral() {
        for (left, right, expected) in [
            (Some("Núñez"), Some("NUNEZ"), Some(EQUAL)),
            (Some("Meyer"), Some("Maier"), Some(SOUNDS_ALIKE)),
            (Some("Lovelace"), Some("Hopper"), Some(DIFFER)),
            (Some("Lovelace"), None, None),
            (Some(" "), Some("Lovelace"), None),
            (Some("Иванов"), Some("Lovelace"), None),
        ] {
            assert_eq!((level(left, right), level(right, left)), (expected, expected), "{left:?} {right:?}");
        }
        assert_eq!(LastName.meta().levels.len(), DIFFER + 1);
    }
}
