//! Under which keys a person is found who shares no contact with a row.

use std::sync::LazyLock;

use importer_core::normalise::{beginning, comparable};
use importer_core::ports::{CoreRecord, MatchKey};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::fields::{Fields, folded};
use crate::matching::features::sound::soundex;

/// A part of a key. A record that lacks one part of a key has no key of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPart {
    /// How given and family name sound (Soundex), whichever comes first; of a nickname, how the full name sounds.
    NameSounds,
    /// The first letter of the given name; of a nickname, that of the full name.
    GivenInitial,
    /// The family name in matching form.
    FamilyName,
    /// The date of birth.
    BirthDate,
    /// The year of birth.
    BirthYear,
    /// The postal code; of US codes the first five digits.
    PostalCode,
    /// The house number and the first word of the street that is no direction.
    HouseAndStreet,
}

/// A kind of keys beside those of contacts.
#[derive(Debug, Clone, Copy)]
pub struct KeyKind {
    /// Its number in the database; a number never changes its meaning.
    pub kind: i16,
    /// What must be equal.
    pub parts: &'static [KeyPart],
}

/// The kinds. Each costs every person a row in the database, so there are few, and none that another finds as well.
pub const KEY_KINDS: &[KeyKind] = &[
    // Names misspelt or swapped, nicknames.
    KeyKind { kind: 3, parts: &[KeyPart::NameSounds, KeyPart::BirthYear] },
    // A family name that changed, or is misspelt beyond its sound.
    KeyKind { kind: 4, parts: &[KeyPart::BirthDate, KeyPart::GivenInitial] },
    // No date of birth, or a wrong one.
    KeyKind { kind: 5, parts: &[KeyPart::FamilyName, KeyPart::GivenInitial, KeyPart::PostalCode] },
    // The same with a misspelt family name.
    KeyKind { kind: 6, parts: &[KeyPart::HouseAndStreet, KeyPart::GivenInitial] },
];

/// The keys of a record by what it is, not by its contacts.
pub(super) fn keys(fields: &Fields, person: &CoreRecord, out: &mut Vec<MatchKey>) {
    let mut known = PreparedFields::of(fields, person);
    let mut text = Vec::with_capacity(48);
    'kinds: for kind in KEY_KINDS {
        text.clear();
        for part in kind.parts {
            let start = text.len();
            known.write(*part, &mut text);
            if text.len() == start {
                continue 'kinds;
            }
            text.push(0);
        }
        out.push(MatchKey { kind: kind.kind, hash: xxh3_64(&text).cast_signed() });
    }
}

/// What several kinds need, prepared once.
struct PreparedFields<'a> {
    family: String,
    /// The full form of the first word of the given name.
    given: String,
    dob: &'a str,
    postal_code: Option<&'a str>,
    street: Option<&'a str>,
}

impl<'a> PreparedFields<'a> {
    fn of(fields: &Fields, person: &'a CoreRecord) -> Self {
        let first = fields.given(person).and_then(|name| name.split_whitespace().next());
        let mut given = folded(first);
        if let Some(full) = FULL_FORMS.get(given.as_str()) {
            given = (*full).to_owned();
        }
        Self {
            family: folded(fields.family(person)),
            given,
            dob: beginning(fields.dob(person).unwrap_or_default()),
            postal_code: fields.postal_code(person).map(beginning),
            street: fields.street(person),
        }
    }

