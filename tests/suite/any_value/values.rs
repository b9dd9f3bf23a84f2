//! Values that nobody expects.

use importer_core::contracts::VOLUNTEER;

use super::super::support;

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// So many letters that cannot be compressed.
    Long(usize),
    /// Strings of every awkward kind.
    Odd,
    /// Numbers and days where they end, and beyond.
    Ends,
    /// Blanks of every kind, and NUL.
    Nothing,
}

const ENDS: [&str; 24] = [
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999999999999999999999",
    "1e308",
    "0",
    "-1",
    "0000-01-01",
    "0001-01-01",
    "0999-12-31",
    "1000-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
    "1000-01-01T00:00:00+14:00",
    "10000-01-01",
    "294276-12-31T23:59:59Z",
    "294277-01-01",
    "-0001-01-01",
    "-4713-11-24",
    "2024-02-30",
    "2016-12-31T23:59:60Z",
    "infinity",
];
const NOTHING: [&str; 8] =
    ["", " ", "\u{A0}", "\u{FEFF}", "\0", "a\0b", "816-234-5678\0", "zoe@example.org\0"];

impl Kind {
    /// Columns, each with a value.
    pub(super) fn cells(self, columns: usize) -> Vec<(usize, String)> {
        let each = |values: &[&str]| {
            let of =
                |value: &&str| (0..columns).map(|place| (place, (*value).to_owned())).collect::<Vec<_>>();
            values.iter().flat_map(of).collect()
        };
        match self {
            Self::Long(letters) => (0..columns)
                .flat_map(|place| {
                    [(place, digits(letters, place as u64)), (place, letters_of(letters, place as u64))]
                })
                // A million letters twice in each column would say nothing more.
                .step_by(if letters > 100_000 { 2 } else { 1 })
                .collect(),
            // Each in the column of ids, and in one other.
            Self::Odd => (support::awkward_strings().into_iter().chain(support::formulas()).enumerate())
                .flat_map(|(place, value)| [(0, value.clone()), (1 + place % (columns - 1), value)])
                .collect(),
            Self::Ends => each(&ENDS),
            Self::Nothing => each(&NOTHING),
        }
    }
}

/// Every field of the contract, by the header of templates.
pub(super) fn columns() -> Vec<&'static str> {
    VOLUNTEER.fields.iter().map(|field| field.header).collect()
}

/// What stands in a column where nothing else does.
pub(super) fn ordinary(column: &str, row: usize) -> String {
    let field = VOLUNTEER.fields.iter().find(|field| field.header == column).unwrap();
    match field.name {
        "external_id" => format!("V-{row}"),
        "first_name" => "Ana".into(),
        "last_name" => format!("Person{}", word(row)),
        "email_normalized" => format!("person{row}@example.org"),
        _ => String::new(),
    }
}

/// A number in letters, as names are.
fn word(mut number: usize) -> String {
    let mut out = String::new();
    loop {
        out.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
        number /= 26;
        if number == 0 {
            return out;
        }
    }
}

fn random(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::from_fn(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state)
    })
}

fn digits(most: usize, seed: u64) -> String {
    random(seed + 1).take(most).map(|number| char::from(b'0' + (number % 10) as u8)).collect()
}

/// Letters of all planes, words of them.
pub(super) fn letters_of(most: usize, seed: u64) -> String {
    let letter = |number: u64| match number % 16 {
        0 => ' ',
        1 => char::from_u32(0x4E00 + u32::try_from((number >> 8) % 0x5000).unwrap()).unwrap(),
        2 => char::from_u32(0x1F300 + u32::try_from((number >> 8) % 0x100).unwrap()).unwrap(),
        3..8 => char::from(b'A' + ((number >> 8) % 26) as u8),
        _ => char::from(b'a' + ((number >> 8) % 26) as u8),
    };
    random(seed + 7).take(most).map(letter).collect()
}