    fn write(&mut self, part: KeyPart, out: &mut Vec<u8>) {
        match part {
            KeyPart::NameSounds => {
                if !self.given.is_empty() && !self.family.is_empty() {
                    let mut sounds = [soundex(self.given.as_bytes()), soundex(self.family.as_bytes())];
                    sounds.sort_unstable();
                    out.extend(sounds.iter().flat_map(|sound| sound.to_be_bytes()));
                }
            }
            KeyPart::GivenInitial => {
                let mut buffer = [0; 4];
                if let Some(first) = self.given.chars().next() {
                    out.extend(first.encode_utf8(&mut buffer).as_bytes());
                }
            }
            KeyPart::FamilyName => out.extend(self.family.as_bytes()),
            KeyPart::BirthDate => out.extend(self.dob.as_bytes()),
            KeyPart::BirthYear => out.extend(self.dob.bytes().take(4)),
            KeyPart::PostalCode => {
                let code = self.postal_code.unwrap_or_default();
                let code = match code.split_once('-') {
                    Some((five, four)) if five.len() == 5 && four.len() == 4 => five,
                    _ => code,
                };
                out.extend(code.bytes().filter(u8::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
            }
            KeyPart::HouseAndStreet => {
                house_and_street(&comparable(self.street.unwrap_or_default()), out);
            }
        }
    }
}

fn house_and_street(line: &str, out: &mut Vec<u8>) {
    let is_number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let mut words = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let Some(number) = words.clone().find(is_number) else { return };
    let name = words.find(|word| !is_number(word) && !DIRECTIONS.contains(&word.to_lowercase().as_str()));
    let Some(name) = name else { return };
    out.extend(number.bytes().map(|c| c.to_ascii_lowercase()));
    out.push(b' ');
    out.extend(folded(Some(name)).as_bytes());
}

const DIRECTIONS: &[&str] = &[
    "n",
    "s",
    "e",
    "w",
    "ne",
    "nw",
    "se",
    "sw",
    "north",
    "south",
    "east",
    "west",
    "northeast",
    "northwest",
    "southeast",
    "southwest",
];

/// Nicknames with the name they stand for. Of several, the first of the list: a key only finds candidates.
static FULL_FORMS: LazyLock<FxHashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut full_forms = FxHashMap::default();
    let lines = include_str!("../matching/features/nicknames.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut names = line.split_ascii_whitespace();
        let Some(full) = names.next() else { continue };
        full_forms.insert(full, full);
        for nickname in names {
            full_forms.entry(nickname).or_insert(full);
        }
    }
    full_forms
});

#[cfg(test)]
mod tests {
    use importer_core::contracts::VOLUNTEER;

    use super::*;
    use crate::testing;

    /// The kinds under which two records meet.
    fn meet(a: &[(&str, &str)], b: &[(&str, &str)]) -> Vec<i16> {
        let fields = Fields::of(&VOLUNTEER);
        let keys_of = |values| {
            let mut out = Vec::new();
            keys(&fields, &testing::person(values, "csv", None), &mut out);
            out
        };
        let (a, b) = (keys_of(a), keys_of(b));
        a.iter().filter(|key| b.contains(key)).map(|key| key.kind).collect()
    }

    #[test]
    fn each_kind_finds_what_it_is_for() {
        let bill = [("first_name", "Bill"), ("last_name", "Meyer"), ("dob", "1980-02-03")];
        let swapped = [("first_name", "Meier"), ("last_name", "William"), ("dob", "1980-03-02")];
        assert_eq!(meet(&bill, &swapped), [3]);
        let married = [("first_name", "William"), ("last_name", "Okafor"), ("dob", "1980-02-03")];
        assert_eq!(meet(&bill, &married), [4]);
        let ann = [
            ("first_name", "Ann Marie"),
            ("last_name", "Lee"),
            ("street", "12 N. Oak St"),
            ("postal_code", "64111-0001"),
        ];
        let anna = [("first_name", "Anna"), ("last_name", "LEE"), ("postal_code", "64111")];
        assert_eq!(meet(&ann, &anna), [5]);
        let misspelt =
            [("first_name", "A."), ("last_name", "Leigh"), ("street", "12 North Oak Street, Apt 3")];
        assert_eq!(meet(&ann, &misspelt), [6]);
    }

    #[test]
    fn a_missing_part_is_no_key() {
        let mut out = Vec::new();
        let fields = Fields::of(&VOLUNTEER);
        keys(&fields, &testing::person(&[("first_name", "Ann")], "csv", None), &mut out);
        keys(
            &fields,
            &testing::person(&[("first_name", "Ann"), ("street", "Oak Street")], "csv", None),
            &mut out,
        );
        assert_eq!(out, []);
    }
}
